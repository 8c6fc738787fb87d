import { ConflictError, type ConflictResolver, type Oid, type Tid } from '../interfaces.ts';

/** What a storage that merges changes has at hand. */
export interface MergeSource {
  loadSerial(oid: Oid, tid: Tid): Uint8Array;
}

/**
 * The record that has both the committed change of an object and one that was made from an older revision. Throws a ConflictError
 * when they cannot be merged; its cause says why, if the resolver failed.
 */
export function mergeChanges(
  source: MergeSource,
  resolver: ConflictResolver | undefined,
  oid: Oid,
  [committed, previous]: readonly [committed: Tid, previous: Tid],
  data: Uint8Array,
): Uint8Array {
  const serials = [committed, previous] as const;
  let merged: Uint8Array | undefined;
  let cause: unknown;
  try {
    merged = resolver?.(oid, source.loadSerial(oid, previous), source.loadSerial(oid, committed), data);
  } catch (error) {
    cause = error;
  }
  if (merged === undefined)
    throw new ConflictError(
      'database conflict error',
      { oid, serials },
      cause === undefined ? undefined : { cause },
    );
  return merged;
}

export const nextOid = (oid: Oid): Oid =>
  typeof oid === 'number' && oid < Number.MAX_SAFE_INTEGER ? oid + 1 : BigInt(oid) + 1n;
