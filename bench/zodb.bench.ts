import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Persistent, PersistentMapping, registerClass } from '../src/persistent/index.ts';
import { TransactionManager } from '../src/transaction/index.ts';
import { disk } from '../src/zodb/filestorage/disk.ts';
import { type Connection, DB, FileStorage } from '../src/zodb/index.ts';
import type { Bench, BenchRow } from './bench.ts';
import { threadedCommits } from './zodb-threads.ts';

class Node extends Persistent {
  title: string;
  count: number;
  tags: string[] = ['a', 'b', 'c'];
  child: Node | null = null;

  constructor(i: number) {
    super();
    this.title = `Title of number ${i}`;
    this.count = i;
  }
}
registerClass(Node, 'bench.zodb.Node');

type Folder = PersistentMapping<string, Node>;

interface Figures {
  readonly store: number;
  /** Which part of that time `fsync` took. */
  readonly waiting: number;
  /** The same by the time of the processor, without `fsync`. */
  readonly stored: number;
  readonly fsync: number;
  readonly nofsync: number;
  readonly walk: number;
  readonly random: number;
  readonly warm: number;
}

/** Python's on one core of another machine, where it is not here to be measured. */
const RECORDED: Figures = {
  store: 39_900,
  waiting: 0,
  stored: 39_900,
  fsync: 2240,
  nofsync: 17_200,
  walk: 61_700,
  random: 48_300,
  warm: 40,
};

type Clock = () => number;

/** Seconds by the clock, for what waits for the disk. */
const wall: Clock = () => performance.now() / 1000;
/** Seconds of the processor: others on the machine do not matter then. */
const cpu: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

function seconds(clock: Clock, work: () => void): number {
  const start = clock();
  work();
  return clock() - start;
}

function single(file: string, fsync: boolean, commits: number): number {
  const db = new DB(new FileStorage(file, { fsync }));
  const manager = new TransactionManager();
  const connection = db.open({ transactionManager: manager });
  const node = (connection.root().get('folder 0') as Folder).get('key 0')!;
  const run = (n: number) => {
    for (let i = 0; i < n; i++) {
      node.count = i;
      manager.commit();
    }
  };
  run(Math.min(1000, commits));
  const rate = commits / seconds(fsync ? wall : cpu, () => run(commits));
  db.close();
  return rate;
}

/** Stores objects, a hundred in a transaction. */
function fill(connection: Connection, count: number): void {
  const root = connection.root<Record<string, Folder>>();
  for (let start = 0; start < count; start += 100) {
    const folder: Folder = new PersistentMapping();
    root.set(`folder ${start}`, folder);
    for (let i = 0; i < 100; i++) folder.set(`key ${i}`, new Node(start + i));
    connection.transactionManager.commit();
  }
}

/** The best of three times, each into a new file, and the part of it that is the disk's. */
function stores(directory: string, count: number): Pick<Figures, 'store' | 'waiting'> {
  const { sync } = disk;
  let best = { store: 0, waiting: 0 };
  for (let round = 0; round < 3; round++) {
    const db = new DB(new FileStorage(path.join(directory, 'store.fs'), { create: true }));
    const connection = db.open({ transactionManager: new TransactionManager() });
    let synced = 0;
    disk.sync = (descriptor) => (synced += seconds(wall, () => sync(descriptor)));
    const spent = seconds(wall, () => fill(connection, count));
    disk.sync = sync;
    db.close();
    if (count / spent > best.store) best = { store: count / spent, waiting: synced / spent };
  }
  return best;
}

function cold(connection: Connection, visit: () => number): number {
  let best = 0;
  for (let round = 0; round < 3; round++) {
    connection.cacheMinimize();
    connection.transactionManager.abort();
    let visited = 0;
    const spent = seconds(cpu, () => (visited = visit()));
    best = Math.max(best, visited / spent);
  }
  return best;
}

