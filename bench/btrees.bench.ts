/** Trees in memory and from a database, against Python's C implementation in the same run (ZOPE_PYTHON: an interpreter with BTrees). CPU time. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { IOBTree, OOBTree } from '../src/btrees/index.ts';
import { TransactionManager } from '../src/transaction/index.ts';
import { DB, FileStorage } from '../src/zodb/index.ts';
import type { Bench, BenchRow } from './bench.ts';

const COUNT = 200_000;

interface Tree {
  set(key: unknown, value: unknown): unknown;
  get(key: unknown): unknown;
  keys(): Iterable<unknown>;
}

const COLD = 'OOBTree lookup cold from a file, any order';

/** Millions a second, as Python's C implementation did on one core of the machine that the goals were measured on. */
const ORIENTATION: Record<string, number> = {
  'OOBTree insert sorted': 2.06,
  'OOBTree insert shuffled': 0.86,
  'OOBTree lookup sorted': 2.58,
  'OOBTree lookup shuffled': 0.82,
  'IOBTree insert sorted': 9.35,
  'IOBTree insert shuffled': 3.8,
  'IOBTree lookup sorted': 11.9,
  'IOBTree lookup shuffled': 3.66,
  [COLD]: 0.356,
};

const PYTHON = `
import json, os, random, shutil, sys, tempfile, time
import transaction, ZODB, ZODB.FileStorage
from BTrees.OOBTree import OOBTree
from BTrees.IOBTree import IOBTree
count, rounds = int(sys.argv[1]), int(sys.argv[2])
result = {}
for cls, keys in ((OOBTree, ['k%07d' % (3 * i) for i in range(count)]), (IOBTree, list(range(count)))):
    for order in 'sorted', 'shuffled':
        if order == 'shuffled':
            random.Random(1).shuffle(keys)
        best = {}
        for _ in range(rounds):
            tree = cls()
            times = [time.process_time()]
            for key in keys:
                tree[key] = 1
            times.append(time.process_time())
            for key in keys:
                tree[key]
            times.append(time.process_time())
            for _ in range(4):
                for key in tree.keys():
                    pass
                times.append(time.process_time())
            for what, start, end in zip(['insert', 'lookup'] + 4 * ['range'], times, times[1:]):
                best[what] = min(best.get(what, 9e9), end - start)
        for what, seconds in best.items():
            result['%s %s %s' % (cls.__name__, what, order)] = count / seconds / 1e6
directory = tempfile.mkdtemp()
fs = sys.modules['ZODB.FileStorage.FileStorage']
fs.fsync = lambda fd: None
db = ZODB.DB(fs.FileStorage(os.path.join(directory, 'Data.fs')), cache_size=10 * count)
connection = db.open()
tree = connection.root()['tree'] = OOBTree()
keys = ['k%07d' % (3 * i) for i in range(count)]
for key in keys:
    tree[key] = 1
transaction.commit()
random.Random(1).shuffle(keys)
best = 9e9
for _ in range(rounds):
    connection.cacheMinimize()
    start = time.process_time()
    for key in keys:
        tree[key]
    best = min(best, time.process_time() - start)
db.close()
shutil.rmtree(directory)
result['${COLD}'] = count / best / 1e6
print(json.dumps(result))
`;

