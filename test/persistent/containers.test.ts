import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { Dict, PySet, Tuple, tuple } from '../../src/pickle/index.ts';
import {
  claimContainers,
  ContainerError,
  type Jar,
  metaOf,
  Persistent,
  PersistentList,
  PersistentMapping,
  type PersistentMeta,
  registerClass,
  releaseContainers,
  UPTODATE,
} from '../../src/persistent/index.ts';

class Holder extends Persistent {
  // oxlint-disable-next-line typescript/no-explicit-any -- each test holds something else
  value: any = null;
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
  other: any = null;
}
registerClass(Holder, 'test.containers.Holder');

class MemoryJar implements Jar {
  make: () => Record<string, unknown> = () => ({});
  watched: PersistentMeta[] = [];

  load(meta: PersistentMeta): void {
    meta.state = Object.assign(meta.info.newState(), this.make());
    meta.status = UPTODATE;
  }

  register(): void {}
  readCurrent(): void {}
  unloaded(): void {}

  resolve(): never {
    throw new Error('no references here');
  }

  watch(meta: PersistentMeta): void {
    this.watched.push(meta);
  }
}

let jar: MemoryJar;
let holder: Holder;

/** A holder as it comes from the database, with this state. */
function loaded(make: () => Record<string, unknown>): Holder {
  jar.make = make;
  holder._p_invalidate();
  return holder;
}

/** What a commit does to the containers of an object. */
function commit(object: Persistent = holder): void {
  const meta = metaOf(object)!;
  claimContainers(meta);
  releaseContainers(meta);
  meta.status = UPTODATE;
}

const changes = (action: () => void): boolean => {
  metaOf(holder)!.activate();
  metaOf(holder)!.status = UPTODATE;
  action();
  return holder._p_changed === true;
};

beforeEach(() => {
  jar = new MemoryJar();
  holder = new Holder();
  const meta = metaOf(holder)!;
  meta.jar = jar;
  meta.oid = 1;
});

describe('an array of a persistent object', () => {
  it('is an array', () => {
    holder.value = [3, 1, 2];
    const { value } = holder;
    expect(Array.isArray(value)).toBe(true);
    expect([...value]).toEqual([3, 1, 2]);
    expect(value.length).toBe(3);
    expect(value[1]).toBe(1);
    expect(value.map((n: number) => n + 1)).toEqual([4, 2, 3]);
    expect([0].concat(value)).toEqual([0, 3, 1, 2]);
    expect(JSON.stringify(value)).toBe('[3,1,2]');
    expect(inspect(value)).toBe('[ 3, 1, 2 ]');
    expect(value.includes(2)).toBe(true);
    expect(value.at(-1)).toBe(2);
    expect(Object.keys(value)).toEqual(['0', '1', '2']);
    expect(value.reduce((a: number, b: number) => a + b)).toBe(6);
    expect([...value.entries()]).toEqual([
      [0, 3],
      [1, 1],
      [2, 2],
    ]);
    expect(holder.value).toBe(value);
  });

  it.each<[string, (list: number[]) => unknown]>([
    ['push', (list) => list.push(4)],
    ['pop', (list) => list.pop()],
    ['shift', (list) => list.shift()],
    ['unshift', (list) => list.unshift(0)],
    ['splice', (list) => list.splice(0, 1, 9, 9)],
    ['sort', (list) => list.sort()],
    ['reverse', (list) => list.reverse()],
    ['fill', (list) => list.fill(7)],
    ['copyWithin', (list) => list.copyWithin(0, 1)],
    ['an index', (list) => (list[0] = 8)],
    ['length', (list) => (list.length = 1)],
    ['delete', (list) => delete list[0]],
    ['Array.prototype.push.call', (list) => Array.prototype.push.call(list, 5)],
    ['Object.defineProperty', (list) => Object.defineProperty(list, 0, { value: 5 })],
  ])('notes a change by %s and does what an array does', (_name, change) => {
    const plain = [3, 1, 2];
    const object = loaded(() => ({ value: [3, 1, 2] }));
    expect(
      changes(() =>
        expect(change(object.value)).toEqual(change(plain) === plain ? object.value : expect.anything()),
      ),
    ).toBe(true);
    expect([...object.value]).toEqual(plain);
  });

  it('is not changed by reading', () => {
    const object = loaded(() => ({ value: [{ a: [1] }] }));
    expect(
      changes(
        () =>
          void [...object.value, object.value[0].a[0], object.value.filter(Boolean), object.value.slice()],
      ),
    ).toBe(false);
  });

  it('tracks what is in it, at any depth', () => {
    const object = loaded(() => ({ value: [{ a: [1] }, new Dict([['k', [2]]])] }));
    expect(changes(() => object.value[0].a.push(2))).toBe(true);
    expect(changes(() => object.value[1].get('k').push(3))).toBe(true);
    expect(
      changes(() => {
        for (const item of object.value) if (!(item instanceof Map)) item.b = 1;
      }),
    ).toBe(true);
    expect(changes(() => object.value.find((item: { a?: unknown }) => item.a).a.push(1))).toBe(true);
    expect(
      changes(() => object.value.forEach((_: unknown, __: number, all: unknown[]) => (all.length = 2))),
    ).toBe(true);
  });

  it('sorts items that are objects', () => {
    holder.value = [{ n: 2 }, { n: 1 }];
    holder.value.sort((a: { n: number }, b: { n: number }) => a.n - b.n);
    expect(holder.value.map((item: { n: number }) => item.n)).toEqual([1, 2]);
  });

  it('gives persistent objects as themselves', () => {
    const child = new Holder();
    holder.value = [child];
    expect(holder.value[0]).toBe(child);
    expect(holder.value.indexOf(child)).toBe(0);
    holder.value.push(child);
    expect(holder.value[1]).toBe(child);
    for (const item of holder.value) expect(item).toBe(child);
    commit();
    expect(holder.value[0]).toBe(child);
  });
});

