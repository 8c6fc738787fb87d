import { command, Progress } from './command.ts';
import { DamagedFileError, RawFile, type RawRecord } from './raw-file.ts';
import { hex16 } from './shown.ts';

/**
 * Checks the structure of a file: lengths, tids that rise, records that belong to their transactions and lead to earlier ones of the
 * same object. Pickles are not read, and references not followed: that is `refs`.
 */
export const test = command({
  about: 'check the structure of a Data.fs (fstest)',
  usage: `usage: zope db test [-v] FILE

  -v, --verbose   print each transaction

Exits with 1 when the file is damaged, and says where.
`,
  options: { verbose: { type: 'boolean', short: 'v', default: false } },
  positionals: [1, 1],
  run({ verbose }, [path], io) {
    const file = new RawFile(path!);
    const progress = new Progress(io, 'checked');
    const seen = new Map<bigint, number>();
    try {
      let last = 0n;
      let transactions = 0;
      let records = 0;
      for (const { position, end, tid, records: own, status } of file.transactions()) {
        if (tid <= last)
          throw new DamagedFileError(
            position,
            `the tid ${hex16(tid)} is not above the one before, ${hex16(last)}`,
          );
        last = tid;
        transactions++;
        records += own.length;
        if (status !== 'u') for (const record of own) checkRecord(file, record, tid, position, seen);
        if (verbose)
          io.stdout.write(
            `${String(position).padStart(10)}: transaction tid ${hex16(tid)} #${transactions - 1}\n`,
          );
        progress.show(end, file.size);
      }
      progress.end();
      io.stdout.write(`no errors: ${transactions} transactions, ${records} records, ${file.size} bytes\n`);
      return 0;
    } catch (error) {
      progress.end();
      if (!(error instanceof DamagedFileError)) throw error;
      io.stderr.write(`${path}: ${error.message}\n`);
      return 1;
    } finally {
      file.close();
    }
  },
});

function checkRecord(
  file: RawFile,
  record: RawRecord,
  tid: bigint,
  transaction: number,
  seen: Map<bigint, number>,
): void {
  const { position, oid, previous, back } = record;
  const wrong = (what: string) => new DamagedFileError(position, `the record of ${hex16(oid)}: ${what}`);
  if (record.tid !== tid) throw wrong(`its tid is ${hex16(record.tid)}, in a transaction with ${hex16(tid)}`);
  if (record.transaction !== transaction)
    throw wrong(`it says that its transaction is at ${record.transaction}`);
  const before = seen.get(oid) ?? 0;
  // A pack leaves records out.
  if (previous !== before && previous !== 0)
    throw wrong(`the one before is said to be at ${previous}, and is at ${before}`);
  if (back !== 0) {
    if (back >= position) throw wrong(`it points forward, to ${back}`);
    if (file.bytes(back, 8).readBigUInt64BE() !== oid)
      throw wrong(`it points to a record of another object, at ${back}`);
  }
  seen.set(oid, position);
}
