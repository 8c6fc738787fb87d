import { command, type DbCommand, Progress } from './command.ts';
import { DamagedFileError, RawFile, type RawRecord } from './raw-file.ts';
import { hex16 } from './shown.ts';

/** How much is told. */
interface Manner {
  readonly usage: string;
  /** Nothing is told of a file that is whole unless it is asked for, as Python's fstest does. */
  readonly quiet: boolean;
}

/**
 * Checks the structure of a file: lengths, tids that rise, records that belong to their transactions and lead to earlier ones of the
 * same object. Pickles are not read, and references not followed: that is `refs`.
 */
function testCommand({ usage, quiet }: Manner): DbCommand {
  return command({
    about: 'check the structure of a Data.fs (fstest)',
    usage,
    options: { verbose: { type: 'boolean', short: 'v', multiple: true, default: [] } },
    positionals: [1, 1],
    run({ verbose: { length: level } }, [path], io) {
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
          if (level > 1)
            for (const [i, { position: at, oid }] of own.entries())
              io.stdout.write(`${String(at).padStart(10)}: object oid 0x${hex16(oid)} #${i}\n`);
          if (level > 0)
            io.stdout.write(
              `${String(position).padStart(10)}: transaction tid 0x${hex16(tid)} #${transactions - 1} \n`,
            );
          progress.show(end, file.size);
        }
        progress.end();
        if (!quiet)
          io.stdout.write(
            `no errors detected: ${transactions} transactions, ${records} records, ${file.size} bytes\n`,
          );
        else if (level > 0) io.stdout.write('no errors detected');
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
}

const OPTIONS = `  -v, --verbose   print each transaction; given twice, each record too

Exits with 1 when the file is damaged, and says where.
`;

export const test = testCommand({ usage: `usage: zope db test [-v [-v]] FILE\n\n${OPTIONS}`, quiet: false });
/** The same in the lines of Python's fstest, which says nothing of a file that is whole. */
export const fstest = testCommand({ usage: `usage: fstest [-v [-v]] FILE\n\n${OPTIONS}`, quiet: true });

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
