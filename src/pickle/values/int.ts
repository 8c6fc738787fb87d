/** A Python int: a number within ±(2^53−1), a bigint only beyond. */
export type PyInt = number | bigint;

/** Normalises: a bigint that fits becomes a number, -0 becomes 0. `n` must be integral. */
export function int(n: number | bigint): PyInt {
  if (typeof n === 'number') return Number.isSafeInteger(n) ? n + 0 : int(BigInt(n));
  return n >= -9007199254740991n && n <= 9007199254740991n ? Number(n) : n;
}

/** Whether a value is a Python int (and no bool or float). */
export function isInt(value: unknown): value is PyInt {
  return typeof value === 'number' ? Number.isInteger(value) : typeof value === 'bigint';
}

const SMALL = 2n ** 256n;

/** The words of 64 bits that an integer takes; small ones are not measured exactly. */
export function wordsOf(n: bigint): number {
  return n < SMALL && n > -SMALL ? 4 : Math.ceil(n.toString(16).length / 16);
}
