/** The methods of bytes and bytearray: those of str through latin-1, where one character is one byte. */
import { Tuple, tuple } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from './budget.ts';
import { decodeBytes } from './codecs.ts';
import { TypeError, ValueError } from './errors.ts';
import { isIterable, listOf } from './iterate.ts';
import { mapPieces } from './long-text.ts';
import { asInt, toIndex } from './numbers.ts';
import { addMethods, bytearrayType, type BuiltinMethod, bytesType, strType, typeName } from './types.ts';

const latin = (b: Uint8Array): string => Buffer.from(b.buffer, b.byteOffset, b.length).toString('latin1');
const fromLatin = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'latin1'));

/** Methods whose first argument may be a single byte as an int. */
const SEARCHES = new Set('find index count rfind rindex'.split(' '));
const AFFIXES = new Set(['startswith', 'endswith']);
const FILLED = new Set(['center', 'ljust', 'rjust']);
/** Methods whose first argument, or first two, are bytes. */
const TAKES_BYTES: Readonly<Record<string, number>> = {
  lstrip: 1,
  partition: 1,
  removeprefix: 1,
  removesuffix: 1,
  replace: 2,
  rpartition: 1,
  rsplit: 1,
  rstrip: 1,
  split: 1,
  strip: 1,
};
const MAY_BE_NONE = new Set('lstrip rsplit rstrip split strip'.split(' '));

const ASCII_ONLY = new Set(
  'upper lower title capitalize swapcase isalpha isalnum isdigit isspace isupper islower istitle'.split(' '),
);

function needBytes(v: unknown): string {
  if (v instanceof Uint8Array) return latin(v);
  throw new TypeError(`a bytes-like object is required, not '${typeName(v)}'`);
}

function wanted(v: unknown): string {
  if (v instanceof Uint8Array) return latin(v);
  const n = asInt(v);
  if (n === undefined)
    throw new TypeError(`argument should be integer or bytes-like object, not '${typeName(v)}'`);
  if (n < 0 || n > 255) throw new ValueError('byte must be in range(0, 256)');
  return String.fromCharCode(Number(n));
}

function affixes(name: string, v: unknown): unknown {
  if (v instanceof Uint8Array) return latin(v);
  if (v instanceof Tuple) return Tuple.from(v, needBytes as (v: unknown) => never);
  throw new TypeError(`${name} first arg must be bytes or a tuple of bytes, not ${typeName(v)}`);
}

function filler(name: string, v: unknown): string {
  if (v instanceof Uint8Array && v.length === 1) return latin(v);
  throw new TypeError(`${name}() argument 2 must be a byte string of length 1, not ${typeName(v)}`);
}

/** The arguments as str's method takes them. */
function argumentsOf(name: string, args: readonly unknown[]): unknown[] {
  if (SEARCHES.has(name)) return [wanted(args[0]), ...args.slice(1)];
  if (AFFIXES.has(name)) return [affixes(name, args[0]), ...args.slice(1)];
  if (FILLED.has(name)) return args[1] === undefined ? [...args] : [args[0], filler(name, args[1])];
  const bytes = TAKES_BYTES[name] ?? 0;
  return args.map((arg, i) =>
    i >= bytes || arg === undefined || (arg === null && MAY_BE_NONE.has(name)) ? arg : needBytes(arg),
  );
}

function fromText(v: unknown): unknown {
  if (typeof v === 'string') return fromLatin(v);
  if (v instanceof Tuple) return tuple(...v.map((item) => fromText(item)));
  if (!Array.isArray(v)) return v;
  const out: unknown[] = [];
  for (let i = 0; i < v.length; i++) {
    if ((i & 63) === 0) {
      chargeSteps(32);
      chargeMemory(64 * 96);
    }
    out.push(fromText(v[i]));
  }
  return out;
}

const SHARED =
  'capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit islower isspace istitle isupper ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill';

