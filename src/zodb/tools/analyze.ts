import { command, Progress } from './command.ts';
import { currentRecords } from './current.ts';
import { RawFile } from './raw-file.ts';
import { classOfRecord } from './shown.ts';

/** What takes the space: records and bytes by class, of current and of all revisions. */
export const analyze = command({
  about: 'count objects, revisions and bytes by class',
  usage: `usage: zope db analyze FILE
`,
  options: {},
  positionals: [1, 1],
  run(_values, [path], io) {
    const file = new RawFile(path!);
    try {
      const all = new Map<string, { revisions: number; bytes: number; objects: number; current: number }>();
      const of = (name: string) => {
        let entry = all.get(name);
        if (entry === undefined) all.set(name, (entry = { revisions: 0, bytes: 0, objects: 0, current: 0 }));
        return entry;
      };
      let transactions = 0;
      for (const { records } of file.transactions()) {
        transactions++;
        for (const { data } of records) {
          if (data === null) continue;
          const entry = of(classOfRecord(data));
          entry.revisions++;
          entry.bytes += data.length;
        }
      }
      const { current } = currentRecords(file, new Progress(io, 'read'));
      for (const { data } of current.values()) {
        const entry = of(classOfRecord(data));
        entry.objects++;
        entry.current += data.length;
      }
      const rows = [...all].sort((a, b) => b[1].bytes - a[1].bytes);
      const width = Math.max(5, ...rows.map(([name]) => name.length));
      const line = (name: string, ...cells: (string | number)[]) =>
        `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(12)).join('')}\n`;
      const sum = (key: 'revisions' | 'bytes' | 'objects' | 'current') =>
        rows.reduce((total, [, entry]) => total + entry[key], 0);
      io.stdout.write(line('class', 'objects', 'bytes', 'revisions', 'all bytes'));
      for (const [name, { objects, current: now, revisions, bytes }] of rows)
        io.stdout.write(line(name, objects, now, revisions, bytes));
      io.stdout.write(line('total', sum('objects'), sum('current'), sum('revisions'), sum('bytes')));
      io.stdout.write(
        `${transactions} transactions in ${file.size} bytes; at most ${sum('bytes') - sum('current')} bytes of records can be packed\n`,
      );
      return 0;
    } finally {
      file.close();
    }
  },
});
