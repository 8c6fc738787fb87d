/**
 * What all threads know of one file, in memory that they share: where it ends, the last transaction, and which thread does
 * what. A transaction is appended under the lock; then one thread brings the bytes of all that were appended to the disk and
 * publishes them with one word, the id of the last transaction.
 *
 * Over 400 lines: all steps work on the same few words, and it is their order that is right or wrong.
 */
import { performance } from 'node:perf_hooks';
import { SyncError } from '../../errors.ts';
import type { Oid, Tid } from '../../interfaces.ts';
import { ChangeRing, reserveChanges } from './change-ring.ts';
import { CommitLock, LOCK_WORDS } from './commit-lock.ts';
import { CommitTurn, TURN_NUMBERS, TURN_WORDS } from './commit-turn.ts';
import { type IndexMemory, reserveIndex, SharedIndex } from './shared-index.ts';

/** 64-bit words. */
const PUBLISHED = 0;
const APPENDED = 1;
const NEXT_OID = 2;
/** The last transaction that the disk has. It is behind the published one only where transactions are shown early. */
const DURABLE = 3;
/** The last transaction that was kept at each of the last failures of the disk. */
const FAILED_AT = 4;
const FAILURES_KNOWN = 16;
const WIDE_WORDS = FAILED_AT + FAILURES_KNOWN;
/** Numbers. */
const END = 0;
const PUBLISHED_END = 1;
/** Up to here the bytes may be read: an index never points behind it. */
const WRITTEN_END = 2;
/** Milliseconds that the disk took the last time. */
const SYNC_TIME = 3;
const TURN = 4;
const NUMBERS = TURN + TURN_NUMBERS;
/** 32-bit words. */
const PHASE = 0;
const FILE = 1;
const SYNCER = 2;
const FAILURES = 3;
const PACKER = 4;
/** Odd while the end and the last transaction are being changed. */
const VERSION = 5;
/** Counts transactions that are appended. */
const APPENDS = 6;
/** What the count was at the last sync. */
const SYNCED = 7;
/** How many transactions are expected for the next sync. */
const EXPECTED = 8;
/** The count that the thread which is about to sync waits for. */
const AWAITED = 9;
/** 1: transactions are published when they are appended, and not only when the disk has them. */
const EARLY = 10;
/** Counts syncs that were begun: what is appended belongs to the next one. */
const BATCH = 11;
/** Two words, for transactions that wait for an even and for an odd sync: each changes when one of them is woken. */
const WAKES = 12;
const OTHER_WAKES = 2 * WAKES + 1;
/** 1: what the disk refused could not be taken back either, so that nothing may be written behind it. */
const BROKEN = 14;
/** 1: behind the end lies a transaction that failed. */
const DIRTY_TAIL = 15;
/** Keeps the lock's words and their number even. */
const WORDS = 16;

const NUMBERS_AT = WIDE_WORDS * 8;
const WORDS_AT = NUMBERS_AT + NUMBERS * 8;
const LOCK_AT = WORDS_AT + WORDS * 4;
const TURN_AT = LOCK_AT + LOCK_WORDS * 4;
const CONTROL_BYTES = TURN_AT + TURN_WORDS * 4;

/** How long a thread sleeps before it looks again whether its transaction is published. */
const LOOK_AGAIN_MS = 100;
/**
 * How long the one who syncs waits for the lock. Whoever has the lock may wait for that of another file, and who has that one for
 * a sync of this file.
 */
const LOCK_AS_SYNCER_MS = 20;
/** How long a sync waits at most for transactions that are about to be appended. */
const GATHER_MS = 2;
/** A sync that takes less is not waited for: there is more to gain from the processors, which would do nothing meanwhile. */
const WORTH_GATHERING_MS = 0.5;

