/**
 * The order of sets of ints. Python's hashes of texts differ from process to process, those of ints do not: programs see such
 * sets in the order of CPython's table (`Objects/setobject.c`), which is mostly that of the numbers.
 */
import { chargeMemory, chargeSteps } from './budget.ts';

const LINEAR_PROBES = 9;
/** Up to this many members are put in order; a larger set is nothing that is read. */
const MOST = 10_000;

const isSmall = (value: unknown): boolean =>
  typeof value === 'boolean' || (typeof value === 'number' && Number.isInteger(value) && value >= 0);

/** The place of a hash in a table; the next ones are asked in CPython's order. */
function placeIn(table: readonly unknown[], hash: number): number {
  const size = table.length;
  let [perturb, at] = [hash, hash % size];
  for (;;) {
    const last = at + LINEAR_PROBES < size ? at + LINEAR_PROBES : at;
    for (let place = at; place <= last; place++) if (table[place] === undefined) return place;
    perturb = Math.floor(perturb / 32);
    at = (at * 5 + 1 + perturb) % size;
  }
}

const tableOf = (size: number): unknown[] => Array.from<unknown>({ length: size });

/** The members of a set as Python's program would see them. */
export function membersOf<T>(set: ReadonlySet<T>): Iterable<T> {
  if (set.size < 2 || set.size > MOST) return set;
  let ordered = true;
  let before = -1;
  for (const member of set) {
    if (!isSmall(member)) return set;
    ordered &&= Number(member) > before;
    before = Number(member);
  }
  // Small numbers in order have their own places.
  if (ordered && before < 8 && set.size < 5) return set;
  chargeSteps(set.size);
  chargeMemory(set.size * 32);
  let table = tableOf(8);
  let used = 0;
  for (const member of set) {
    table[placeIn(table, Number(member))] = member;
    used++;
    if (used * 5 < (table.length - 1) * 3) continue;
    const least = used > 50_000 ? used * 2 : used * 4;
    let size = 8;
    while (size <= least) size *= 2;
    const larger = tableOf(size);
    for (const old of table) if (old !== undefined) larger[placeIn(larger, Number(old))] = old;
    table = larger;
  }
  return table.filter((member) => member !== undefined) as T[];
}
