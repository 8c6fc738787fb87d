/** The notation of values in the suites `pyexpr`, `pyscript`, `zpt` and `dtml`: reading and writing. */
import { Message } from '../../../../src/templates/index.ts';
import {
  Complex,
  DateTime,
  Dict,
  float,
  FrozenSet,
  int,
  isFloat,
  PyDatetime,
  PyFloat,
  PySet,
  Timedelta,
  Timezone,
  Tuple,
  tupleFrom,
} from '../../../../src/pickle/index.ts';
import {
  declareClass,
  exceptionTypes,
  HostError,
  PyError,
  registerType,
  repr,
  str,
  typeName,
  call,
  GuardedIterator,
} from '../../../../src/restricted/index.ts';
import { canonical } from '../../suite.ts';

/** What a suite adds: objects of the site. */
export interface ValueContext {
  /** The object at a path (`{"$ref": "/a/b"}`). */
  resolve?(path: string): unknown;
  /** The path of an object of the site; undefined: it is none. */
  pathOf?(value: unknown): string | undefined;
}

type Json = unknown;
type JsonObject = Record<string, Json>;

/** An object with public attributes and no security declarations to stop reading. */
export class Record_ {
  readonly values: Record<string, unknown>;
  readonly text: string | undefined;

  constructor(values: Record<string, unknown>, text: string | undefined) {
    this.values = values;
    this.text = text;
  }
}
declareClass(Record_, { object: 'public', default: 'allow' });
registerType(Record_, {
  pyName: 'Record',
  attributes: 'all',
  operators: {
    getattr: (self, name) => (Object.hasOwn(self.values, name) ? self.values[name] : undefined),
    str: (self) => self.text ?? '<record>',
    repr: (self) => self.text ?? '<record>',
  },
});

/** An object with markup of its own. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  __html__(): string {
    return this.markup;
  }
}
registerType(Html, {
  pyName: 'HtmlThing',
  attributes: 'all',
  operators: { str: () => 'text of html thing', repr: () => 'text of html thing' },
});

function floatOf(text: string): number | PyFloat {
  return float(text === 'inf' ? Infinity : text === '-inf' ? -Infinity : text === 'nan' ? NaN : Number(text));
}

function datetimeOf(text: string): PyDatetime {
  const match =
    /^(\d+)-(\d+)-(\d+)(?:T(\d+):(\d+)(?::(\d+)(?:\.(\d+))?)?(Z|[-+]\d\d:\d\d(?::\d\d)?)?)?$/.exec(text);
  if (match === null) throw new Error(`not a datetime: ${text}`);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const micro = Number((match[7] ?? '0').padEnd(6, '0'));
  let zone = null;
  if (match[8] !== undefined) {
    const [h, m] = match[8] === 'Z' ? [0, 0] : match[8].slice(1).split(':').map(Number);
    const seconds = (h! * 60 + m!) * 60;
    zone = new Timezone(new Timedelta(0, match[8].startsWith('-') ? -seconds : seconds));
  }
  return new PyDatetime(year!, month!, day!, hour!, minute!, second!, micro, zone);
}

const TAGS: Record<string, (value: Json, context: ValueContext, whole: JsonObject) => unknown> = {
  $int: (v) => int(BigInt(v as string)),
  $float: (v) => floatOf(v as string),
  $tuple: (v, c) => tupleFrom((v as Json[]).map((item) => fromTagged(item, c))),
  $set: (v, c) => new PySet((v as Json[]).map((item) => fromTagged(item, c))),
  $frozenset: (v, c) => new FrozenSet((v as Json[]).map((item) => fromTagged(item, c))),
  $dict: (v, c) =>
    new Dict((v as [Json, Json][]).map(([key, item]) => [fromTagged(key, c), fromTagged(item, c)])),
  $bytes: (v) => new Uint8Array(Buffer.from(v as string, 'base64')),
  $date: (v) => new DateTime(v),
  $datetime: (v) => datetimeOf(v as string),
  $record: (v, c, whole) =>
    new Record_(
      Object.fromEntries(Object.entries(v as JsonObject).map(([key, item]) => [key, fromTagged(item, c)])),
      whole['str'] as string | undefined,
    ),
  $callable: (v, c) => {
    const result = fromTagged(v, c);
    return () => result;
  },
  $raises: (v) => {
    const [name, text] = v as [string, string];
    return () => {
      const type = exceptionTypes.get(name);
      if (type === undefined) throw new Error(`no exception ${name}`);
      throw call(type, [text]);
    };
  },
  $html: (v) => new Html(v as string),
  $message: (v, c) => {
    const { id, domain, default: text, mapping } = v as JsonObject;
    return new Message(id as string, {
      domain: (domain as string) ?? null,
      default: (text as string) ?? null,
      mapping: mapping === undefined || mapping === null ? null : (fromTagged(mapping, c) as Dict),
    });
  },
  $ref: (v, c) => {
    if (c.resolve === undefined) throw new Error(`no site: ${String(v)}`);
    return c.resolve(v as string);
  },
};

/** The value that JSON of the notation stands for. */
export function fromTagged(json: Json, context: ValueContext = {}): unknown {
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map((item) => fromTagged(item, context));
  const whole = json as JsonObject;
  const tag = Object.keys(whole).find((key) => key.startsWith('$') && Object.hasOwn(TAGS, key));
  if (tag !== undefined) return TAGS[tag]!(whole[tag], context, whole);
  return new Dict(Object.entries(whole).map(([key, item]) => [key, fromTagged(item, context)]));
}