describe('other containers of a persistent object', () => {
  it('tracks plain objects', () => {
    const object = loaded(() => ({ value: { a: 1, deep: { b: 2 } } }));
    expect(object.value).toEqual({ a: 1, deep: { b: 2 } });
    expect(inspect(object.value)).toBe('{ a: 1, deep: { b: 2 } }');
    expect(changes(() => (object.value.a = 2))).toBe(true);
    expect(changes(() => (object.value.deep.b = 3))).toBe(true);
    expect(changes(() => delete object.value.a)).toBe(true);
    expect(changes(() => Object.assign(object.value, { c: 1 }))).toBe(true);
    expect(changes(() => void { ...object.value, x: 'a' in object.value })).toBe(false);
    expect(JSON.stringify(object.value)).toBe('{"deep":{"b":3},"c":1}');
    object.value['__proto__'] = { evil: 1 };
    expect(object.value.evil).toBe(undefined);
  });

  it('tracks maps and dicts, which stay what they are', () => {
    for (const map of [new Map<unknown, unknown>([['k', [1]]]), new Dict<unknown, unknown>([['k', [1]]])]) {
      const { constructor } = map;
      const object = loaded(() => ({ value: map }));
      expect(object.value).toBeInstanceOf(constructor);
      expect(object.value).toBeInstanceOf(Map);
      expect(changes(() => object.value.set('x', 1))).toBe(true);
      expect(changes(() => object.value.get('k').push(2))).toBe(true);
      expect(
        changes(() => {
          for (const [, value] of object.value) if (Array.isArray(value)) value.push(3);
        }),
      ).toBe(true);
      expect(
        changes(() => object.value.forEach((value: unknown) => Array.isArray(value) && value.push(4))),
      ).toBe(true);
      expect(changes(() => object.value.delete('x'))).toBe(true);
      expect(changes(() => object.value.delete('nothing'))).toBe(false);
      expect([...object.value.get('k')]).toEqual([1, 2, 3, 4]);
      expect(changes(() => object.value.clear())).toBe(true);
    }
  });

  it('keeps the equality of keys in a dict', () => {
    const object = loaded(() => ({ value: new Dict([[tuple(1, 2), 'a']]) }));
    expect(object.value.get(tuple(1, 2))).toBe('a');
    object.value.set(tuple(1, 2), 'b');
    expect(object.value.size).toBe(1);
    expect([...object.value.keys()][0]).toBeInstanceOf(Tuple);
  });

  it('tracks sets and dates', () => {
    const object = loaded(() => ({ value: new PySet([1]), other: new Date(0) }));
    expect(object.value).toBeInstanceOf(PySet);
    expect(changes(() => object.value.add(1))).toBe(false);
    expect(changes(() => object.value.add(2))).toBe(true);
    expect(changes(() => object.value.delete(2))).toBe(true);
    expect([...object.value]).toEqual([1]);
    expect(changes(() => object.other.setFullYear(2000))).toBe(true);
    expect(object.other.getFullYear()).toBe(2000);
    expect(object.other).toBeInstanceOf(Date);
  });

  it('reads a tuple of dicts without a proxy, and tracks the dicts', () => {
    const object = loaded(() => ({ value: tuple(new Dict([['id', 'a']]), new Dict([['id', 'b']])) }));
    expect(object.value).toBeInstanceOf(Tuple);
    expect(object.value.map((item: Dict) => item.get('id'))).toEqual(['a', 'b']);
    expect(changes(() => object.value[0].set('id', 'c'))).toBe(true);
    expect(() => object.value.push(1)).toThrow(TypeError);
  });

  it('has typed arrays and other objects that cannot be tracked compared at the end', () => {
    const object = loaded(() => ({ value: new Uint8Array([1]) }));
    expect(jar.watched).toEqual([]);
    expect(object.value[0]).toBe(1);
    expect(jar.watched).toEqual([metaOf(object)]);
  });

  it('does not track containers that are attributes of the class', () => {
    class WithDefault extends Holder {}
    (WithDefault.prototype as { shared?: unknown }).shared = Object.freeze(['x']);
    const object = new WithDefault() as WithDefault & { shared: string[] };
    expect(object.shared).toEqual(['x']);
    expect(Object.isFrozen(object.shared)).toBe(true);
  });
});

