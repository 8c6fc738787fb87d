/** What a FileStorage knows of its file: where it ends, where objects are, what was changed last. One thread, or all together. */
import { closeSync } from 'node:fs';
import type { Oid, Tid } from '../interfaces.ts';
import type { OidIndex, PositionIndex } from './oid-index.ts';
import type { PendingTransaction } from './pending.ts';
import { RandomBytes, RecordReader } from './records.ts';

export type TidCallback = ((tid: Tid) => void) | undefined;

export abstract class FileState {
  readonly path: string;
  descriptor: number;
  readonly bytes: RandomBytes;
  readonly records: RecordReader;

  constructor(path: string, descriptor: number, end: number) {
    this.path = path;
    this.descriptor = descriptor;
    this.bytes = new RandomBytes(descriptor, end);
    this.records = new RecordReader(this.bytes, path);
  }

  abstract readonly index: PositionIndex;
  /** End of the last complete transaction. */
  abstract readonly end: number;
  /** End of the last transaction that is seen. */
  abstract readonly seenEnd: number;
  /** The last transaction that is seen. */
  abstract readonly lastTid: Tid;
  /** The last transaction in the file. */
  abstract readonly appendedTid: Tid;
  /** The last transaction that the disk has. */
  abstract readonly durableTid: Tid;

  /** Whether nobody else can change anything: then a transaction has its place from its beginning. */
  abstract readonly alone: boolean;
  /** Changes when positions get another meaning: the file was packed, or the disk did not take what was appended. */
  abstract readonly generation: number;

  /** Before something is read: takes in what other threads have done. */
  abstract follow(): void;
  abstract changesSince(tid: Tid, but?: Tid): readonly Oid[] | null;
  abstract newOid(): Oid;
  /** New objects get oids above this one. */
  abstract useOid(oid: Oid): void;

  /** Keeps other threads from committing. */
  abstract lock(): void;
  /** A transaction is about to be written behind the end. Throws an error when there is no room for it in the index. */
  abstract appending(pending: PendingTransaction): void;
  /** Its bytes are complete but for the last step of bringing them to the disk. Nobody else sees it before `publish`. */
  abstract append(pending: PendingTransaction, fsync: boolean): void;
  /**
   * Lets everybody see it, once it is on the disk, or before (see `showEarly`). Afterwards it is not locked any more, whatever happens.
   * @param later Whether somebody else waits for the disk.
   */
  abstract publish(pending: PendingTransaction, fsync: boolean, callback: TidCallback, later: boolean): void;
  /** Whether bytes of a transaction that failed lie behind the end and could not be cut off. Locked. */
  abstract dirtyTail: boolean;
  /** What is behind the end is not known and could not be cut off: no thread writes anything more. Locked. */
  abstract writeNoMore(): void;
  /** Whether that was called, or the disk did not let what it refused be taken back. */
  abstract readonly isBroken: boolean;
  /** Whether a transaction can be seen. */
  abstract published(pending: PendingTransaction): boolean;
  /** Nothing is written any more of the transaction that was begun. */
  abstract unlock(): void;
  /** This thread lost against a transaction of another one. */
  abstract lostAgainst(tid: Tid): void;
  /** See `Storage`. */
  abstract takeTurn(): void;
  abstract endTurn(): void;

  /** See `Storage`. */
  abstract showEarly(): boolean;
  abstract readonly losses: number;
  abstract isDurable(tid: Tid, losses: number): boolean;
  abstract durable(tid: Tid, losses: number): Promise<void>;

  /** False: another thread packs. */
  abstract beginPack(): boolean;
  abstract endPack(): void;
  /** Uses another file from now on. `replace` puts it in the place of the old one. Locked. */
  abstract replace(descriptor: number, index: OidIndex, end: number, replace: () => void): void;
  /**
   * Locks, with everything that was committed on the disk. False, without the lock, when that was not to be had in so many
   * milliseconds (default: for ever).
   */
  abstract lockSettled(fsync: boolean, patienceMs?: number): boolean;

  /** @throws what bringing to the disk throws that nobody has waited for. */
  close(): void {
    this.bytes.replace(-1, Number.MAX_SAFE_INTEGER);
    closeSync(this.descriptor);
  }
}

export interface FoundState {
  readonly index: OidIndex;
  readonly end: number;
  readonly lastTid: Tid;
}
