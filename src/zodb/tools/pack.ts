import { existsSync, statSync } from 'node:fs';
import { POSError } from '../errors.ts';
import { FileStorage } from '../filestorage/file-storage.ts';
import { referencesOf } from '../serialize-reader.ts';
import { command, Progress } from './command.ts';

export const pack = command({
  about: 'remove old revisions and objects that nothing refers to',
  usage: `usage: zope db pack [-d DAYS] [--no-gc] [-b BLOBS] FILE

  -d, --days DAYS    keep what was current up to DAYS days ago (default 0)
      --no-gc        keep objects that nothing refers to
  -b, --blobs DIR    the blob directory of the database

The database must not be open elsewhere.
`,
  options: {
    days: { type: 'string', short: 'd', default: '0' },
    'no-gc': { type: 'boolean', default: false },
    blobs: { type: 'string', short: 'b' },
  },
  positionals: [1, 1],
  run(values, [path], io) {
    const days = Number(values.days);
    if (!(days >= 0)) throw new POSError(`--days: ${JSON.stringify(values.days)} is no number of days`);
    if (!existsSync(path!)) throw new POSError(`there is no file ${path}`);
    const before = statSync(path!).size;
    const storage = new FileStorage(path!, values.blobs === undefined ? {} : { blobDir: values.blobs });
    const progress = new Progress(io, 'packed');
    try {
      storage.pack(Date.now() / 1000 - days * 86_400, {
        gc: !values['no-gc'],
        referencesOf,
        progress: (done, total) => progress.show(done, total),
      });
    } finally {
      progress.end();
      storage.close();
    }
    io.stdout.write(`${before} bytes before, ${statSync(path!).size} bytes now\n`);
    return 0;
  },
});
