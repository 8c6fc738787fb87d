import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BTreeConflictError, IIBucket, IISet, OOBTree, OOBucket } from '../../src/btrees/index.ts';

type Content = ReadonlyMap<number, number>;

const content = (keys: readonly number[]): Content => new Map(keys.map((key) => [key, key]));
const stateOf = (entries: Content): unknown => new IIBucket([...entries]).__getstate__();
const merge = (old: Content, committed: Content, changed: Content): Content => {
  const merged = new IIBucket();
  merged.__setstate__(new IIBucket()._p_resolveConflict(stateOf(old), stateOf(committed), stateOf(changed)));
  return new Map([...merged.iteritems()].map(([key, value]) => [key, value]));
};

/** What one transaction does: sets (a value) and deletions (null). */
type Changes = ReadonlyMap<number, number | null>;

function applied(base: Content, changes: Changes): Content {
  const result = new Map(base);
  for (const [key, value] of changes) {
    if (value === null) result.delete(key);
    else result.set(key, value);
  }
  return result;
}

const key = fc.integer({ min: 1, max: 40 });
const sorted = (entries: Content) => [...entries].sort(([a], [b]) => a - b);

describe('merging two changes of a bucket', () => {
  it('gives both changes when they are of different keys and the first key stays', () => {
    const changes = fc.dictionary(
      fc.integer({ min: 2, max: 40 }).map(String),
      fc.option(fc.integer({ min: 100, max: 200 })),
    );
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 20 }), changes, changes, (keys, first, second) => {
        const old = content([0, ...keys]);
        const mine: Changes = new Map(Object.entries(first).map(([k, v]) => [Number(k), v]));
        const theirs: Changes = new Map(
          Object.entries(second)
            .map(([k, v]) => [Number(k), v] as const)
            .filter(([k]) => !mine.has(k)),
        );
        const merged = merge(old, applied(old, theirs), applied(old, mine));
        expect(sorted(merged)).toEqual(sorted(applied(applied(old, theirs), mine)));
      }),
    );
  });

  it('does not depend on who came first', () => {
    const any = fc.uniqueArray(key, { maxLength: 12 }).map(content);
    fc.assert(
      fc.property(any, any, any, (old, a, b) => {
        const attempt = (x: Content, y: Content) => {
          try {
            return sorted(merge(old, x, y));
          } catch (error) {
            expect(error).toBeInstanceOf(BTreeConflictError);
            return 'conflict';
          }
        };
        expect(attempt(a, b)).toEqual(attempt(b, a));
      }),
    );
  });

  it('gives the one change when there is only one, except where inner nodes may be concerned', () => {
    const any = fc.uniqueArray(key, { minLength: 1, maxLength: 12 }).map((keys) => content([0, ...keys]));
    fc.assert(
      fc.property(any, any, (old, changed) => {
        expect(sorted(merge(old, old, changed))).toEqual(sorted(changed));
      }),
    );
  });

  it('says where and why it cannot', () => {
    const bucket = new IIBucket();
    const states = [
      [1, 2],
      [1, 2, 3],
      [1, 2, 3],
    ].map((keys) => stateOf(content(keys)));
    const error = (() => {
      try {
        return bucket._p_resolveConflict(states[0], states[1], states[2]);
      } catch (thrown) {
        return thrown;
      }
    })() as BTreeConflictError;
    expect(error).toBeInstanceOf(BTreeConflictError);
    expect(error).toMatchObject({ reason: 6, positions: [-1, 3, 3], transient: true });
    expect(error.message).toBe('BTrees conflict error at -1/3/3: Conflicting inserts');
  });

  it('never undoes what the other transaction inserted in a set', () => {
    const state = (keys: number[]) => new IISet(keys).__getstate__();
    const merged = new IISet();
    merged.__setstate__(new IISet()._p_resolveConflict(state([1, 5]), state([1, 3, 5]), state([1, 5, 7])));
    expect([...merged]).toEqual([1, 3, 5, 7]);
  });

  it('is refused for a tree of more than one leaf', () => {
    const tree = new OOBTree(Array.from({ length: 40 }, (_, i) => [`k${i}`, i] as const));
    const state = tree.__getstate__();
    expect(() => new OOBTree()._p_resolveConflict(state, state, state)).toThrow('internal BTree node');
    expect(() => new OOBucket()._p_resolveConflict(null, null, null)).toThrow('Empty bucket');
  });
});
