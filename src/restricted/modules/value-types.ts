/** Python behaviour of the value classes of the database: their names, texts, order and arithmetic. */
import {
  Counter,
  Decimal,
  DefaultDict,
  Deque,
  Fraction,
  Instance,
  OrderedDict,
  PyDate,
  PyDatetime,
  PyTime,
  Timedelta,
  UUID,
} from '../../pickle/index.ts';
import { TypeError } from '../runtime/errors.ts';
import { repr } from '../runtime/repr.ts';
import { bindType, dictType, PyType, registerType } from '../runtime/types.ts';

for (const [name, cls] of [
  ['OrderedDict', OrderedDict],
  ['Counter', Counter],
  ['defaultdict', DefaultDict],
] as const)
  bindType(new PyType(name, [dictType]), cls);

const order = (a: number, b: number): boolean => a < b;

function naiveWith(a: PyDatetime, b: PyDatetime, verb: string): void {
  if ((a.tzinfo === null) !== (b.tzinfo === null))
    throw new TypeError(`can't ${verb} offset-naive and offset-aware datetimes`);
}

const args = (...parts: unknown[]): string => parts.map((part) => repr(part)).join(', ');

registerType(PyDate, {
  pyName: 'date',
  operators: {
    str: (d) => d.isoformat(),
    repr: (d) => `datetime.date(${args(d.year, d.month, d.day)})`,
    lt: (d, other) => (other instanceof PyDate ? d.isoformat() < other.isoformat() : undefined),
    bool: () => true,
  },
});
registerType(PyTime, {
  pyName: 'time',
  operators: {
    str: (t) => t.isoformat(),
    repr: (t) => `datetime.time(${args(t.hour, t.minute, t.second)})`,
    bool: () => true,
  },
});
registerType(PyDatetime, {
  pyName: 'datetime',
  operators: {
    str: (d) => d.isoformat(' '),
    repr: (d) =>
      `datetime.datetime(${args(d.year, d.month, d.day, d.hour, d.minute, ...(d.second === 0 && d.microsecond === 0 ? [] : [d.second]), ...(d.microsecond === 0 ? [] : [d.microsecond]))})`,
    lt: (d, other) => {
      if (!(other instanceof PyDatetime)) return undefined;
      naiveWith(d, other, 'compare');
      return d.microseconds() < other.microseconds();
    },
    sub: (d, other) => {
      if (!(other instanceof PyDatetime)) return undefined;
      naiveWith(d, other, 'subtract');
      return new Timedelta(0, 0, d.microseconds() - other.microseconds());
    },
    bool: () => true,
  },
});
registerType(Timedelta, {
  pyName: 'timedelta',
  operators: {
    str: (t) => t.toString(),
    repr: (t) => `datetime.timedelta(days=${t.days}, seconds=${t.seconds}, microseconds=${t.microseconds})`,
    lt: (t, other) =>
      other instanceof Timedelta ? order(t.totalMicroseconds(), other.totalMicroseconds()) : undefined,
    add: (t, other) =>
      other instanceof Timedelta
        ? new Timedelta(t.days + other.days, t.seconds + other.seconds, t.microseconds + other.microseconds)
        : undefined,
    sub: (t, other) =>
      other instanceof Timedelta
        ? new Timedelta(t.days - other.days, t.seconds - other.seconds, t.microseconds - other.microseconds)
        : undefined,
    bool: (t) => t.totalMicroseconds() !== 0,
  },
});
registerType(Decimal, {
  operators: {
    str: (d) => d.text,
    repr: (d) => `Decimal('${d.text}')`,
    lt: (d, other) => (other instanceof Decimal ? order(d.valueOf(), other.valueOf()) : undefined),
    float: (d) => d.valueOf(),
    int: (d) => BigInt(Math.trunc(d.valueOf())),
    bool: (d) => d.valueOf() !== 0,
  },
});
registerType(UUID, {
  operators: { str: (u) => u.toString(), repr: (u) => `UUID('${u.toString()}')`, bool: () => true },
});
registerType(Fraction, {
  operators: { str: (f) => f.toString(), repr: (f) => `Fraction(${f.toString().replace('/', ', ')})` },
});
registerType(Deque, {
  pyName: 'deque',
  operators: {
    len: (d) => d.length,
    iter: (d) => d.items.values(),
    repr: (d) => `deque(${repr(d.items)})`,
    contains: (d, item) => d.items.includes(item),
  },
});
registerType(Instance, { pyName: 'instance', operators: { bool: () => true } });
