/** Puts a file in order that a thread was changing when it ended. */
import { getLogger } from '@logtape/logtape';
import { disk } from '../disk.ts';
import { TRANSACTION_HEADER } from '../format.ts';
import type { SharedState } from './shared-state.ts';
import { recordsIn } from '../history.ts';
import { Scanner } from '../scan.ts';
import type { Oid } from '../../interfaces.ts';
import { APPENDING, COMPLETE, REPLACING } from './commit-state.ts';

const logger = getLogger(['ZODB', 'FileStorage']);

/** The thread had the lock and was in this phase. */
export function recoverState(state: SharedState, phase: number): void {
  state.follow();
  if (phase === APPENDING) {
    logger.warn(`${state.path}: a thread ended while it wrote a transaction, which is taken back`);
    disk.truncate(state.descriptor, state.shared.end);
    state.shared.written(state.shared.end);
  } else if (phase === COMPLETE) rollForward(state);
  else if (phase === REPLACING) afterReplacing(state);
}

/** The bytes are complete; index and changes may have a part of them. */
function rollForward(state: SharedState): void {
  const { shared, records, bytes } = state;
  const position = shared.end;
  bytes.end = position + TRANSACTION_HEADER;
  const { tid, length } = records.transaction(position);
  const end = position + length + 8;
  bytes.end = end;
  const oids = new Set<Oid>();
  for (const [at, { oid }] of recordsIn(records, position)) {
    state.index.set(oid, at);
    oids.add(oid);
  }
  shared.changes.add(tid, [...oids]);
  shared.append(tid, end);
  logger.warn(`${state.path}: a thread ended when it had written a transaction, which is kept`);
}

/** A pack was putting its file in the place of the old one; which of them is there is to be found out. */
function afterReplacing(state: SharedState): void {
  const { shared } = state;
  const index = shared.indexOf(shared.file + 1);
  const found = state.scanAnew((descriptor) =>
    new Scanner(descriptor, state.path).scan(undefined, { readOnly: false, stop: undefined }),
  );
  index.clear();
  for (const oid of found.index.keys()) index.set(oid, found.index.get(oid));
  shared.replaceFile(found.end);
  state.follow();
  logger.warn(`${state.path}: a thread ended while it replaced the file by a packed one; it was read anew`);
}