describe('a container that is used wrongly', () => {
  it('cannot be given to two objects', () => {
    const list = [1];
    holder.value = list;
    holder.other = list;
    const second = new Holder();
    expect(() => (second.value = list)).toThrow(ContainerError);
    expect(() => (second.value = holder.value)).toThrow(/assign a copy/);
    expect(() => (second.value = [holder.value])).not.toThrow();
    const map = new Map();
    holder.value = map;
    expect(() => (second.value = map)).toThrow(ContainerError);
    second.value = [...list];
  });

  it('cannot be part of two objects deep inside, which is told before they are written', () => {
    const inner = [1];
    const second = new Holder();
    holder.value = { a: { b: inner } };
    second.value = { c: inner };
    claimContainers(metaOf(holder)!);
    expect(() => claimContainers(metaOf(second)!)).toThrow(ContainerError);
  });

  it('throws when it is used after its object was unloaded', () => {
    const object = loaded(() => ({ value: [1], other: new Dict([['a', { b: 1 }]]) }));
    const { value, other } = object;
    const inner = other.get('a');
    object._p_deactivate();
    for (const use of [
      () => value.push(2),
      () => value[0],
      () => (value[0] = 1),
      () => [...value],
      () => value.length,
      () => other.get('a'),
      () => other.set('a', 1),
      () => [...other],
      () => inner.b,
      () => (inner.b = 2),
    ]) {
      expect(use).toThrow(/Holder 0x1\.(value|other) before the object was unloaded/);
    }
    expect(object.value[0]).toBe(1);
    expect(() => value.push(2)).toThrow(ContainerError);
  });

  it('throws when it is used after its object was rolled back', () => {
    const object = loaded(() => ({ value: [1] }));
    const { value } = object;
    value.push(2);
    object._p_invalidate();
    expect(() => value.push(3)).toThrow(ContainerError);
    expect([...object.value]).toEqual([1]);
  });

  it('is stored with what was changed through the variable before the commit', () => {
    const list: unknown[] = [1];
    holder.value = list;
    list.push(2);
    expect([...holder.value]).toEqual([1, 2]);
  });

  it('cannot be changed through a variable kept from before the assignment, once committed', () => {
    const list: unknown[] = [1, { a: 1 }];
    const inner = list[1] as { a: number };
    const map = new Map([['k', [1]]]);
    const innerList = map.get('k')!;
    holder.value = list;
    holder.other = map;
    const tracked = holder.value;
    commit();
    expect(() => list.push(2)).toThrow(ContainerError);
    expect(() => (list[0] = 2)).toThrow(TypeError);
    expect(() => (inner.a = 2)).toThrow(TypeError);
    expect(() => innerList.push(2)).toThrow(ContainerError);
    expect(changes(() => tracked.push('through the object'))).toBe(true);
    expect([...holder.value]).toEqual([1, { a: 1 }, 'through the object']);
    // A map stays the same object: a change through the variable is a change of the object.
    expect(changes(() => map.set('x', [2]))).toBe(true);
    expect(holder.other.has('x')).toBe(true);
  });

  it('may be given again after it was committed, and is copied then', () => {
    const list = [1];
    holder.value = list;
    commit();
    const second = new Holder();
    second.value = list;
    second.value.push(2);
    expect([...second.value]).toEqual([1, 2]);
    expect([...holder.value]).toEqual([1]);
  });

  it('may be frozen: it stays as it is, and may be part of several objects', () => {
    const constant = Object.freeze(['a']);
    const second = new Holder();
    holder.value = constant;
    second.value = constant;
    expect([...holder.value, ...second.value]).toEqual(['a', 'a']);
    expect(() => holder.value.push('b')).toThrow(TypeError);
    expect(() => (holder.value = Object.freeze(new Map()))).toThrow(/frozen map/);
  });

  it('may be cyclic and shared', () => {
    const list: unknown[] = [1];
    list.push(list);
    const shared = { n: 1 };
    holder.value = list;
    holder.other = { a: shared, b: shared };
    expect(holder.value[1]).toBe(holder.value);
    expect(holder.other.a).toBe(holder.other.b);
    commit();
    expect(holder.value[1]).toBe(holder.value);
    holder.other.a.n = 2;
    expect(holder.other.b.n).toBe(2);
    expect(holder.value[1][0]).toBe(1);
  });
});

