import { readFileSync } from 'node:fs';
import { POSError } from '../errors.ts';
import { command, type DbCommand } from './command.ts';
import { RawFile, type RawRecord } from './raw-file.ts';
import { referencesIn } from './record-references.ts';
import { classOfRecord, hex16, shownBytes, shownOid, shownTime } from './shown.ts';

function parseOid(text: string): bigint {
  if (!/^(?:0x[\da-f]{1,16}|0o[0-7]{1,22}|0b[01]{1,64}|\d{1,20})$/i.test(text))
    throw new POSError(`${JSON.stringify(text)} is no oid: a number, such as 31 or 0x1f`);
  return BigInt(text);
}

/** What is told of an object, transaction by transaction. */
class Trace {
  revisions = 0;
  readonly #notes = new Map<string, string[]>();

  note(head: string, text: string): void {
    const notes = this.#notes.get(head);
    if (notes === undefined) this.#notes.set(head, [text]);
    else notes.push(text);
  }

  /** As Python's: sorted within a transaction. */
  text(): string {
    return [...this.#notes]
      .map(
        ([head, notes]) =>
          head +
          notes
            .sort()
            .map((text) => `        ${text}\n`)
            .join(''),
      )
      .join('');
  }
}

const LONGEST = 50;
const LEADING = 22;

/** Python's fsoids shows the beginning and the end of long texts. */
function shortened(bytes: Buffer): Buffer {
  if (bytes.length <= LONGEST) return bytes;
  return Buffer.concat([bytes.subarray(0, LEADING), Buffer.from(' ... '), bytes.subarray(LEADING - LONGEST)]);
}

/**
 * Follows objects through a file: each of their revisions, and each reference to and from them.
 *
 * @param isPython Whether the class of what is referred to is only told where Python's fsoids knows it: it has met a record of it.
 */
const oidsCommand = (name: string, isPython: boolean): DbCommand =>
  command({
    about: 'trace the revisions of objects and the references to and from them (fsoids)',
    usage: `usage: ${name} [-f OIDFILE] FILE [OID ...]

  -f, --file OIDFILE   also the oids in this file, one a line

Oids are numbers, such as 31 or 0x1f.
`,
    options: { file: { type: 'string', short: 'f' } },
    positionals: [1, 10_000],
    run({ file: list }, [path, ...given], { stdout }) {
      const listed =
        list === undefined
          ? []
          : readFileSync(list, 'utf8')
              .split('\n')
              .filter((line) => line.trim() !== '');
      const wanted = new Set([...given, ...listed.map((line) => line.trim())].map(parseOid));
      if (wanted.size === 0) throw new POSError('no oids are given');
      const traces = new Map([...wanted].map((oid) => [oid, new Trace()]));
      /** Classes that were met. */
      const names = new Map<bigint, string>();
      const classes = new Map<bigint, string>();
      const file = new RawFile(path!);
      try {
        for (const { position, tid, user, description, records } of file.transactions()) {
          const head =
            `    tid 0x${hex16(tid)} offset=${position} ${shownTime(tid)}\n` +
            `        tid user=${shownBytes(shortened(user))}\n` +
            `        tid description=${shownBytes(shortened(description))}\n`;
          const written = new Map<bigint, Buffer>();
          const revisions: [RawRecord, Buffer][] = [];
          for (const record of records) {
            const { data } = file.dataOf(record);
            const { oid } = record;
            const own = traces.get(oid);
            if (data === null) {
              own?.note(head, `creation undo at ${record.position}`);
              continue;
            }
            written.set(oid, data);
            revisions.push([record, data]);
            if (own === undefined) continue;
            const cls = classOfRecord(data);
            classes.set(oid, cls);
            names.set(oid, cls);
            own.revisions++;
            own.note(head, `new revision ${cls} at ${record.position}`);
          }
          /** The class of an object of which a record was met. */
          const nameOf = (oid: bigint): string | undefined => {
            let known = names.get(oid);
            const data = written.get(oid);
            if (known === undefined && data !== undefined) names.set(oid, (known = classOfRecord(data)));
            return known;
          };
          for (const [{ oid, position: at }, data] of revisions) {
            const own = traces.get(oid);
            for (const { oid: target, className, database, weak } of referencesIn(data)) {
              if (database !== null || weak) continue;
              traces.get(target)?.note(head, `referenced by ${shownOid(oid)} ${nameOf(oid)!} at ${at}`);
              if (own === undefined) continue;
              const cls = nameOf(target) ?? (isPython ? undefined : className) ?? '<unknown>';
              own.note(head, `references ${shownOid(target)} ${cls} at ${at}`);
            }
          }
        }
      } finally {
        file.close();
      }
      for (const [oid, trace] of [...traces].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const { revisions } = trace;
        const cls = classes.get(oid);
        stdout.write(
          `oid ${shownOid(oid)} ${cls ?? '<unknown>'} ${revisions} revision${revisions === 1 ? '' : 's'}\n`,
        );
        if (cls === undefined) stdout.write('    this oid was not defined (no data record for it found)\n');
        stdout.write(trace.text());
      }
      return 0;
    },
  });

export const oids = oidsCommand('zope db oids', false);
export const fsoids = oidsCommand('fsoids', true);
