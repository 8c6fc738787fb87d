/** Where a loop is: `repeat/NAME/…` and `repeat['NAME']` (INVENTORY T-032). */
import { Tuple } from '../../pickle/index.ts';
import {
  AttributeError,
  declareClass,
  eq,
  getattr,
  KeyError,
  registerType,
  TypeError,
} from '../../restricted/index.ts';
import { isMissing } from '../errors.ts';
import { roman } from '../roman.ts';
import { stepUntrusted } from './paths.ts';

export class RepeatItem {
  readonly #items: readonly unknown[];
  #at = -1;
  #left = false;

  constructor(items: readonly unknown[]) {
    this.#items = items;
  }

  /** Moves to an item; only the loop may. */
  static move(item: RepeatItem, position: number): void {
    item.#at = position;
  }

  /** The loop is over, and the item before is the last one itself. */
  static leave(item: RepeatItem): void {
    item.#left = true;
  }

  get item(): unknown {
    return this.#items[this.index];
  }

  get index(): number {
    if (this.#at < 0) throw new TypeError('No iteration position');
    return this.#at;
  }

  get start(): boolean {
    return this.#at === 0;
  }

  get end(): boolean {
    return this.#at >= 0 && this.#at === this.#items.length - 1;
  }

  number(): number {
    return this.#at + 1;
  }

  even(): boolean {
    return this.#at % 2 === 0;
  }

  odd(): boolean {
    return this.#at % 2 !== 0;
  }

  /** Of the number, as the reference counts. */
  parity(): string {
    return this.#at % 2 === 0 ? 'odd' : 'even';
  }

  length(): number {
    return this.#items.length;
  }

  #letters(first: number): string {
    let text = '';
    for (let n = this.index; ; n = Math.floor(n / 26)) {
      text = String.fromCharCode(first + (n % 26)) + text;
      if (n < 26) return text;
    }
  }

  letter(): string {
    return this.#letters(97);
  }

  Letter(): string {
    return this.#letters(65);
  }

  Roman(): string {
    return roman(this.#at + 1);
  }

  roman(): string {
    return this.Roman().toLowerCase();
  }

  /** Whether this is the first item, or one that differs from the item before (in what a path leads to). Throws before the first one. */
  first(path: string | null = null): boolean {
    if (this.start) return true;
    if (this.#at < 0) throw new AttributeError("'RepeatItem' object has no attribute '_last_item'");
    return !same(path, this.#items[this.#left ? this.#at : this.#at - 1], this.item);
  }

  last(path: string | null = null): boolean {
    return this.end || !same(path, this.item, this.#items[this.#at + 1]);
  }
}

/** Reads with the guards of the template that asks. */
function same(path: string | null, one: unknown, other: unknown): boolean {
  if (path === null) return eq(one, other) === true;
  try {
    const follow = (start: unknown) => String(path).split('/').reduce<unknown>(stepUntrusted, start);
    return eq(follow(one), follow(other)) === true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

const NAMES = 'item index start end number even odd parity length letter Letter roman Roman first last'.split(
  ' ',
);

declareClass(RepeatItem, {
  object: 'public',
  names: Object.fromEntries(NAMES.map((name) => [name, 'public'])),
  signatures: { first: 'name=None', last: 'name=None' },
});
registerType(RepeatItem, { pyName: 'RepeatItem' });

const known = new Set(NAMES);

/** What `repeat/loop/name` gives in the end; undefined: `repeat` is not that of loops, or there is no such loop. */
export function loopValue(repeats: unknown, loop: string, name: string): unknown {
  if (!(repeats instanceof Repeats)) return undefined;
  const item = repeats.get(loop);
  if (item === undefined || !known.has(name)) return undefined;
  const value = (item as unknown as Record<string, unknown>)[name];
  return typeof value === 'function' ? value.call(item) : value;
}

/** `first/a/b` and `last/a/b`: whether what the path leads to differs from the neighbour's. */
export function repeatEdge(item: RepeatItem, edge: 'first' | 'last', path: readonly string[]): boolean {
  return item[edge](path.join('/'));
}

/** A step of a path from an item; `first` and `last` take the rest of the path. */
export function repeatStep(item: RepeatItem, name: string): unknown {
  if (!known.has(name)) throw new AttributeError(`'RepeatItem' object has no attribute '${name}'`);
  const value = (item as unknown as Record<string, unknown>)[name];
  return typeof value === 'function' ? getattr(item, name) : value;
}

/** The variable `repeat`: the loops by name, also those that have ended. */
export class Repeats {
  readonly #items = new Map<string, RepeatItem>();

  /** Only the loop may. */
  static enter(repeats: unknown, names: readonly string[], items: readonly unknown[]): RepeatItem {
    const item = new RepeatItem(items);
    if (repeats instanceof Repeats) repeats.#items.set(names.join('\0'), item);
    return item;
  }

  get(name: string): RepeatItem | undefined {
    return this.#items.get(name);
  }
}
declareClass(Repeats, { object: 'public', default: 'allow' });
registerType(Repeats, {
  pyName: 'RepeatDictWrapper',
  attributes: 'all',
  operators: {
    getitem: (self, key) => {
      const item = self.get(key instanceof Tuple ? key.join('\0') : String(key));
      if (item === undefined) throw new KeyError(key);
      return item;
    },
    getattr: (self, name) => self.get(name),
  },
});
