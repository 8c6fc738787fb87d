import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { isBlobRecord } from '../blobs/is-blob-record.ts';
import { POSError, POSKeyError } from '../errors.ts';
import { FileStorage, type FileStorageOptions } from '../filestorage/file-storage.ts';
import type { Oid, Tid } from '../interfaces.ts';
import { command, Progress } from './command.ts';
import { hex16, shownOid } from './shown.ts';

/** Undefined where it is missing. */
function blobFileOf(source: FileStorage, oid: Oid, tid: Tid): string | undefined {
  try {
    return source.loadBlob(oid, tid);
  } catch (error) {
    if (error instanceof POSKeyError) return undefined;
    throw error;
  }
}

/** Copies all transactions of one storage to another: ids, times and revisions stay what they are. */
export const convert = command({
  about: 'copy all transactions to a new Data.fs, with blobs to another layout or directory',
  usage: `usage: zope db convert [--from-blobs DIR] [--to-blobs DIR] [--layout bushy|lawn] FROM TO

Needs all revisions of FROM; TO must not exist. Where the file of a blob is missing, its record is copied alone, and a message tells of it.
`,
  options: {
    'from-blobs': { type: 'string' },
    'to-blobs': { type: 'string' },
    layout: { type: 'string', default: 'bushy' },
  },
  positionals: [2, 2],
  run(values, [from, to], io) {
    if (!existsSync(from!)) throw new POSError(`there is no file ${from}`);
    if (existsSync(to!)) throw new POSError(`${to} exists`);
    if (values.layout !== 'bushy' && values.layout !== 'lawn')
      throw new POSError(`--layout: ${JSON.stringify(values.layout)} is neither bushy nor lawn`);
    const fromBlobs = values['from-blobs'];
    const toBlobs = values['to-blobs'];
    const source = new FileStorage(from!, {
      readOnly: true,
      ...(fromBlobs === undefined ? {} : { blobDir: fromBlobs }),
    });
    const options: FileStorageOptions =
      toBlobs === undefined ? {} : { blobDir: toBlobs, blobLayout: values.layout };
    const target = new FileStorage(to!, options);
    const progress = new Progress(io, 'copied');
    let [transactions, records, blobs] = [0, 0, 0];
    try {
      for (const transaction of source.iterator()) {
        target.tpcBegin(transaction, transaction.tid, transaction.status);
        for (const { oid, tid, data, dataTxn } of transaction) {
          records++;
          if (data !== null && toBlobs !== undefined && fromBlobs !== undefined && isBlobRecord(data)) {
            const file = blobFileOf(source, oid, tid);
            if (file !== undefined) {
              const copy = path.join(target.temporaryDirectory(), `convert-${process.pid}`);
              copyFileSync(file, copy);
              target.restoreBlob(oid, tid, data, copy, dataTxn, transaction);
              blobs++;
              continue;
            }
            progress.end();
            io.stderr.write(
              `the file of the blob ${shownOid(oid)} of the transaction 0x${hex16(tid)} is missing\n`,
            );
          }
          target.restore(oid, tid, data, dataTxn, transaction);
        }
        target.tpcVote(transaction);
        target.tpcFinish(transaction);
        transactions++;
        progress.show(target.getSize(), source.getSize());
      }
    } finally {
      progress.end();
      source.close();
      target.close();
    }
    io.stdout.write(`${transactions} transactions, ${records} records, ${blobs} blobs copied\n`);
    return 0;
  },
});
