/** Laws of the reader and the writer on any values, also with shared and circular parts. PICKLE_RUNS sets how many. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ByteArray,
  Complex,
  Counter,
  Decimal,
  Deque,
  Dict,
  float,
  Fraction,
  FrozenSet,
  GlobalRef,
  Instance,
  int,
  OrderedDict,
  Pickler,
  PyDate,
  PyDatetime,
  PySet,
  Range,
  Timedelta,
  Timezone,
  tuple,
  tupleFrom,
  Unpickler,
  UUID,
} from '../../src/pickle/index.ts';
import { Tagger } from '../conformance/suites/lib/pickle-values.ts';

const numRuns = Number(process.env.PICKLE_RUNS ?? 200);

const integers = fc
  .oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.bigInt({ min: -(2n ** 2100n), max: 2n ** 2100n }),
  )
  .map((n) => int(n));
const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary', minLength: 250, maxLength: 260 }),
);
const blobs = fc.uint8Array({ maxLength: 300 });
const zones = fc
  .integer({ min: -1439, max: 1439 })
  .map((minutes) => new Timezone(new Timedelta(0, minutes * 60, 0)));
const moments = fc
  .tuple(
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.option(zones),
  )
  .map(
    ([date, zone]) =>
      new PyDatetime(
        date.getUTCFullYear(),
        date.getUTCMonth() + 1,
        date.getUTCDate(),
        date.getUTCHours(),
        date.getUTCMinutes(),
        date.getUTCSeconds(),
        date.getUTCMilliseconds() * 1000,
        zone,
      ),
  );
const scalars = fc.oneof(
  fc.constantFrom(null, true, false),
  integers,
  fc.double().map((n) => float(n)),
  texts,
  blobs,
  blobs.map((bytes) => new ByteArray(bytes)),
  moments,
  moments.map(({ year, month, day }) => new PyDate(year, month, day)),
  fc
    .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.nat(86_399), fc.nat(999_999))
    .map((parts) => new Timedelta(...parts)),
  fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true })).map((parts) => new Complex(...parts)),
  fc
    .tuple(fc.bigInt(), fc.integer({ min: -40, max: 40 }))
    .map(([n, exponent]) => new Decimal(`${n}E${exponent}`)),
  fc.tuple(integers, fc.integer({ min: 1 })).map(([n, d]) => new Fraction(n, d)),
  fc.uuid().map((text) => new UUID(text)),
  fc.tuple(integers, integers, fc.integer({ min: 1 })).map((parts) => new Range(...parts)),
  fc.constantFrom('Folder', 'Outer.Inner').map((name) => GlobalRef.of('app.content', name)),
);
const keys = fc.oneof(
  texts,
  integers,
  fc.boolean(),
  fc.tuple(texts, integers).map((items) => tuple(...items)),
);

const { values } = fc.letrec<{ values: unknown }>((tie) => {
  const items = fc.array(tie('values'), { maxLength: 6 });
  const pairs = fc.array(fc.tuple(keys, tie('values')), { maxLength: 6 });
  return {
    values: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      scalars,
      items,
      items.map((list) => tupleFrom(list)),
      items.map((list) => new Deque(list)),
      pairs.map((entries) => new Dict<unknown, unknown>(entries)),
      pairs.map((entries) => new OrderedDict<unknown, unknown>(entries)),
      fc.array(keys, { maxLength: 6 }).map((members) => new PySet(members)),
      fc.array(keys, { maxLength: 6 }).map((members) => new FrozenSet(members)),
      fc.array(fc.tuple(keys, fc.nat()), { maxLength: 4 }).map((entries) => new Counter<unknown>(entries)),
      fc.tuple(items, tie('values')).map(([args, state]) => {
        const instance = new Instance(GlobalRef.of('app.content', 'Thing'), tupleFrom(args));
        instance.state = state;
        return instance;
      }),
      // Shared, and in a circle.
      fc.tuple(tie('values'), items).map(([value, list]) => {
        const circle: unknown[] = [value, ...list, value];
        circle.push(circle, tuple(circle, value));
        return circle;
      }),
    ),
  };
});

function dump(value: unknown): Uint8Array {
  const pickler = new Pickler();
  pickler.dump(value);
  return pickler.finish();
}
const load = (bytes: Uint8Array): unknown => new Unpickler(bytes).load();
const shown = (value: unknown): string => JSON.stringify(new Tagger().run(value));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('what is written is read back, with what is shared in it', () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(shown(load(dump(value)))).toBe(shown(value));
    }),
    { numRuns },
  );
});

test('what was read is written in the same bytes', () => {
  fc.assert(
    fc.property(values, (value) => {
      // Texts of the same letters become one when they are written first.
      const once = dump(load(dump(value)));
      expect(hex(dump(load(once)))).toBe(hex(once));
    }),
    { numRuns },
  );
});

test('both readers read the same, and end where the pickle ends', () => {
  fc.assert(
    fc.property(values, blobs, (value, rest) => {
      const pickle = dump(value);
      const data = Buffer.concat([pickle, rest]);
      for (const dialect of ['standard', 'zodb'] as const) {
        const reader = new Unpickler(data, { dialect });
        expect(shown(reader.load())).toBe(shown(value));
        expect(reader.position).toBe(pickle.length);
      }
    }),
    { numRuns: Math.ceil(numRuns / 5) },
  );
});
