import { describe, expect, it } from 'vitest';
import {
  btreeModules,
  BTreeDamagedError,
  BTreeIndexError,
  BTreeKeyError,
  BTreeTypeError,
  BTreeValueError,
  check,
  display,
  family32,
  family64,
  fs,
  fsBucket,
  IF,
  IFBTree,
  II,
  IIBTree,
  IISet,
  IITreeSet,
  IOBTree,
  Length,
  LL,
  LLBTree,
  OO,
  OOBTree,
  OOBucket,
  OOTreeSet,
  QQBTree,
  UU,
  UUBTree,
} from '../../src/btrees/index.ts';
import { classNameOf, findClass } from '../../src/persistent/index.ts';
import { float, PyFloat } from '../../src/pickle/index.ts';

describe('a family', () => {
  it('has its classes under the names that Python stores', () => {
    expect(btreeModules.size).toBe(22);
    for (const [name, module] of btreeModules) {
      const prefix = name.slice('BTrees.'.length, -'BTree'.length);
      for (const kind of ['BTree', 'Bucket', 'Set', 'TreeSet'] as const) {
        expect(classNameOf(module[kind])).toEqual([name, `${prefix}${kind}`]);
        expect(findClass(name, `${prefix}${kind}`)).toBe(module[kind]);
      }
    }
    expect(classNameOf(Length)).toEqual(['BTrees.Length', 'Length']);
  });

  it('can be chosen by the width of its ints', () => {
    expect(family32.IO.name).toBe('BTrees.IOBTree');
    expect(family64.IO.name).toBe('BTrees.LOBTree');
    expect(family64.IU.name).toBe('BTrees.LQBTree');
    expect(family64.maxint).toBe(2n ** 63n - 1n);
  });

  it.each([
    [
      '32-bit ints',
      new IOBTree(),
      [-(2 ** 31), 2 ** 31 - 1],
      [2 ** 31, -(2 ** 31) - 1, 1.5, float(1), '1', null],
    ],
    ['unsigned 32-bit ints', new UUBTree(), [0, 2 ** 32 - 1], [-1, 2 ** 32, '1']],
    ['64-bit ints', new LLBTree(), [-(2n ** 63n), 2n ** 63n - 1n, 2 ** 53 - 1], [2n ** 63n, 0.5, null]],
    ['unsigned 64-bit ints', new QQBTree(), [0, 2n ** 64n - 1n], [-1, 2n ** 64n]],
  ])('takes %s and refuses other keys', (_name, tree, good, bad) => {
    const map = tree as unknown as Map<unknown, unknown> & { keys(): Iterable<unknown> };
    for (const key of good) {
      map.set(key, 1);
      expect(map.get(key)).toBe(1);
    }
    for (const key of bad) {
      expect(() => map.set(key, 1)).toThrow(BTreeTypeError);
      expect(map.get(key)).toBe(undefined);
      expect(map.has(key)).toBe(false);
      expect(map.delete(key)).toBe(false);
    }
    expect([...map.keys()]).toHaveLength(good.length);
  });

  it('keeps floats in single precision, and gives Python’s floats', () => {
    const tree = new IFBTree([
      [1, 0.1],
      [2, 3],
    ]);
    expect(tree.get(1)).toBe(Math.fround(0.1));
    expect(tree.get(2)).toEqual(new PyFloat(3));
    expect(() => tree.set(3, '3' as never)).toThrow(BTreeTypeError);
  });

  it('of two bytes has its content as bytes', () => {
    const bucket = new fsBucket([[Buffer.from('ab'), Buffer.from('123456')]]);
    expect(Buffer.from(bucket.toBytes()).toString()).toBe('ab123456');
    expect([...new fsBucket().fromBytes(Buffer.from('xyzz111111222222')).keys()].map(String)).toEqual([
      '120,121',
      '122,122',
    ]);
    expect(() => bucket.fromBytes(Buffer.from('abc'))).toThrow(BTreeValueError);
    expect(fs.multiunion).toBe(undefined);
  });
});

