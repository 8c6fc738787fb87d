/** What goes wrong with BTrees. `pyName` is the name that a Python `except` clause knows. */
import { TransientError } from '../transaction/index.ts';

export class BTreeError extends Error {
  readonly code: string = 'BTREE';
  readonly pyName: string = 'Exception';

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** There is no such key. */
export class BTreeKeyError extends BTreeError {
  override readonly code = 'BTREE_KEY';
  override readonly pyName = 'KeyError';
  readonly key: unknown;

  constructor(key: unknown, message = `no key ${shown(key)}`) {
    super(message);
    this.key = key;
  }
}

/** A key or value that the kind of tree does not take, keys that cannot be compared, an argument of a wrong type. */
export class BTreeTypeError extends BTreeError {
  override readonly code = 'BTREE_TYPE';
  override readonly pyName: string = 'TypeError';
}

/** An argument that has not what the operation needs. */
export class BTreeAttributeError extends BTreeError {
  override readonly code = 'BTREE_ATTRIBUTE';
  override readonly pyName = 'AttributeError';
}

/** No key is in the range that is asked for, or bytes are no content of a bucket. */
export class BTreeValueError extends BTreeError {
  override readonly code = 'BTREE_VALUE';
  override readonly pyName = 'ValueError';
}

/** A number that the kind of tree cannot calculate with. */
export class BTreeOverflowError extends BTreeError {
  override readonly code = 'BTREE_OVERFLOW';
  override readonly pyName = 'OverflowError';
}

/** A position outside of a sequence of keys, values or items. */
export class BTreeIndexError extends BTreeError {
  override readonly code = 'BTREE_INDEX';
  override readonly pyName = 'IndexError';
  readonly index: number;

  constructor(index: number) {
    super(`no item at ${index}`);
    this.index = index;
  }
}

/** The nodes of a tree do not fit together: what `check` finds. */
export class BTreeDamagedError extends BTreeError {
  override readonly code = 'BTREE_DAMAGED';
  override readonly pyName = 'AssertionError';
}

/** Why two changes of a bucket cannot be merged, by the numbers that ZODB's logs have always used. */
const REASONS: readonly string[] = [
  'Conflicting bucket split',
  'Conflicting changes',
  'Conflicting delete and change',
  'Conflicting delete and change',
  'Conflicting inserts or deletes',
  'Conflicting deletes',
  'Conflicting inserts',
  'Conflicting deletes, or delete and change',
  'Conflicting deletes, or delete and change',
  'Conflicting deletes',
  'Empty bucket from deleting all keys',
  'Conflicting changes in an internal BTree node',
  'Empty bucket in a transaction',
  'Delete of first key',
];

/** Two transactions changed a tree in ways that cannot be merged. */
export class BTreeConflictError extends TransientError {
  override readonly code = 'BTREE_CONFLICT';
  readonly pyName = 'BTreesConflictError';
  /** Where in the old state, the committed one and the new one; -1 when it is the whole that does not fit. */
  readonly positions: readonly [number, number, number];
  readonly reason: number;

  constructor(positions: readonly [number, number, number], reason: number) {
    super(`BTrees conflict error at ${positions.join('/')}: ${REASONS[reason]}`);
    this.name = new.target.name;
    this.positions = positions;
    this.reason = reason;
  }
}

function shown(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.length > 80 ? `${key.slice(0, 77)}...` : key);
  if (key === null || typeof key !== 'object') return String(key);
  return (key as { constructor?: { name?: string } }).constructor?.name ?? 'object';
}
