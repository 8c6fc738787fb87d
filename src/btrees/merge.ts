/** Merging the changes that two transactions made in one bucket or set, by the rules of Python's BTrees. */
import { Tuple, tuple } from '../pickle/index.ts';
import { BTreeConflictError, BTreeTypeError } from './errors.ts';
import type { Leaf } from './leaf.ts';
import { equal } from './ordering.ts';

/** A walk along one of the three states. Positions in errors count from 1; -1 is the end. */
class Side {
  readonly leaf: Leaf;
  #place = 0;

  constructor(leaf: Leaf) {
    this.leaf = leaf;
  }

  get atEnd(): boolean {
    return this.#place >= this.leaf._keys.length;
  }

  get position(): number {
    return this.atEnd ? -1 : this.#place + 1;
  }

  get key(): unknown {
    return this.leaf._keys[this.#place];
  }

  get value(): unknown {
    return this.leaf._values[this.#place];
  }

  advance(): void {
    this.#place++;
  }
}

/**
 * The merged state of a bucket or set.
 *
 * It is fine when one transaction leaves alone what the other changes, inserts or deletes. Refused are changes of one key by both, even
 * to one value; the deletion of the first key, which inner nodes may know; and whatever splits, empties or removes a bucket.
 */
export function mergeLeaves(
  cls: new () => Leaf,
  old: unknown,
  committed: unknown,
  changed: unknown,
): unknown {
  const [a, b, c] = [old, committed, changed].map((state) => {
    const leaf = new cls();
    // None: the tree was empty.
    if (state !== null) leaf.__setstate__(state);
    return leaf;
  }) as [Leaf, Leaf, Leaf];
  if (a._next !== b._next || a._next !== c._next) throw new BTreeConflictError([-1, -1, -1], 0);
  if (b._keys.length === 0 || c._keys.length === 0) throw new BTreeConflictError([-1, -1, -1], 12);
  const merged = new Merge(new cls(), new Side(a), new Side(b), new Side(c)).run();
  if (merged._keys.length === 0) throw new BTreeConflictError([-1, -1, -1], 10);
  merged._data.next = a._next;
  return merged.__getstate__();
}

class Merge {
  readonly #result: Leaf;
  readonly #old: Side;
  readonly #left: Side;
  readonly #right: Side;

  constructor(result: Leaf, old: Side, left: Side, right: Side) {
    this.#result = result;
    this.#old = old;
    this.#left = left;
    this.#right = right;
  }

  run(): Leaf {
    const [old, left, right] = [this.#old, this.#left, this.#right];
    while (!old.atEnd && !left.atEnd && !right.atEnd) this.#step();
    while (!left.atEnd && !right.atEnd) {
      const order = this.#compare(left, right);
      if (order === 0) this.#refuse(6);
      this.#take(order > 0 ? right : left);
    }
    // What is left of the old keys was deleted by the side that is at its end.
    this.#deletedRest(left, 7);
    this.#deletedRest(right, 8);
    if (!old.atEnd) this.#refuse(9);
    while (!left.atEnd) this.#take(left);
    while (!right.atEnd) this.#take(right);
    return this.#result;
  }

  #step(): void {
    const [old, left, right] = [this.#old, this.#left, this.#right];
    const toLeft = this.#compare(old, left);
    const toRight = this.#compare(old, right);
    if (toLeft === 0 && toRight === 0) {
      if (this.#same(left)) this.#keep(right);
      else if (this.#same(right)) this.#keep(left);
      else this.#refuse(1);
      old.advance();
      left.advance();
      right.advance();
    } else if (toLeft === 0) this.#oneDiffers(toRight, right, left, 2);
    else if (toRight === 0) this.#oneDiffers(toLeft, left, right, 3);
    else this.#bothDiffer(toLeft, toRight);
  }

  /** One side has the old key, the other one inserted a key before it or deleted it. */
  #oneDiffers(order: number, differing: Side, keeping: Side, reason: number): void {
    if (order > 0) {
      this.#take(differing);
      return;
    }
    if (!this.#same(keeping)) this.#refuse(reason);
    if (differing.position === 1) this.#refuse(13);
    this.#old.advance();
    keeping.advance();
  }

  #bothDiffer(toLeft: number, toRight: number): void {
    const [left, right] = [this.#left, this.#right];
    const order = this.#compare(left, right);
    if (order === 0) this.#refuse(4);
    if (toLeft > 0) this.#take(order > 0 ? right : left);
    else if (toRight > 0) this.#take(right);
    else this.#refuse(5);
  }

  #deletedRest(side: Side, reason: number): void {
    const old = this.#old;
    while (!old.atEnd && !side.atEnd) {
      const order = this.#compare(old, side);
      if (order > 0) this.#take(side);
      else {
        if (order < 0 || !this.#same(side)) this.#refuse(reason);
        old.advance();
        side.advance();
      }
    }
  }

  #compare(a: Side, b: Side): number {
    return this.#result._keyKind.compare(a.key, b.key);
  }

  /** Whether a side has the old value. */
  #same(side: Side): boolean {
    return !this.#result._mapping || equal(this.#old.value, side.value);
  }

  #keep(side: Side): void {
    this.#result._keys.push(side.key);
    if (this.#result._mapping) this.#result._values.push(side.value);
  }

  #take(side: Side): void {
    this.#keep(side);
    side.advance();
  }

  #refuse(reason: number): never {
    throw new BTreeConflictError([this.#old.position, this.#left.position, this.#right.position], reason);
  }
}

/** The merged state of a tree that is a single bucket, or empty, in all three states. */
export function mergeSingleLeaves(
  cls: new () => Leaf,
  old: unknown,
  committed: unknown,
  changed: unknown,
): unknown {
  const states = [old, committed, changed].map(singleLeafOf);
  return tuple(tuple(mergeLeaves(cls, states[0], states[1], states[2])));
}

function singleLeafOf(state: unknown): unknown {
  if (state === null) return null;
  if (!(state instanceof Tuple)) throw new BTreeTypeError('the state of a tree must be a tuple or None');
  if (state.length === 2) throw new BTreeConflictError([-1, -1, -1], 11);
  const single: unknown = state[0];
  if (
    state.length !== 1 ||
    !(single instanceof Tuple) ||
    single.length !== 1 ||
    !(single[0] instanceof Tuple)
  )
    throw new BTreeTypeError('the state of a tree of one bucket must have the state of the bucket');
  return single[0];
}
