/**
 * One transaction: two phases over any data managers, as Python's `transaction` package runs them.
 *
 * Over 400 lines: what each step may do depends on how far the others have come.
 */
import { getLogger } from '@logtape/logtape';
import { DoomedTransaction, isTransient, TransactionFailedError, TransactionUseError } from './errors.ts';
import { callHooks, type Hook, type HookEntry } from './hooks.ts';
import type { DataManager, Synchronizer } from './interfaces.ts';
import { Savepoint } from './savepoint.ts';
import type { SynchronizerSet } from './synchronizers.ts';

export type Status = 'Active' | 'Committing' | 'Committed' | 'Doomed' | 'Commit failed';

/** Sets the user and the description of a transaction when they are needed. */
export interface Describer {
  describe(transaction: Transaction): void;
}

/** What a transaction tells its manager. */
export interface TransactionOwner {
  free(transaction: Transaction): void;
}

const logger = getLogger(['txn']);

/** By code points, where JavaScript compares halves of pairs. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return x >= 0xd800 && y >= 0xd800 && x >= 0xe000 !== y >= 0xe000 ? y - x : x - y;
  }
  return a.length - b.length;
}

/** Managers in the order in which they commit. Each is asked for its key once, a single one too: a key that fails shows at once. */
function inOrder(managers: readonly DataManager[]): readonly DataManager[] {
  if (managers.length === 1) {
    managers[0]!.sortKey?.();
    return managers;
  }
  const keyed = managers.map((manager) => ({ manager, key: manager.sortKey?.() ?? '' }));
  keyed.sort((a, b) => compareTexts(a.key, b.key));
  return keyed.map(({ manager }) => manager);
}

/** Texts are stored; what is none is converted, with a warning that names the mistake. */
function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  process.emitWarning(`${what} of a transaction must be a text, not ${typeof value}`, 'DeprecationWarning');
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value === null || value === undefined) return 'None';
  return String(value);
}

export class Transaction {
  status: Status = 'Active';
  /**
   * Whether the commit ends before the disk has what was committed, where the storage can do that: whoever commits waits for the disk
   * by other means before it tells anybody. Only where all managers know of it: one that sends mail has to be sure.
   */
  endsEarly = false;
  #user = '';
  #description = '';
  #describe: Describer | undefined;
  #extension: Map<string, unknown> | undefined;
  #owner: TransactionOwner | null;
  #synchronizers: SynchronizerSet | null;
  #managers: DataManager[] = [];
  /** How many managers have voted, in their order. */
  #voted = 0;
  #savepoints: Savepoint[] | undefined;
  #failure: unknown;
  #data: Map<object, unknown> | undefined;
  #beforeCommit: HookEntry[] | undefined;
  #afterCommit: HookEntry[] | undefined;
  #beforeAbort: HookEntry[] | undefined;
  #afterAbort: HookEntry[] | undefined;

  constructor(synchronizers: SynchronizerSet | null = null, owner: TransactionOwner | null = null) {
    this.#synchronizers = synchronizers;
    this.#owner = owner;
  }

  /** Who did it: by convention a path and a name. Stored with what is committed. */
  get user(): string {
    this.#settle();
    return this.#user;
  }

  set user(value: string) {
    this.#settle();
    if (value === null || value === undefined) throw new TransactionUseError('user must not be None');
    this.#user = textOf(value, 'user');
  }

  /** What was done. Stored with what is committed. */
  get description(): string {
    this.#settle();
    return this.#description;
  }

  set description(value: string) {
    this.#settle();
    if (value !== null && value !== undefined) this.#description = textOf(value, 'description');
  }

  /** Further facts that are stored with what is committed. */
  get extension(): Map<string, unknown> {
    return (this.#extension ??= new Map());
  }

  /**
   * Who did it and what, told when somebody asks: a transaction that stores nothing never does. What is set later
   * comes after it.
   */
  describeLater(describer: Describer): void {
    this.#settle();
    this.#describe = describer;
  }

  #settle(): void {
    const describer = this.#describe;
    if (describer === undefined) return;
    this.#describe = undefined;
    describer.describe(this);
  }

  /** Adds a line to the description. */
  note(text: string): void {
    if (text === null || text === undefined) return;
    this.#settle();
    const line = textOf(text, 'note').trim();
    this.#description = this.#description === '' ? line : `${this.#description}\n${line}`;
  }

  setUser(name: string, path = '/'): void {
    this.#settle();
    this.#user = `${textOf(path, 'path')} ${textOf(name, 'user')}`;
  }

