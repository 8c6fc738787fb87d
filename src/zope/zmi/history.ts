/** The pages on an object's earlier states (INVENTORY O-017). */
import { aqBase } from '../../persistent/index.ts';
import type { Historical } from '../ofs/history.ts';
import { dateText, type Managed, renderPage, sizeText } from './page.ts';
import { lineDifference } from './difference.ts';

const TAB = 'manage_change_history_page';
const managed = (object: Historical) => object as unknown as Managed & object;

export function historyPage(object: Historical): string {
  const rows = object.manage_change_history().map((entry, index) => ({
    key: entry.get('key'),
    when: dateText(Number((entry.get('time') as { timeTime(): number | object }).timeTime())),
    user: entry.get('user_name'),
    description: entry.get('description'),
    size: sizeText(Number(entry.get('size'))),
    current: index === 0,
  }));
  return renderPage(managed(object), 'history', { rows, several: rows.length > 1 }, { tab: TAB });
}

/** The texts of one revision and the present, or of two revisions, line by line. */
export function comparisonPage(object: Historical, keys: readonly string[]): string {
  const [newer, older] = keys.length === 2 ? keys : [undefined, keys[0]!];
  const base = aqBase(object) as unknown as Record<string, unknown>;
  const before = textsOf(object._stateAt(older!));
  const after =
    newer === undefined
      ? textsOf(new Map(Object.keys(base).map((name) => [name, base[name]])))
      : textsOf(object._stateAt(newer));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const parts = names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({ name, lines: lineDifference(before.get(name) ?? '', after.get(name) ?? '') }));
  return renderPage(managed(object), 'comparison', { parts, older, newer: newer ?? 'now' }, { tab: TAB });
}

/** The attributes that are text, numbers or truth. */
function textsOf(state: ReadonlyMap<string, unknown>): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of state)
    if (!name.startsWith('_v_') && ['string', 'number', 'boolean'].includes(typeof value))
      texts.set(name, String(value));
  return texts;
}
