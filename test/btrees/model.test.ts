/** Trees against a sorted array: random operations on nodes so small that they split and vanish all the time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  check,
  compareKeys,
  fsBTree,
  IFBTree,
  IIBTree,
  IITreeSet,
  IOBTree,
  LOBTree,
  LLBTree,
  OIBTree,
  OOBTree,
  OOTreeSet,
  QQBTree,
  UOBTree,
  type BTree,
  type TreeSet,
} from '../../src/btrees/index.ts';
import { float, int } from '../../src/pickle/index.ts';

type Keys = fc.Arbitrary<unknown>;

const texts: Keys = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.constantFrom('\uffee', '\u{1f600}', '\ud7ff', '', 'a\u{10000}', 'a\uffff', '\ud83d'),
);
const mixed: Keys = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -20, max: 20 }).map((n) => n + 0.5),
  fc.integer({ min: -5, max: 5 }).map((n) => float(n)),
  fc.bigInt({ min: 2n ** 60n, max: 2n ** 60n + 9n }),
  fc.constant(null),
);
const longs = (min: bigint, max: bigint): Keys =>
  fc.oneof(
    fc.integer({ min: 0, max: 60 }),
    fc.bigInt({ min, max }).map((n) => int(n)),
    fc.constantFrom(int(min), int(max)),
  );

const kinds: readonly [name: string, make: () => BTree, keys: Keys, value: (n: number) => unknown][] = [
  ['texts', () => new (small(OOBTree))(), texts, (n) => `v${n}`],
  ['numbers of all kinds, and None', () => new (small(OOBTree))(), mixed, (n) => n],
  ['texts with int values', () => new (small(OIBTree))() as BTree, texts, (n) => n],
  ['32-bit ints', () => new (small(IOBTree))() as BTree, fc.integer({ min: -40, max: 40 }), (n) => [n]],
  ['32-bit ints with float values', () => new (small(IFBTree))() as BTree, fc.integer(), (n) => float(n)],
  [
    'unsigned ints',
    () => new (small(UOBTree))() as BTree,
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    (n) => n,
  ],
  ['64-bit ints', () => new (small(LOBTree))() as BTree, longs(-(2n ** 63n), 2n ** 63n - 1n), (n) => n],
  ['unsigned 64-bit ints', () => new (small(QQBTree))() as BTree, longs(0n, 2n ** 64n - 1n), (n) => n],
  [
    'two bytes',
    () => new (small(fsBTree))() as unknown as BTree,
    fc.uint8Array({ minLength: 2, maxLength: 2 }),
    (n) => Uint8Array.of(1, 2, 3, 4, n % 256, n >> 8),
  ],
];

function small<T extends abstract new () => object>(cls: T): new () => InstanceType<T> {
  return class extends (cls as unknown as new () => object) {
    static max_leaf_size = 4;
    static max_internal_size = 3;
  } as unknown as new () => InstanceType<T>;
}

/** A sorted array with the meaning of a tree. */
class Model {
  items: [key: unknown, value: unknown][] = [];

  place(key: unknown): number {
    const index = this.items.findIndex(([other]) => order(other, key) >= 0);
    return index < 0 ? this.items.length : index;
  }

  has(key: unknown): boolean {
    const found = this.items[this.place(key)];
    return found !== undefined && order(found[0], key) === 0;
  }

  set(key: unknown, value: unknown): void {
    const place = this.place(key);
    if (this.has(key)) this.items[place]![1] = value;
    else this.items.splice(place, 0, [key, value]);
  }

  delete(key: unknown): boolean {
    if (!this.has(key)) return false;
    this.items.splice(this.place(key), 1);
    return true;
  }

  range(min: unknown, max: unknown, excludeMin: boolean, excludeMax: boolean): unknown[] {
    let keys = this.items.map(([key]) => key);
    if (min === null && excludeMin) keys = keys.slice(1);
    if (max === null && excludeMax) keys = keys.slice(0, -1);
    return keys.filter(
      (key) =>
        (min === null || order(key, min) > 0 || (!excludeMin && order(key, min) === 0)) &&
        (max === null || order(key, max) < 0 || (!excludeMax && order(key, max) === 0)),
    );
  }
}

