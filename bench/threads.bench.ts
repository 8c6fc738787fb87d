/**
 * One site on several cores: requests of fixed work (counted in steps, not by the clock) at one and two threads, the welcome page, the
 * same with a tenth of commits, and what handing a request to a thread costs. Runs are interleaved; the median counts.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Bench, BenchRow } from './bench.ts';
import { cpuSeconds, load, type Measured } from './http-load.ts';
import { threadedCommits } from './zodb-threads.ts';

const HOME = path.resolve(import.meta.dirname, '..');
const bin = (name: string) => path.join(HOME, 'bin', `${name}.js`);

/** About a millisecond of arithmetic on the machine that the project is measured on. */
const STEPS = 420_000;

const APPLICATION = `
import { GatewayResponse } from ${JSON.stringify(path.join(HOME, 'dist/paste/index.js'))};
const constant = 'x'.repeat(1000);
const headers = ['Content-Type', 'text/plain'];
function work(steps) {
  let state = 1;
  for (let i = 0; i < steps; i++) state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return state;
}
export const main = () => (request) =>
  new GatewayResponse(request.environ.pathInfo === '/work' ? String(work(${STEPS})) : constant, { headers });
`;

/** A server of bytes without code of ours: it answers at once, or when another thread was woken and has woken it. */
const BARE = `
import net from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
if (isMainThread) {
  const answer = 'HTTP/1.1 200 OK\\r\\nContent-Length: 1000\\r\\n\\r\\n' + 'x'.repeat(1000);
  const waiting = [];
  let worker;
  if (process.argv[2] === '2') {
    worker = new Worker(new URL(import.meta.url));
    await new Promise((resolve) => worker.once('message', resolve));
    worker.on('message', () => waiting.shift().write(answer, 'latin1'));
  }
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      if (worker === undefined) socket.write(answer, 'latin1');
      else {
        waiting.push(socket);
        worker.postMessage(0);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => console.log('Serving on http://127.0.0.1:' + server.address().port));
} else {
  parentPort.on('message', () => parentPort.postMessage(0));
  parentPort.postMessage(0);
}
`;

/** A thread that makes and reads objects, as pages do, a number of times; it shares nothing with others. */
const ALONE = `
import { parentPort, workerData } from 'node:worker_threads';
const items = Array.from({ length: 1000 }, (_none, n) => ({ n, name: 'item ' + n }));
function work(rounds) {
  const seen = new Map();
  let length = 0;
  for (let round = 0; round < rounds; round++) {
    for (const item of items) seen.set(item.name, item.n + round);
    length += JSON.stringify(items.slice(0, 50)).length;
  }
  return length;
}
work(workerData);
parentPort.on('message', () => {
  const start = performance.now();
  work(workerData);
  parentPort.postMessage(performance.now() - start);
});
`;

class Site {
  readonly child: ChildProcess;
  readonly origin: string;

  constructor(child: ChildProcess, origin: string) {
    this.child = child;
    this.origin = origin;
  }

  static async start(...command: readonly string[]): Promise<Site> {
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const origin = await new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          const match = /Serving on (http:\S+)/.exec(said);
          if (match !== null) resolve(match[1]!);
        });
      child.once('exit', () => reject(new Error(`the server has ended:\n${said}`)));
    });
    return new Site(child, origin);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill();
    await once(this.child, 'exit');
  }
}

const LOGGING = `
[loggers]
keys = root
[logger_root]
level = INFO
handlers = console
[handlers]
keys = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
[formatters]
keys =
`;

function plainSite(directory: string, threads: number): string {
  const application = path.join(directory, 'application.mjs');
  writeFileSync(application, APPLICATION);
  const ini = path.join(directory, `plain-${threads}.ini`);
  writeFileSync(
    ini,
    `[app:main]\nuse = npm:${application}\n[server:main]\nuse = egg:waitress#main\nlisten = 127.0.0.1:0\nthreads = ${threads}\nconnection_limit = 1000\n${LOGGING}`,
  );
  return ini;
}

function zopeSite(directory: string, threads: number): string {
  const home = path.join(directory, `zope-${threads}`);
  const made = spawnSync(process.execPath, [bin('mkwsgiinstance'), '-d', home, '-u', 'admin:admin']);
  if (made.status !== 0) throw new Error(`mkwsgiinstance failed: ${String(made.stderr)}`);
  copyFileSync(path.join(HOME, 'bench/site/Data.fs'), path.join(home, 'var/Data.fs'));
  const ini = path.join(home, 'etc/zope.ini');
  writeFileSync(
    ini,
    readFileSync(ini, 'utf8').replace(
      /^port = .*$/m,
      `port = 0\nthreads = ${threads}\nconnection_limit = 1000`,
    ),
  );
  return ini;
}

