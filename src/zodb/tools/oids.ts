import { readFileSync } from 'node:fs';
import { POSError } from '../errors.ts';
import { command } from './command.ts';
import { RawFile } from './raw-file.ts';
import { referencesIn } from './record-references.ts';
import { classOfRecord, hex16, shownBytes, shownTime } from './shown.ts';

function parseOid(text: string): bigint {
  if (!/^(0x)?[\da-f]{1,16}$/i.test(text))
    throw new POSError(`${JSON.stringify(text)} is no oid (hexadecimal digits)`);
  return BigInt(text.startsWith('0x') || text.startsWith('0X') ? text : `0x${text}`);
}

/** Follows objects through a file: each of their revisions, and each reference to and from them. */
export const oids = command({
  about: 'trace the revisions of objects and the references to and from them (fsoids)',
  usage: `usage: zope db oids [-f OIDFILE] FILE [OID ...]

  -f, --file OIDFILE   also the oids in this file, one a line

Oids are hexadecimal, with or without 0x.
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
    const lines = new Map([...wanted].map((oid) => [oid, [] as string[]]));
    const names = new Map<bigint, string>();
    const file = new RawFile(path!);
    try {
      for (const { position, tid, user, description, records } of file.transactions()) {
        const head =
          `tid ${hex16(tid)} offset=${position} ${shownTime(tid)}\n` +
          `        tid user=${shownBytes(user)}\n        tid description=${shownBytes(description)}\n`;
        const told = new Set<bigint>();
        const note = (oid: bigint, text: string) => {
          const own = lines.get(oid)!;
          if (!told.has(oid)) own.push(`    ${head}`);
          told.add(oid);
          own.push(text);
        };
        for (const record of records) {
          const { data } = file.dataOf(record);
          const { oid } = record;
          const name = data === null ? (names.get(oid) ?? '<unknown>') : classOfRecord(data);
          if (wanted.has(oid)) {
            names.set(oid, name);
            note(
              oid,
              data === null
                ? `        ${'removes the object'}\n`
                : `        new revision ${name} at ${record.position}\n`,
            );
          }
          if (data === null) continue;
          for (const reference of referencesIn(data)) {
            const target = `0x${reference.oid.toString(16)}`;
            if (wanted.has(oid))
              note(
                oid,
                `        references ${target} ${reference.className ?? '<unknown>'} at ${record.position}\n`,
              );
            if (wanted.has(reference.oid) && reference.database === null) {
              if (reference.className !== undefined && !names.has(reference.oid))
                names.set(reference.oid, reference.className);
              note(
                reference.oid,
                `        referenced by 0x${oid.toString(16)} ${name} at ${record.position}\n`,
              );
            }
          }
        }
      }
    } finally {
      file.close();
    }
    for (const [oid, own] of lines) {
      const revisions = own.filter((line) => line.includes('new revision')).length;
      stdout.write(
        own.length === 0
          ? `oid 0x${oid.toString(16)} <unknown>: this object is not in the file\n`
          : `oid 0x${oid.toString(16)} ${names.get(oid) ?? '<unknown>'} ${revisions} revision${revisions === 1 ? '' : 's'}\n${own.join('')}`,
      );
    }
    return 0;
  },
});