const order = (a: unknown, b: unknown): number =>
  a instanceof Uint8Array ? Buffer.compare(a, b as Uint8Array) : compareKeys(a, b);

describe.each(kinds)('a tree of %s', (_name, make, keys, value) => {
  it('is a sorted array', () => {
    const operations = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'set', 'delete', 'insert'), keys), {
      maxLength: 150,
    });
    const bound = fc.option(keys);
    fc.assert(
      fc.property(
        operations,
        fc.array(fc.tuple(bound, bound, fc.boolean(), fc.boolean()), { maxLength: 5 }),
        (ops, ranges) => {
          const tree = make();
          const model = new Model();
          for (const [index, [name, key]] of ops.entries()) {
            if (name === 'delete') expect(tree.delete(key)).toBe(model.delete(key));
            else if (name === 'insert') {
              expect(tree.insert(key, value(index))).toBe(model.has(key) ? 0 : 1);
              if (!model.has(key)) model.set(key, value(index));
            } else {
              tree.set(key, value(index));
              model.set(key, value(index));
            }
          }
          check(tree);
          expect(tree.size).toBe(model.items.length);
          expect([...tree.items()].map((item) => [...item])).toEqual(model.items);
          for (const [, key] of ops) expect(tree.has(key)).toBe(model.has(key));
          for (const [min, max, excludeMin, excludeMax] of ranges) {
            const found = tree.keys(min, max, excludeMin, excludeMax);
            const expected = model.range(min, max, excludeMin, excludeMax);
            expect([...found]).toEqual(expected);
            expect(found.length).toBe(expected.length);
            expect(Array.from(found.slice(1, -1))).toEqual(expected.slice(1, -1));
            expect(found.at(-1)).toEqual(expected.at(-1));
          }
          if (model.items.length > 0) {
            expect(tree.minKey()).toEqual(model.items[0]![0]);
            expect(tree.maxKey()).toEqual(model.items.at(-1)![0]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('leaves of their usual size', () => {
  // Moving items takes several at a time, which small leaves have no room for.
  it.each([
    ['IOBTree', () => new IOBTree() as BTree, (n: number) => n - 700],
    ['IIBTree', () => new IIBTree() as unknown as BTree, (n: number) => n],
    [
      'UOBTree, with numbers that are no small ints',
      () => new UOBTree() as BTree,
      (n: number) => 2 ** 31 - 700 + n,
    ],
    ['LOBTree', () => new LOBTree() as BTree, (n: number) => n * 2 ** 20],
    [
      'LLBTree, with bigints',
      () => new LLBTree() as unknown as BTree,
      (n: number) => int(2n ** 53n - 700n + BigInt(n)),
    ],
    ['OOBTree', () => new OOBTree() as BTree, (n: number) => `k${String(n).padStart(5, '0')}`],
  ])('keep keys and values of %s together', (_name, make, key) => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: 1400 }, (_, n) => n)), (order) => {
        const tree = make();
        for (const n of order) tree.set(key(n), n);
        for (const n of order.slice(0, 20)) tree.set(key(n), n + 1);
        check(tree);
        const changed = new Set(order.slice(0, 20));
        const expected = [...order].sort((a, b) => a - b).map((n) => [key(n), changed.has(n) ? n + 1 : n]);
        expect([...tree.items()].map((item) => [...item])).toEqual(expected);
        const content = new Map(expected as [unknown, unknown][]);
        for (let n = 0; n < 1400; n += 7) expect(tree.get(key(n))).toBe(content.get(key(n)));
      }),
      { numRuns: 8 },
    );
  });

  it('keep the keys of a set in order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: 1400 }, (_, n) => n)), (order) => {
        const set = new IITreeSet();
        for (const n of order) expect(set.add(n)).toBe(1);
        check(set);
        expect([...set]).toEqual([...order].sort((a, b) => a - b));
      }),
      { numRuns: 8 },
    );
  });

  it('take no key once they are out of the tree', () => {
    const tree = new (small(IOBTree))() as BTree;
    for (let n = 0; n < 20; n++) tree.set(n, n);
    const last = [...Array(20).keys()].slice(-4);
    const leaf = tree._lastLeaf() as unknown as Map<number, number>;
    for (const n of last) tree.delete(n);
    leaf.set(30, 30);
    tree.set(31, 31);
    check(tree);
    expect(tree.get(31)).toBe(31);
    expect([...tree.keys()].at(-1)).toBe(31);
  });
});