/** What the holder of the lock is doing; it says what is to be put in order when it ends in the middle. */
export const IDLE = 0;
/** Bytes behind the end are being written. */
export const APPENDING = 1;
/** The bytes are complete; index, changes and end are being brought up to date. */
export const COMPLETE = 2;
/** A packed file takes the place of the old one. */
export const REPLACING = 3;

/** What another thread needs to use the same file. */
export interface SharedMemory {
  readonly control: SharedArrayBuffer;
  readonly changes: SharedArrayBuffer;
  /**
   * The index in use and the one for the file that a pack makes, which change places with every pack. Null: one thread has the file
   * for itself, and the index too. What is reserved for two indexes is so much that a process can have it for a few files only.
   */
  readonly indexes: readonly [IndexMemory, IndexMemory] | null;
}

export interface InitialState {
  readonly end: number;
  readonly lastTid: Tid;
  readonly nextOid: bigint;
}

export const lost = (): SyncError =>
  new SyncError('the disk did not take a transaction that came before this one');

export const broken = (): SyncError =>
  new SyncError(
    'what the disk did not take could not be taken back: nothing more is written until the file is opened anew',
  );

export class CommitState {
  readonly memory: SharedMemory;
  readonly lock: CommitLock;
  readonly turn: CommitTurn;
  readonly changes: ChangeRing;
  readonly thread: number;
  readonly #wide: BigUint64Array;
  /** The same words, as waiting needs them. */
  readonly #signed: BigInt64Array;
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;
  readonly #indexes: readonly [SharedIndex, SharedIndex] | null;
  /** What `failures` was when the disk last refused this thread something. */
  #refused = -1;

