import { RawFile } from './raw-file.ts';
import type { Progress } from './command.ts';

export interface Current {
  readonly position: number;
  readonly tid: bigint;
  readonly data: Buffer;
}

/** The current record of each object, in the order of the file; objects that were deleted, or whose creation was undone, are in `gone`. */
export function currentRecords(
  file: RawFile,
  progress?: Progress,
): { readonly current: Map<bigint, Current>; readonly gone: Set<bigint> } {
  const current = new Map<bigint, Current>();
  const gone = new Set<bigint>();
  for (const transaction of file.transactions()) {
    if (transaction.status === 'u') continue;
    for (const record of transaction.records) {
      const { data } = file.dataOf(record);
      // Anew, so that the records come in the order of the file.
      current.delete(record.oid);
      if (data === null) {
        gone.add(record.oid);
      } else {
        current.set(record.oid, { position: record.position, tid: record.tid, data });
        gone.delete(record.oid);
      }
    }
    progress?.show(transaction.end, file.size);
  }
  progress?.end();
  return { current, gone };
}
