/** `ZTUtils`: batches of sequences and query strings for templates. */
import { Dict, isFloat, Tuple } from '../../pickle/index.ts';
import { getSecurityPolicy } from '../policy.ts';
import { guardedItem, rawItem } from '../guards/items.ts';
import { chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { BuiltinFunction } from '../runtime/builtin-function.ts';
import { call1 } from '../runtime/call.ts';
import { type Kwargs } from '../runtime/parameters.ts';
import { hashable } from '../runtime/hashing.ts';
import { truth } from '../runtime/compare.ts';
import { IndexError, TypeError, Unauthorized } from '../runtime/errors.ts';
import { fillDict, listOf } from '../runtime/iterate.ts';
import { asInt, toIndex } from '../runtime/numbers.ts';
import { HostCallable } from '../runtime/objects.ts';
import { str } from '../runtime/repr.ts';
import { DateTime } from '../runtime/values.ts';
import { registerType, typeName } from '../runtime/types.ts';
import { htmlQuote, urlQuote, urlUnquote } from './zope-standard.ts';
import { registerModule } from './registry.ts';

/** The items of a sequence that the user may have, found as they are asked for. */
class LazyFilter {
  readonly #source: unknown;
  readonly #test: unknown;
  /** What to do with an item that is refused: null raises, '' skips, a text skips what lacks that permission, too. */
  readonly #skip: string | null;
  readonly #items: unknown[] = [];
  #next = 0;
  #ended = false;

  constructor(source: unknown, test: unknown, skip: unknown) {
    if (skip !== null && typeof skip !== 'string') throw new TypeError('Skip must be None or a string');
    this.#source = source;
    this.#test = test;
    this.#skip = skip;
  }

  _at(index: number): unknown {
    while (this.#items.length <= index && !this.#ended) this.#advance(index);
    if (index >= this.#items.length) throw new IndexError('list index out of range');
    return this.#items[index];
  }

  #advance(index: number): void {
    chargeSteps(2);
    chargeMemory(16);
    let item: unknown;
    try {
      item = guardedItem(this.#source, this.#next++);
    } catch (error) {
      if (error instanceof IndexError) {
        this.#ended = true;
        return;
      }
      if (!(error instanceof Unauthorized)) throw error;
      if (this.#skip === null) throw new Unauthorized(`(item ${index}): ${error.message}`);
      return;
    }
    if (this.#skip !== null && this.#skip !== '' && !getSecurityPolicy().checkPermission(this.#skip, item))
      return;
    if (this.#test === null || truth(call1(this.#test, item))) this.#items.push(item);
  }

  get length(): number {
    while (!this.#ended) this.#advance(this.#items.length);
    return this.#items.length;
  }
}

interface Options {
  readonly sequence: LazyFilter;
  readonly size: number;
  readonly orphan: number;
  readonly overlap: number;
}

/** A part of a sequence, with its neighbours. `start` counts from 1, `first` from 0. */
class Batch {
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly first: number;
  readonly length: number;
  readonly _options: Options;

  constructor(options: Options, start: number, end: number) {
    const [first, last, size] = place(start + 1, end, options.size, options.orphan, options.sequence);
    this._options = options;
    this.start = first;
    this.end = last;
    this.size = size;
    this.first = Math.max(first - 1, 0);
    this.length = last - this.first;
  }

  get previous(): Batch | null {
    if (this.first === 0) return null;
    return new Batch(this._options, this.first - this._options.size + this._options.overlap, 0);
  }

  get next(): Batch | null {
    if (!has(this._options.sequence, this.end)) return null;
    return new Batch(this._options, this.end - this._options.overlap, 0);
  }

  _item(index: number): unknown {
    if (index < 0) {
      if (index + this.end < this.first) throw new IndexError(index);
      return this._options.sequence._at(index + this.end);
    }
    if (index >= this.length) throw new IndexError(index);
    return this._options.sequence._at(index + this.first);
  }
}

function has(sequence: LazyFilter, index: number): boolean {
  if (index < 0) return index + sequence.length >= 0;
  try {
    sequence._at(index);
    return true;
  } catch (error) {
    if (error instanceof IndexError) return false;
    throw error;
  }
}

/** Where a batch begins and ends, and its size: what is not given follows from the rest. */
function place(
  start: number,
  end: number,
  wanted: number,
  orphan: number,
  sequence: LazyFilter,
): [number, number, number] {
  const size = wanted >= 1 ? wanted : start > 0 && end > 0 && end >= start ? end + 1 - start : 7;
  if (start > 0) {
    const from = has(sequence, start - 1) ? start : sequence.length;
    if (end > 0) return [from, Math.max(end, from), size];
    const to = from + size - 1;
    return [from, has(sequence, to + orphan) ? to : sequence.length, size];
  }
  if (end > 0) {
    const to = has(sequence, end - 1) ? end : sequence.length;
    const from = to + 1 - size;
    return [from - 1 < orphan ? 1 : from, to, size];
  }
  const to = size;
  return [1, has(sequence, to + orphan - 1) ? to : sequence.length, size];
}

/** Values of keyword-able parameters, in order. */
function parameters(name: string, names: readonly string[], args: unknown[], kwargs: Kwargs): unknown[] {
  if (args.length > names.length)
    throw new TypeError(`${name}() takes at most ${names.length} arguments (${args.length} given)`);
  const values = names.map((_key, i) => args[i]);
  for (const [key, value] of kwargs ?? []) {
    const at = names.indexOf(key);
    if (at === -1) throw new TypeError(`${name}() got an unexpected keyword argument '${key}'`);
    values[at] = value;
  }
  return values;
}

const number = (v: unknown, fallback: number): number => (v === undefined ? fallback : toIndex(v));

const makeBatch = new HostCallable('Batch', (args, kwargs) => {
  const names = ['sequence', 'size', 'start', 'end', 'orphan', 'overlap', 'skip_unauthorized'];
  const [sequence, size, start, end, orphan, overlap, skip] = parameters('Batch', names, args, kwargs);
  if (sequence === undefined || size === undefined)
    throw new TypeError("Batch() needs 'sequence' and 'size'");
  const options = {
    sequence: new LazyFilter(sequence, null, skip ?? null),
    size: toIndex(size),
    orphan: number(orphan, 0),
    overlap: number(overlap, 0),
  };
  return new Batch(options, number(start, 0), number(end, 0));
});

const names = (...list: string[]): Record<string, (self: Batch) => unknown> =>
  Object.fromEntries(
    list.map((name) => [name, (self: Batch) => (self as unknown as Record<string, unknown>)[name]]),
  );

registerType(Batch, {
  attributes: 'all',
  getters: {
    ...names('previous', 'next', 'start', 'end', 'size', 'first', 'length'),
    orphan: (self) => self._options.orphan,
    overlap: (self) => self._options.overlap,
    sequence_length: (self) => self._options.sequence.length,
  },
  operators: { getitem: (self, key) => self._item(toIndex(key)), len: (self) => self.length },
});

registerType(LazyFilter, {
  attributes: 'all',
  operators: {
    getitem: (self, key) => {
      if (asInt(key) === undefined)
        return rawItem(
          Array.from({ length: self.length }, (_x, i) => self._at(i)),
          key,
        );
      const i = toIndex(key);
      const at = i < 0 ? i + self.length : i;
      if (at < 0) throw new IndexError(i);
      return self._at(at);
    },
    len: (self) => self.length,
  },
});

const makeLazyFilter = new HostCallable('LazyFilter', (args, kwargs) => {
  const [seq, test, skip] = parameters('LazyFilter', ['seq', 'test', 'skip'], args, kwargs);
  return new LazyFilter(seq, test ?? null, skip ?? null);
});

/** The converter that makes the form value what it was. */
function marshal(v: unknown): string {
  if (v instanceof Uint8Array) return ':bytes';
  if (typeof v === 'boolean') return ':boolean';
  if (asInt(v) !== undefined) return ':int';
  if (isFloat(v)) return ':float';
  return v instanceof DateTime ? ':date' : '';
}

function marshalled(pairs: Dict): [string, string, unknown][] {
  const out: [string, string, unknown][] = [];
  for (const [key, value] of pairs) {
    chargeSteps(4);
    chargeMemory(128);
    const k = str(key);
    if (value instanceof Map) {
      for (const [sub, inner] of value) {
        const name = `${k}.${str(sub)}`;
        if (Array.isArray(inner) && !(inner instanceof Tuple))
          for (const one of charged(inner as unknown[])) out.push([name, `${marshal(one)}:list:record`, one]);
        else out.push([name, `${marshal(inner)}:record`, inner]);
      }
    } else if (Array.isArray(value) && !(value instanceof Tuple)) {
      for (const one of charged(value as unknown[])) out.push([k, `${marshal(one)}:list`, one]);
    } else out.push([k, marshal(value), value]);
  }
  return out;
}

/** A list whose items become parts of a query. */
function charged(items: unknown[]): unknown[] {
  chargeMemory(items.length * 128);
  chargeSteps(items.length * 4);
  return items;
}

function collected(args: unknown[], kwargs: Kwargs): Dict {
  const all = new Dict();
  for (const arg of args) fillDict(all, arg, hashable);
  for (const [key, value] of kwargs ?? []) all.set(key, value);
  return all;
}

const makeQuery = new HostCallable('make_query', (args, kwargs) =>
  marshalled(collected(args, kwargs))
    .map(([k, m, v]) => `${urlQuote(k)}${m}=${urlQuote(v)}`)
    .join('&'),
);
const makeHiddenInput = new HostCallable('make_hidden_input', (args, kwargs) =>
  marshalled(collected(args, kwargs))
    .map(([k, m, v]) => `<input type="hidden" name="${htmlQuote(k)}${m}" value="${htmlQuote(v)}">`)
    .join('\n'),
);

function urlQuery(request: unknown, name: unknown, omit: unknown): string {
  const base = str(guardedItem(request, name ?? 'URL'));
  let qs = '';
  try {
    qs = str(guardedItem(request, 'QUERY_STRING'));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'KeyError')) throw error;
  }
  if (qs !== '' && omit !== undefined && omit !== null) {
    const omits = new Set(typeof omit === 'string' ? [omit] : listOf(omit).map((one) => str(one)));
    qs = qs
      .split('&')
      .filter((part) => {
        const key = urlUnquote(part.split('=', 1)[0]!);
        const bare = key.split(':', 1)[0]!;
        return part !== '' && !omits.has(key) && !omits.has(bare) && !omits.has(bare.split('.', 1)[0]!);
      })
      .join('&');
  }
  return `${base}?${qs}`;
}

/** Bytes that are encoded at a time: a multiple of three. */
const PIECE = 3 * 1024;

registerModule(
  'ZTUtils',
  {
    Batch: makeBatch,
    LazyFilter: makeLazyFilter,
    make_query: makeQuery,
    make_hidden_input: makeHiddenInput,
    url_query: new BuiltinFunction('url_query', 'request, req_name=, omit=', urlQuery),
    a2b: new BuiltinFunction('a2b', 's', (s) => {
      const text = str(s);
      chargeMemory(text.length * 2);
      return new Uint8Array(Buffer.from(text.replaceAll('-', '='), 'base64url'));
    }),
    b2a: new BuiltinFunction('b2a', 's', (s) => {
      if (!(s instanceof Uint8Array))
        throw new TypeError(`a bytes-like object is required, not '${typeName(s)}'`);
      const parts: string[] = [];
      for (let i = 0; i < s.length; i += PIECE) {
        chargeMemory(PIECE * 2);
        parts.push(Buffer.from(s.subarray(i, i + PIECE)).toString('base64url'));
      }
      return parts.join('');
    }),
  },
  // Trees of folders with their cookies are not here yet.
  { denied: ['TreeMaker', 'SimpleTreeMaker', 'encodeExpansion', 'decodeExpansion'] },
);
