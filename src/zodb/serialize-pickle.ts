import { Pickler, Unpickler, type UnpicklerOptions } from '../pickle/index.ts';

/** The persistent id of an object that is a record of its own; undefined for a value that is part of the record. */
export type PersistentId = (value: object) => unknown;

const OPTIONS: UnpicklerOptions = { dialect: 'zodb', encoding: 'ascii-or-bytes' };

/** A record: the pickles of a class description and of a state. The second one refers to what the first one has named. */
export function writeRecord(description: unknown, state: unknown, persistentId: PersistentId): Uint8Array {
  const pickler = new Pickler({ persistentId });
  pickler.dump(description);
  pickler.dump(state);
  return pickler.finish();
}

/** The pickle of a state alone. */
export function writeState(state: unknown, persistentId: PersistentId): Uint8Array {
  const pickler = new Pickler({ persistentId });
  pickler.dump(state);
  return pickler.finish();
}

/** The class description of a record. */
export function readClass(data: Uint8Array): unknown {
  return new Unpickler(data, OPTIONS).load();
}

/**
 * The state of a record.
 *
 * @param plain Whether dicts whose keys are all texts become plain objects.
 */
export function readState(
  data: Uint8Array,
  persistentLoad: (pid: unknown) => unknown,
  plain: boolean,
): unknown {
  const reader = new Unpickler(data, { ...OPTIONS, persistentLoad, dict: plain ? 'object' : 'Dict' });
  // The state may refer to what the class pickle has put in the memo.
  reader.load();
  return reader.load();
}
