import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BTree, BTreeConflictError, check, Length, type Sorted, TreeSet } from '../../../src/btrees/index.ts';
import { PersistentList, PersistentMapping } from '../../../src/persistent/index.ts';
import { tupleFrom } from '../../../src/pickle/index.ts';
import { TransactionManager } from '../../../src/transaction/index.ts';
import {
  ConflictError,
  DB,
  FileStorage,
  MappingStorage,
  ReadConflictError,
} from '../../../src/zodb/index.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import { runOperation, withoutMessages } from './lib/btree-operations.ts';
import {
  classNamed,
  type Container,
  errorName,
  fromTagged,
  itemsOf,
  moduleNamed,
  readRecord,
  toTagged,
} from './lib/btree-values.ts';

type Json = unknown;

/** Every record that a database writes for an object, but that of the root. */
function saved(object: Sorted): Json {
  const storage = new MappingStorage();
  const db = new DB(storage);
  try {
    db.transaction((connection) => connection.root().set('tree', object));
    const nodes: Record<string, Json> = {};
    for (let oid = 1; oid < storage.size(); oid++) {
      const record = readRecord(storage.load(oid).data);
      nodes[oid.toString(16).padStart(16, '0')] = { class: record.class, state: toTagged(record.state) };
    }
    return { root: '0000000000000001', nodes };
  } finally {
    db.close();
  }
}

function put(container: Sorted, item: readonly Json[]): void {
  const given = item.map(fromTagged);
  const { set, add } = container as unknown as Record<string, (...args: unknown[]) => unknown>;
  (set ?? add)!.apply(container, given);
}

function remove(container: Sorted, key: Json): void {
  if (!container.delete(fromTagged(key))) throw new Error(`no key ${JSON.stringify(key)}`);
}

function runOps({ input, expect }: Case): void {
  const object = new (classNamed(input.class))();
  const results = (input.ops as [string, ...Json[]][]).map((operation) => runOperation(object, operation));
  expectSame('the results', results, (expect.results as Json[]).map(withoutMessages));
  if ('final' in expect) expectSame('the content', toTagged(object), expect.final);
  if ('len' in expect) expectSame('the size', object.size, expect.len);
  if ('state' in expect) expectSame('the state', toTagged(object.__getstate__()), expect.state);
  if (object instanceof BTree || object instanceof TreeSet) object._check();
  if ('saved' in expect) expectSame('the records', saved(object), expect.saved);
}

function runNodes({ input, expect }: Case, dir: string): void {
  if (input.file !== undefined) return runFile(path.join(dir, input.file), expect);
  if (input.classes !== undefined) {
    const sizes = (input.classes as string[]).map((name) => {
      const { max_leaf_size: leaf, max_internal_size: internal } = classNamed(
        `BTrees.${/^(..)/.exec(name)![1]}BTree.${name}`,
      ) as unknown as { max_leaf_size: number; max_internal_size: number };
      return [name, [leaf, internal]];
    });
    expectSame('the sizes', Object.fromEntries(sizes), expect.sizes);
    return undefined;
  }
  const object = new (classNamed(input.class))();
  if (input.generate !== undefined) return runGenerated(object, input.generate, expect);
  for (const item of input.insert as Json[][]) put(object, item);
  for (const key of (input.delete ?? []) as Json[]) remove(object, key);
  if (input.then === 'clear') object.clear();
  check(object);
  if ('len' in expect) expectSame('the size', object.size, expect.len);
  expectSame('the records', saved(object), expect.saved);
  return undefined;
}