describe('set operations', () => {
  const tree = new IIBTree([
    [1, 10],
    [2, 20],
    [3, 30],
  ]);

  it('give sets, and differences keep values', () => {
    expect([...II.union(tree, new IITreeSet([9]))!]).toEqual([1, 2, 3, 9]);
    expect(
      [...(II.difference(tree, [1]) as unknown as Map<number, number>)].map((item) => [...item]),
    ).toEqual([
      [2, 20],
      [3, 30],
    ]);
    expect([...II.intersection(tree, 2)!]).toEqual([2]);
    expect(OO.union(null, null)).toBe(null);
  });

  it('weigh values and wrap as C does', () => {
    const [weight, both] = II.weightedIntersection!(tree, new IIBTree([[2, 5]]), 2, 3);
    expect([weight, (both as Map<number, number>).get(2)]).toEqual([1, 55]);
    const [, large] = II.weightedUnion!(new IIBTree([[1, 2 ** 31 - 1]]), new IIBTree([[1, 1]]));
    expect((large as Map<number, number>).get(1)).toBe(-(2 ** 31));
    const [, longs] = LL.weightedUnion!(new LLBTree([[1, 2n ** 62n]]), new LLBTree([[1, 2n ** 62n]]), 1, 2);
    expect((longs as Map<number, bigint>).get(1)).toBe(-(2n ** 62n));
    const [, unsigned] = UU.weightedUnion!(new UUBTree([[1, 2 ** 32 - 1]]), new UUBTree([[1, 2]]));
    expect((unsigned as Map<number, number>).get(1)).toBe(1);
    const [, floats] = IF.weightedUnion!(new IFBTree([[1, 0.1]]), new IFBTree([[1, 0.2]]));
    expect((floats as Map<number, number>).get(1)).toBe(Math.fround(Math.fround(0.1) + Math.fround(0.2)));
    expect(OO.weightedUnion).toBe(undefined);
  });

  it('unite many sets at once', () => {
    expect([...II.multiunion!([new IISet([3, 1]), new IITreeSet([2, 3]), 7, [5, 1]])]).toEqual([
      1, 2, 3, 5, 7,
    ]);
    expect(() => II.multiunion!([null])).toThrow(BTreeTypeError);
  });
});

describe('a mapping', () => {
  it('has the methods of Map, and Python’s', () => {
    const tree = new OOBTree<string, number>({ b: 2, a: 1 });
    expect([...tree].map((item) => [...item])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(tree.setdefault('c', 3)).toBe(3);
    expect(tree.setdefault('c', 4)).toBe(3);
    expect(tree.pop('c')).toBe(3);
    expect(tree.pop('c', null)).toBe(null);
    expect(() => tree.pop('c')).toThrow(BTreeKeyError);
    expect(() => tree.__getitem__('c')).toThrow(BTreeKeyError);
    expect([...tree.popitem()]).toEqual(['a', 1]);
    tree.update(new Map([['z', 26]]));
    expect([tree.minKey(), tree.maxKey(), tree.minKey('c')]).toEqual(['b', 'z', 'z']);
    expect(() => tree.maxKey('a')).toThrow(BTreeValueError);
    expect(JSON.stringify(tree)).toBe('{"b":2,"z":26}');
    tree.clear();
    expect(() => tree.minKey()).toThrow('empty tree');
    expect(() => tree.update(5 as never)).toThrow('neither pairs nor a mapping');
    expect(() => tree.set('x', undefined as never)).toThrow('undefined cannot be a value');
  });

  it('gives its items by value', () => {
    const tree = new IIBTree([
      [1, 10],
      [2, 21],
      [3, 35],
    ]);
    expect(tree.byValue(20).map((item) => [...item])).toEqual([
      [1, 3],
      [1, 2],
    ]);
  });

  it('gives lazy sequences with places', () => {
    const keys = new IIBTree(Array.from({ length: 1000 }, (_, i) => [i, i] as const)).keys(100, 200);
    expect([keys.length, keys.at(0), keys.at(-1), keys.__getitem__(50)]).toEqual([101, 100, 200, 150]);
    expect(() => keys.__getitem__(101)).toThrow(BTreeIndexError);
    expect(keys.slice(5, 7).toArray()).toEqual([105, 106]);
    expect(keys.isEmpty).toBe(false);
  });
});

describe('checking', () => {
  it('finds keys in a wrong order and links that are broken', () => {
    const tree = new OOBTree(
      Array.from({ length: 100 }, (_, i) => [`k${String(i).padStart(3, '0')}`, i] as const),
    );
    expect(() => check(tree)).not.toThrow();
    expect(display(tree).split('\n')[0]).toMatch(/^OOBTree \(no oid\): /);
    const leaf = tree._firstLeaf()!;
    leaf._keys[1] = 'zz';
    expect(() => check(tree)).toThrow(BTreeDamagedError);
    leaf._keys[1] = 'k001';
    leaf._data.next = null;
    expect(() => check(tree)).toThrow("a bucket's link to the next one is damaged");
  });

  it('refuses states that are none', () => {
    expect(() => new OOBTree().__setstate__('x')).toThrow(BTreeTypeError);
    expect(() => new OOBucket().__setstate__([[]])).toThrow(BTreeTypeError);
    expect(() => new OOTreeSet().__setstate__(new Map())).toThrow(BTreeTypeError);
  });
});
