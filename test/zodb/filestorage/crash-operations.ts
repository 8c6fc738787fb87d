/** A child that commits, undoes, removes, packs and stores blobs without end, and says which operation is done: `FILE DONE`. */
import { writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { FileStorage } from '../../../src/zodb/filestorage/file-storage.ts';
import type { RawMetadata, Tid } from '../../../src/zodb/interfaces.ts';
import { Model } from './crash-model.ts';
import { BLOB } from './crash-records.ts';

const [file, done] = process.argv.slice(2) as [string, string];
const model = Model.after(Number(done));
writeSync(1, 'opening\n');
const storage = new FileStorage(file, { blobDir: path.join(path.dirname(file), 'blobs') });
const EMPTY = new Uint8Array();

/** The last revision, also of an object that was removed. */
const tidOf = (oid: number): Tid => {
  try {
    return storage.load(oid).tid;
  } catch {
    // Never stored, or removed.
  }
  try {
    return storage.history(oid, 1)[0]?.tid ?? 0n;
  } catch {
    return 0n;
  }
};

for (;;) {
  const operation = model.next();
  const number = model.number + 1;
  if (operation.kind === 'pack') writeSync(1, 'packing\n');
  if (operation.kind === 'pack')
    storage.pack(Date.now() / 1000 + 1, { gc: false, keepOld: operation.keepOld });
  else {
    const transaction: RawMetadata = {
      user: EMPTY,
      description: Buffer.from(String(number)),
      extensionBytes: EMPTY,
    };
    storage.tpcBegin(transaction);
    if (operation.kind === 'store')
      for (const [oid, text] of operation.records)
        storage.store(oid, tidOf(oid), Buffer.from(text), transaction);
    else if (operation.kind === 'remove')
      storage.deleteObject(operation.oid, tidOf(operation.oid), transaction);
    else if (operation.kind === 'undo') storage.undo(storage.lastTransaction(), transaction);
    else if (operation.kind === 'abort') storage.store(0, tidOf(0), Buffer.from('given up'), transaction);
    else {
      const name = path.join(storage.temporaryDirectory(), `new-${process.pid}`);
      writeFileSync(name, operation.content);
      storage.storeBlob(operation.oid, tidOf(operation.oid), BLOB, name, transaction);
    }
    storage.tpcVote(transaction);
    if (operation.kind === 'abort') storage.tpcAbort(transaction);
    else storage.tpcFinish(transaction);
  }
  model.advance();
  writeSync(1, `${number}\n`);
}
