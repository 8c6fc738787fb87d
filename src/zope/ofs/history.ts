/** Earlier states of an object, as the storage still has them (INVENTORY O-017). */
import { aqBase } from '../../persistent/index.ts';
import { DateTime, Dict } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { BadRequest, HTTPResponse } from '../../publisher/index.ts';
import { comparisonPage, historyPage } from '../zmi/history.ts';
import { connectionOf, CopySource } from './copy-source.ts';
import { HistorySelectionError } from './errors.ts';
import { namesOf } from './names.ts';

const VIEW_HISTORY = 'View History';

/** A transaction id as the forms have it: four numbers of 16 bits. */
export function historyKey(tid: bigint): string {
  return [48n, 32n, 16n, 0n].map((shift) => String((tid >> shift) & 0xffffn)).join('.');
}

/** Throws a BadRequest for what is no key. */
export function tidOfKey(key: string): bigint {
  const parts = key.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,5}$/.test(part) && Number(part) < 65536))
    throw new BadRequest(`${key} is no revision of an object`);
  return parts.reduce((tid, part) => (tid << 16n) | BigInt(part), 0n);
}

export class Historical extends CopySource {
  /** The revisions, the newest first: mappings with `key`, `time`, `user_name`, `description` and `size`. */
  manage_change_history(first = 0, last = 20): Dict[] {
    const connection = connectionOf(this);
    const oid = (aqBase(this) as { _p_oid?: unknown })._p_oid;
    if (connection === undefined || oid === undefined || oid === null) return [];
    return connection.db
      .history(oidOf(oid), last)
      .slice(first)
      .map((entry) =>
        Dict.from<unknown>({
          tid: entry.tid,
          key: historyKey(entry.tid),
          time: new DateTime(entry.time),
          user_name: entry.userName,
          description: entry.description,
          size: entry.size,
        }),
      );
  }

  manage_change_history_page(): string {
    return historyPage(this);
  }

  /** Makes an earlier state the present one. */
  manage_historyCopy(keys?: unknown, response?: unknown, url1?: string | null): unknown {
    const chosen = namesOf(keys);
    if (chosen.length === 0) throw new HistorySelectionError('No historical revision selected.');
    if (chosen.length > 1)
      throw new HistorySelectionError('Only one historical revision can be copied to the present.');
    this.manage_beforeHistoryCopy();
    const state = this._stateAt(chosen[0]!) as Map<string, unknown>;
    const base = aqBase(this) as Record<string, unknown>;
    for (const name of Object.keys(base)) if (!state.has(name)) delete base[name];
    for (const [name, value] of state) base[name] = value;
    base._p_changed = true;
    this.manage_afterHistoryCopy();
    if (response instanceof HTTPResponse) response.redirect(`${url1 ?? ''}/manage_workspace`);
    return '';
  }

  /** The attributes that the object had in a revision. */
  _stateAt(key: string): Map<string, unknown> {
    const connection = connectionOf(this);
    if (connection === undefined) throw new HistorySelectionError('The object is not stored yet.');
    const state = connection.oldState(aqBase(this) as object, tidOfKey(key));
    return state instanceof Map
      ? (state as Map<string, unknown>)
      : new Map(Object.entries(state as Record<string, unknown>));
  }

  manage_historicalComparison(keys?: unknown): string {
    const chosen = namesOf(keys);
    if (chosen.length === 0) throw new HistorySelectionError('No historical revision selected.');
    if (chosen.length > 2) throw new HistorySelectionError('Only two historical revision can be compared.');
    return comparisonPage(this, chosen);
  }

  manage_beforeHistoryCopy(): void {}

  manage_afterHistoryCopy(): void {
    for (const name of Object.keys(this))
      if (name.startsWith('_v_')) delete (this as Record<string, unknown>)[name];
  }
}

/** Oids are bytes where Python sees them. */
function oidOf(oid: unknown): number {
  return oid instanceof Uint8Array ? Number(Buffer.from(oid).readBigUInt64BE()) : (oid as number);
}

const view = { permission: VIEW_HISTORY };
declareClass(Historical, {
  published: ['manage_change_history', 'manage_change_history_page', 'manage_historicalComparison'],
  changes: ['manage_historyCopy'],
  names: {
    manage_change_history: view,
    manage_change_history_page: view,
    manage_historicalComparison: view,
    // Python's classes have their own permission to change them. It changes the object: where a class says nothing, it asks for the right to undo.
    manage_historyCopy: { permission: 'Undo changes' },
    manage_beforeHistoryCopy: 'private',
    manage_afterHistoryCopy: 'private',
    _stateAt: 'private',
  },
  signatures: {
    manage_historyCopy: 'keys=[], RESPONSE=None, URL1=None',
    manage_historicalComparison: 'keys=[]',
  },
});
