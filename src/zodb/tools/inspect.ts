import { existsSync } from 'node:fs';
import { DB } from '../db.ts';
import { POSError } from '../errors.ts';
import { FileStorage } from '../filestorage/file-storage.ts';
import type { Oid } from '../interfaces.ts';
import { command } from './command.ts';

interface Census {
  readonly name: string;
  readonly known: boolean;
  records: number;
  bytes: number;
}

/** The current records of a file by the class they name, the largest share first. */
function countClasses(path: string): Census[] {
  const db = new DB(new FileStorage(path, { readOnly: true }));
  try {
    const sizes = new Map<Oid, number>();
    for (const transaction of db.storage.iterator())
      for (const record of transaction)
        if (record.data === null) sizes.delete(record.oid);
        else sizes.set(record.oid, record.data.length);
    const connection = db.open();
    const classes = new Map<string, Census>();
    for (const [oid, bytes] of sizes) {
      const { info } = connection.metaFor(oid);
      const name = [info.module, info.name].join('.');
      let census = classes.get(name);
      if (census === undefined)
        classes.set(name, (census = { name, known: !info.broken, records: 0, bytes: 0 }));
      census.records += 1;
      census.bytes += bytes;
    }
    connection.close();
    return [...classes.values()].sort((a, b) => b.bytes - a.bytes);
  } finally {
    db.close();
  }
}

export const inspect = command({
  about: 'count the objects of a Data.fs by class, and tell which classes are not known here',
  usage: `usage: zope db inspect FILE

Opens FILE for reading only and prints for each class how many objects it has and the bytes of their current records.
Objects of classes marked "unknown" are kept as they are: a site shows, moves, exports and deletes them, and changes nothing in them.
`,
  options: {},
  positionals: [1, 1],
  run(_values, [path], io) {
    if (!existsSync(path!)) throw new POSError(`there is no file ${path}`);
    const classes = countClasses(path!);
    const width = Math.max(5, ...classes.map(({ name }) => name.length));
    io.stdout.write(`${'class'.padEnd(width)}  ${'objects'.padStart(9)}  ${'bytes'.padStart(12)}\n`);
    for (const { name, known, records, bytes } of classes)
      io.stdout.write(
        `${name.padEnd(width)}  ${String(records).padStart(9)}  ${String(bytes).padStart(12)}${known ? '' : '  unknown'}\n`,
      );
    const unknown = classes.filter(({ known }) => !known).length;
    io.stdout.write(`${classes.length} classes, ${unknown} of them unknown\n`);
    return 0;
  },
});
