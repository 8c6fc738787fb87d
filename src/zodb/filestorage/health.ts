/**
 * What the threads of a process tell each other of a file that does not take transactions, in memory that they share. Nothing is done for
 * it on the way of a transaction that succeeds: a failure counts until the disk has a later transaction.
 */
import type { Tid } from '../interfaces.ts';

/** 32-bit words: the last failure, and the lock. */
const FAILURE = 0;
const LOCK = 1;
const LOST = 1;
/** 64-bit word: the last transaction that the disk had when it failed. */
const DURABLE = 1;

/** A failure is told by its place in this list, from 1. */
const FAILURES: readonly (readonly [code: string, text: string])[] = [
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', "the user's share of the disk is full"],
  ['EFBIG', 'the file has reached the largest size that is allowed'],
  ['EROFS', 'the file system has become read-only'],
  ['EIO', 'the disk fails'],
  ['EACCES', 'there is no permission any more'],
  ['EMFILE', 'too many open files'],
  ['', 'the disk did not take what was written'],
];

/** The system's code of an error, or of what has caused it. */
function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined && /^E[A-Z]+$/.test(code)) return code;
  }
  return '';
}

export class StorageHealth {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #wide: BigUint64Array;

  constructor(memory = new SharedArrayBuffer(16)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#wide = new BigUint64Array(memory);
  }

  /** A transaction was not taken. @param durable The last one that the disk has. */
  failed(error: unknown, durable: Tid): void {
    const code = codeOf(error);
    const index = FAILURES.findIndex(([known]) => known === code);
    Atomics.store(this.#wide, DURABLE, durable);
    Atomics.store(this.#words, FAILURE, (index < 0 ? FAILURES.length - 1 : index) + 1);
  }

  /** Why the last transaction was not taken, unless a later one was; `code` is the system's. */
  failureAt(durable: Tid): { readonly code: string; readonly text: string } | undefined {
    const index = Atomics.load(this.#words, FAILURE);
    if (index === 0 || durable > Atomics.load(this.#wide, DURABLE)) return undefined;
    const [code, text] = FAILURES[index - 1]!;
    return { code, text };
  }

  /** It was found out that the disk takes something again. */
  recovered(): void {
    Atomics.store(this.#words, FAILURE, 0);
  }

  loseLock(): void {
    Atomics.store(this.#words, LOCK, LOST);
  }

  /** Why nothing may be written until the file is opened anew. */
  get refusal(): string | undefined {
    return this.#words[LOCK] === LOST
      ? 'another process has got hold of its lock, for the lock file was removed'
      : undefined;
  }
}