  setExtendedInfo(name: string, value: unknown): void {
    this.extension.set(name, value);
  }

  isDoomed(): boolean {
    return this.status === 'Doomed';
  }

  /** Makes the commit impossible. Throws once it has begun. */
  doom(): void {
    if (this.status === 'Doomed') return;
    if (this.status !== 'Active') throw new TransactionUseError('non-doomable');
    this.status = 'Doomed';
  }

  /** A data manager takes part from here on. */
  join(manager: DataManager): void {
    if (this.status === 'Commit failed') this.#refuse();
    if (this.status !== 'Active' && this.status !== 'Doomed') {
      throw new TransactionUseError(`expected txn status 'Active' or 'Doomed', but it's '${this.status}'`);
    }
    this.#managers.push(manager);
    if (this.#savepoints === undefined || this.#savepoints.length === 0) return;
    const leave = {
      rollback: () => {
        manager.abort(this);
        this.#managers = this.#managers.filter((other) => other !== manager);
      },
    };
    for (const savepoint of this.#savepoints) savepoint._add(leave);
  }

  /** A state to go back to. An optimistic one is made even where a manager could not go back. */
  savepoint(optimistic = false): Savepoint {
    if (this.status === 'Commit failed') this.#refuse();
    let savepoint: Savepoint;
    try {
      savepoint = new Savepoint(this, optimistic, this.#managers);
    } catch (error) {
      this.#cleanUp(this.#managers);
      this._fail(error);
      throw error;
    }
    (this.#savepoints ??= []).push(savepoint);
    return savepoint;
  }

  /** Internal: gives up the savepoints made after this one. */
  _invalidateAfter(savepoint: Savepoint): void {
    const savepoints = this.#savepoints ?? [];
    const index = savepoints.indexOf(savepoint);
    for (const later of savepoints.splice(index + 1)) later._invalidate();
  }

  /** Internal: from now on the transaction can only be aborted. */
  _fail(error: unknown): void {
    this.status = 'Commit failed';
    this.#failure = error;
  }

  /**
   * Commits on all managers, or on none: an error of one of them is thrown when all have gone back.
   * @param early See `endsEarly`.
   */
  commit(early = false): void {
    if (this.status === 'Doomed') throw new DoomedTransaction('transaction doomed, cannot commit');
    this.#invalidateSavepoints();
    if (this.status === 'Commit failed') this.#refuse();
    if (this.#beforeCommit !== undefined) callHooks(this.#beforeCommit, [], 'throw');
    this.#synchronize('beforeCompletion');
    this.status = 'Committing';
    try {
      if (this.#managers.length > 0) this.#commitManagers(early);
      this.status = 'Committed';
    } catch (error) {
      this._fail(error);
      this.#callAfterCommitHooks(false);
      throw error;
    }
    this.#synchronize('afterCompletion');
    this.#callAfterCommitHooks(true);
    this.#free();
  }

  #commitManagers(early: boolean): void {
    const managers = inOrder(this.#managers);
    this.endsEarly = early && managers.every(({ canEndEarly }) => canEndEarly === true);
    try {
      for (const manager of managers) manager.tpcBegin(this);
      for (const manager of managers) manager.commit(this);
      for (const manager of managers) {
        manager.tpcVote(this);
        this.#voted++;
      }
      try {
        for (const manager of managers) manager.tpcFinish(this);
      } catch (error) {
        logger.fatal(
          'A storage error occurred during the second phase of the two-phase commit.  Resources may be in an inconsistent state.',
          { error },
        );
        throw error;
      }
    } catch (error) {
      try {
        this.#cleanUp(managers);
      } finally {
        this.#synchronize('afterCompletion');
      }
      throw error;
    }
  }

  #cleanUp(managers: readonly DataManager[]): void {
    for (const manager of managers.slice(this.#voted)) {
      attempt(() => manager.abort(this), `Error in abort() on manager ${shown(manager)}`);
    }
    for (const manager of managers)
      attempt(() => manager.tpcAbort(this), `Error in tpc_abort() on manager ${shown(manager)}`);
  }

  /** Forgets all changes. The first error of a manager or synchronizer is thrown when all were told. */
  abort(): void {
    let failed = false;
    let failure: unknown;
    const keepGoing = (run: () => void, message: string) => {
      try {
        run();
      } catch (error) {
        if (!failed) [failed, failure] = [true, error];
        logger.error(message, { error });
      }
    };
    try {
      if (this.#beforeAbort !== undefined) callHooks(this.#beforeAbort, [], 'log');
      this.#invalidateSavepoints();
      keepGoing(() => this.#synchronize('beforeCompletion'), 'Failed to call synchronizers');
      for (const manager of this.#managers)
        keepGoing(() => manager.abort(this), `Failed to abort resource manager: ${shown(manager)}`);
      this.#callAfterAbortHooks();
      // No longer the current transaction, but synchronizers may still ask for its data.
      this.#freeOwner();
      this.#synchronize('afterCompletion');
      if (failed) throw failure;
    } finally {
      this.#free();
    }
  }

  addBeforeCommitHook(hook: Hook, args: readonly unknown[] = []): void {
    (this.#beforeCommit ??= []).push([hook, args]);
  }

  /** Called with true or false for the success, then `args`. */
  addAfterCommitHook(hook: Hook, args: readonly unknown[] = []): void {
    (this.#afterCommit ??= []).push([hook, args]);
  }

  addBeforeAbortHook(hook: Hook, args: readonly unknown[] = []): void {
    (this.#beforeAbort ??= []).push([hook, args]);
  }

  addAfterAbortHook(hook: Hook, args: readonly unknown[] = []): void {
    (this.#afterAbort ??= []).push([hook, args]);
  }

  getBeforeCommitHooks(): readonly HookEntry[] {
    return this.#beforeCommit ?? [];
  }

  getAfterCommitHooks(): readonly HookEntry[] {
    return this.#afterCommit ?? [];
  }

  getBeforeAbortHooks(): readonly HookEntry[] {
    return this.#beforeAbort ?? [];
  }

  getAfterAbortHooks(): readonly HookEntry[] {
    return this.#afterAbort ?? [];
  }

  /** What was kept for `key` with `setData`, as long as the transaction lives. */
  data(key: object): unknown {
    return this.#data?.get(key);
  }

  hasData(key: object): boolean {
    return this.#data?.has(key) ?? false;
  }

  setData(key: object, value: unknown): void {
    (this.#data ??= new Map()).set(key, value);
  }

  /** Whether the work of this transaction may be tried again after this error. */
  isRetryableError(error: unknown): boolean {
    return isTransient(error) || this.#managers.some((manager) => manager.shouldRetry?.(error) === true);
  }

  #refuse(): never {
    const shown = this.#failure instanceof Error ? this.#failure.stack : String(this.#failure);
    throw new TransactionFailedError(`An operation previously failed, with traceback:\n\n${shown}`, {
      cause: this.#failure,
    });
  }

  #invalidateSavepoints(): void {
    if (this.#savepoints === undefined) return;
    for (const savepoint of this.#savepoints.splice(0)) savepoint._invalidate();
  }

  #synchronize(event: keyof Synchronizer): void {
    this.#synchronizers?.call(event, this);
  }

  #callAfterCommitHooks(success: boolean): void {
    if (this.#afterCommit === undefined || this.#afterCommit.length === 0) return;
    callHooks(this.#afterCommit, [success], 'log');
    this.#abortWhatHooksDid();
  }

  #callAfterAbortHooks(): void {
    if (this.#afterAbort === undefined || this.#afterAbort.length === 0) return;
    try {
      callHooks(this.#afterAbort, [], 'throw');
    } finally {
      this.#abortWhatHooksDid();
    }
  }

  /** The work is done: what hooks changed afterwards must not stay. */
  #abortWhatHooksDid(): void {
    for (const manager of this.#managers)
      attempt(() => manager.abort(this), `Error in abort() on manager ${shown(manager)}`);
  }

  #freeOwner(): void {
    const owner = this.#owner;
    this.#owner = null;
    owner?.free(this);
  }

  #free(): void {
    this.#freeOwner();
    this.#managers = [];
    this.#data = undefined;
    this.#beforeCommit = undefined;
    this.#afterCommit = undefined;
    this.#beforeAbort = undefined;
    this.#afterAbort = undefined;
    this.#synchronizers = null;
    this.#extension = undefined;
  }
}

function shown(manager: DataManager): string {
  // oxlint-disable-next-line typescript/no-base-to-string -- only where the class has its own
  return manager.toString === Object.prototype.toString ? `<${manager.constructor.name}>` : String(manager);
}

function attempt(run: () => void, message: string): void {
  try {
    run();
  } catch (error) {
    logger.error(message, { error });
  }
}
