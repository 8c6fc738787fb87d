let now = 0;

/**
 * The next moment of the clock by which caches tell what was used least recently: every use of an object is stamped with it.
 * It runs over after 2^32 uses, so moments are compared by the sign of `(a - b) | 0`. A 32-bit number is stored without an
 * allocation.
 */
export function tick(): number {
  return (now = (now + 1) | 0);
}

/** The moment of the last use of any object: exact enough for what is used in passing and need not be told apart from its neighbours. */
export function moment(): number {
  return now;
}
