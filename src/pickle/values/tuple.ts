/**
 * A Python tuple. A subclass of `Array`, so that indexing and iteration are native; made by `tuple(…)` or
 * `Tuple.of(…)`, never with `new Tuple(n)`, whose one-number form would make holes.
 */
export class Tuple<T = unknown> extends Array<T> {
  /** Methods such as `map` and `slice` give plain arrays: what they return is a list. A getter here makes V8 construct 50 times slower. */
  static override readonly [Symbol.species]: ArrayConstructor = Array;
}

/** A tuple of these items. */
export function tuple<T extends readonly unknown[]>(...items: T): Tuple<T[number]> {
  return tupleFrom(items);
}

/** A tuple with the items of an array. */
export function tupleFrom<T>(items: ArrayLike<T>): Tuple<T> {
  const result: T[] = [];
  for (let i = 0; i < items.length; i++) result.push(items[i]!);
  // The constructor of a subclass of `Array` takes about a microsecond, this a tenth of one.
  return Object.setPrototypeOf(result, Tuple.prototype) as Tuple<T>;
}
