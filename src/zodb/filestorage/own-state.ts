import { closeSync } from 'node:fs';
import type { Oid, Tid } from '../interfaces.ts';
import { nextOid } from '../storages/merge.ts';
import { RecentChanges } from '../storages/recent-changes.ts';
import { disk } from './disk.ts';
import { FileState, type FoundState, type TidCallback } from './file-state.ts';
import type { OidIndex } from './oid-index.ts';
import type { PendingTransaction } from './pending.ts';

/** One thread has the file for itself. */
export class OwnState extends FileState {
  index: OidIndex;
  end: number;
  lastTid: Tid;
  readonly #changes: RecentChanges;
  readonly alone = true;
  generation = 0;
  dirtyTail = false;
  #nextOid: Oid;
  #packing = false;

  constructor(path: string, descriptor: number, found: FoundState) {
    super(path, descriptor, found.end);
    this.index = found.index;
    this.end = found.end;
    this.lastTid = found.lastTid;
    this.#nextOid = nextOid(found.index.max);
    this.#changes = new RecentChanges(found.lastTid);
  }

  get seenEnd(): number {
    return this.end;
  }

  get appendedTid(): Tid {
    return this.lastTid;
  }

  get durableTid(): Tid {
    return this.lastTid;
  }

  follow(): void {}

  changesSince(tid: Tid, but?: Tid): readonly Oid[] | null {
    return this.#changes.since(tid, but);
  }

  newOid(): Oid {
    const oid = this.#nextOid;
    this.#nextOid = nextOid(oid);
    return oid;
  }

  useOid(oid: Oid): void {
    if (oid >= this.#nextOid) this.#nextOid = nextOid(oid);
  }

  lock(): void {}

  appending(): void {}

  isBroken = false;

  /** The storage knows itself, and there is no other. */
  writeNoMore(): void {
    this.isBroken = true;
  }

  append(_pending: PendingTransaction, fsync: boolean): void {
    if (fsync) disk.sync(this.descriptor);
  }

  publish(pending: PendingTransaction, _fsync: boolean, callback: TidCallback): void {
    try {
      callback?.(pending.tid);
    } finally {
      this.#publish(pending);
    }
  }

  published(pending: PendingTransaction): boolean {
    return this.end === pending.end;
  }

  #publish(pending: PendingTransaction): void {
    const oids: Oid[] = [];
    for (const record of pending.objects()) {
      this.index.set(record.oid, pending.positionOf(record));
      oids.push(record.oid);
    }
    this.#changes.add(pending.tid, oids);
    this.end = pending.end;
    this.bytes.end = pending.end;
    if (pending.tid > this.lastTid) this.lastTid = pending.tid;
  }

  unlock(): void {}

  lostAgainst(): void {}

  takeTurn(): void {}

  endTurn(): void {}

  showEarly(): boolean {
    return false;
  }

  get losses(): number {
    return 0;
  }

  isDurable(): boolean {
    return true;
  }

  durable(): Promise<void> {
    return Promise.resolve();
  }

  beginPack(): boolean {
    if (this.#packing) return false;
    this.#packing = true;
    return true;
  }

  endPack(): void {
    this.#packing = false;
  }

  lockSettled(): boolean {
    return true;
  }

  replace(descriptor: number, index: OidIndex, end: number, replace: () => void): void {
    replace();
    const old = this.descriptor;
    this.descriptor = descriptor;
    this.bytes.replace(descriptor, end);
    this.index = index;
    this.end = end;
    this.generation++;
    closeSync(old);
  }
}
