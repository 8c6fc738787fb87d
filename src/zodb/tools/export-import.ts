import { existsSync } from 'node:fs';
import { metaOf } from '../../persistent/index.ts';
import { TransactionManager } from '../../transaction/index.ts';
import type { Connection } from '../connection.ts';
import { DB } from '../db.ts';
import { POSError } from '../errors.ts';
import { FileStorage } from '../filestorage/file-storage.ts';
import { command } from './command.ts';

function withDatabase(
  path: string,
  blobs: string | undefined,
  readOnly: boolean,
  work: (connection: Connection) => void,
): void {
  if (!existsSync(path)) throw new POSError(`there is no file ${path}`);
  const db = new DB(new FileStorage(path, { readOnly, ...(blobs === undefined ? {} : { blobDir: blobs }) }));
  try {
    const connection = db.open({ transactionManager: new TransactionManager() });
    try {
      work(connection);
    } finally {
      connection.transactionManager.abort();
      connection.close();
    }
  } finally {
    db.close();
  }
}

export const exportCommand = command({
  about: 'write an object and all that it refers to as a .zexp file',
  usage: `usage: zope db export [-b BLOBS] FILE PATH OUTPUT

  -b, --blobs DIR   the blob directory of the database

PATH is the way from the root by keys and attributes, e.g. Application/folder, or an oid, e.g. 0x1c.
`,
  options: { blobs: { type: 'string', short: 'b' } },
  positionals: [3, 3],
  run({ blobs }, [path, where, output], { stdout }) {
    withDatabase(path!, blobs, true, (connection) => {
      const object = /^0x[\da-f]+$/i.test(where!)
        ? connection.get(Number(where))
        : connection.traverse<object>(where!);
      if (metaOf(object) === undefined)
        throw new POSError(`${where} is no object of its own, but a part of one`);
      const bytes = connection.exportFile(object, output!);
      stdout.write(`${bytes} bytes written to ${output}\n`);
    });
    return 0;
  },
});

export const importCommand = command({
  about: 'read a .zexp file into a mapping of the database',
  usage: `usage: zope db import [-b BLOBS] FILE PATH INPUT

  -b, --blobs DIR   the blob directory of the database

PATH ends with the new name: folder/copy puts the object under the key "copy" into what is at "folder", which must be a mapping.
`,
  options: { blobs: { type: 'string', short: 'b' } },
  positionals: [3, 3],
  run({ blobs }, [path, where, input], { stdout }) {
    withDatabase(path!, blobs, false, (connection) => {
      const steps = where!.split('/').filter((step) => step !== '');
      const name = steps.pop();
      if (name === undefined) throw new POSError('the new name is missing');
      const into = connection.traverse<{
        has?(key: string): boolean;
        set?(key: string, value: object): void;
      }>(steps);
      if (typeof into.set !== 'function' || typeof into.has !== 'function')
        throw new POSError(`${steps.join('/')} is no mapping`);
      if (into.has(name)) throw new POSError(`there is a ${name} already`);
      into.set(name, connection.importFile(input!));
      connection.transactionManager.get().note(`import of ${where}`);
      connection.transactionManager.commit();
      stdout.write(`${input} is now at ${where}\n`);
    });
    return 0;
  },
});