describe('PersistentMapping and PersistentList', () => {
  it('behave as a map and a list whose content is tracked', () => {
    const mapping = new PersistentMapping<unknown, unknown>([['a', [1]]]);
    metaOf(mapping)!.jar = jar;
    expect(mapping.get('a')).toEqual([1]);
    (mapping.get('a') as number[]).push(2);
    expect(mapping._p_changed).toBe(true);
    metaOf(mapping)!.status = UPTODATE;
    mapping.set(1, 'x');
    expect(mapping.get(true)).toBe('x');
    expect(mapping._p_changed).toBe(true);
    expect([...mapping.keys()]).toEqual(['a', 1]);
    expect(mapping.setDefault('b', () => 5)).toBe(5);
    expect(mapping.size).toBe(3);

    const list = new PersistentList([1, 2]);
    metaOf(list)!.jar = jar;
    list.items[0] = 5;
    expect(list._p_changed).toBe(true);
    list.set(-1, 6);
    expect([...list]).toEqual([5, 6]);
    expect(() => list.set(2, 0)).toThrow(RangeError);
  });

  it('keep the attributes that their records have beside the content', () => {
    const mapping = new PersistentMapping();
    const state = new Dict<unknown, unknown>([
      ['_container', new Dict([['k', 1]])],
      ['note', 'x'],
    ]);
    mapping.__setstate__(state);
    expect(mapping.get('k')).toBe(1);
    expect([...(mapping.__getstate__() as Dict).keys()]).toEqual(['data', 'note']);
    expect(() => mapping.__setstate__('x')).toThrow(/state that is no dict/);
  });
});

describe('containers read from an object and put into one that user code made', () => {
  it('are kept by both, and their changes are seen', () => {
    const read = loaded(() => ({
      value: new Dict<string, unknown>([
        ['list', ['x']],
        ['pair', tuple(['y'], 1)],
        ['plain', { k: [1] }],
      ]),
    }));
    const map = read.value as Dict<string, unknown>;
    read.other = new Dict(map);
    commit();
    (read.value as Dict<string, { push(item: string): void }>).get('list')!.push('z');
    expect([...((read.other as Dict<string, string[]>).get('list') ?? [])]).toEqual(['x', 'z']);
    read.other = { all: [...map.values()], again: map.get('plain') };
    commit();
    expect([...(read.other as { all: string[][] }).all[0]!]).toEqual(['x', 'z']);
    expect([...(read.other as { all: string[][][] }).all[1]![0]!]).toEqual(['y']);
    (read.other as { again: { k: number[] } }).again.k.push(2);
    expect([...(map.get('plain') as { k: number[] }).k]).toEqual([1, 2]);
  });

  it('are refused, before anything is stored, when they belong to another object', () => {
    const second = new Holder();
    second.value = new Dict([['a', loaded(() => ({ value: ['x'] })).value as unknown]]);
    expect(() => claimContainers(metaOf(second)!)).toThrow(ContainerError);
  });
});
