/** FileStorage: storing, committing, loading, opening and packing, against Python's ZODB on the same machine in the same run (ZOPE_PYTHON). */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GlobalRef, Pickler } from '../src/pickle/index.ts';
import { FileStorage, type FileStorageOptions } from '../src/zodb/index.ts';
import type { RawMetadata } from '../src/zodb/interfaces.ts';
import type { Bench, BenchRow } from './bench.ts';

/** Does the same with the same records as the functions below, one line of JSON for all. */
const PYTHON = String.raw`
import json, os, random, sys, time
from ZODB.FileStorage import FileStorage
from ZODB.Connection import TransactionMetaData
from ZODB.serialize import referencesf
from ZODB.utils import p64, z64
d = json.loads(sys.argv[1])
directory, count, record = d['directory'], d['count'], bytes.fromhex(d['record'])
with open(os.path.join(directory, 'root'), 'rb') as f:
    root = f.read()
# The class has the name of its module.
module = sys.modules['ZODB.FileStorage.FileStorage']
real_fsync = os.fsync
def fsync(on):
    # The storage keeps the function under its own name.
    module.fsync = real_fsync if on else (lambda fd: None)
fsync(True)
out = {}
def commits(name, transactions, size, clock=time.perf_counter):
    s = FileStorage(os.path.join(directory, name), create=True)
    oid = 1
    start = clock()
    for n in range(transactions):
        t = TransactionMetaData()
        s.tpc_begin(t)
        for i in range(size):
            s.store(p64(oid), z64, record, '', t)
            oid += 1
        s.tpc_vote(t)
        s.tpc_finish(t)
    seconds = clock() - start
    s.close()
    return transactions / seconds
def best(call, n=5):
    return max(call() for _ in range(n))
out['store'] = best(lambda: commits('store.fs', count // 100, 100) * 100)
out['single'] = best(lambda: commits('single.fs', d['singles'], 1))
fsync(False)
cpu = time.process_time
out['stored'] = best(lambda: commits('stored.fs', count // 100, 100, cpu) * 100)
out['unsynced'] = best(lambda: commits('unsynced.fs', count // 10, 1, cpu))
s = FileStorage(os.path.join(directory, 'store.fs'))
oids = [p64(n + 1) for n in range(count)]
def loads():
    start = cpu()
    for oid in oids:
        s.load(oid)
    return count / (cpu() - start)
out['sequential'] = best(loads)
random.Random(1).shuffle(oids)
out['random'] = best(loads)
s.close()
def pack():
    s = FileStorage(os.path.join(directory, 'pack.fs'), create=True)
    t = TransactionMetaData()
    s.tpc_begin(t)
    s.store(z64, z64, root, '', t)
    s.tpc_vote(t)
    s.tpc_finish(t)
    for n in range(count // 100):
        for change in (0, 1) if n % 2 else (0,):
            t = TransactionMetaData()
            s.tpc_begin(t)
            for i in range(100):
                oid = p64(1 + n * 100 + i)
                s.store(oid, s.load(oid)[1] if change else z64, record, '', t)
            s.tpc_vote(t)
            s.tpc_finish(t)
    start = cpu()
    s.pack(time.time() + 10, referencesf)
    seconds = cpu() - start
    kept = len(s)
    s.close()
    assert kept == count + 1, kept
    return count / seconds
out['pack'] = best(pack, 2)
if d['open']:
    def opened():
        start = time.perf_counter()
        s = FileStorage(d['open'], read_only=True)
        ms = (time.perf_counter() - start) * 1000
        s.close()
        return -ms
    out['open'] = -best(opened)
print(json.dumps(out))
`;

const MILLION = 1_000_000;
const EMPTY = new Uint8Array();

function recordOf(cls: string, state: unknown, references: Map<unknown, number>): Uint8Array {
  const pickler = new Pickler({
    persistentId(value) {
      const oid = references.get(value);
      if (oid === undefined) return undefined;
      const id = Buffer.alloc(8);
      id.writeUInt32BE(oid, 4);
      return new Uint8Array(id);
    },
  });
  pickler.dump(GlobalRef.of('app', cls));
  pickler.clearMemo();
  pickler.dump(state);
  return pickler.bytes();
}

const RECORD = recordOf(
  'Page',
  { id: 'page', title: 'A page of a site', text: 'Lorem ipsum dolor sit amet. '.repeat(4), order: 12 },
  new Map(),
);

/** Refers to every object, so that a pack keeps them. */
function rootOf(count: number): Uint8Array {
  const references = new Map<unknown, number>();
  for (let oid = 1; oid <= count; oid++) references.set({}, oid);
  return recordOf('Root', [...references.keys()], references);
}

function commit(storage: FileStorage, run: (transaction: RawMetadata) => void): void {
  const transaction = { user: EMPTY, description: EMPTY, extensionBytes: EMPTY };
  storage.tpcBegin(transaction);
  run(transaction);
  storage.tpcVote(transaction);
  storage.tpcFinish(transaction);
}

const wall = (): number => performance.now() / 1000;
/** Where the disk does not matter: others on the machine do not either. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Commits a second. */
function commits(
  file: string,
  transactions: number,
  size: number,
  options: FileStorageOptions,
  clock = wall,
): number {
  const storage = new FileStorage(file, { ...options, create: true });
  let oid = 1;
  const start = clock();
  for (let n = 0; n < transactions; n++) {
    commit(storage, (transaction) => {
      for (let i = 0; i < size; i++) storage.store(oid++, 0n, RECORD, transaction);
    });
  }
  const seconds = clock() - start;
  storage.close();
  return transactions / seconds;
}

