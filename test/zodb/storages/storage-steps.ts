/** What tests of storages do with one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Oid, RawMetadata, Storage, Tid } from '../../../src/zodb/interfaces.ts';

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'storage-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array): string => new TextDecoder().decode(data);

export function metadata(description = '', user = ''): RawMetadata {
  return { user: bytes(user), description: bytes(description), extensionBytes: new Uint8Array() };
}

/** Commits what a function does. */
export function transact(
  storage: Storage,
  run: (transaction: RawMetadata) => void,
  description = '',
  tid?: Tid,
): Tid {
  const transaction = metadata(description);
  storage.tpcBegin(transaction, tid);
  try {
    run(transaction);
    storage.tpcVote(transaction);
  } catch (error) {
    storage.tpcAbort(transaction);
    throw error;
  }
  return storage.tpcFinish(transaction);
}

/** Commits texts, each made from the revision that is current; null removes an object. */
export function write(
  storage: Storage,
  texts: Readonly<Record<number, string | null>>,
  description = '',
): Tid {
  return transact(
    storage,
    (transaction) => {
      for (const [key, value] of Object.entries(texts)) {
        const oid = Number(key);
        if (value === null) storage.deleteObject!(oid, storage.load(oid).tid, transaction);
        else storage.store(oid, currentTid(storage, oid), bytes(value), transaction);
      }
    },
    description,
  );
}

/** The current revision of an object; 0: there is none. */
export function currentTid(storage: Storage, oid: Oid): Tid {
  try {
    return storage.load(oid).tid;
  } catch (error) {
    if ((error as { code?: string }).code !== 'POS_KEY') throw error;
    return 0n;
  }
}

/** Everything that an iterator gives, as plain values. */
export function transactionsOf(storage: Storage, start?: Tid, stop?: Tid) {
  return Array.from(storage.iterator(start, stop), (transaction) => ({
    tid: transaction.tid,
    status: transaction.status,
    description: text(transaction.description),
    records: Array.from(transaction, ({ oid, data }) => [oid, data === null ? null : text(data)] as const),
  }));
}
