/** A child that commits without end and says what it has committed: `crash-writer.ts FILE FIRST`. */
import { writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { FileStorage } from '../../../src/zodb/filestorage/file-storage.ts';
import type { RawMetadata, Tid } from '../../../src/zodb/interfaces.ts';
import { BLOB, blobContent, OBJECTS, recordsOf } from './crash-records.ts';

const [file, first] = process.argv.slice(2) as [string, string];
const storage = new FileStorage(file, { blobDir: path.join(path.dirname(file), 'blobs') });
const EMPTY = new Uint8Array();

const tidOf = (oid: number): Tid => {
  try {
    return storage.load(oid).tid;
  } catch {
    return 0n;
  }
};

function commit(number: number): void {
  const transaction: RawMetadata = {
    user: EMPTY,
    description: Buffer.from(String(number)),
    extensionBytes: EMPTY,
  };
  storage.tpcBegin(transaction);
  if (number % 7 === 3) {
    const name = path.join(storage.temporaryDirectory(), `new-${process.pid}`);
    writeFileSync(name, blobContent(number));
    storage.storeBlob(OBJECTS, tidOf(OBJECTS), BLOB, name, transaction);
  }
  for (const [oid, data] of recordsOf(number)) storage.store(oid, tidOf(oid), data, transaction);
  storage.tpcVote(transaction);
  storage.tpcFinish(transaction);
  writeSync(1, `${number}\n`);
}

for (let number = Number(first); ; number++) {
  commit(number);
  if (number % 40 === 20) storage.pack(Date.now() / 1000 - 0.2, { gc: false });
  // Transactions that are given up leave nothing.
  if (number % 5 === 1) {
    const transaction: RawMetadata = { user: EMPTY, description: EMPTY, extensionBytes: EMPTY };
    storage.tpcBegin(transaction);
    storage.store(0, tidOf(0), Buffer.from('given up'), transaction);
    storage.tpcVote(transaction);
    storage.tpcAbort(transaction);
  }
}
