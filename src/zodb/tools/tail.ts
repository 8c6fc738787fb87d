import { createHash } from 'node:crypto';
import { command, wholeNumber } from './command.ts';
import { RawFile } from './raw-file.ts';
import { shownBytes, shownTime } from './shown.ts';

/** Nothing is shown as text, as Python does here. */
const shownText = (bytes: Buffer) => (bytes.length === 0 ? "''" : shownBytes(bytes));

/** The last transactions, newest first, in the lines of Python's fstail. */
export const tail = command({
  about: 'print the last transactions of a Data.fs (fstail)',
  usage: `usage: zope db tail [-n NUMBER] FILE

  -n, --number NUMBER   how many transactions (default 10)
`,
  options: { number: { type: 'string', short: 'n', default: '10' } },
  positionals: [1, 1],
  run({ number }, [path], { stdout }) {
    let left = wholeNumber(number, 'number');
    const file = new RawFile(path!);
    try {
      if (left === 0) return 0;
      for (const { position, bytes, tid, user, description, headerLength } of file.backwards()) {
        const content = bytes.subarray(headerLength);
        const hash = createHash('sha1').update(content).digest('hex');
        stdout.write(
          `${shownTime(tid)}: hash=${hash}\nuser=${shownText(user)} description=${shownText(description)} ` +
            `length=${bytes.length} offset=${position} (+${headerLength})\n\n`,
        );
        if (--left === 0) break;
      }
      return 0;
    } finally {
      file.close();
    }
  },
});
