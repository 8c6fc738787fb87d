/** `Products.PythonScripts.standard`, `AccessControl` and `ZTUtils`: what Zope offers to scripts beyond Python. */
import { Dict, Tuple } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { BuiltinFunction } from '../runtime/builtin-function.ts';
import { equals, len } from '../runtime/compare.ts';
import { listOf } from '../runtime/iterate.ts';
import { AttributeError, KeyError, TypeError, ValueError } from '../runtime/errors.ts';
import { HostCallable, ItemsView, KeysView, ValuesView } from '../runtime/objects.ts';
import { repr, str } from '../runtime/repr.ts';
import { formatPercent } from '../runtime/percent.ts';
import { Getter, registerType, typeName } from '../runtime/types.ts';
import { mapPieces } from '../runtime/long-text.ts';
import { groupThousands } from '../runtime/text.ts';
import { encodeText } from '../runtime/codecs.ts';
import { registerModule } from './registry.ts';

function fn(name: string, params: string, direct: (...args: never[]) => unknown): [string, unknown] {
  return [name, new BuiltinFunction(name, params, direct as (...args: unknown[]) => unknown)];
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
};

const quotePiece = (piece: string): string =>
  SPECIAL.test(piece) ? piece.replace(/[&<>"']/g, (c) => ENTITIES[c]!) : piece;
const SPECIAL = /[&<>"']/;

/** HTML with the five special characters quoted. */
export function htmlQuote(v: unknown): string {
  const text = v instanceof Uint8Array ? Buffer.from(v).toString('latin1') : str(v);
  return mapPieces(text, quotePiece);
}

/** What each byte becomes, by the characters that stay besides letters and digits. */
const quotingTables = new Map<string, readonly string[]>();

function quotingTable(safe: string): readonly string[] {
  let table = quotingTables.get(safe);
  if (table === undefined) {
    table = Array.from({ length: 256 }, (_none, b) => {
      const c = String.fromCharCode(b);
      return /[A-Za-z0-9_.\-~]/.test(c) || safe.includes(c)
        ? c
        : `%${b.toString(16).toUpperCase().padStart(2, '0')}`;
    });
    if (quotingTables.size < 100) quotingTables.set(safe, table);
  }
  return table;
}

/** Percent-encoding as `urllib.parse.quote`. */
export function urlQuote(v: unknown, safe = '/'): string {
  const bytes = v instanceof Uint8Array ? v : encodeText(str(v));
  chargeMemory(bytes.length * 3);
  chargeSteps(bytes.length >>> 3);
  const table = quotingTable(safe);
  return mapPieces(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'), (piece) => {
    let out = '';
    for (let i = 0; i < piece.length; i++) out += table[piece.charCodeAt(i)]!;
    return out;
  });
}

const plusQuote = (v: unknown): string => mapPieces(urlQuote(v, ' '), (piece) => piece.replaceAll(' ', '+'));

const hexDigit = (code: number): number =>
  code >= 48 && code <= 57
    ? code - 48
    : code >= 65 && code <= 70
      ? code - 55
      : code >= 97 && code <= 102
        ? code - 87
        : -1;

/** The byte of the code at `i`; negative: none. */
function byteAt(text: string, i: number): number {
  if (text.charCodeAt(i) !== 37) return -1;
  const [high, low] = [hexDigit(text.charCodeAt(i + 1)), hexDigit(text.charCodeAt(i + 2))];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

export function urlUnquote(v: unknown): string {
  const text = str(v);
  const parts: string[] = [];
  let at = 0;
  for (let i = text.indexOf('%'); i !== -1; i = text.indexOf('%', i)) {
    const start = i;
    // Codes in a row are decoded together, for a character may be several of them.
    const bytes: number[] = [];
    for (let b = byteAt(text, i); b >= 0; b = byteAt(text, (i += 3))) {
      if ((bytes.length & 1023) === 0) chargeMemory(8 * 1024);
      if ((bytes.length & 1023) === 0) chargeSteps(64);
      bytes.push(b);
    }
    chargeSteps(1);
    if (bytes.length === 0) {
      i++;
      continue;
    }
    parts.push(text.slice(at, start), Buffer.from(bytes).toString('utf8'));
    chargeMemory(64 + bytes.length);
    at = i;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

/** `urllib.parse.urlencode` of a mapping or pairs. */
function urlencode(query: unknown, doseq: unknown): string {
  const pairs: [unknown, unknown][] = [];
  if (query instanceof Map) for (const pair of query) pairs.push(pair as [unknown, unknown]);
  else {
    const items = Array.isArray(query) ? (query as unknown[]) : undefined;
    if (items === undefined ? query !== '' : items.length > 0 && !(items[0] instanceof Tuple))
      throw new TypeError('not a valid non-string sequence or mapping object');
    for (const pair of items ?? []) {
      const both = listOf(pair);
      if (both.length < 2)
        throw new ValueError(`not enough values to unpack (expected 2, got ${both.length})`);
      if (both.length > 2) throw new ValueError('too many values to unpack (expected 2)');
      pairs.push([both[0], both[1]]);
    }
  }
  const out: string[] = [];
  for (const [key, value] of pairs) {
    chargeSteps(4);
    chargeMemory(64);
    const many = doseq !== undefined && doseq !== 0 && doseq !== false && Array.isArray(value);
    for (const one of many ? (value as unknown[]) : [value]) out.push(`${plusQuote(key)}=${plusQuote(one)}`);
  }
  return out.join('&');
}

/** Text of `'$%d' % v`; empty for what is no number. */
function dollars(format: string, v: unknown): string {
  try {
    return formatPercent(format, v) as string;
  } catch {
    return '';
  }
}

function thousandsCommas(v: unknown): string {
  const text = str(v);
  chargeMemory(text.length * 16);
  chargeSteps(text.length >>> 1);
  const [whole, ...rest] = text.split('.') as [string, ...string[]];
  const match = /^([^0-9]*)(\d+)([^]*)$/.exec(whole);
  if (match === null) return text;
  const grouped = groupThousands(match[2]!);
  return [`${match[1]}${grouped}${match[3]}`, ...rest].join('.');
}

/** `Object(a=1)`: a record that scripts may read and write. */
class ScriptRecord {
  readonly _values = new Dict<string, unknown>();

  _put(key: unknown, value: unknown): void {
    const name = str(key);
    if (name.startsWith('_'))
      throw new ValueError(`Object key '${name}' is invalid. Keys may not begin with an underscore.`);
    chargeMemory(64);
    this._values.set(name, value);
  }
}

/** What a record has of a dict, unless it has values of these names. */
const RECORD_METHODS: Readonly<Record<string, (values: Dict<string, unknown>) => unknown>> = {
  keys: (values) => new BuiltinFunction('keys', '', () => new KeysView(values)),
  values: (values) => new BuiltinFunction('values', '', () => new ValuesView(values)),
  items: (values) => new BuiltinFunction('items', '', () => new ItemsView(values)),
  get: (values) =>
    new BuiltinFunction(
      'get',
      'key, default=',
      (key, fallback) => values.get(key as string) ?? fallback ?? null,
    ),
  copy: (values) => new BuiltinFunction('copy', '', () => new Dict(values)),
};

function updateRecord(record: ScriptRecord, from: unknown): null {
  const source = from instanceof ScriptRecord ? from._values : from;
  if (!(source instanceof Map))
    throw new AttributeError(`'${typeName(from)}' object has no attribute 'keys'`);
  // Keys that are none are left out.
  for (const [key, value] of source)
    if (typeof key === 'string' && !key.startsWith('_')) record._put(key, value);
  return null;
}

const shownRecord = (values: Dict<string, unknown>, shown: (key: string, value: unknown) => string): string =>
  [...values.keys()]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((key) => shown(key, values.get(key)))
    .join(', ');

registerType(ScriptRecord, {
  pyName: '_Object',
  attributes: 'all',
  operators: {
    getattr: (o, name) => {
      if (o._values.has(name)) return o._values.get(name);
      if (Object.hasOwn(RECORD_METHODS, name)) return RECORD_METHODS[name]!(o._values);
      return name === 'update'
        ? new BuiltinFunction('update', 'd', (from) => updateRecord(o, from))
        : undefined;
    },
    setattr: (o, name, value) => {
      o._put(name, value);
    },
    delattr: (o, name) => {
      if (!o._values.delete(name)) throw new AttributeError(name);
    },
    getitem: (o, key) => {
      const value = o._values.get(key as string);
      if (value === undefined) throw new KeyError(key);
      return value;
    },
    setitem: (o, key, value) => {
      o._put(key, value);
    },
    delitem: () => {
      throw new AttributeError('__delitem__');
    },
    contains: (o, key) => o._values.has(key as string),
    iter: (o) => o._values.keys(),
    len: (o) => o._values.size,
    eq: (o, other) => other instanceof ScriptRecord && equals(o._values, other._values),
    str: (o) => shownRecord(o._values, (key, value) => `${key}: ${str(value)}`),
    repr: (o) => `{${shownRecord(o._values, (key, value) => `'${key}': ${repr(value)}`)}}`,
  },
});

const makeRecord = new HostCallable('Object', (args, kwargs) => {
  if (args.length > 0) throw new TypeError('Object() takes keyword arguments only');
  const record = new ScriptRecord();
  for (const [key, value] of kwargs ?? []) record._put(key, value);
  return record;
});

/** Bytes are UTF-8, and give bytes. */
const likeGiven =
  (quote: (v: unknown) => string) =>
  (v: unknown): unknown =>
    v instanceof Uint8Array ? new Uint8Array(Buffer.from(quote(Buffer.from(v).toString('utf8')))) : quote(v);

const formats: [string, unknown][] = [
  fn('whole_dollars', 'v, name=, md=', (v: unknown) => dollars('$%d', v)),
  fn('dollars_and_cents', 'v, name=, md=', (v: unknown) => dollars('$%.2f', v)),
  fn('thousands_commas', 'v, name=, md=', thousandsCommas),
  fn('html_quote', 'v, name=, md=', htmlQuote),
  fn('url_quote', 'v, name=, md=', likeGiven(urlQuote)),
  fn('url_quote_plus', 'v, name=, md=', likeGiven(plusQuote)),
  fn('url_unquote', 'v, name=, md=', likeGiven(urlUnquote)),
  fn(
    'url_unquote_plus',
    'v, name=, md=',
    likeGiven((v: unknown) => urlUnquote(mapPieces(str(v), (piece) => piece.replaceAll('+', ' ')))),
  ),
  fn('sql_quote', 'v, name=, md=', (given: unknown) => {
    const v = given instanceof Uint8Array ? Buffer.from(given).toString('utf8') : given;
    if (typeof v !== 'string') throw new AttributeError(`'${typeName(v)}' object has no attribute 'replace'`);
    // oxlint-disable-next-line no-control-regex
    return mapPieces(str(v), (piece) => piece.replace(/[\0\x1a\r]+/g, '').replaceAll("'", "''"));
  }),
  fn('newline_to_br', 'v, name=, md=', (v: unknown) =>
    mapPieces(str(v), (piece) => piece.replaceAll('\r', '').replaceAll('\n', '<br />\n')),
  ),
];
const byName = Object.fromEntries(formats);
const collectionLength = new BuiltinFunction('len_format', 'v, name=, md=', (v) => String(len(v)));
const specialFormats: readonly (readonly [string, unknown])[] = [
  ['whole-dollars', byName['whole_dollars']],
  ['dollars-and-cents', byName['dollars_and_cents']],
  ['collection-length', collectionLength],
  ['html-quote', byName['html_quote']],
  ['url-quote', byName['url_quote']],
  ['url-quote-plus', byName['url_quote_plus']],
  ['url-unquote', byName['url_unquote']],
  ['url-unquote-plus', byName['url_unquote_plus']],
  ['multi-line', byName['newline_to_br']],
  ['sql-quote', byName['sql_quote']],
  ['comma-numeric', byName['thousands_commas']],
  [
    'dollars-with-commas',
    new BuiltinFunction('dollars_with_commas', 'v, name=, md=', (v) => thousandsCommas(dollars('$%d', v))),
  ],
  [
    'dollars-and-cents-with-commas',
    new BuiltinFunction('dollars_and_cents_with_commas', 'v, name=, md=', (v) =>
      thousandsCommas(dollars('$%.2f', v)),
    ),
  ],
];

registerModule(
  'Products.PythonScripts.standard',
  {
    ...byName,
    urlencode: new BuiltinFunction('urlencode', 'query, doseq=', urlencode),
    Object: makeRecord,
    // Each reader gets his own: what one script puts into it is no other's.
    special_formats: new Getter(() => new Dict(specialFormats)),
  },
  // structured text, restructured text and DTML are added by the rooms that have them.
  {
    denied: [
      'getSecurityManager',
      'safe_builtins',
      'AttributeDict',
      'DTMLSecurityAPI',
      'module_security',
      'MyModuleSecurity',
      'security',
      'HTML',
      'restructured_text',
      'structured_text',
    ],
  },
);

registerModule(
  'AccessControl',
  {},
  {
    denied: [
      'Unauthorized',
      'ClassSecurityInfo',
      'ModuleSecurityInfo',
      'allow_module',
      'allow_class',
      'allow_type',
      'full_write_guard',
      'safe_builtins',
      'get_safe_globals',
      'secureModule',
      'ZopeGuards',
      'SecurityManagement',
      'setSecurityPolicy',
      'Permissions',
      'User',
      'Owned',
    ],
  },
);
