import { int, type PyInt } from '../pickle/index.ts';
import { PersistentBase, registerClass } from '../persistent/index.ts';
import { BTreeTypeError } from './errors.ts';

/**
 * A number beside a tree that says how many keys it has, which the tree itself tells only by loading all of it. Two
 * transactions that change it do not conflict: their changes are added up.
 */
export class Length extends PersistentBase {
  declare private count: PyInt;

  constructor(value: PyInt = 0) {
    super();
    this.count = int(value);
  }

  get value(): PyInt {
    this._p_activate();
    return this.count;
  }

  /** The number, as Python's `length()`. */
  __call__(): PyInt {
    return this.value;
  }

  set(value: PyInt): void {
    this._p_activate();
    this.count = int(value);
    this._p_changed = true;
  }

  /** Adds `delta`, which may be negative. */
  change(delta: PyInt): void {
    this._p_activate();
    this.count = sum(this.count, delta);
    this._p_changed = true;
  }

  override __getstate__(): PyInt {
    return this.value;
  }

  override __setstate__(state: unknown): void {
    this.count = checked(state);
  }

  _p_resolveConflict(old: unknown, committed: unknown, changed: unknown): PyInt {
    return sum(sum(checked(committed), checked(changed)), -checked(old));
  }
}

function checked(value: unknown): PyInt {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return int(value);
  throw new BTreeTypeError(`the state of a Length must be an int, not ${String(value)}`);
}

function sum(a: PyInt, b: PyInt): PyInt {
  if (typeof a === 'number' && typeof b === 'number') {
    const exact = a + b;
    if (Number.isSafeInteger(exact)) return exact + 0;
  }
  return int(BigInt(a) + BigInt(b));
}

registerClass(Length, 'BTrees.Length.Length', { python: true });
