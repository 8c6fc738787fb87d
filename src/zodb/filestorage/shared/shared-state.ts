import { closeSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import { POSError } from '../../errors.ts';
import type { Oid, Tid } from '../../interfaces.ts';
import { nextOid } from '../../storages/merge.ts';
import { disk, openDataFile } from '../disk.ts';
import { FileState, type FoundState, type TidCallback } from '../file-state.ts';
import { MAGIC_SIZE } from '../format.ts';
import { backwards, recordsIn } from '../history.ts';
import type { OidIndex, PositionIndex } from '../oid-index.ts';
import type { PendingTransaction } from '../pending.ts';
import { APPENDING, broken, COMPLETE, CommitState, IDLE, REPLACING } from './commit-state.ts';
import { LaterSync } from './later-sync.ts';
import { recoverState } from './recover.ts';
import { SharedIndex } from './shared-index.ts';

const logger = getLogger(['ZODB', 'FileStorage']);

/** Oids that a thread takes at once. */
const OIDS_AT_ONCE = 32;

/** Renaming takes less, with what else a pack does then. */
const REPLACED_WITHIN_MS = 10_000;

/** A descriptor of the file that is in use, and the number of that file. */
export interface OpenFile {
  readonly file: number;
  readonly descriptor: number;
}

/**
 * Opens the file in use. While a pack puts another one in its place, the name leads to that one already, and the index in use is still
 * that of the old one. Throws a POSError when that lasts.
 */
export function openCurrent(path: string, shared: CommitState): OpenFile {
  const until = performance.now() + REPLACED_WITHIN_MS;
  for (;;) {
    const { file } = shared;
    let descriptor: number | undefined;
    try {
      descriptor = openDataFile(path, false);
    } catch (error) {
      // Where a file can have one name only, there is none for a moment.
      if (!shared.isReplaced) throw error;
    }
    // In this order: whoever replaces it counts first, and says last that it is done.
    if (descriptor !== undefined && !shared.isReplaced && shared.file === file) return { file, descriptor };
    if (descriptor !== undefined) closeSync(descriptor);
    if (performance.now() > until)
      throw new POSError(`${path} is being replaced by a packed file for too long`);
    shared.waitWhileReplaced();
  }
}

/** All threads have the file together; each reads with a descriptor of its own. */
export class SharedState extends FileState {
  readonly shared: CommitState;
  readonly alone = false;
  /** The last transaction that was there when the threads began. */
  readonly #first: Tid;
  #file: number;
  #failures: number;
  #index: PositionIndex;
  #oids: bigint = 0n;
  #oidsLeft = 0;
  /** Oids below are not given out any more. */
  #oidsUsed = 0;
  /** There where transactions are shown early. */
  #later: LaterSync | undefined;

  /** @param own The index, where no other thread uses it. */
  constructor(path: string, { file, descriptor }: OpenFile, shared: CommitState, first: Tid, own?: OidIndex) {
    super(path, descriptor, shared.end);
    this.shared = shared;
    this.#first = first;
    this.#file = file;
    this.#failures = shared.failures;
    this.#index = own ?? shared.indexOf(this.#file);
  }

  /** What was found in a file, in memory that threads can share, or for one thread alone that is to show transactions early. */
  static found(path: string, descriptor: number, found: FoundState, thread: number | undefined): SharedState {
    const shared = CommitState.create(thread ?? 1, thread === undefined ? null : found.index.max);
    if (thread !== undefined) {
      const index = shared.indexOf(0);
      for (const oid of found.index.keys()) index.set(oid, found.index.get(oid));
    }
    shared.begin({ end: found.end, lastTid: found.lastTid, nextOid: BigInt(nextOid(found.index.max)) });
    const own = thread === undefined ? found.index : undefined;
    return new SharedState(path, { file: 0, descriptor }, shared, found.lastTid, own);
  }

  get first(): Tid {
    return this.#first;
  }

  get index(): PositionIndex {
    return this.#index;
  }

  get end(): number {
    return this.shared.end;
  }

  get seenEnd(): number {
    return this.shared.publishedEnd;
  }

  get lastTid(): Tid {
    return this.shared.published;
  }

  get appendedTid(): Tid {
    return this.shared.appended;
  }

  get durableTid(): Tid {
    return this.shared.durable;
  }

  get generation(): number {
    return this.#file + this.#failures;
  }

  follow(): void {
    const { shared, bytes } = this;
    if (shared.file !== this.#file) this.#reopen();
    bytes.end = shared.writtenEnd;
    if (shared.failures === this.#failures) return;
    // What was read behind the end of that time has been written over.
    this.#failures = shared.failures;
    bytes.replace(this.descriptor, shared.writtenEnd);
  }

  /** A pack has put another file in the place. */
  #reopen(): void {
    const { file, descriptor } = openCurrent(this.path, this.shared);
    closeSync(this.descriptor);
    this.descriptor = descriptor;
    this.#file = file;
    this.#index = this.shared.indexOf(file);
    this.bytes.replace(descriptor, this.shared.writtenEnd);
  }

  changesSince(tid: Tid, but?: Tid): readonly Oid[] | null {
    return this.shared.changes.between(tid, this.shared.published, this.#first, but);
  }

  newOid(): Oid {
    if (this.#oidsLeft === 0) {
      this.#oids = this.shared.takeOids(OIDS_AT_ONCE);
      this.#oidsLeft = OIDS_AT_ONCE;
    }
    this.#oidsLeft--;
    const oid = this.#oids++;
    return oid <= Number.MAX_SAFE_INTEGER ? Number(oid) : oid;
  }

  useOid(oid: Oid): void {
    if (oid < this.#oidsUsed) return;
    this.#oidsUsed = Math.min(Number(this.shared.useOid(BigInt(oid))), Number.MAX_SAFE_INTEGER);
  }

  /** @throws a SyncError when nothing more may be written. */
  lock(): void {
    this.shared.turn.lock();
    if (this.shared.isBroken) {
      this.unlock();
      throw broken();
    }
    this.follow();
  }

  appending(pending: PendingTransaction): void {
    // An index that is full says so now, and not when it points at a part of the transaction.
    if (this.#index instanceof SharedIndex) this.#index.reserve(pending.objects());
    this.shared.phase = APPENDING;
  }

  append(pending: PendingTransaction): void {
    const { shared } = this;
    // Before any reader can find it in the index; setting the phase keeps the order.
    shared.written(pending.end);
    shared.phase = COMPLETE;
    const oids: Oid[] = [];
    for (const record of pending.objects()) {
      this.#index.set(record.oid, pending.positionOf(record));
      oids.push(record.oid);
    }
    shared.changes.add(pending.tid, oids);
    shared.append(pending.tid, pending.end);
    shared.phase = IDLE;
    this.bytes.end = pending.end;
  }

  publish(pending: PendingTransaction, fsync: boolean, callback: TidCallback, later: boolean): void {
    const { shared } = this;
    const { failures } = shared;
    if (!fsync) shared.publish();
    else if (this.#later !== undefined) shared.show();
    shared.lock.release();
    shared.turn.end();
    if (fsync && !(later && this.#later !== undefined)) {
      shared.settle(
        pending.tid,
        failures,
        () => this.#sync(),
        () => this.#takeBack(),
      );
    }
    callback?.(pending.tid);
  }

  get dirtyTail(): boolean {
    return this.shared.dirtyTail;
  }

  set dirtyTail(dirty: boolean) {
    this.shared.dirtyTail = dirty;
  }

  get isBroken(): boolean {
    return this.shared.isBroken;
  }

  writeNoMore(): void {
    this.shared.breakDown();
  }

  published({ tid }: PendingTransaction): boolean {
    return this.shared.published >= tid;
  }

  showEarly(): boolean {
    this.shared.showEarly();
    this.#later ??= new LaterSync(this.path, this.shared, () => this.#takeBack());
    return true;
  }

  get losses(): number {
    return this.#later === undefined ? 0 : this.shared.failures;
  }

  isDurable(tid: Tid, losses: number): boolean {
    return this.#later === undefined || (this.shared.durable >= tid && this.shared.failures === losses);
  }

  durable(tid: Tid, losses: number): Promise<void> {
    return this.#later === undefined ? Promise.resolve() : this.#later.wait(tid, losses);
  }

  /** The disk did not take what was appended since the last transaction that it has. Gives the end of that one. Locked. */
  #takeBack(): number {
    const { shared, records } = this;
    this.follow();
    const end = this.#durableEnd();
    const found: [oid: Oid, previous: number][] = [];
    for (let position = end; position < shared.end;) {
      for (const [, record] of recordsIn(records, position)) found.push([record.oid, record.previous]);
      position += records.transaction(position).length + 8;
    }
    for (const [oid, previous] of found.reverse())
      if (previous === 0) this.#index.delete(oid);
      else this.#index.set(oid, previous);
    disk.truncate(this.descriptor, end);
    return end;
  }

  #durableEnd(): number {
    const { shared, records } = this;
    const { durable } = shared;
    for (const position of backwards(records, shared.end)) {
      const { tid, length } = records.transaction(position);
      if (tid <= durable) return position + length + 8;
    }
    return MAGIC_SIZE;
  }

  unlock(): void {
    this.shared.phase = IDLE;
    this.shared.lock.release();
    this.shared.turn.end();
  }

  lostAgainst(tid: Tid): void {
    // Trying again before that one can be seen would lose again.
    this.shared.awaitPublished(
      tid,
      () => this.#sync(),
      () => this.#takeBack(),
    );
  }

  takeTurn(): void {
    this.shared.turn.take();
    // What was appended before is to be seen by what begins now.
    this.lostAgainst(this.shared.last().tid);
  }

  endTurn(): void {
    this.shared.turn.end();
  }

  /** Others may have appended to a newer file than the one that this thread has seen. */
  #sync(): void {
    this.follow();
    disk.sync(this.descriptor);
  }

  beginPack(): boolean {
    return this.shared.beginPack();
  }

  endPack(): void {
    this.shared.endPack();
  }

  lockSettled(fsync: boolean, patienceMs?: number): boolean {
    const locked = this.shared.lockSettled(
      () => {
        if (fsync) this.#sync();
      },
      () => this.#takeBack(),
      patienceMs,
    );
    if (locked) this.follow();
    return locked;
  }

  replace(descriptor: number, index: OidIndex, end: number, replace: () => void): void {
    const { shared } = this;
    const next = shared.memory.indexes === null ? index : shared.indexOf(this.#file + 1);
    if (next !== index) {
      (next as SharedIndex).clear();
      for (const oid of index.keys()) next.set(oid, index.get(oid));
    }
    shared.phase = REPLACING;
    replace();
    shared.replaceFile(end);
    shared.phase = IDLE;
    closeSync(this.descriptor);
    this.descriptor = descriptor;
    this.#file = shared.file;
    this.#index = next;
    this.bytes.replace(descriptor, end);
  }

  /** Reads the file that is there now under its name. */
  scanAnew<T>(scan: (descriptor: number) => T): T {
    const descriptor = openDataFile(this.path, false);
    try {
      return scan(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  override close(): void {
    try {
      // Somebody may wait for it.
      if (this.#later !== undefined) {
        this.lockSettled(true);
        this.unlock();
      }
    } finally {
      this.#later?.close();
      super.close();
    }
  }

  /**
   * Puts in order what a thread that has ended was doing to the file.
   * @param abandonPack Called when it was packing, before another thread may.
   */
  forget(thread: number, abandonPack: () => void): void {
    this.shared.forget(thread, (phase) => recoverState(this, phase), abandonPack);
    try {
      this.shared.tidy(() => this.#sync());
    } catch (error) {
      logger.error(
        `${this.path}: the disk did not take what a thread had written that has ended; the next one that commits takes it back: ${error}`,
        { error },
      );
    }
  }
}