/** The same order in every run. */
function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  let seed = 1;
  for (let i = result.length - 1; i > 0; i--) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    const j = seed % (i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

function measure(directory: string, count: number, commits: number): Figures & { readonly memory: number } {
  const file = path.join(directory, 'Data.fs');
  let db = new DB(new FileStorage(file));
  const manager = new TransactionManager();
  let connection = db.open({ transactionManager: manager });
  fill(connection, count);
  db.close();
  const { store, waiting } = stores(directory, count);
  let stored = 0;
  for (let round = 0; round < 3; round++) {
    const other = new DB(new FileStorage(path.join(directory, 'stored.fs'), { create: true, fsync: false }));
    const added = other.open({ transactionManager: new TransactionManager() });
    stored = Math.max(stored, count / seconds(cpu, () => fill(added, count)));
    other.close();
  }
  const fsync = single(file, true, commits);
  const nofsync = single(file, false, commits * 5);

  db = new DB(new FileStorage(file), { cacheSize: 10 * count });
  connection = db.open({ transactionManager: manager });
  const folders = connection.root<Record<string, Folder>>();
  const walk = cold(connection, () => {
    let n = 0;
    for (const folder of folders.values() as Iterable<Folder>)
      for (const node of folder.values()) if (node.count >= 0) n++;
    return n;
  });
  const oids = shuffled(
    [...(folders.values() as Iterable<Folder>)].flatMap((folder) =>
      [...folder.values()].map((node) => node._p_oid!),
    ),
  );
  const random = cold(connection, () => {
    let n = 0;
    for (const oid of oids) if ((connection.get(oid) as Node).count >= 0) n++;
    return n;
  });
  const items = oids.slice(0, 64).map((oid) => connection.get(oid) as Node);
  let total = 0;
  const touch = (rounds: number) => {
    for (let i = 0; i < rounds; i++) for (const item of items) total += item.count;
  };
  touch(2000);
  const rounds = 10_000;
  const warm = (seconds(cpu, () => touch(rounds)) / (rounds * 64)) * 1e9;
  if (Number.isNaN(total)) throw new Error('unreachable');
  connection.cacheMinimize();
  manager.abort();
  const before = heapAfterCollection();
  for (const oid of oids) void (connection.get(oid) as Node).count;
  const memory = (heapAfterCollection() - before) / oids.length;
  db.close();
  return { store, waiting, stored, fsync, nofsync, walk, random, warm, memory };
}

const bench: Bench = {
  about: 'the object database on a file: stores, commits, loads; against Python’s with ZOPE_PYTHON',
  async run({ quick }): Promise<BenchRow[]> {
    const directory = mkdtempSync(path.join(tmpdir(), 'zodb-bench-'));
    const count = quick ? 1000 : 20_000;
    const commits = quick ? 100 : 2000;
    try {
      const python = process.env['ZOPE_PYTHON'];
      const reference =
        python === undefined
          ? RECORDED
          : (JSON.parse(
              execFileSync(
                python,
                [path.join(import.meta.dirname, 'zodb-python.py'), directory, String(count), String(commits)],
                { encoding: 'utf8' },
              ),
            ) as Figures);
      // What is measured is a process that has been running for a while.
      const before = path.join(directory, 'before');
      mkdirSync(before);
      measure(before, Math.min(count, 5000), Math.min(commits, 500));
      const ours = measure(directory, count, commits);
      const threaded = new Map<number, number>();
      for (const threads of [1, 8])
        threaded.set(
          threads,
          await threadedCommits(path.join(directory, `threads-${threads}.fs`), threads, commits),
        );
      const label = (value: number) =>
        `${python === undefined ? 'recorded Python' : 'Python'} ${Math.round(value).toLocaleString('en')}`;
      const row = (name: string, key: keyof Figures, unit: string, goal: number): BenchRow => ({
        name,
        value: ours[key],
        unit,
        reference: label(reference[key]),
        ratio: key === 'warm' ? reference[key] / ours[key] : ours[key] / reference[key],
        goal,
      });
      const percent = (part: number) => `${Math.round(part * 100)} %`;
      return [
        {
          ...row('store, 100 objects a transaction, fsync', 'store', 'objects/s', 2),
          note: `fsync is ${percent(ours.waiting)} of the time here, ${percent(reference.waiting)} there`,
        },
        row('store, 100 objects a transaction, CPU time', 'stored', 'objects/s', 2),
        row('commit one object, fsync', 'fsync', 'commits/s', 1),
        ...[...threaded].map(([threads, rate]) => ({
          name: `commit one object, fsync, ${threads} thread${threads > 1 ? 's, group commit' : ''}`,
          value: rate,
          unit: 'commits/s',
          reference: label(reference.fsync),
          ratio: rate / reference.fsync,
          goal: threads === 8 ? 3 : 1,
          ...(threads === 8 ? { note: `${(rate / threaded.get(1)!).toFixed(2)} × one thread` } : {}),
        })),
        row('commit one object, no fsync, CPU time', 'nofsync', 'commits/s', 2),
        row('load cold, a walk, CPU time', 'walk', 'objects/s', 2),
        row('load cold, random, CPU time', 'random', 'objects/s', 2),
        row('attribute of a loaded object', 'warm', 'ns', 1),
        {
          name: 'memory of a loaded object with four attributes',
          value: ours.memory,
          unit: 'bytes',
          note: 'beside its content the design allows 210',
        },
      ];
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

export default bench;