  /** @param thread A number above 0 that no other thread has or had. */
  constructor(memory: SharedMemory, thread: number) {
    this.memory = memory;
    this.thread = thread;
    const { control } = memory;
    this.#wide = new BigUint64Array(control, 0, WIDE_WORDS);
    this.#signed = new BigInt64Array(control, 0, WIDE_WORDS);
    this.#numbers = new Float64Array(control, NUMBERS_AT, NUMBERS);
    this.#words = new Int32Array(control, WORDS_AT, WORDS);
    this.lock = new CommitLock(new Int32Array(control, LOCK_AT, LOCK_WORDS), thread);
    this.turn = new CommitTurn(
      new Int32Array(control, TURN_AT, TURN_WORDS),
      this.#numbers.subarray(TURN),
      this.lock,
      thread,
    );
    this.changes = new ChangeRing(memory.changes);
    this.#indexes = memory.indexes && [
      new SharedIndex(memory.indexes[0]),
      new SharedIndex(memory.indexes[1]),
    ];
  }

  /** @param oids Up to where there are oids already; null: the thread keeps the index itself, for nobody else will use the file. */
  static create(thread: number, oids: Oid | null = 0): CommitState {
    return new CommitState(
      {
        control: new SharedArrayBuffer(CONTROL_BYTES),
        changes: reserveChanges(),
        indexes: oids === null ? null : [reserveIndex(oids), reserveIndex(oids)],
      },
      thread,
    );
  }

  /** Before other threads see it: what was found in the file. */
  begin({ end, lastTid, nextOid }: InitialState): void {
    this.#wide[PUBLISHED] = lastTid;
    this.#wide[APPENDED] = lastTid;
    this.#wide[DURABLE] = lastTid;
    this.#wide[NEXT_OID] = nextOid;
    this.#numbers[END] = end;
    this.#numbers[PUBLISHED_END] = end;
    this.#numbers[WRITTEN_END] = end;
  }

  /** The last transaction that everybody may see. */
  get published(): Tid {
    return Atomics.load(this.#wide, PUBLISHED);
  }

  /** The last transaction that the disk has. */
  get durable(): Tid {
    return Atomics.load(this.#wide, DURABLE);
  }

  /** Whether transactions are seen before the disk has them. */
  get early(): boolean {
    return Atomics.load(this.#words, EARLY) === 1;
  }

  showEarly(): void {
    Atomics.store(this.#words, EARLY, 1);
  }

  /** Milliseconds that the disk took the last time. */
  get syncTime(): number {
    return this.#numbers[SYNC_TIME]!;
  }

  /** The last one in the file. Only the holder of the lock may rely on it. */
  get appended(): Tid {
    return this.#wide[APPENDED]!;
  }

  /** Where the last transaction in the file ends. */
  get end(): number {
    return this.#numbers[END]!;
  }

  /** Where the last published transaction ends, or a later one. */
  get publishedEnd(): number {
    return this.#numbers[PUBLISHED_END]!;
  }

  /** Up to where bytes may be read. */
  get writtenEnd(): number {
    return this.#numbers[WRITTEN_END]!;
  }

  /** The holder of the lock has written a transaction, and will let the index point at it. */
  written(end: number): void {
    this.#numbers[WRITTEN_END] = end;
  }

  get phase(): number {
    return Atomics.load(this.#words, PHASE);
  }

  set phase(phase: number) {
    Atomics.store(this.#words, PHASE, phase);
  }

  /** Whether another thread is putting a packed file in the place of the one in use. */
  get isReplaced(): boolean {
    return this.phase === REPLACING && this.lock.holder !== this.thread;
  }

  /** Waits for a moment, unless that is over. */
  waitWhileReplaced(): void {
    Atomics.wait(this.#words, PHASE, REPLACING, 1);
  }

  /** Which file is in use: counts packs. */
  get file(): number {
    return Atomics.load(this.#words, FILE);
  }

  /** The index of the file in use. */
  indexOf(file: number): SharedIndex {
    return this.#indexes![file & 1]!;
  }

  /** Reserves oids; the first of them. */
  takeOids(count: number): bigint {
    return Atomics.add(this.#wide, NEXT_OID, BigInt(count));
  }

  /** Oids up to this one are not given out any more. The next one that is. */
  useOid(oid: bigint): bigint {
    for (;;) {
      const next = Atomics.load(this.#wide, NEXT_OID);
      if (next > oid) return next;
      if (Atomics.compareExchange(this.#wide, NEXT_OID, next, oid + 1n) === next) return oid + 1n;
    }
  }

  /** The holder of the lock has appended a transaction. */
  append(tid: Tid, end: number): void {
    // One that ended in the middle of this has left it odd.
    const odd = Atomics.load(this.#words, VERSION) | 1;
    Atomics.store(this.#words, VERSION, odd);
    this.#numbers[END] = end;
    this.#numbers[WRITTEN_END] = end;
    this.#wide[APPENDED] = tid;
    Atomics.store(this.#words, VERSION, odd + 1);
    const count = (Atomics.add(this.#words, APPENDS, 1) + 1) | 0;
    if (count === Atomics.load(this.#words, AWAITED)) Atomics.notify(this.#words, APPENDS);
  }

  /** The last transaction in the file and its end, without the lock. */
  last(): { tid: Tid; end: number } {
    for (;;) {
      const version = Atomics.load(this.#words, VERSION);
      const last = { tid: this.#wide[APPENDED]!, end: this.#numbers[END]! };
      // A change of nothing, for unlike a look it does not come before what stands above it on any processor.
      if ((version & 1) === 0 && Atomics.add(this.#words, VERSION, 0) === version) return last;
    }
  }

  /** Whether nothing more may be written. */
  get isBroken(): boolean {
    return Atomics.load(this.#words, BROKEN) === 1;
  }

  breakDown(): void {
    Atomics.store(this.#words, BROKEN, 1);
  }

  /** Whether a transaction that failed lies behind the end. For the holder of the lock. */
  get dirtyTail(): boolean {
    return this.#words[DIRTY_TAIL] === 1;
  }

  set dirtyTail(dirty: boolean) {
    this.#words[DIRTY_TAIL] = dirty ? 1 : 0;
  }

  /** Takes the place of all others for what is not part of a transaction: the holder of the lock has changed the file. */
  replaceFile(end: number): void {
    this.#numbers[END] = end;
    this.#numbers[PUBLISHED_END] = end;
    this.#numbers[WRITTEN_END] = end;
    Atomics.add(this.#words, FILE, 1);
  }

  /** Which failures of the disk have been seen; to be noted under the lock when a transaction is appended. */
  get failures(): number {
    return Atomics.load(this.#words, FAILURES);
  }

  /** Everybody may see what was appended, and need not wait for the disk. Under the lock. */
  publish(): void {
    this.show();
    this.#keep(this.#wide[APPENDED]!);
  }

  /** Everybody may see what was appended. Under the lock. */
  show(): void {
    this.#numbers[PUBLISHED_END] = this.#numbers[END]!;
    Atomics.store(this.#wide, PUBLISHED, this.#wide[APPENDED]!);
  }

  #publish(tid: Tid, end: number): void {
    if (!this.early) {
      this.#numbers[PUBLISHED_END] = end;
      Atomics.store(this.#wide, PUBLISHED, tid);
    }
    this.#keep(tid);
  }

  /** The disk has a transaction and all before it. Several threads may find that out at once. */
  #keep(tid: Tid): void {
    for (;;) {
      const { durable } = this;
      if (durable >= tid || Atomics.compareExchange(this.#wide, DURABLE, durable, tid) === durable) break;
    }
    Atomics.notify(this.#signed, DURABLE);
  }

  /**
   * Has the disk take what was appended. The system tells a failure once to each descriptor: as long as nobody has taken back what
   * was refused, a sync that ends well says nothing.
   */
  #bring(sync: () => void): void {
    const { failures } = this;
    if (this.isBroken) throw broken();
    if (this.#refused === failures) throw lost();
    try {
      sync();
    } catch (error) {
      this.#refused = failures;
      throw error;
    }
  }

  /** A sync that began when `tid` was the last transaction has ended well. */
  synced(tid: Tid, milliseconds: number): void {
    this.#numbers[SYNC_TIME] = milliseconds;
    this.#keep(tid);
    this.#wakeAll();
  }

  /**
   * Waits until a transaction that this thread has appended is on the disk. One thread syncs for all that have appended so far.
   *
   * @param failures What `failures` was when it was appended.
   * @param takeBack Called under the lock when the disk refused: what it does not have is to go. Gives the end of the rest.
   * @throws SyncError when the transaction is not in the file.
   */
  settle(tid: Tid, failures: number, sync: () => void, takeBack: () => number): void {
    const words = this.#words;
    const word = wakeOf(Atomics.load(words, BATCH));
    for (let waited = false; ; waited = true) {
      // Before it is looked at: whoever changes it now will change this too.
      const seen = Atomics.load(words, word);
      const gone = this.isLost(tid, failures);
      if (gone || this.durable >= tid) {
        if (waited) this.#wakeNext(word);
        if (gone) throw lost();
        return;
      }
      if (Atomics.compareExchange(words, SYNCER, 0, this.thread) === 0)
        this.#asSyncer(() => this.#syncAndPublish(sync, takeBack));
      else Atomics.wait(words, word, seen, LOOK_AGAIN_MS);
    }
  }

  /** Does what only one thread may do at a time. */
  #asSyncer(work: () => void): void {
    const words = this.#words;
    try {
      work();
    } finally {
      Atomics.compareExchange(words, SYNCER, this.thread, 0);
      // Whoever has looked but does not sleep yet looks again.
      Atomics.add(words, WAKES, 1);
      Atomics.add(words, WAKES + 1, 1);
      this.#wakeNext(wakeOf(Atomics.load(words, BATCH) + 1));
    }
  }

  /**
   * One that waited for a sync wakes the next: all at once would only wait for each other. The last one has one of those go on that
   * wait for the next sync, unless somebody else syncs already.
   */
  #wakeNext(word: number): void {
    const words = this.#words;
    if (Atomics.notify(words, word, 1) === 0 && Atomics.load(words, SYNCER) === 0)
      Atomics.notify(words, OTHER_WAKES - word, 1);
  }

  /** Has all that wait for a sync look again. */
  #wakeAll(): void {
    for (const word of [WAKES, WAKES + 1]) {
      Atomics.add(this.#words, word, 1);
      Atomics.notify(this.#words, word);
    }
  }

  /** Whether the first failure since a transaction was appended took it away. */
  isLost(tid: Tid, failures: number): boolean {
    return this.failures !== failures && tid > this.#wide[FAILED_AT + ((failures + 1) % FAILURES_KNOWN)]!;
  }

  /**
   * Waits for the threads that committed at the same time as this one the last time: what they append meanwhile needs no sync of
   * its own. Never longer than the disk took, so that a thread whose company is gone loses little, and once; on a fast disk not at
   * all.
   */
  #gather(): void {
    const words = this.#words;
    const expected = words[EXPECTED]!;
    const { syncTime } = this;
    if (expected < 2 || syncTime < WORTH_GATHERING_MS) return;
    const awaited = (words[SYNCED]! + expected) | 0;
    Atomics.store(words, AWAITED, awaited);
    const until = performance.now() + Math.min(syncTime, GATHER_MS);
    for (;;) {
      const count = Atomics.load(words, APPENDS);
      const left = until - performance.now();
      if (((awaited - count) | 0) <= 0 || left <= 0) return;
      Atomics.wait(words, APPENDS, count, left);
    }
  }

  #syncAndPublish(sync: () => void, takeBack: () => number): void {
    if (this.last().tid <= this.durable) return;
    this.#gather();
    const words = this.#words;
    const before = words[SYNCED]!;
    // Before it is looked what there is: who still sees the old count is in this sync.
    Atomics.add(words, BATCH, 1);
    const count = Atomics.load(words, APPENDS);
    const { failures } = this;
    const { tid, end } = this.last();
    const start = performance.now();
    try {
      this.#bring(sync);
    } catch (error) {
      this.takeBack(failures, takeBack);
      throw error;
    }
    this.#numbers[SYNC_TIME] = performance.now() - start;
    words[SYNCED] = count;
    words[EXPECTED] = (Atomics.load(words, APPENDS) - before) | 0;
    this.#publish(tid, end);
  }

  /**
   * The disk refused: nothing stays of what it does not have.
   * @param failures What `failures` was before the sync: two threads may learn of one failure.
   */
  takeBack(failures: number, takeBack: () => number): void {
    const words = this.#words;
    this.lock.acquire();
    try {
      if (this.isBroken) throw broken();
      if (this.failures !== failures) return;
      const { durable } = this;
      const end = this.#orBreak(takeBack);
      this.changes.takeBack(durable);
      this.append(durable, end);
      this.#numbers[PUBLISHED_END] = end;
      Atomics.store(this.#wide, PUBLISHED, durable);
      this.#wide[FAILED_AT + ((failures + 1) % FAILURES_KNOWN)] = durable;
      Atomics.store(words, FAILURES, failures + 1);
      words[SYNCED] = Atomics.load(words, APPENDS);
    } finally {
      this.lock.release();
      this.#wakeAll();
    }
  }

  /** Puts in order what is in the file; where that fails, nothing may be written behind it. */
  #orBreak<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.breakDown();
      throw error;
    }
  }

  /**
   * Publishes what threads that have ended had appended, unless another thread is about to.
   *
   * @param takeBack See `settle`. Without it, by a thread that must not wait for the lock, a failure is thrown and left to the next
   *   thread that commits.
   */
  tidy(sync: () => void, takeBack?: () => number): void {
    if (Atomics.compareExchange(this.#words, SYNCER, 0, this.thread) !== 0) return;
    this.#asSyncer(() => {
      const count = Atomics.load(this.#words, APPENDS);
      const { failures } = this;
      const { tid, end } = this.last();
      if (tid <= this.durable) return;
      try {
        this.#bring(sync);
      } catch (error) {
        if (takeBack === undefined) throw error;
        this.takeBack(failures, takeBack);
        return;
      }
      this.#words[SYNCED] = count;
      this.#publish(tid, end);
    });
    this.#wakeAll();
  }

  /** Waits until a transaction of another thread is published, or is taken back. */
  awaitPublished(tid: Tid, sync: () => void, takeBack: () => number): void {
    const { failures } = this;
    while (this.published < tid && this.failures === failures) {
      this.tidy(sync, takeBack);
      const { published } = this;
      if (published >= tid) return;
      const { durable } = this;
      if (durable < tid) Atomics.wait(this.#signed, DURABLE, BigInt.asIntN(64, durable), LOOK_AGAIN_MS);
    }
  }

  /**
   * Takes the lock with nothing that is not published; nobody else is bringing anything to the disk then. Throws, without the lock,
   * when the disk refuses.
   * @param takeBack See `settle`.
   * @param patienceMs How long it may take: a thread that has the lock of another file must not wait for ever.
   * @returns Whether it has the lock.
   */
  lockSettled(sync: () => void, takeBack: () => number, patienceMs = Infinity): boolean {
    const until = performance.now() + patienceMs;
    for (;;) {
      while (Atomics.compareExchange(this.#words, SYNCER, 0, this.thread) !== 0) {
        if (performance.now() >= until) return false;
        this.#waitForDisk();
      }
      let locked = false;
      this.#asSyncer(() => {
        locked = this.#lockAsSyncer(sync, takeBack, Math.min(patienceMs, LOCK_AS_SYNCER_MS));
      });
      this.#wakeAll();
      if (locked || performance.now() >= until) return locked;
      this.#waitForDisk();
    }
  }

  #waitForDisk(): void {
    Atomics.wait(this.#signed, DURABLE, BigInt.asIntN(64, this.durable), 1);
  }

  #lockAsSyncer(sync: () => void, takeBack: () => number, patienceMs: number): boolean {
    if (!this.lock.tryAcquire(patienceMs)) return false;
    const { failures } = this;
    try {
      if (this.isBroken) throw broken();
      if (this.appended > this.durable) this.#bring(sync);
    } catch (error) {
      this.lock.release();
      this.takeBack(failures, takeBack);
      throw error;
    }
    this.#words[SYNCED] = Atomics.load(this.#words, APPENDS);
    this.publish();
    return true;
  }

  /** Only one thread packs at a time. */
  beginPack(): boolean {
    return Atomics.compareExchange(this.#words, PACKER, 0, this.thread) === 0;
  }

  endPack(): void {
    Atomics.compareExchange(this.#words, PACKER, this.thread, 0);
  }

  /**
   * Puts in order what a thread that has ended leaves behind. Called by another one that never waits for the lock itself.
   *
   * @param recover Called when it had the lock, with the phase that it was in.
   * @param abandonPack Called when it was packing, before another thread may.
   */
  forget(thread: number, recover: (phase: number) => void, abandonPack: () => void): void {
    this.lock.forget(thread, () => {
      this.#orBreak(() => recover(this.phase));
      this.phase = IDLE;
    });
    this.turn.forget(thread);
    Atomics.compareExchange(this.#words, SYNCER, thread, 0);
    Atomics.notify(this.#signed, DURABLE);
    // One that ended may have been woken to wake the next.
    this.#wakeAll();
    if (Atomics.load(this.#words, PACKER) !== thread) return;
    try {
      abandonPack();
    } finally {
      Atomics.store(this.#words, PACKER, 0);
    }
  }
}

const wakeOf = (batch: number): number => WAKES + (batch & 1);