function shuffled<T>(items: readonly T[]): T[] {
  let seed = 12_345;
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const j = Math.floor((seed / 2 ** 32) * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

let sink: unknown;

/** Microseconds of the processor: what others on the machine do matters less than to the clock. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function measure(make: () => Tree, keys: readonly unknown[], rounds: number): Record<string, number> {
  const best: Record<string, number> = { insert: Infinity, lookup: Infinity, range: Infinity };
  const note = (what: string, start: number) => {
    best[what] = Math.min(best[what]!, cpu() - start);
  };
  for (let round = 0; round < rounds; round++) {
    const tree = make();
    let start = cpu();
    for (const key of keys) tree.set(key, 1);
    note('insert', start);
    start = cpu();
    for (const key of keys) sink = tree.get(key);
    note('lookup', start);
    // A walk is short: in one a round, much of what is measured is compiling.
    for (let walk = 0; walk < 4; walk++) {
      start = cpu();
      for (const key of tree.keys()) sink = key;
      note('range', start);
    }
  }
  return Object.fromEntries(Object.entries(best).map(([what, spent]) => [what, keys.length / spent]));
}

/**
 * Every key once, in any order, from a file and with nothing loaded. Each leaf is loaded for the first of its keys.
 */
function cold(count: number, rounds: number): number {
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-btrees-'));
  const db = new DB(new FileStorage(path.join(directory, 'Data.fs'), { fsync: false }), { cacheSize: 0 });
  try {
    const keys = Array.from({ length: count }, (_, i) => `k${String(i * 3).padStart(7, '0')}`);
    db.transaction((connection) => {
      const tree = new OOBTree<string, number>();
      for (const key of keys) tree.set(key, 1);
      connection.root().set('tree', tree);
    });
    const connection = db.open({ transactionManager: new TransactionManager() });
    const tree = connection.root().get('tree') as unknown as OOBTree<string, number>;
    const order = JSON.parse(JSON.stringify(shuffled(keys))) as string[];
    let best = Infinity;
    for (let round = 0; round < rounds; round++) {
      connection.cacheMinimize();
      const start = cpu();
      for (const key of order) sink = tree.get(key);
      best = Math.min(best, cpu() - start);
    }
    return order.length / best;
  } finally {
    db.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const bench: Bench = {
  about: 'OOBTree and IOBTree of 200,000 keys: insert, look up, walk; against Python (ZOPE_PYTHON)',
  run({ quick }) {
    const count = quick ? COUNT / 10 : COUNT;
    const rounds = quick ? 2 : 5;
    const python = process.env.ZOPE_PYTHON;
    const reference =
      python === undefined
        ? ORIENTATION
        : (JSON.parse(
            execFileSync(python, ['-c', PYTHON, String(count), String(rounds)], { encoding: 'utf8' }),
          ) as Record<string, number>);
    const rows: BenchRow[] = [];
    const texts = Array.from({ length: count }, (_, i) => `k${String(i * 3).padStart(7, '0')}`);
    // As they come out of a database: flat, not made of parts.
    const keys = JSON.parse(JSON.stringify(texts)) as string[];
    const numbers = Array.from({ length: count }, (_, i) => i);
    const trees: readonly [string, () => Tree, readonly unknown[]][] = [
      ['OOBTree', () => new OOBTree() as Tree, keys],
      ['IOBTree', () => new IOBTree() as unknown as Tree, numbers],
    ];
    for (const [name, make, sorted] of trees) {
      for (const order of ['sorted', 'shuffled']) {
        const measured = measure(make, order === 'sorted' ? sorted : shuffled(sorted), rounds);
        for (const [what, value] of Object.entries(measured)) {
          const row = `${name} ${what} ${order}`;
          const theirs = reference[row];
          rows.push({
            name: row,
            value,
            unit: 'M/s',
            ...(theirs === undefined
              ? {}
              : {
                  reference: `${python === undefined ? "Python's" : 'Python, same run:'} ${theirs.toFixed(2)}`,
                  ratio: value / theirs,
                  goal: 1,
                }),
          });
        }
      }
    }
    const coldRate = cold(count, rounds);
    const theirs = reference[COLD]!;
    rows.push({
      name: COLD,
      value: coldRate,
      unit: 'M/s',
      reference: `${python === undefined ? "Python's" : 'Python, same run:'} ${theirs.toFixed(3)}`,
      ratio: coldRate / theirs,
      goal: 1,
    });
    void sink;
    return rows;
  },
};

export default bench;
