/** Works out the records that take a transaction back. */
import { type ConflictResolver, type Oid, UndoError } from '../interfaces.ts';
import { bytesOf } from './held-records.ts';
import { dataOfRevision, recordsIn } from './history.ts';
import type { PositionIndex } from './oid-index.ts';
import type { PendingTransaction } from './pending.ts';
import { MultipleUndoErrors } from './errors.ts';
import type { RecordHeader, RecordReader } from './records.ts';

/** A record that will be written: data, or a pointer at the data (0: there was no such object). */
export interface UndoRecord {
  readonly oid: Oid;
  readonly data: Uint8Array | null;
  readonly back: number;
}

export interface UndoState {
  readonly records: RecordReader;
  readonly index: PositionIndex;
  readonly pending: PendingTransaction;
  readonly resolver: ConflictResolver | undefined;
}

/** The records that take back the transaction at a position. Throws UndoErrors, one for each object that cannot be. */
export function undoRecords(state: UndoState, position: number): UndoRecord[] {
  if (state.records.transaction(position).status !== ' ')
    throw new UndoError('a transaction that was packed cannot be undone');
  const undone: UndoRecord[] = [];
  const failures = new Map<Oid, UndoError>();
  for (const [at, record] of recordsIn(state.records, position)) {
    // An object that is there twice: what holds is its last record.
    failures.delete(record.oid);
    try {
      undone.push({ oid: record.oid, ...undoRecord(state, at, record) });
    } catch (error) {
      if (!(error instanceof UndoError)) throw error;
      failures.set(record.oid, error);
    }
  }
  if (failures.size > 0) throw new MultipleUndoErrors(failures);
  return undone;
}

/** What an object has now: its data, and the position of the record that the data is in. */
function current(state: UndoState, oid: Oid): { pointer: number; data: () => Uint8Array | null } {
  const { records, index, pending } = state;
  const own = pending.latest(oid);
  if (own !== undefined && own.data !== null)
    return { pointer: pending.positionOf(own), data: () => own.data && bytesOf(own.data) };
  if (own !== undefined) return { pointer: own.back, data: () => records.resolveAt(own.back).data };
  const position = index.get(oid);
  if (position === 0) throw new UndoError('the object is not there any more', oid);
  const record = records.record(position, oid);
  const pointer = record.length > 0 ? position : record.back;
  return { pointer, data: () => records.resolve(position, record).data };
}

function undoRecord(
  state: UndoState,
  position: number,
  record: RecordHeader,
): { data: Uint8Array | null; back: number } {
  const { records, index, pending, resolver } = state;
  const { oid, previous } = record;
  const own = pending.latest(oid);
  const latest = own === undefined ? index.get(oid) : pending.positionOf(own);
  if (latest !== position) {
    const now = current(state, oid);
    if (now.pointer !== position) {
      const written = records.resolve(position, record).data;
      const committed = now.data();
      if (written === null || committed === null)
        throw new UndoError('there is no data to compare, for the object was deleted', oid);
      if (!Buffer.from(written).equals(committed)) {
        if (previous === 0) throw new UndoError('what was added was changed by a later transaction', oid);
        // The work begins with what the transaction left: the last of its records of the object.
        const old = dataOfRevision(records, index.get(oid), oid, record.tid);
        return { data: merge(resolver, records, oid, previous, old, committed), back: 0 };
      }
    }
  }
  // The data before is there already; without any, the object goes again.
  return { data: null, back: previous };
}

function merge(
  resolver: ConflictResolver | undefined,
  records: RecordReader,
  oid: Oid,
  previous: number,
  old: Uint8Array | null,
  committed: Uint8Array,
): Uint8Array {
  const before = records.resolveAt(previous).data;
  if (before === null) throw new UndoError('there is no data before the transaction', oid);
  let merged: Uint8Array | undefined;
  try {
    if (old !== null) merged = resolver?.(oid, old, committed, before);
  } catch (cause) {
    const error = new UndoError('some data were modified by a later transaction', oid);
    error.cause = cause;
    throw error;
  }
  if (merged === undefined) throw new UndoError('some data were modified by a later transaction', oid);
  return merged;
}