describe.each([
  ['texts', () => new (small(OOTreeSet))() as TreeSet, texts],
  ['ints', () => new (small(IITreeSet))() as unknown as TreeSet, fc.integer({ min: 0, max: 60 })],
] as const)('a set of %s', (_name, make, keys) => {
  it('has the operations of sets', () => {
    const members = fc.array(keys as fc.Arbitrary<unknown>, { maxLength: 40 });
    fc.assert(
      fc.property(members, members, (left, right) => {
        const [a, b] = [make(), make()];
        a.update(left);
        b.update(right);
        check(a);
        const sorted = (set: Iterable<unknown>) => [...new Set(set)].sort(compareKeys);
        const [l, r] = [new Set(left), new Set(right)];
        const keysOf = (set: unknown) => [...(set as Iterable<unknown>)];
        expect(keysOf(a.union(b))).toEqual(sorted([...left, ...right]));
        expect(keysOf(a.intersection(b))).toEqual(sorted([...l].filter((key) => r.has(key))));
        expect(keysOf(a.difference(b))).toEqual(sorted([...l].filter((key) => !r.has(key))));
        const either = sorted([...l, ...r]).filter((key) => l.has(key) !== r.has(key));
        expect(keysOf(a.symmetricDifference(b))).toEqual(either);
        expect(a.isdisjoint(b)).toBe([...l].every((key) => !r.has(key)));
        // The operands may be any iterables, and stay what they are.
        expect(keysOf(a.union([...new Set(right)]))).toEqual(keysOf(a.union(b)));
        expect(keysOf(a)).toEqual(sorted(left));
        expect(keysOf(a.intersectionUpdate(b))).toEqual(sorted([...l].filter((key) => r.has(key))));
      }),
      { numRuns: 100 },
    );
  });
});

describe('changing a tree while walking along it', () => {
  it('leaves out what is deleted before its turn, and repeats or skips nothing else', () => {
    const key = fc.integer({ min: 0, max: 80 });
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { minLength: 1, maxLength: 60 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 59 }), fc.boolean(), key), { maxLength: 30 }),
        fc.option(key),
        (start, changes, max) => {
          const tree = new (small(IIBTree))() as IIBTree;
          for (const each of start) tree.set(each, 0);
          const present = new Set(start);
          const seen: number[] = [];
          let step = 0;
          for (const each of tree.keys(null, max)) {
            expect(present.has(each)).toBe(true);
            if (seen.length > 0) expect(each).toBeGreaterThan(seen.at(-1)!);
            if (max !== null) expect(each).toBeLessThanOrEqual(max);
            seen.push(each);
            for (const [at, remove, what] of changes) {
              if (at !== step) continue;
              if (remove) {
                tree.delete(what);
                present.delete(what);
              } else {
                tree.set(what, 1);
                present.add(what);
              }
            }
            step++;
          }
          check(tree);
          // What was there all the time was seen.
          const touched = new Set(changes.map(([, , what]) => what));
          for (const each of start)
            if (!touched.has(each) && (max === null || each <= max)) expect(seen).toContain(each);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('sums of values', () => {
  it('wrap as 64-bit ints do', () => {
    const tree = new LLBTree([[1, 2n ** 63n - 1n]]);
    expect(tree.get(1)).toBe(2n ** 63n - 1n);
  });
});
