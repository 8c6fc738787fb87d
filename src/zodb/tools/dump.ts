import { command } from './command.ts';
import { RawFile } from './raw-file.ts';
import { classOfRecord, hex16, shownBytes, shownTime } from './shown.ts';

/** Every transaction and record, in the lines of Python's fsdump. */
export const dump = command({
  about: 'print every transaction and record of a Data.fs (fsdump)',
  usage: `usage: zope db dump FILE

Prints for each transaction its tid, size, time, position of the first record, status, user and description, and for each record its oid, size and class.
`,
  options: {},
  positionals: [1, 1],
  run(_values, [path], { stdout }) {
    const file = new RawFile(path!);
    try {
      let index = 0;
      for (const transaction of file.transactions()) {
        const { position, bytes, tid, status, user, description, headerLength, records } = transaction;
        const number = String(index++).padStart(5, '0');
        stdout.write(
          `Trans #${number} tid=${hex16(tid)} size=${bytes.length} time=${shownTime(tid)} offset=${position + headerLength}\n` +
            `    status='${status}' user=${shownBytes(user)} description=${shownBytes(description)}\n`,
        );
        for (const [at, record] of records.entries()) {
          const { data, tid: from } = file.dataOf(record);
          const what = data === null ? 'undo or abort of object creation' : classOfRecord(data);
          const size = data === null ? '' : ` size=${data.length}`;
          const back = record.data === null && record.back !== 0 ? ` bp=${hex16(from)}` : '';
          stdout.write(
            `  data #${String(at).padStart(5, '0')} oid=${hex16(record.oid)}${size} class=${what}${back}\n`,
          );
        }
      }
      return 0;
    } finally {
      file.close();
    }
  },
});