interface Result extends Measured {
  readonly rate: number;
  /** Microseconds of processor time of the server for a request. */
  readonly cost: number;
}

async function measure(
  site: Site,
  paths: readonly string[],
  connections: number,
  seconds: number,
): Promise<Result> {
  const before = cpuSeconds(site.child.pid!) ?? 0;
  const measured = await load({ origin: site.origin, paths, seconds, connections });
  const cpu = (cpuSeconds(site.child.pid!) ?? 0) - before;
  return { ...measured, rate: measured.requests / seconds, cost: (cpu / measured.requests) * 1e6 };
}

const middle = (results: readonly Result[], by: (result: Result) => number): Result =>
  results.toSorted((a, b) => by(a) - by(b))[results.length >> 1]!;

/** Measures two sites in turn. */
async function interleaved(
  sites: readonly [Site, Site],
  paths: readonly string[],
  connections: number,
  quick: boolean,
): Promise<[Result, Result]> {
  const results: [Result[], Result[]] = [[], []];
  for (let round = 0; round < (quick ? 2 : 6); round++) {
    for (const [i, site] of sites.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would share the cores
      const result = await measure(site, paths, connections, quick ? 1 : 2);
      // In the first round the engine compiles.
      if (round > 0) results[i]!.push(result);
    }
  }
  const by = connections === 1 ? (result: Result) => result.median : (result: Result) => result.rate;
  return [middle(results[0], by), middle(results[1], by)];
}

/** How much more two threads do than one where they have nothing to do with each other: what the machine allows. */
async function twoAlone(directory: string, quick: boolean): Promise<number> {
  const script = path.join(directory, 'alone.mjs');
  writeFileSync(script, ALONE);
  const workers = [1, 2].map(() => new Worker(script, { workerData: quick ? 3000 : 15_000 }));
  const time = async (count: number) => {
    const times = workers.slice(0, count).map(async (worker) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of Node, not a window
      worker.postMessage(0);
      const [milliseconds] = (await once(worker, 'message')) as [number];
      return milliseconds;
    });
    return Math.max(...(await Promise.all(times)));
  };
  const ratios: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other, or they would share the cores
  for (let round = 0; round < 5; round++) ratios.push((2 * (await time(1))) / (await time(2)));
  for (const worker of workers) await worker.terminate();
  return ratios.toSorted((a, b) => a - b)[2]!;
}

/** Commits with `fsync` of one thread and of eight; medians of interleaved runs. */
async function commits(directory: string, pause: number, quick: boolean): Promise<[number, number]> {
  const rates: [number[], number[]] = [[], []];
  const slow = pause > 0;
  const count = slow ? 800 : quick ? 1500 : 4000;
  for (let round = 0; round < (quick ? 1 : slow ? 3 : 5); round++)
    for (const [i, threads] of [1, 8].entries()) {
      const file = path.join(directory, `commits-${pause}-${round}-${threads}.fs`);
      // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would share the cores
      rates[i]!.push(await threadedCommits(file, threads, count, pause));
    }
  return rates.map((each) => each.toSorted((a, b) => a - b)[each.length >> 1]!) as [number, number];
}

const noteOf = ({ median, p99, errors, cost }: Result) =>
  `50 % ${median.toFixed(2)} ms, 99 % ${p99.toFixed(1)} ms, ${cost.toFixed(0)} µs CPU a request, errors ${errors}`;

/** A commit in ten requests. */
const MIXED = Array.from({ length: 640 }, (_none, n) =>
  n % 10 === 0 ? `/counters/c${(n / 10) % 64}/bump` : '/',
);

/** Each of another object. */
const COMMITS = Array.from({ length: 64 }, (_none, n) => `/counters/c${n}/bump`);

