import { existsSync } from 'node:fs';
import { POSError } from '../errors.ts';
import { FileStorage } from '../filestorage/file-storage.ts';
import type { RawMetadata, Storage } from '../interfaces.ts';
import { command, type DbCommand, Progress, wholeNumber } from './command.ts';
import {
  DamagedFileError,
  FIRST_TRANSACTION,
  RawFile,
  type RawTransaction,
  TRANSACTION_HEADER,
} from './raw-file.ts';
import { hex16, shownTime } from './shown.ts';

/** Bytes of a transaction without records: its header, and its length once more. */
const SMALLEST = TRANSACTION_HEADER + 8;

/** The next position at which a transaction can be read whole and follows the last one in time. */
function findNext(file: RawFile, from: number, last: bigint): RawTransaction | undefined {
  const STEP = 1 << 20;
  for (let start = from; start < file.size; start += STEP) {
    // A header may begin at the end of a piece.
    const piece = file.bytes(start, Math.min(STEP + SMALLEST, file.size - start));
    for (let at = 0; at < Math.min(STEP, piece.length - SMALLEST + 1); at++) {
      const tid = piece.readBigUInt64BE(at);
      const status = piece[at + 16];
      if (tid <= last || (status !== 0x20 && status !== 0x70 && status !== 0x75)) continue;
      const length = piece.readBigUInt64BE(at + 8);
      if (length < TRANSACTION_HEADER || length > BigInt(file.size)) continue;
      try {
        const found = file.transaction(start + at);
        if (found !== undefined && found.records.every((record) => record.tid === found.tid)) return found;
      } catch (error) {
        if (!(error instanceof DamagedFileError)) throw error;
      }
    }
  }
  return undefined;
}

function copy(
  file: RawFile,
  { tid, status, user, description, extension, records }: RawTransaction,
  to: Storage,
  lost: (text: string) => void,
): void {
  const transaction: RawMetadata = { user, description, extensionBytes: extension };
  to.tpcBegin(transaction, tid, status);
  for (const record of records) {
    let data: Buffer | null = null;
    let from: bigint;
    try {
      ({ data, tid: from } = file.dataOf(record));
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      lost(`the data of ${hex16(record.oid)} in ${hex16(tid)}: ${error.message}`);
      continue;
    }
    to.restore!(
      Number(record.oid) <= Number.MAX_SAFE_INTEGER ? Number(record.oid) : record.oid,
      tid,
      data,
      // A record that points at the data of another one does so in the copy, if that one is there.
      record.back === 0 ? null : from,
      transaction,
    );
  }
  to.tpcVote(transaction);
  to.tpcFinish(transaction);
}

function told({ position, tid, bytes, records }: RawTransaction, withRecords: boolean): string {
  const lines = [`${position} ${shownTime(tid)} ${hex16(tid)} ${bytes.length} bytes`];
  if (withRecords)
    for (const { oid, data } of records)
      lines.push(`  ${hex16(oid)} ${data === null ? 'without data of its own' : `${data.length} bytes`}`);
  return `${lines.join('\n')}\n`;
}

/**
 * Copies what is whole of a damaged file to a new one.
 *
 * @param isPython Whether it tells what Python's fsrecover tells, whose exit code does not say whether something was lost.
 */
const recoverCommand = (name: string, isPython: boolean): DbCommand =>
  command({
    about: 'copy what is whole of a damaged Data.fs to a new file (fsrecover)',
    usage: `usage: ${name} [-f] [-p] [-P SECONDS] [-v LEVEL] [--stop] DAMAGED NEW

  -f, --force          write NEW even if it exists
  -p, --partial        of a transaction with a damaged record copy the records before it, marked as packed
  -P, --pack SECONDS   pack NEW to so many seconds ago
  -v, --verbose LEVEL  1: tell of each transaction; 2: of each record, too
      --stop           stop at the first damage

Tells on standard error what was left out, with its position.${isPython ? '' : ' Exits with 1 when that is anything.'}
`,
    options: {
      force: { type: 'boolean', short: 'f', default: false },
      partial: { type: 'boolean', short: 'p', default: false },
      pack: { type: 'string', short: 'P' },
      verbose: { type: 'string', short: 'v', default: '0' },
      stop: { type: 'boolean', default: false },
    },
    positionals: [2, 2],
    run({ force, partial, pack, stop, verbose }, [from, to], io) {
      const level = wholeNumber(verbose, 'verbose');
      const packTo = pack === undefined ? undefined : Date.now() / 1000 - wholeNumber(pack, 'pack');
      if (existsSync(to!) && !force) throw new POSError(`${to} exists; --force writes over it`);
      const file = new RawFile(from!);
      if (isPython) io.stdout.write(`Recovering ${from} into ${to}\n`);
      const storage = new FileStorage(to!, { create: true });
      const progress = new Progress(io, 'recovered');
      const lost = (text: string) => {
        progress.end();
        io.stderr.write(`${text}\n`);
      };
      let [copied, left] = [0, 0];
      try {
        let last = 0n;
        for (let at = FIRST_TRANSACTION; at < file.size;) {
          let transaction: RawTransaction | undefined;
          try {
            transaction = file.transaction(at);
          } catch (error) {
            if (!(error instanceof DamagedFileError)) throw error;
            lost(error.message);
            if (stop) break;
            const { sound } = error;
            if (partial && sound !== undefined && sound.records.length > 0 && sound.tid > last) {
              copy(file, { ...sound, status: 'p' }, storage, lost);
              last = sound.tid;
              copied++;
              lost(`copied a part of it: ${sound.records.length} records`);
              left += sound.end - error.position;
              at = sound.end;
              continue;
            }
            transaction = findNext(file, at + 1, last);
            const end = transaction?.position ?? file.size;
            left += end - at;
            lost(`left out: ${end - at} bytes from ${at}`);
          }
          if (transaction === undefined) break;
          const { tid, status, position, end } = transaction;
          if (status !== 'u' && tid > last) {
            copy(file, transaction, storage, lost);
            last = tid;
            copied++;
            if (level > 0) io.stdout.write(told(transaction, level > 1));
          } else if (status !== 'u') {
            left += end - position;
            lost(
              `left out: the transaction ${hex16(tid)} at ${position}, which is not later than the one before`,
            );
          }
          at = transaction.end;
          progress.show(at, file.size);
        }
        progress.end();
        if (packTo !== undefined) storage.pack(packTo);
      } finally {
        progress.end();
        storage.close();
        file.close();
      }
      io.stdout.write(
        isPython
          ? `\n${left} bytes removed during recovery\n`
          : `${copied} transactions copied, ${left} bytes left out\n`,
      );
      return isPython || left === 0 ? 0 : 1;
    },
  });

export const recover = recoverCommand('zope db recover', false);
export const fsrecover = recoverCommand('fsrecover', true);
