import { getLogger } from '@logtape/logtape';
import { type ClassInfo, newGhost, newPersistent, type Oid, Reference } from '../persistent/index.ts';
import { isTransient } from '../transaction/index.ts';
import { describedClass, scanClass } from './serialize-class.ts';
import { FastReader, UNREAD } from './serialize-fast.ts';
import { readClass, readState, writeRecord } from './serialize-pickle.ts';
import { parseReference, referenceWriter, WeakStandIn } from './serialize-references.ts';
import { GlobalRef, tuple } from '../pickle/index.ts';

const logger = getLogger(['ZODB', 'ConflictResolution']);

type Resolve = (old: unknown, committed: unknown, current: unknown) => unknown;

/**
 * Merges two changes of one object, when its class has `_p_resolveConflict(old, committed, new)`: the states that both
 * transactions began with, that the other one committed, and that this one wants. In the states references are stand-ins:
 * the same one for the same object, and nothing that could be loaded.
 *
 * @returns The merged record, with the class of the new one; undefined when the conflict cannot be resolved.
 */
export function resolveConflict(
  old: Uint8Array,
  committed: Uint8Array,
  current: Uint8Array,
): Uint8Array | undefined {
  let name = 'object';
  try {
    const { info, args } = classOf(current);
    name = `${info.module}.${info.name}`;
    const resolve = (info.prototype as { _p_resolveConflict?: Resolve })._p_resolveConflict;
    if (info.broken || typeof resolve !== 'function') return undefined;
    const references = new Map<string, unknown>();
    const states = [old, committed, current].map((data) => stateOf(data, info, references));
    const merged = resolve.call(
      info.isBase ? newGhost(info).object : newPersistent(info.cls),
      states[0],
      states[1],
      states[2],
    );
    const cls = GlobalRef.of(info.module!, info.name!);
    return writeRecord(args === null ? cls : tuple(cls, args), merged, referenceWriter());
  } catch (error) {
    // A class that finds the changes irreconcilable says so with a conflict error.
    if (!isTransient(error))
      logger.error(`Unexpected error while trying to resolve conflict on <class '${name}'>`, { error });
    return undefined;
  }
}

function classOf(data: Uint8Array): { readonly info: ClassInfo; readonly args: unknown } {
  const scanned = scanClass(data);
  return scanned === undefined ? describedClass(readClass(data)) : { info: scanned.info, args: null };
}

const fast = new FastReader();

/** The state of a record; `references` has one stand-in for each object, and what was written for it. */
function stateOf(data: Uint8Array, info: ClassInfo, references: Map<string, unknown>): unknown {
  const plain = !info.python && !info.isBase;
  const standIn = (oid: Oid, database: string | null, kind: string, make: () => Reference): unknown => {
    const key = `${kind}:${database ?? ''}:${oid}`;
    let reference = references.get(key);
    if (reference === undefined) references.set(key, (reference = make()));
    return reference;
  };
  const scanned = scanClass(data);
  if (scanned !== undefined) {
    const value = fast.read(
      data,
      scanned.end,
      scanned.info,
      null,
      plain,
      (oid, cls) => standIn(oid, null, 'strong', () => new Reference(oid, cls, null)) as object,
    );
    if (value !== UNREAD) return value;
  }
  return readState(
    data,
    (pid) => {
      const { oid, description, database, weak } = parseReference(pid);
      return standIn(oid, database, weak ? 'weak' : 'strong', () => {
        if (weak) return new WeakStandIn(oid, database);
        return new Reference(
          oid,
          description === undefined ? null : describedClass(description).info,
          database,
        );
      });
    },
    plain,
  );
}