export default {
  about:
    'one site at one and two threads: what the machine allows, a page of fixed work, /, a tenth of commits, nothing but commits, the cost of handing over and of waking a thread, commits with fsync by eight threads',
  async run({ quick, row }) {
    const built = spawnSync(process.execPath, ['scripts/build.js'], { cwd: HOME, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the build failed: ${built.stderr}`);
    const directory = mkdtempSync(path.join(os.tmpdir(), 'threads-bench-'));
    const sites: Site[] = [];
    const begin = async (...command: readonly string[]) => {
      const site = await Site.start(...command);
      sites.push(site);
      return site;
    };
    const start = (ini: string) => begin(bin('runwsgi'), ini);
    const rows: BenchRow[] = [];
    const add = (...more: BenchRow[]) => {
      rows.push(...more);
      for (const each of more) row(each);
    };
    const compare = (name: string, [one, two]: [Result, Result], goal?: number) =>
      add(
        { name: `${name}, 1 thread`, value: one.rate, unit: 'requests/s', note: noteOf(one) },
        {
          name: `${name}, 2 threads`,
          value: two.rate,
          unit: 'requests/s',
          reference: '1 thread',
          ratio: two.rate / one.rate,
          ...(goal === undefined ? {} : { goal }),
          note: noteOf(two),
        },
      );
    try {
      add({
        name: 'two threads that share nothing, work of the kind that pages do',
        value: await twoAlone(directory, quick),
        unit: '× one thread',
        note: 'what the machine allows',
      });
      const plain = [await start(plainSite(directory, 1)), await start(plainSite(directory, 2))] as const;
      process.stderr.write('work …\n');
      compare('a page of fixed work', await interleaved(plain, ['/work'], 32, quick), 1.7);
      process.stderr.write('handing over …\n');
      const [direct, handed] = await interleaved(plain, ['/'], 1, quick);
      add({
        name: 'handing over, one client',
        value: (handed.median - direct.median) * 1000,
        unit: 'µs more',
        reference: 'allowed 25 µs',
        ratio: 25 / Math.max(1, (handed.median - direct.median) * 1000),
        goal: 1,
        note: `median ${(direct.median * 1000).toFixed(0)} and ${(handed.median * 1000).toFixed(0)} µs`,
      });
      const [alone, shared] = await interleaved(plain, ['/'], 100, quick);
      add({
        name: 'handing over, 100 clients',
        value: shared.cost - alone.cost,
        unit: 'µs CPU more',
        reference: 'allowed 10 µs',
        ratio: 10 / Math.max(1, shared.cost - alone.cost),
        goal: 1,
        note: `${alone.cost.toFixed(1)} and ${shared.cost.toFixed(1)} µs a request`,
      });
      for (const site of plain) await site.stop();
      process.stderr.write('waking …\n');
      const script = path.join(directory, 'bare.mjs');
      writeFileSync(script, BARE);
      const bare = [await begin(script, '1'), await begin(script, '2')] as const;
      const [still, woken] = await interleaved(bare, ['/'], 1, quick);
      add({
        name: 'waking a thread and being woken, nothing else, one client',
        value: (woken.median - still.median) * 1000,
        unit: 'µs more',
        note: `median ${(still.median * 1000).toFixed(0)} and ${(woken.median * 1000).toFixed(0)} µs, ${(woken.cost - still.cost).toFixed(1)} µs CPU`,
      });
      for (const site of bare) await site.stop();
      const zope = [await start(zopeSite(directory, 1)), await start(zopeSite(directory, 2))] as const;
      process.stderr.write('/ …\n');
      compare('/ (page template)', await interleaved(zope, ['/'], 100, quick));
      process.stderr.write('a tenth of commits …\n');
      compare('/ with a tenth of commits', await interleaved(zope, MIXED, 100, quick));
      process.stderr.write('commits …\n');
      compare('commits with fsync, 32 clients', await interleaved(zope, COMMITS, 32, quick));
      for (const site of zope) await site.stop();
      for (const pause of [0, 1]) {
        process.stderr.write('commits by threads …\n');
        const [one, eight] = await commits(directory, pause, quick);
        const disk = pause === 0 ? 'on this disk' : 'where a sync takes a millisecond longer';
        add(
          {
            name: `commits with fsync ${disk}, 1 thread`,
            value: one,
            unit: 'commits/s',
            note: `${(1000 / one).toFixed(2)} ms each`,
          },
          {
            name: `commits with fsync ${disk}, 8 threads`,
            value: eight,
            unit: 'commits/s',
            reference: '1 thread',
            ratio: eight / one,
            goal: 3,
          },
        );
      }
    } finally {
      for (const site of sites) await site.stop();
      rmSync(directory, { recursive: true, force: true });
    }
    return rows;
  },
} satisfies Bench;
