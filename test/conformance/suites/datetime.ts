import { PyDatetime } from '../../../src/pickle/values/datetime.ts';
import { Timedelta } from '../../../src/pickle/values/timedelta.ts';
import { Timezone } from '../../../src/pickle/values/timezone.ts';
import { DateTime } from '../../../src/pickle/datetime/index.ts';
import { float, PyFloat, Tuple, tupleFrom } from '../../../src/pickle/index.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';

/** A value of the suite's notation. */
function fromTagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromTagged);
  if (value === null || typeof value !== 'object') return value;
  const tagged = value as Record<string, unknown>;
  if ('$float' in tagged) return float(Number(String(tagged.$float).replace('inf', 'Infinity')));
  if ('$int' in tagged) return BigInt(String(tagged.$int));
  if ('$date' in tagged) return new DateTime(tagged.$date);
  if ('$bytes' in tagged) return new Uint8Array(Buffer.from(String(tagged.$bytes), 'base64'));
  if ('$tuple' in tagged) return tupleFrom((tagged.$tuple as unknown[]).map(fromTagged));
  if ('$datetime' in tagged) return datetimeOf(String(tagged.$datetime));
  if ('$dict' in tagged)
    return new Map(
      (tagged.$dict as [unknown, unknown][]).map(([key, item]) => [fromTagged(key), fromTagged(item)]),
    );
  return new Map(Object.entries(tagged).map(([key, item]) => [key, fromTagged(item)]));
}

function datetimeOf(text: string): PyDatetime {
  const match = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?(?:([+-])(\d\d):(\d\d))?$/.exec(text)!;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const seconds =
    match[8] === undefined
      ? null
      : Number(`${match[8]}1`) * (Number(match[9]) * 3600 + Number(match[10]) * 60);
  const zone = seconds === null ? null : new Timezone(new Timedelta(0, seconds));
  return new PyDatetime(
    year,
    month,
    day,
    hour,
    minute,
    second,
    Number((match[7] ?? '0').padEnd(6, '0')),
    zone,
  );
}

function pyFloatText(n: number): string {
  if (Number.isInteger(n)) return Math.abs(n) < 1e16 ? n.toFixed(1) : String(n);
  // Python changes to an exponent at 1e-4, JavaScript at 1e-6.
  return Math.abs(n) < 1e-4 ? n.toExponential().replace(/e-(\d)$/, 'e-0$1') : String(n);
}

function toTagged(value: unknown): unknown {
  if (value instanceof DateTime) return { $date: value.toString() };
  if (value instanceof PyFloat) return { $float: pyFloatText(value.value) };
  if (typeof value === 'number') return Number.isInteger(value) ? value : { $float: pyFloatText(value) };
  if (typeof value === 'bigint') return { $int: String(value) };
  if (value instanceof Tuple) return { $tuple: [...value].map(toTagged) };
  if (value instanceof PyDatetime) return { $datetime: value.isoformat() };
  return value;
}

const operators: Record<string, (date: DateTime, argument: unknown) => unknown> = {
  '+': (date, argument) => date.__add__(argument),
  'r+': (date, argument) => date.__add__(argument),
  '-': (date, argument) => date.__sub__(argument),
  '<': (date, argument) => date.lessThan(argument),
  '<=': (date, argument) => date.lessThanEqualTo(argument),
  '>': (date, argument) => date.greaterThan(argument),
  '>=': (date, argument) => date.greaterThanEqualTo(argument),
  '==': (date, argument) => date.__eq__(argument),
  '!=': (date, argument) => !date.__eq__(argument),
  str: (date) => date.__str__(),
  repr: (date) => date.__repr__(),
  int: (date) => date.__int__(),
  float: (date) => date.__float__(),
  bool: () => true,
  format: (date, argument) => date.__format__(String(argument)),
  'hash==': (date, argument) => date.__hash__() === (argument as DateTime).__hash__(),
  state: (date) => date.__getstate__(),
  new: (date) => new DateTime(date),
};

function call(date: DateTime, name: string, args: unknown[]): unknown {
  const operator = operators[name];
  if (operator !== undefined) return operator(date, args[0]);
  if (name === 'r-') {
    const message = `unsupported operand type(s) for -: '${typeof args[0] === 'number' ? 'int' : typeof args[0]}' and 'DateTime'`;
    throw Object.assign(new Error(message), { pyName: 'TypeError' });
  }
  // Days since 1901, an attribute that Python code can see; here it is internal.
  if (name === '_d') return daysOf(date);
  const method = (date as unknown as Record<string, unknown>)[name] ?? date.__getattr__(name);
  if (typeof method !== 'function') throw Object.assign(new Error(name), { pyName: 'AttributeError' });
  return method.apply(date, args);
}

const daysOf = (date: DateTime) => float(Math.floor((Number(date.micros()) / 1e6 + 2_177_452_800) / 86_400));

/** Runs one entry of `calls`; parts joined by `|` follow each other. */
function runCall(date: DateTime, entry: unknown[]): unknown {
  let value: unknown = date;
  let at = 0;
  while (at < entry.length) {
    const next = entry.indexOf('|', at);
    const part = entry.slice(at, next < 0 ? undefined : next);
    value = call(value as DateTime, String(part[0]), part.slice(1).map(fromTagged));
    at = next < 0 ? entry.length : next + 1;
  }
  return value;
}

function checkError(error: unknown, expected: { type: string; message_contains: string }): unknown {
  const { pyName, name, message } = error as { pyName?: string; name: string; message: string };
  const type = pyName ?? name;
  const fits = type === expected.type && message.includes(expected.message_contains);
  return { $error: fits ? expected : { type, message_contains: message } };
}

const suite: Suite = {
  run({ input, expect }: Case) {
    const zone = process.env.TZ;
    process.env.TZ = input.local_zone ?? 'UTC';
    try {
      let date: DateTime;
      try {
        const args = ((input.new ?? []) as unknown[]).map(fromTagged);
        if ('state' in input) date = DateTime.fromState(fromTagged(input.state));
        else
          date = input.kw?.datefmt
            ? DateTime.withFormat(input.kw.datefmt === 'us' ? 'us' : 'international', ...args)
            : new DateTime(...args);
      } catch (error) {
        if (expect.error === undefined) throw error;
        expectSame('the error of the constructor', checkError(error, expect.error), { $error: expect.error });
        return;
      }
      if (expect.error !== undefined)
        throw new Mismatch('the constructor raised nothing', expect.error, date.toString());
      const output = (input.calls as unknown[][]).map((entry, index) => {
        try {
          return toTagged(runCall(date, entry));
        } catch (error) {
          const wanted = expect.output[index]?.$error;
          if (wanted === undefined) throw error;
          return checkError(error, wanted);
        }
      });
      expectSame('the results', output, expect.output);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  },
};

export default suite;
