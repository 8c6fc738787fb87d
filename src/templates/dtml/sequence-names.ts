/** The variables of `dtml-in`: `sequence-item`, `sequence-letter`, `first-NAME`, `total-NAME`, `next-batches` … (INVENTORY T-067 to T-069). */
import { Tuple } from '../../pickle/index.ts';
import {
  chargeMemory,
  chargeSteps,
  chargeText,
  eq,
  getattr,
  getitem,
  KeyError,
  PyError,
} from '../../restricted/index.ts';
import { roman } from '../roman.ts';
import { type Batch, batchBounds, less, minus, more, plus } from './batch.ts';
import type { NameSource } from './namespace.ts';
import { statisticsOf, STATISTICS } from './statistics.ts';

export type Items = readonly unknown[];

/** The value of a pair of key and value, and any other item as it is. */
export const itemValue = (item: unknown): unknown =>
  item instanceof Tuple && item.length === 2 ? item[1] : item;

/** The same, unless the current user may not have it. */
function allowedValue(items: Items, index: number): unknown {
  if (index < 0 || index >= items.length) return undefined;
  const item = getitem(items, index);
  return item instanceof Tuple && item.length === 2 ? getitem(item, 1) : item;
}

/** What a variable's last word makes of an index. */
const BY_INDEX: Readonly<Record<string, (index: number, names: SequenceNames) => unknown>> = {
  number: (index) => index + 1,
  even: (index) => index % 2 === 0,
  odd: (index) => index % 2,
  letter: (index) => String.fromCodePoint('a'.charCodeAt(0) + index),
  Letter: (index) => String.fromCodePoint('A'.charCodeAt(0) + index),
  key: (index, { items }) => getitem(getitem(items, index), 0),
  item: (index, { items }) => allowedValue(items, index),
  roman: (index) => roman(index + 1).toLowerCase(),
  Roman: (index) => roman(index + 1),
  length: (_index, { items }) => items.length,
  query: (_index, names) => names.query(),
};

/** `sequence-odd` taken apart. */
interface SplitName {
  /** What is before the last dash; undefined: there is none. */
  readonly prefix: string | undefined;
  readonly suffix: string;
  readonly byIndex: ((index: number, names: SequenceNames) => unknown) | undefined;
  readonly indexName: string;
}

/** Templates ask for few names, and for each of them in every row. */
const splitNames = new Map<string, SplitName>();
const MOST_NAMES = 1000;

function splitName(name: string): SplitName {
  let split = splitNames.get(name);
  if (split === undefined) {
    const dash = name.lastIndexOf('-');
    const suffix = name.slice(dash + 1);
    split = {
      prefix: dash < 0 ? undefined : name.slice(0, dash),
      suffix,
      byIndex: dash >= 0 && Object.hasOwn(BY_INDEX, suffix) ? BY_INDEX[suffix] : undefined,
      indexName: dash < 0 ? '' : `${name.slice(0, dash)}-index`,
    };
    if (splitNames.size >= MOST_NAMES) splitNames.clear();
    splitNames.set(name, split);
  }
  return split;
}

/** A query string without `?` and `&` at its ends. */
function withoutEnds(query: string): string {
  let [start, end] = [0, query.length];
  while (start < end && (query[start] === '?' || query[start] === '&')) start++;
  while (end > start && query[end - 1] === '&') end--;
  return query.slice(start, end);
}

export class SequenceNames implements NameSource {
  readonly items: Items;
  readonly data = new Map<string, unknown>([
    ['previous-sequence', 0],
    ['next-sequence', 0],
    ['sequence-start', 1],
    ['sequence-end', 0],
  ]);
  readonly #prefix: string;
  readonly #queryString: string;
  readonly #startName: RegExp | undefined;

  constructor(items: Items, prefix: string, queryString: string, startName: RegExp | undefined) {
    this.items = items;
    this.#prefix = prefix === '' ? '' : `${prefix}_`;
    this.#queryString = queryString;
    this.#startName = startName;
    for (const [name, value] of Array.from(this.data)) this.set(name, value);
  }

