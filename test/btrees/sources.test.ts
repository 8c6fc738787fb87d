/** What containers take from others, and what is left when a state is none. */
import { describe, expect, test } from 'vitest';
import { BTreeError, IIBTree, IISet, IITreeSet, OOBTree, OOTreeSet } from '../../src/btrees/index.ts';
import { Dict, tuple } from '../../src/pickle/index.ts';

const outcome = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    if (error instanceof BTreeError) return error.pyName;
    throw error;
  }
};

describe('a set', () => {
  const mapping = () => {
    const tree = new IIBTree();
    for (const key of [1, 5, 9]) tree.set(key, key * 10);
    return tree;
  };

  test('takes the keys of mappings', () => {
    const set = new IITreeSet();
    expect(set.update(mapping() as never)).toBe(3);
    expect(set.update(Dict.from([[7, 'x']]) as never)).toBe(1);
    expect([...set]).toEqual([1, 5, 7, 9]);
    expect(set.isdisjoint(mapping())).toBe(false);
    expect([...set.differenceUpdate(mapping())]).toEqual([7]);
    expect([...set.symmetricDifferenceUpdate(mapping())]).toEqual([1, 5, 7, 9]);
    expect([...set.intersectionUpdate(mapping())]).toEqual([1, 5, 9]);
  });

  test('keeps the keys of the other one in an intersection', () => {
    const set = new OOTreeSet<unknown>();
    for (const key of [0, 1, 2]) set.add(key);
    expect([...set.intersectionUpdate([true, 2])]).toEqual([true, 2]);
  });
});

test('a set operation does not mind keys of others that it does not come to', () => {
  const set = new IISet();
  for (const key of [1, 2]) set.add(key);
  expect([...(set.difference([3, 2 ** 40]) as Iterable<number>)]).toEqual([1, 2]);
  expect(outcome(() => set.union([2, 2 ** 40]))).toBe('TypeError');
  const objects = new OOTreeSet<unknown>();
  expect(outcome(() => objects.union([null, 'a']))).toBe('TypeError');
});

test('a mapping is not updated from what has neither items nor pairs', () => {
  const tree = new OOBTree<unknown, unknown>();
  expect(outcome(() => tree.update(new OOTreeSet() as never))).toBe('AttributeError');
  expect(outcome(() => tree.update(5 as never))).toBe('AttributeError');
});

test('a state that is none leaves nothing behind', () => {
  const tree = new IITreeSet();
  tree.add(1);
  expect(outcome(() => tree.__setstate__(tuple(1)))).toBe('TypeError');
  expect(tree.size).toBe(0);
  const set = new IISet();
  set.add(1);
  expect(outcome(() => set.__setstate__(tuple(tuple('x'))))).toBe('TypeError');
  expect(set.size).toBe(0);
});
