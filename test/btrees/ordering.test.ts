import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BTreeTypeError, compareKeys, OOBTree, OOSet } from '../../src/btrees/index.ts';
import {
  Complex,
  Decimal,
  Dict,
  float,
  Fraction,
  FrozenSet,
  PyDate,
  PyDatetime,
  Timedelta,
  Timezone,
  tuple,
  UUID,
} from '../../src/pickle/index.ts';
import { Persistent, registerClass } from '../../src/persistent/index.ts';

class Thing extends Persistent {}
registerClass(Thing, 'btrees.test.Thing');

describe('the order of keys', () => {
  it('is that of code points, for any two strings', () => {
    const codePoints = (text: string) => Array.from(text, (char) => char.codePointAt(0)!);
    const order = (a: number[], b: number[]): number => {
      for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
      return a.length - b.length;
    };
    const text = fc
      .array(fc.constantFrom('a', 'z', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}'))
      .map((chars) => chars.join(''));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(order(codePoints(a), codePoints(b))));
      }),
    );
  });

  it('puts None first', () => {
    const set = new OOSet<unknown>(['', 'a', null]);
    expect([...set]).toEqual([null, '', 'a']);
  });

  it('compares numbers of all kinds by value, exactly', () => {
    const ascending = [
      -1e300,
      -1,
      float(0),
      0.1,
      new Decimal('0.5'),
      new Fraction(2, 3),
      true,
      2,
      2 ** 53 - 1,
      2n ** 53n,
      float(2 ** 53 + 2),
      10n ** 30n,
    ];
    for (let i = 1; i < ascending.length; i++) {
      expect(compareKeys(ascending[i - 1], ascending[i])).toBe(-1);
      expect(compareKeys(ascending[i], ascending[i - 1])).toBe(1);
    }
    expect(compareKeys(1, float(1))).toBe(0);
    expect(compareKeys(new Decimal('0.5'), new Fraction(1, 2))).toBe(0);
  });

  it.each([
    ['tuples', [tuple(), tuple(1), tuple(1, 'a'), tuple(1, 'b'), tuple(2)]],
    ['bytes', [Uint8Array.of(), Uint8Array.of(1), Uint8Array.of(1, 0), Uint8Array.of(255)]],
    ['dates', [new PyDate(1, 1, 1), new PyDate(1999, 12, 31), new PyDate(2000, 1, 1)]],
    ['durations', [new Timedelta(-1), new Timedelta(0, 1), new Timedelta(1)]],
    [
      'moments',
      [
        new PyDatetime(2000, 1, 1, 0, 0, 0, 0, new Timezone(new Timedelta(0, 3600))),
        new PyDatetime(2000, 1, 1, 0, 0, 0, 0, Timezone.utc),
      ],
    ],
    [
      'UUIDs',
      [new UUID('00000000-0000-0000-0000-000000000001'), new UUID('f0000000-0000-0000-0000-000000000000')],
    ],
    ['sets, by what they contain', [new FrozenSet([1]), new FrozenSet([1, 2])]],
  ])('is Python’s for %s', (_name, ascending) => {
    for (let i = 1; i < ascending.length; i++) {
      expect(compareKeys(ascending[i - 1], ascending[i])).toBe(-1);
      expect(compareKeys(ascending[i], ascending[i - 1])).toBe(1);
      expect(compareKeys(ascending[i], ascending[i])).toBe(0);
    }
  });

  it('is refused between kinds', () => {
    expect(() => compareKeys('a', 1)).toThrow("'<' not supported between instances of 'str' and 'int'");
    expect(() =>
      compareKeys(new PyDatetime(2000, 1, 1), new PyDatetime(2000, 1, 1, 0, 0, 0, 0, Timezone.utc)),
    ).toThrow('offset-naive');
    const tree = new OOBTree<unknown, number>([['a', 1]]);
    expect(() => tree.set(1, 1)).toThrow(BTreeTypeError);
    expect(() => tree.get(1)).toThrow(BTreeTypeError);
    expect([...tree.keys()]).toEqual(['a']);
  });

  it('may be given by a class of the site', () => {
    class Version {
      readonly parts: number[];
      constructor(...parts: number[]) {
        this.parts = parts;
      }
      __lt__(other: Version): boolean {
        return this.parts.join() < other.parts.join();
      }
      __eq__(other: Version): boolean {
        return this.parts.join() === other.parts.join();
      }
    }
    const tree = new OOBTree<Version, string>([
      [new Version(2), 'two'],
      [new Version(1, 5), 'one and a half'],
    ]);
    expect([...tree.values()]).toEqual(['one and a half', 'two']);
    expect(tree.get(new Version(2))).toBe('two');
  });
});

describe('a key without an order', () => {
  it.each([
    ['a persistent object', new Thing()],
    ['an object of a class of the site', new (class Plain {})()],
    ['a class', Thing],
    ['a dict', new Dict()],
    ['a plain object', {}],
    ['a complex number', new Complex(0, 1)],
    ['undefined', undefined],
    ['a JavaScript date, which can be changed', new Date()],
  ])('is refused: %s', (_name, key) => {
    const tree = new OOBTree<unknown, number>();
    expect(() => tree.set(key, 1)).toThrow(BTreeTypeError);
    expect(tree.size).toBe(0);
  });
});

describe('keys that are not equal to themselves', () => {
  it('do not keep an iteration from ending', () => {
    const tree = new OOBTree<number, number>([
      [1, 1],
      [NaN, 2],
      [2, 3],
      [NaN, 4],
    ]);
    expect([...tree.keys()]).toHaveLength(tree.size);
  });
});