  /** Sets a variable, under its prefixed name as well. */
  set(name: string, value: unknown): void {
    this.data.set(name, value);
    if (this.#prefix === '') return;
    const alias = name.startsWith('sequence-') ? name.slice('sequence-'.length) : name;
    this.data.set(this.#prefix + alias.replaceAll('-', '_'), value);
  }

  lookup(name: string): unknown {
    const known = this.data.get(name);
    if (known !== undefined) return known;
    try {
      return this.#find(name);
    } catch (error) {
      // A key that an item lacks is a variable that is not there.
      if (error instanceof KeyError) return undefined;
      throw error;
    }
  }

  #find(name: string): unknown {
    const { byIndex, indexName, prefix: head, suffix } = splitName(name);
    if (byIndex !== undefined) {
      const index = this.data.get(indexName);
      if (typeof index === 'number') return byIndex(index, this);
    }
    if (head !== undefined) return this.#computed(head, suffix, name);
    const prefix = this.#prefix;
    if (prefix === '' || !name.startsWith(prefix)) return undefined;
    const rest = name.slice(prefix.length).replaceAll('_', '-');
    const own = rest.includes('-') ? this.lookup(rest) : undefined;
    return own ?? this.#computed('sequence', rest, `sequence-${rest}`);
  }

  #computed(prefix: string, suffix: string, name: string): unknown {
    const byIndex = Object.hasOwn(BY_INDEX, suffix) ? BY_INDEX[suffix] : undefined;
    const index = this.data.get(`${prefix}-index`);
    if (byIndex !== undefined && typeof index === 'number') return byIndex(index, this);
    if (STATISTICS.has(prefix)) {
      for (const [key, value] of statisticsOf(this.items, suffix, this.mapping)) this.data.set(key, value);
      return this.data.get(name);
    }
    switch (prefix) {
      case 'first':
        return this.#differs('sequence-start', suffix, -1);
      case 'last':
        return this.#differs('sequence-end', suffix, 1);
      case 'previous':
        return suffix === 'batches' ? this.#batches('previous') : undefined;
      case 'next':
        return suffix === 'batches' ? this.#batches('next') : undefined;
      case 'sequence-index':
      case 'sequence-index-is':
        return this.lookup(`sequence-${suffix}`);
      default:
    }
    if (prefix.endsWith('-var')) {
      const at = this.data.get(`${prefix.slice(0, -'-var'.length)}-index`);
      if (typeof at === 'number')
        try {
          return this.value(at, suffix);
        } catch (error) {
          // An item without the attribute is as good as a variable that is not there.
          if (!(error instanceof PyError)) throw error;
        }
    }
    return name === 'sequence-query' ? this.query() : undefined;
  }

  get mapping(): boolean {
    return Boolean(this.data.get('mapping'));
  }

  /** An attribute or key of an item, as the current user may read it. */
  value(index: number, name: string): unknown {
    const item = itemValue(this.items[index]);
    return this.mapping ? getitem(item, name) : getattr(item, name);
  }

  #differs(edge: string, name: string, step: number): unknown {
    if (this.data.get(edge)) return 1;
    const index = this.data.get('sequence-index') as number | undefined;
    // A part that is shown once for a whole batch is of no item.
    if (index === undefined) return undefined;
    return !eq(this.value(index, name), this.value(index + step, name));
  }

  /** The query string without the parameter that says where a batch starts. */
  query(): unknown {
    if (this.#startName === undefined) return undefined;
    chargeText(this.#queryString.length * 8);
    const query = withoutEnds(this.#queryString);
    let text = '?';
    if (query !== '') {
      const framed = `&${query}&`;
      const match = this.#startName.exec(framed);
      const rest =
        match === null
          ? framed
          : framed.slice(0, match.index) + framed.slice(match.index + match[0].length - 1);
      text = `?${rest.slice(1)}`;
    }
    this.set('sequence-query', text);
    return text;
  }

  #batches(direction: 'previous' | 'next'): unknown {
    if (!this.data.get(`${direction}-sequence`)) return Tuple.of();
    const number = (name: string) => this.data.get(`sequence-step-${name}`);
    const [size, orphan, overlap] = [number('size'), number('orphan'), number('overlap')];
    let [start, end] = [number('start'), number('end')];
    const batches: SequenceNames[] = [];
    const add = (batch: Batch) => {
      // Batches that overlap by their whole size have no end.
      chargeSteps(16);
      chargeMemory(2000);
      ({ start, end } = batch);
      const names = new SequenceNames(this.items, '', this.#queryString, this.#startName);
      names.set('batch-start-index', minus(start, 1));
      names.set('batch-end-index', minus(end, 1));
      names.set('batch-size', minus(plus(end, 1), start));
      names.set('mapping', this.data.get('mapping'));
      batches.push(names);
    };
    const { length } = this.items;
    if (direction === 'next') {
      while (less(end, length)) add(batchBounds(minus(plus(end, 1), overlap), 0, size, orphan, length));
    } else {
      while (more(start, 1)) add(batchBounds(0, plus(minus(start, 1), overlap), size, orphan, length));
      batches.reverse();
    }
    this.data.set(`${direction}-batches`, batches);
    return batches;
  }
}
