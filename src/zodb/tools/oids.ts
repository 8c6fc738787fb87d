import { readFileSync } from 'node:fs';
import { POSError } from '../errors.ts';
import { command } from './command.ts';
import { RawFile } from './raw-file.ts';
import { referencesIn } from './record-references.ts';
import { classOfRecord, hex16, shownBytes, shownOid, shownTime } from './shown.ts';

function parseOid(text: string): bigint {
  if (!/^(?:0x[\da-f]{1,16}|\d{1,20})$/i.test(text))
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

/** Follows objects through a file: each of their revisions, and each reference to and from them. */
export const oids = command({
  about: 'trace the revisions of objects and the references to and from them (fsoids)',
  usage: `usage: zope db oids [-f OIDFILE] FILE [OID ...]

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
    const names = new Map<bigint, string>();
    const file = new RawFile(path!);
    try {
      for (const { position, tid, user, description, records } of file.transactions()) {
        const head =
          `    tid 0x${hex16(tid)} offset=${position} ${shownTime(tid)}\n` +
          `        tid user=${shownBytes(user)}\n        tid description=${shownBytes(description)}\n`;
        for (const record of records) {
          const { data } = file.dataOf(record);
          const { oid } = record;
          const own = traces.get(oid);
          if (data === null) {
            own?.note(head, `creation undo at ${record.position}`);
            continue;
          }
          const name = classOfRecord(data);
          if (own !== undefined) {
            names.set(oid, name);
            own.revisions++;
            own.note(head, `new revision ${name} at ${record.position}`);
          }
          for (const { oid: target, className, database } of referencesIn(data)) {
            own?.note(
              head,
              `references ${shownOid(target)} ${className ?? names.get(target) ?? '<unknown>'} at ${record.position}`,
            );
            if (database === null)
              traces.get(target)?.note(head, `referenced by ${shownOid(oid)} ${name} at ${record.position}`);
          }
        }
      }
    } finally {
      file.close();
    }
    for (const [oid, trace] of [...traces].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { revisions } = trace;
      stdout.write(
        `oid ${shownOid(oid)} ${names.get(oid) ?? '<unknown>'} ${revisions} revision${revisions === 1 ? '' : 's'}\n`,
      );
      if (revisions === 0) stdout.write('    this oid was not defined (no data record for it found)\n');
      stdout.write(trace.text());
    }
    return 0;
  },
});