const byText = (items: Json[]): Json[] =>
  items
    .map((item) => [canonical(item), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, item]) => item);

/** The notation of a value. */
export function toTagged(value: unknown, context: ValueContext = {}): Json {
  const each = (items: Iterable<unknown>): Json[] => Array.from(items, (item) => toTagged(item, context));
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return isFloat(value) ? { $float: repr(value) } : value;
    case 'bigint':
      return { $int: String(value) };
    case 'function':
      return { $type: 'function' };
    case 'undefined':
      return { $type: 'undefined' };
    default:
  }
  if (value === null) return null;
  const path = context.pathOf?.(value);
  if (path !== undefined) return { $ref: path };
  if (value instanceof PyFloat) return { $float: repr(value) };
  if (value instanceof Tuple) return { $tuple: each(value) };
  if (Array.isArray(value)) return each(value);
  if (value instanceof FrozenSet) return { $frozenset: byText(each(value)) };
  if (value instanceof Set) return { $set: byText(each(value)) };
  if (value instanceof Map) return dictTagged(value, context);
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof DateTime) return { $date: str(value) };
  if (value instanceof PyDatetime) return { $datetime: value.isoformat() };
  if (value instanceof Complex) return { $complex: repr(value) };
  if (value instanceof GuardedIterator) return { $type: 'SafeIter' };
  const name = typeName(value);
  return { $type: /^(?:builtin_function_or_method|method)$/.test(name) ? 'function' : name };
}

function dictTagged(value: Map<unknown, unknown>, context: ValueContext): Json {
  const entries = [...value];
  if (entries.every(([key]) => typeof key === 'string' && !key.startsWith('$') && !/^-?\d+$/.test(key)))
    return Object.fromEntries(entries.map(([key, item]) => [key, toTagged(item, context)]));
  return { $dict: entries.map(([key, item]) => [toTagged(key, context), toTagged(item, context)]) };
}

/** The name and message of an error as a case expects it. */
export function errorOf(error: unknown): { type: string; message: string } {
  if (error instanceof HostError)
    return { type: (error.cause as Error | undefined)?.name ?? 'Exception', message: error.message };
  if (error instanceof PyError) return { type: error.name, message: error.message };
  if (error instanceof Error) return { type: error.name, message: error.message };
  return { type: typeof error, message: String(error) };
}