function runGenerated(
  object: Sorted,
  generate: { format: string; step: number; count: number },
  expect: Record<string, Json>,
): void {
  const width = Number(/%0(\d+)d/.exec(generate.format)![1]);
  const isMapping = 'items' in object;
  for (let i = 0; i < generate.count; i++) {
    const key = generate.format.replace(/%0\d+d/, String(i * generate.step).padStart(width, '0'));
    put(object, isMapping ? [key, i] : [key]);
  }
  check(object);
  const { nodes } = saved(object) as { nodes: Record<string, { class: string; state: { $tuple: Json[] } }> };
  const counts: Record<string, number> = {};
  let rootLength = 0;
  for (const [oid, node] of Object.entries(nodes)) {
    const items = (node.state.$tuple[0] as { $tuple: Json[] }).$tuple;
    if (oid.endsWith('01') && rootLength === 0) rootLength = items.length;
    const name = `['${node.class.split('.').at(-1)}', ${items.length}]`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  expectSame('the nodes', counts, expect.counts);
  expectSame('the length of the state of the root', rootLength, expect.root_state_length);
}

function runFile(file: string, expect: Record<string, Json>): void {
  const db = new DB(new FileStorage(file, { readOnly: true }));
  try {
    const root = db.open({ transactionManager: new TransactionManager() }).root();
    const tree = [...root.values()].find(
      (value) => typeof (value as Container).has_key === 'function',
    ) as Container & {
      keys(min: unknown, max: unknown): { length: number; toArray(): unknown[] };
    };
    const actual: Record<string, Json> = {
      len: tree.size,
      min: toTagged(tree.minKey()),
      max: toTagged(tree.maxKey()),
      ranges: (expect.ranges as { min: Json; max: Json }[]).map(({ min, max }) => {
        const keys = tree.keys(fromTagged(min), fromTagged(max)).toArray();
        return {
          min,
          max,
          count: keys.length,
          first: toTagged(keys.slice(0, 3)),
          last: toTagged(keys.slice(-3)),
        };
      }),
    };
    for (const name of Object.keys(expect)) {
      if (name in actual) expectSame(name, actual[name], expect[name]);
      else if (name === 'records_by_class') expectSame(name, recordsByClass(db.storage), expect[name]);
      else if (name === 'items_sha256') {
        const text = [...(tree as unknown as Map<unknown, unknown>).entries()].map(
          ([key, value]) => `${key}=${value}\n`,
        );
        expectSame(name, createHash('sha256').update(text.join('')).digest('hex'), expect[name]);
      } else throw new Mismatch(`the runner does not know ${name}`, expect[name], undefined);
    }
  } finally {
    db.close();
  }
}

function recordsByClass(storage: {
  size(): number;
  load(oid: number): { data: Uint8Array };
}): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let oid = 0; oid < storage.size(); oid++) {
    const name = readRecord(storage.load(oid).data).class;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function runCheck(tree: Sorted): string {
  check(tree);
  return 'ok';
}

function runErrors({ input, expect }: Case): void {
  const isSet = input.class.endsWith('Set');
  const fresh = () => {
    const object = new (classNamed(input.class))();
    put(object, isSet ? [input.good_key] : [input.good_key, input.good_value]);
    return object;
  };
  const bad: Record<string, Json> = { ...input.bad_keys };
  for (const [name, wanted] of Object.entries(expect.results as Record<string, Json>)) {
    if (/ then (keys|items)$/.test(name)) continue;
    const [operation, kind] = name.split(' ') as [string, string];
    const object = fresh();
    const empty = new (classNamed(input.class))();
    let actual: Json;
    if (operation === 'value') actual = runOperation(empty, ['#set', input.good_key, input.bad_values[kind]]);
    else {
      const key = bad[kind];
      const args: Record<string, Json[]> = {
        '#set': [key, input.good_value],
        setdefault: [key, input.good_value],
        update: [isSet ? [key] : key],
        keys: [key],
      };
      actual = runOperation(object, [operation, ...(args[operation] ?? [key])]);
    }
    expectSame(name, actual, withoutMessages(wanted));
    const after = (expect.results as Record<string, Json>)[
      `${name} then ${operation === 'value' ? 'items' : 'keys'}`
    ];
    if (after === undefined) continue;
    const content =
      operation === 'value'
        ? itemsOf(empty).map((item) => ({ $tuple: item }))
        : toTagged((object as Container).keys());
    // Keys that have no notation are counted.
    expectSame(
      `${name}, then the content`,
      typeof after === 'number' ? (content as Json[]).length : content,
      after,
    );
  }
}

function runSets({ input, expect }: Case): void {
  const module = moduleNamed(input.module);
  const functions = module as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  const results = (input.calls as [string, ...Json[]][]).map(([name, ...args]) => {
    try {
      return toTagged(asTuple(functions[name]!(...args.map(fromTagged)), name));
    } catch (error) {
      return { error: errorName(error) };
    }
  });
  expectSame('the results', results, (expect.results as Json[]).map(withoutMessages));
  const known = [
    'union',
    'intersection',
    'difference',
    'weightedUnion',
    'weightedIntersection',
    'multiunion',
  ];
  expectSame(
    'the functions',
    known.filter((name) => functions[name] !== undefined),
    expect.functions,
  );
}

/** Weighted operations give pairs, tuples in Python. */
const asTuple = (value: unknown, name: string): unknown =>
  name.startsWith('weighted') ? tupleFrom(value as unknown[]) : value;

function runConflict({ input, expect }: Case): void {
  const object = new (classNamed(input.class))() as Sorted & {
    _p_resolveConflict(old: unknown, committed: unknown, changed: unknown): unknown;
  };
  let actual: Json;
  try {
    const [old, committed, changed] = [input.old, input.committed, input.new].map(fromTagged);
    actual = { state: toTagged(object._p_resolveConflict(old, committed, changed)) };
  } catch (error) {
    if (!(error instanceof BTreeConflictError)) actual = { error: errorName(error) };
    else actual = { conflict: error.reason, positions: error.positions, message: error.message };
  }
  expectSame('the merge', actual, expect);
}

function runLive({ input, expect }: Case): void {
  const dir = mkdtempSync(path.join(tmpdir(), 'zope-ts-btrees-'));
  const db = new DB(new FileStorage(path.join(dir, 'Data.fs')));
  try {
    db.transaction((connection) => {
      const tree = new (classNamed(input.class))();
      for (const item of input.init as Json[]) put(tree, Array.isArray(item) ? item : [item]);
      connection.root().set('tree', tree);
    });
    const [a, b] = [new TransactionManager(), new TransactionManager()];
    const trees = [a, b].map(
      (transactionManager) => db.open({ transactionManager }).root().get('tree') as Sorted,
    );
    for (const [index, ops] of [input.ops_a, input.ops_b].entries())
      for (const operation of ops as [string, ...Json[]][]) runOperation(trees[index]!, operation);
    a.commit();
    const actual: Record<string, Json> = {};
    try {
      b.commit();
      actual.committed = true;
    } catch (error) {
      actual.committed = false;
      actual.error =
        error instanceof ReadConflictError
          ? 'ReadConflictError'
          : error instanceof ConflictError
            ? 'ConflictError'
            : errorName(error);
      const oid = (error as ConflictError).oid;
      actual.class =
        error instanceof ReadConflictError || oid === undefined
          ? null
          : readRecord(db.storage.load(oid).data).class;
      b.abort();
    }
    const tree = db.open({ transactionManager: new TransactionManager() }).root().get('tree') as Container;
    actual.check = runCheck(tree);
    actual.keys = toTagged(tree.keys());
    if ('values' in expect) actual.values = toTagged((tree as unknown as Map<unknown, unknown>).values());
    expectSame('what is stored', actual, expect);
  } finally {
    db.close();
    rmSync(dir, { recursive: true });
  }
}

function runSmall({ name, input, expect }: Case): void {
  if (name.startsWith('length-conflict')) {
    const state = new Length()._p_resolveConflict(input.old, input.committed, input.new);
    expectSame('the state', state, expect.state);
  } else if (input.calls !== undefined) runLength(input.calls, expect.results);
  else if (input.class === 'persistent.mapping.PersistentMapping')
    runPersistent(new PersistentMapping(), mappingOperations, input.ops, expect);
  else runPersistent(new PersistentList(), listOperations, input.ops, expect);
}

function runLength(calls: readonly string[], results: Json): void {
  let length = new Length();
  const run = (call: string): Json => {
    const [, made, rest] = /^(?:l=)?(?:Length\((-?\d*)\)|l)(.*)$/.exec(call)!;
    if (made !== undefined) {
      const object = made === '' ? new Length() : new Length(Number(made));
      if (call.startsWith('l=')) length = object;
      return apply(object, rest!);
    }
    return apply(length, rest!);
  };
  const apply = (object: Length, text: string): Json => {
    if (text === '') return object.value;
    const [, method, argument] = /^(?:\.(\w+))?\((-?\d*)\)$/.exec(text)!;
    if (method === undefined) return object.__call__();
    if (method === '__getstate__') return object.__getstate__();
    if (method === 'set') object.set(Number(argument));
    else object.change(Number(argument));
    return null;
  };
  // Making it gives no answer.
  expectSame('the results', calls.map(run).slice(calls[0]!.startsWith('l=') ? 1 : 0), results);
}

/** What PersistentMapping and PersistentList have of Python's methods under other names. */
const mappingOperations: Record<string, (mapping: PersistentMapping, ...args: unknown[]) => unknown> = {
  '#set': (mapping, key, value) => void mapping.set(key, value),
  '#get': (mapping, key) => (mapping.has(key) ? mapping.get(key) : fail('KeyError')),
  '#del': (mapping, key) => (mapping.delete(key) ? null : fail('KeyError')),
  '#in': (mapping, key) => mapping.has(key),
  '#len': (mapping) => mapping.size,
  '#bool': (mapping) => mapping.size > 0,
  get: (mapping, key, otherwise) => mapping.get(key) ?? otherwise,
  setdefault: (mapping, key, value) => mapping.setDefault(key, () => value),
  pop(mapping, key, ...otherwise) {
    const value = mapping.get(key);
    if (mapping.delete(key)) return value;
    return otherwise.length > 0 ? otherwise[0] : fail('KeyError');
  },
  popitem(mapping) {
    const [first] = mapping.entries();
    if (first === undefined) return fail('KeyError');
    mapping.delete(first[0]);
    return tupleFrom(first);
  },
  update(mapping, entries) {
    for (const [key, value] of entries as Iterable<[unknown, unknown]>) mapping.set(key, value);
  },
  keys: (mapping) => [...mapping.keys()],
  values: (mapping) => [...mapping.values()],
  items: (mapping) => [...mapping.entries()].map((item) => tupleFrom(item)),
  clear: (mapping) => mapping.clear(),
};

const listOperations: Record<string, (list: PersistentList, ...args: unknown[]) => unknown> = {
  '#get': (list, index) => list.at(index as number) ?? fail('IndexError'),
  '#set': (list, index, value) => list.set(index as number, value),
  '#del': (list, index) => void list.splice(index as number, 1),
  '#len': (list) => list.length,
  '#in': (list, item) => list.includes(item),
  '#iter': (list) => [...list],
  '#bool': (list) => list.length > 0,
  append: (list, item) => void list.push(item),
  extend: (list, items) => void list.push(...(items as unknown[])),
  insert: (list, index, item) => void list.splice(index as number, 0, item),
  pop: (list, index) => (index === undefined ? list.pop() : list.splice(index as number, 1)[0]),
  index: (list, item) => (list.includes(item) ? list.indexOf(item) : fail('ValueError')),
  count: (list, item) => list.items.filter((other) => other === item).length,
  remove: (list, item) =>
    list.includes(item) ? void list.splice(list.indexOf(item), 1) : fail('ValueError'),
  reverse: (list) => void list.items.reverse(),
  sort: (list) => void list.items.sort((a, b) => Number(a) - Number(b)),
};

function fail(pyName: string): never {
  throw Object.assign(new Error(pyName), { pyName });
}

function runPersistent<T extends PersistentMapping | PersistentList>(
  object: T,
  operations: Record<string, (object: T, ...args: unknown[]) => unknown>,
  ops: readonly [string, ...Json[]][],
  expect: { results: Json[]; state: Json },
): void {
  const results = ops.map(([name, ...args]) => {
    try {
      return toTagged(operations[name]!(object, ...args.map(fromTagged)));
    } catch (error) {
      return { error: error instanceof RangeError ? 'IndexError' : errorName(error) };
    }
  });
  expectSame('the results', results, expect.results.map(withoutMessages));
  expectSame('the state', toTagged(object.__getstate__()), expect.state);
}

const suite: Suite = {
  run(testCase, { dir }) {
    switch (testCase.file) {
      case 'ops.json':
        return runOps(testCase);
      case 'nodes.json':
        return runNodes(testCase, dir);
      case 'errors.json':
        return runErrors(testCase);
      case 'sets.json':
        return runSets(testCase);
      case 'conflicts.json':
        return testCase.name.startsWith('live-') ? runLive(testCase) : runConflict(testCase);
      case 'small.json':
        return runSmall(testCase);
      default:
        throw new Error(`no runner for ${testCase.file}`);
    }
  },
};

export default suite;