function best(measure: () => number, times = 5): number {
  return Math.max(...Array.from({ length: times }, measure));
}

function shuffled(count: number): number[] {
  const oids = Array.from({ length: count }, (_, i) => i + 1);
  let state = 1;
  for (let i = count - 1; i > 0; i--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const j = state % (i + 1);
    [oids[i], oids[j]] = [oids[j]!, oids[i]!];
  }
  return oids;
}

function loads(storage: FileStorage, oids: readonly number[]): number {
  let bytes = 0;
  const start = cpu();
  for (const oid of oids) bytes += storage.load(oid).data.length;
  const seconds = cpu() - start;
  if (bytes !== oids.length * RECORD.length) throw new Error('other records');
  return oids.length / seconds;
}

function pack(file: string, count: number, root: Uint8Array): number {
  const storage = new FileStorage(file, { create: true, fsync: false });
  commit(storage, (transaction) => storage.store(0, 0n, root, transaction));
  for (let n = 0; n < count / 100; n++) {
    for (let change = 0; change <= n % 2; change++)
      commit(storage, (transaction) => {
        for (let i = 0; i < 100; i++) {
          const oid = 1 + n * 100 + i;
          storage.store(oid, change === 0 ? 0n : storage.load(oid).tid, RECORD, transaction);
        }
      });
  }
  const start = cpu();
  storage.pack(Date.now() / 1000 + 10);
  const seconds = cpu() - start;
  if (storage.size() !== count + 1) throw new Error('lost objects');
  storage.close();
  return count / seconds;
}

const bench: Bench = {
  about: 'FileStorage: store, commit, load, open by the index, pack; against ZODB in Python',
  run({ quick }) {
    const directory = mkdtempSync(path.join(tmpdir(), 'bench-filestorage-'));
    const ours = path.join(directory, 'ours');
    mkdirSync(ours);
    const count = quick ? 5000 : 50_000;
    const singles = quick ? 100 : 500;
    const objects = quick ? 100_000 : MILLION;
    const file = (name: string) => path.join(ours, name);
    try {
      const root = rootOf(count);
      writeFileSync(path.join(directory, 'root'), root);
      const measured: Record<string, number> = {
        store: best(() => commits(file('store.fs'), count / 100, 100, {}) * 100),
        single: best(() => commits(file('single.fs'), singles, 1, {})),
        unsynced: best(() => commits(file('unsynced.fs'), count / 10, 1, { fsync: false }, cpu)),
        stored: best(() => commits(file('stored.fs'), count / 100, 100, { fsync: false }, cpu) * 100),
      };
      const storage = new FileStorage(file('store.fs'), { readOnly: true });
      const inOrder = Array.from({ length: count }, (_, i) => i + 1);
      measured.sequential = best(() => loads(storage, inOrder));
      measured.random = best(() => loads(storage, shuffled(count)));
      storage.close();
      measured.pack = best(() => pack(file('pack.fs'), count, root), 2);

      commits(file('large.fs'), objects / 1000, 1000, { fsync: false });
      let opened: FileStorage | undefined;
      measured.open = -best(() => {
        opened?.close();
        const start = performance.now();
        opened = new FileStorage(file('large.fs'), { readOnly: true });
        return start - performance.now();
      }, 5);
      const entry = opened!.indexBytes() / objects;
      opened!.close();

      const python = process.env.ZOPE_PYTHON;
      const reference: Partial<Record<string, number>> =
        python === undefined
          ? {}
          : (JSON.parse(
              execFileSync(
                python,
                [
                  '-c',
                  PYTHON,
                  JSON.stringify({
                    directory,
                    count,
                    singles,
                    record: Buffer.from(RECORD).toString('hex'),
                    open: file('large.fs'),
                  }),
                ],
                { encoding: 'utf8', maxBuffer: 1 << 26, stdio: 'pipe' },
              ),
            ) as Record<string, number>);
      const row = (name: string, key: string, unit: string, goal: number): BenchRow => {
        const value = measured[key]!;
        const other = reference[key];
        const ratio = other === undefined ? undefined : value / other;
        return {
          name,
          value,
          unit,
          ...(ratio === undefined ? {} : { reference: 'ZODB (Python)', ratio, goal }),
        };
      };
      return [
        row('store, 100 a transaction, fsync', 'store', 'objects/s', 2),
        row('commit of one object, fsync', 'single', 'commits/s', 1),
        row('store, 100 a transaction, no fsync, CPU time', 'stored', 'objects/s', 2),
        row('commit of one object, no fsync, CPU time', 'unsynced', 'commits/s', 2),
        row('load, in the order of the file, CPU time', 'sequential', 'objects/s', 2),
        row('load, anywhere in the file, CPU time', 'random', 'objects/s', 2),
        row('pack, a third of the revisions goes, CPU time', 'pack', 'objects/s', 2),
        {
          name: `open ${objects.toLocaleString('en')} objects by the index`,
          value: measured.open!,
          unit: 'ms',
          reference: '300 ms',
          ratio: 300 / measured.open!,
          goal: 1,
          ...(reference.open === undefined ? {} : { note: `ZODB: ${reference.open.toPrecision(3)} ms` }),
        },
        {
          name: 'memory of the index',
          value: entry,
          unit: 'B/object',
          reference: '16 B',
          ratio: 16 / entry,
          goal: 1,
        },
      ];
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

export default bench;
