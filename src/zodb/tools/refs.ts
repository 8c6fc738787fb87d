import { command, type DbCommand, Progress } from './command.ts';
import { currentRecords } from './current.ts';
import { RawFile } from './raw-file.ts';
import { referencesIn } from './record-references.ts';
import { classOfRecord, shownOid, shownTime } from './shown.ts';

/**
 * Looks for references of current records that lead nowhere. Weak references may.
 *
 * @param isPython Whether the class of what is referred to is left unknown, as in the lines of Python's fsrefs.
 */
const refsCommand = (name: string, isPython: boolean): DbCommand =>
  command({
    about: 'find references to objects that are not there (fsrefs)',
    usage: `usage: ${name} [-v] FILE

  -v, --verbose   also tell of each object that was deleted or whose creation was undone

${isPython ? 'Says nothing where there are none.' : 'Exits with 1 when there are such references, or records that cannot be read.'}
`,
    options: { verbose: { type: 'boolean', short: 'v', default: false } },
    positionals: [1, 1],
    run({ verbose }, [path], io) {
      const file = new RawFile(path!);
      try {
        const { current, gone } = currentRecords(file, new Progress(io, 'read'));
        if (verbose) for (const oid of gone) io.stdout.write(`oid 0x${oid.toString(16)} is deleted\n`);
        let wrong = 0;
        for (const [oid, { tid, data }] of current) {
          const missing: string[] = [];
          try {
            for (const reference of referencesIn(data)) {
              if (reference.weak || reference.database !== null || current.has(reference.oid)) continue;
              const reason = gone.has(reference.oid) ? 'object creation was undone' : 'missing';
              missing.push(
                `\toid ${shownOid(reference.oid)} ${reason}: '${(isPython ? undefined : reference.className) ?? '<unknown>'}'`,
              );
            }
          } catch (error) {
            missing.push(`\tthe record cannot be read: ${(error as Error).message}`);
          }
          if (missing.length === 0) continue;
          wrong++;
          io.stdout.write(
            `oid 0x${oid.toString(16)} ${classOfRecord(data)}\n` +
              `last updated: ${shownTime(tid)}, tid=0x${tid.toString(16)}\n` +
              `refers to invalid object${missing.length > 1 ? 's' : ''}:\n${missing.join('\n')}\n\n`,
          );
        }
        return isPython || wrong === 0 ? 0 : 1;
      } finally {
        file.close();
      }
    },
  });

export const refs = refsCommand('zope db refs', false);
export const fsrefs = refsCommand('fsrefs', true);