function shared(name: string, own: BuiltinMethod): (b: Uint8Array, ...args: unknown[]) => unknown {
  const make = own.call as (self: unknown, ...args: unknown[]) => unknown;
  return (b, ...args) => {
    chargeMemory(16 + b.length * 2);
    chargeSteps(b.length >>> 8);
    let s = latin(b);
    // High bytes are moved out of the way of str's idea of letters and blanks.
    const moved = ASCII_ONLY.has(name) || (args[0] ?? null) === null;
    if (moved) s = mapPieces(s, (piece) => piece.replace(/[\x80-\xff]+/g, (run) => shift(run, 0xe000)));
    let result;
    try {
      result = make(s, ...argumentsOf(name, args));
    } catch (error) {
      if (error instanceof ValueError && error.args[0] === 'substring not found')
        throw new ValueError('subsection not found');
      throw error;
    }
    return fromText(moved ? back(result) : result);
  };
}

const shift = (run: string, by: number): string => {
  let out = '';
  for (let i = 0; i < run.length; i++) out += String.fromCharCode(run.charCodeAt(i) + by);
  return out;
};

function back(result: unknown): unknown {
  if (typeof result === 'string')
    return mapPieces(result, (piece) => piece.replace(/[\ue080-\ue0ff]+/g, (run) => shift(run, -0xe000)));
  return Array.isArray(result) && !(result instanceof Tuple) ? result.map(back) : result;
}

/** Adds them; str's must be there. */
export function installBytesMethods(): void {
  for (const type of [bytesType, bytearrayType]) {
    for (const name of SHARED.split(' ')) {
      const own = strType.dict.get(name) as BuiltinMethod;
      const text = own.params.map((param, i) => (i < own.min ? param : `${param}=`)).join(', ');
      addMethods(type, { [name]: [text, shared(name, own)] });
    }
    addMethods(type, {
      decode: [
        'encoding=, errors=',
        (b: Uint8Array, encoding: unknown, errors: unknown) => decodeBytes(b, encoding, errors),
      ],
      hex: ['sep=, bytes_per_sep=', hex],
      join: ['iterable', join],
      translate: ['table, delete=', translate],
    });
  }
}

function join(b: Uint8Array, items: unknown): Uint8Array {
  if (!isIterable(items)) throw new TypeError('can only join an iterable');
  const list = listOf(items);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const [i, item] of list.entries()) {
    if (!(item instanceof Uint8Array))
      throw new TypeError(`sequence item ${i}: expected a bytes-like object, ${typeName(item)} found`);
    if (i > 0) parts.push(b);
    parts.push(item);
    size += item.length + b.length;
  }
  chargeMemory(size + parts.length * 16);
  return new Uint8Array(Buffer.concat(parts));
}

function translate(b: Uint8Array, table: unknown, remove: unknown): Uint8Array {
  const map = table === null ? undefined : table;
  if (map !== undefined && !(map instanceof Uint8Array)) needBytes(map);
  if (map instanceof Uint8Array && map.length !== 256)
    throw new ValueError('translation table must be 256 characters long');
  const gone = new Set(remove === undefined ? [] : Buffer.from(needBytes(remove), 'latin1'));
  chargeMemory(b.length);
  chargeSteps(b.length >>> 3);
  const out = new Uint8Array(b.length);
  let n = 0;
  for (let i = 0; i < b.length; i++) {
    if ((i & 4095) === 0) chargeSteps(256);
    const byte = b[i]!;
    if (gone.size === 0 || !gone.has(byte)) out[n++] = map instanceof Uint8Array ? map[byte]! : byte;
  }
  return out.slice(0, n);
}

function hex(b: Uint8Array, separator: unknown, group: unknown): string {
  chargeMemory(b.length * 3);
  chargeSteps(b.length >>> 6);
  const text = Buffer.from(b).toString('hex');
  if (separator === undefined) return text;
  if (typeof separator !== 'string' && !(separator instanceof Uint8Array))
    throw new TypeError('sep must be str or bytes.');
  if (separator.length !== 1) throw new ValueError('sep must be length 1.');
  const sep = typeof separator === 'string' ? separator : latin(separator);
  const n = group === undefined ? 1 : toIndex(group);
  if (n === 0) return text;
  const size = Math.abs(n) * 2;
  const parts: string[] = [];
  chargeMemory((text.length / size) * 48);
  chargeSteps(Math.floor(text.length / size));
  // Groups are counted from the right, with a negative size from the left.
  const first = n > 0 ? text.length % size || size : size;
  for (let at = 0, next = first; at < text.length; at = next, next += size) parts.push(text.slice(at, next));
  return parts.join(sep);
}
