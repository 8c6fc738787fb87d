/** Reading and writing the pickles of object records, against the C implementation of Python's `pickle` in the same run (ZOPE_PYTHON). */
import { execFileSync } from 'node:child_process';
import { Pickler, Unpickler } from '../src/pickle/index.ts';
import type { Bench, BenchRow } from './bench.ts';

/**
 * Pickles of protocol 3 of what records hold, made by Python and timed by it; a reader of records has a persistent id for every
 * reference, and so it has here.
 */
const PYTHON = String.raw`
import io, json, pickle, sys, time
class Ref:
    def __init__(self, pid):
        self.pid = pid
class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.pid if type(value) is Ref else None
class Unpickler(pickle.Unpickler):
    def persistent_load(self, pid):
        return Ref(pid)
def dumps(value):
    f = io.BytesIO()
    Pickler(f, 3).dump(value)
    return f.getvalue()
def loads(data):
    return Unpickler(io.BytesIO(data)).load()
def ref(n):
    return Ref((n.to_bytes(8, 'big'), object))
text = 'Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eirmod. '
document = {'id': 'front-page', 'title': 'Welcome', 'description': text, 'text': text * 12, 'modified': 1190000000.25,
            'subjects': ('news', 'front'), 'rights': '', 'creators': ('admin',), 'allow_discussion': False,
            '__ac_local_roles__': {'admin': ['Owner']}, 'parent': ref(17)}
names = ['item-%d' % n for n in range(12)]
folder = {'id': 'folder', 'title': 'A folder', '_objects': tuple({'id': name, 'meta_type': 'Folder'} for name in names),
          '__ac_local_roles__': {'admin': ['Owner']}, '_owner': (['acl_users'], 'admin')}
folder.update((name, ref(n)) for n, name in enumerate(names))
small = {'id': 'prefs', 'title': '', '_count': 12, 'ratio': 0.5, '_flags': (True, False, None), '__parent__': ref(1)}
bucket = ((tuple(x for n in range(30) for x in ('key%05d' % (n * 7), ref(n))),),)
numbers = ((tuple(x for n in range(30) for x in (1000000 + n * 977, n * 3)),),)
cases = {'attributes, %d bytes': small, 'folder of 12, %d bytes': folder, 'document, %d bytes': document,
         'bucket of texts and references, %d bytes': bucket, 'bucket of integers, %d bytes': numbers}
rounds = int(sys.argv[1])
result = []
for name, value in cases.items():
    data = dumps(value)
    best = [9e9, 9e9]
    for _ in range(7):
        for which, call, argument in (0, loads, data), (1, dumps, value):
            start = time.perf_counter()
            for _ in range(rounds):
                call(argument)
            best[which] = min(best[which], (time.perf_counter() - start) / rounds * 1e6)
    result.append({'name': name % len(data), 'data': data.hex(), 'loads': best[0], 'dumps': best[1]})
print(json.dumps(result))
`;

/** Stands for a reference as the connection's does. */
class Ref {
  readonly pid: unknown;

  constructor(pid: unknown) {
    this.pid = pid;
  }
}

const OPTIONS = { dialect: 'zodb', persistentLoad: (pid: unknown) => new Ref(pid) } as const;
const persistentId = (value: object): unknown => (value instanceof Ref ? value.pid : undefined);

const load = (data: Uint8Array): unknown => new Unpickler(data, OPTIONS).load();
function dump(value: unknown): Uint8Array {
  const pickler = new Pickler({ persistentId });
  pickler.dump(value);
  return pickler.finish();
}

let sink: unknown;

/** Microseconds a call. */
function measure<T>(rounds: number, call: (argument: T) => unknown, argument: T): number {
  let best = Infinity;
  for (let repeat = 0; repeat < 7; repeat++) {
    const start = performance.now();
    for (let round = 0; round < rounds; round++) sink = call(argument);
    best = Math.min(best, performance.now() - start);
  }
  return (best / rounds) * 1000;
}

interface PythonRow {
  readonly name: string;
  readonly data: string;
  readonly loads: number;
  readonly dumps: number;
}

const bench: Bench = {
  about:
    "object records read and written as pickles; against Python's C pickle (ZOPE_PYTHON, default python3)",
  run({ quick }) {
    const rounds = quick ? 2000 : 20_000;
    const python = process.env.ZOPE_PYTHON ?? 'python3';
    const theirs = JSON.parse(
      execFileSync(python, ['-c', PYTHON, String(rounds)], { encoding: 'utf8' }),
    ) as PythonRow[];
    const records = theirs.map((row) => {
      const data = new Uint8Array(Buffer.from(row.data, 'hex'));
      return { row, data, value: load(data) };
    });
    // All kinds of records before the first is measured, as a server has met them.
    for (let round = 0; round < 3000; round++) {
      for (const { data, value } of records) {
        sink = load(data);
        sink = dump(value);
      }
    }
    const rows: BenchRow[] = [];
    for (const { row, data, value } of records) {
      if (!Buffer.from(dump(value)).equals(data)) throw new Error(`other bytes than Python's: ${row.name}`);
      const ours = { loads: measure(rounds, load, data), dumps: measure(rounds, dump, value) };
      for (const what of ['loads', 'dumps'] as const) {
        rows.push({
          name: `${what} ${row.name}`,
          value: ours[what],
          unit: 'µs',
          reference: `Python, same run: ${row[what].toFixed(2)} µs`,
          ratio: row[what] / ours[what],
          goal: 1,
        });
      }
    }
    void sink;
    return rows;
  },
};

export default bench;
