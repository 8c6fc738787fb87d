/** The notation of values in the suite `pickle` (and in ZODB records): writing it. */
import {
  ByteArray,
  Complex,
  Counter,
  Decimal,
  DefaultDict,
  Deque,
  Ellipsis,
  Fraction,
  FrozenSet,
  GlobalRef,
  Instance,
  isFloat,
  NotImplemented,
  OrderedDict,
  PersistentRef,
  PyDate,
  PyDatetime,
  PyFloat,
  PyTime,
  Range,
  Reduce,
  Slice,
  Timedelta,
  Timezone,
  Tuple,
  UUID,
} from '../../../../src/pickle/index.ts';

type Json = unknown;

/** `repr()` of a Python float. */
function floatText(number: number): string {
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  if (Object.is(number, -0)) return '-0.0';
  if (Math.abs(number) < 1e16) return number.toFixed(1);
  return number.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}

/** Values are shown by place: what is met twice has a number. */
export class Tagger {
  readonly #count = new Map<object, number>();
  readonly #numbers = new Map<object, number>();

  run(value: unknown): Json {
    this.#scan(value);
    return this.#tag(value);
  }

  /** Whether a second place of the value refers to the first one. */
  #tracked(value: unknown): value is object {
    if (value === null || typeof value !== 'object') return false;
    if (value instanceof Tuple) return value.length > 0;
    if (value instanceof FrozenSet) return value.size > 0;
    return (
      Array.isArray(value) ||
      value instanceof Map ||
      value instanceof Set ||
      value instanceof ByteArray ||
      value instanceof Deque ||
      value instanceof PersistentRef ||
      value instanceof Instance ||
      value instanceof Reduce
    );
  }

  #scan(value: unknown): void {
    if (!this.#tracked(value)) return;
    const count = this.#count.get(value) ?? 0;
    this.#count.set(value, count + 1);
    if (count > 0) return;
    for (const child of childrenOf(value)) this.#scan(child);
  }

  #tag(value: unknown): Json {
    if (!this.#tracked(value) || (this.#count.get(value) ?? 0) < 2) return this.#shown(value);
    const known = this.#numbers.get(value);
    if (known !== undefined) return { $same: known };
    const number = this.#numbers.size + 1;
    this.#numbers.set(value, number);
    return { $obj: number, v: this.#shown(value) };
  }

  #each(items: Iterable<unknown>): Json[] {
    return Array.from(items, (item) => this.#tag(item));
  }

  #pairs(map: Iterable<readonly [unknown, unknown]>): Json[] {
    return Array.from(map, ([key, item]) => [this.#tag(key), this.#tag(item)]);
  }

  #shown(value: unknown): Json {
    if (value === undefined) throw new Error('undefined is no value of Python');
    if (typeof value === 'bigint')
      return value === 2n ** 53n || value === -(2n ** 53n) ? Number(value) : { $int: String(value) };
    if (isFloat(value)) {
      const number = value instanceof PyFloat ? value.value : (value as number);
      const special = value instanceof PyFloat || !Number.isFinite(number);
      return special ? { $float: floatText(number) } : number;
    }
    if (value === null || typeof value !== 'object') return value;
    if (value instanceof Uint8Array) {
      const text = Buffer.from(value).toString('base64');
      return value instanceof ByteArray ? { $bytearray: text } : { $bytes: text };
    }
    if (value instanceof Tuple) return { $tuple: this.#each(value) };
    if (Array.isArray(value)) return this.#each(value);
    if (value instanceof FrozenSet) return { $frozenset: this.#each(value) };
    if (value instanceof Set) return { $set: this.#each(value) };
    if (value instanceof OrderedDict) return { $ordereddict: this.#pairs(value) };
    if (value instanceof Counter) return { $counter: this.#pairs(value) };
    if (value instanceof DefaultDict) return { $defaultdict: [this.#tag(value.factory), this.#pairs(value)] };
    if (value instanceof Map) return this.#dict(value);
    if (value instanceof Deque) return { $deque: this.#each(value), maxlen: value.maxLength };
    if (value instanceof Complex)
      return { $complex: [value.real, value.imag].map((part) => this.#tag(floatPart(part))) };
    if (value instanceof Range) return { $range: this.#each([value.start, value.stop, value.step]) };
    if (value instanceof Slice) return { $slice: this.#each([value.start, value.stop, value.step]) };
    if (value === Ellipsis) return { $ellipsis: true };
    if (value === NotImplemented) return { $notimplemented: true };
    if (value instanceof GlobalRef) return { $global: value.toString() };
    if (value instanceof PersistentRef) return { $persid: this.#tag(value.pid) };
    if (value instanceof Instance) return { $instance: this.#instance(value) };
    if (value instanceof Reduce) return { $reduce: this.#reduce(value) };
    return this.#number(value) ?? this.#time(value);
  }

  #number(value: object): Json {
    if (value instanceof Decimal) return { $decimal: value.text };
    if (value instanceof Fraction)
      return { $fraction: [this.#tag(value.numerator), this.#tag(value.denominator)] };
    if (value instanceof UUID)
      return { $uuid: value.toString(), ...(value.isSafe === undefined ? {} : { is_safe: value.isSafe }) };
    return undefined;
  }

  #time(value: object): Json {
    if (value instanceof PyDate) return { $date: value.isoformat() };
    if (value instanceof Timedelta) return { $timedelta: [value.days, value.seconds, value.microseconds] };
    if (value instanceof Timezone) {
      const { days, seconds, microseconds } = value.offset;
      return {
        $timezone: [days, seconds, microseconds],
        ...(value.name === undefined ? {} : { name: value.name }),
      };
    }
    if (!(value instanceof PyDatetime || value instanceof PyTime)) {
      if (Object.getPrototypeOf(value) === Object.prototype)
        return { $instance: { class: 'builtins.object', new_args: [] } };
      throw new Error(`no notation for a ${value.constructor.name}`);
    }
    const more = {
      ...(value.tzinfo === null ? {} : { tz: this.#tag(value.tzinfo) }),
      ...(value.fold === 0 ? {} : { fold: 1 }),
    };
    if (value instanceof PyTime) return { $time: value.clock(), ...more };
    const naive = new PyDatetime(
      value.year,
      value.month,
      value.day,
      value.hour,
      value.minute,
      value.second,
      value.microsecond,
    );
    return { $datetime: naive.isoformat(), ...more };
  }

  #dict(map: Map<unknown, unknown>): Json {
    const entries = [...map];
    const safe = entries.every(
      ([key]) =>
        typeof key === 'string' &&
        !key.startsWith('$') &&
        key !== '__proto__' &&
        !/^(?:0|[1-9]\d*)$/.test(key),
    );
    if (!safe) return { $dict: this.#pairs(entries) };
    return Object.fromEntries(entries.map(([key, item]) => [key, this.#tag(item)]));
  }

  #instance(value: Instance): Json {
    const { base } = value;
    const kwargs =
      value.kwargs === undefined
        ? {}
        : {
            new_kwargs: Object.fromEntries(
              [...value.kwargs].map(([key, item]) => [key as string, this.#tag(item)]),
            ),
          };
    return {
      class: String(value.cls),
      new_args: this.#each(value.args),
      ...(base === undefined ? {} : { base: String(base), base_value: this.#tag(value.baseValue) }),
      ...kwargs,
      ...this.#contents(value),
    };
  }

  #reduce(value: Reduce): Json {
    return {
      callable: String(value.callable),
      args: this.#each(value.args),
      ...this.#contents(value),
    };
  }

  #contents({ state, items, dictItems }: Instance | Reduce): Record<string, Json> {
    return {
      ...(state === undefined ? {} : { state: this.#tag(state) }),
      ...(items === undefined ? {} : { items: this.#each(items) }),
      ...(dictItems === undefined ? {} : { dictitems: this.#pairs(paired(dictItems)) }),
    };
  }
}

const floatPart = (part: number): unknown => (Number.isInteger(part) ? new PyFloat(part) : part);

function paired(flat: readonly unknown[]): [unknown, unknown][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}

function* childrenOf(value: object): Generator<unknown> {
  if (value instanceof Instance || value instanceof Reduce) {
    yield* value.args;
    if (value instanceof Instance && value.kwargs !== undefined) yield* value.kwargs.values();
    if (value.state !== undefined) yield value.state;
    if (value.items !== undefined) yield* value.items;
    if (value.dictItems !== undefined) yield* value.dictItems;
  } else if (value instanceof PersistentRef) yield value.pid;
  else if (value instanceof Map) yield* [...value].flat();
  else if (!(value instanceof ByteArray)) yield* value as Iterable<unknown>;
}

/**
 * Brings the notation into a form in which equal values are equal JSON: dicts as lists of pairs in their order, members of
 * sets sorted.
 */
export function normalized(json: Json): Json {
  if (Array.isArray(json)) return json.map(normalized);
  if (json === null || typeof json !== 'object') return json;
  const record = json as Record<string, Json>;
  const isTag = Object.keys(record).some((key) => key.startsWith('$'));
  if (!isTag) return { '': Object.entries(record).map(([key, item]) => [key, normalized(item)]) };
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, normalizedTag(key, record[key])]),
  );
}

function normalizedTag(tag: string, content: Json): Json {
  if (tag === '$set' || tag === '$frozenset')
    return (content as Json[])
      .map((item) => JSON.stringify(normalized(item)))
      .sort()
      .map((text) => JSON.parse(text) as Json);
  if (tag !== '$instance' && tag !== '$reduce') return normalized(content);
  const parts = content as Record<string, Json>;
  return Object.fromEntries(
    Object.keys(parts)
      .sort()
      .map((key) => [key, normalized(parts[key])]),
  );
}
