/**
 * A site served: requests for a second of processor time of the real command on a copy of `bench/site`, with the configuration that
 * `mkwsgiinstance` makes (access log on), against bare `node:http` and, where the environment variable `ZOPE_PYTHON` names an
 * interpreter, against Python's `runwsgi` on the same file. A server that has a core to itself answers as many in a second.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchRow } from './bench.ts';
import { cpuSeconds, load, type Measured, pinned, residentMiB } from './http-load.ts';

const HOME = path.resolve(import.meta.dirname, '..');
const CONNECTIONS = 100;

interface Subject {
  readonly paths: readonly string[];
  /** How often Python's rate is wanted. */
  readonly goal?: number;
  /** Python's requests a second on the machine of `site/README.md`, where it is not measured here. */
  readonly python: number;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  '/f.txt (File)': { paths: ['/f.txt'], python: 2314 },
  '/ (page template)': { paths: ['/'], goal: 20, python: 1703 },
  '/one/two/three/four/five (acquired)': { paths: ['/one/two/three/four/five'], goal: 20, python: 1331 },
  '/sc (script)': { paths: ['/sc'], goal: 12, python: 2208 },
  '/dt (DTML, 100 rows)': { paths: ['/dt'], goal: 20, python: 289 },
  '/pt (page template, 100 rows)': { paths: ['/pt'], goal: 40, python: 139 },
  'bump (script, commits)': {
    paths: Array.from({ length: 64 }, (_none, n) => `/counters/c${n}/bump`),
    goal: 1,
    python: 841,
  },
};
const FILE = '/f.txt (File)';

class Server {
  readonly origin: string;
  readonly #process: ChildProcess;

  constructor(child: ChildProcess, origin: string) {
    this.#process = child;
    this.origin = origin;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  static async start(command: readonly string[], origin: string): Promise<Server> {
    const [program, args] = pinned(0, command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    for (let tries = 0; tries < 600; tries++) {
      if (child.exitCode !== null) break;
      // oxlint-disable-next-line no-await-in-loop
      if (await answers(origin)) return new Server(child, origin);
      // oxlint-disable-next-line no-await-in-loop
      await delay(100);
    }
    child.kill();
    throw new Error(`${command.join(' ')} does not serve:\n${said}`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}

async function answers(origin: string): Promise<boolean> {
  try {
    await (await fetch(`${origin}/f.txt`)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Makes an instance with a program of either kind, puts the site into it, and serves it. */
async function startSite(
  make: readonly string[],
  run: readonly string[],
  directory: string,
  settings = '',
): Promise<Server> {
  const [program, ...args] = [...make, '-d', directory, '-u', 'admin:admin'];
  const made = spawnSync(program!, args, { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`${program} failed: ${made.stderr}`);
  rmSync(path.join(directory, 'inituser'), { force: true });
  copyFileSync(path.join(HOME, 'bench/site/Data.fs'), path.join(directory, 'var/Data.fs'));
  const port = await freePort();
  const ini = path.join(directory, 'etc/zope.ini');
  writeFileSync(
    ini,
    readFileSync(ini, 'utf8')
      .replace(/^(?:fast-)?listen = .*$/m, `listen = 127.0.0.1:${port}`)
      .replace(/^port = .*$/m, `port = ${port}\n${settings}`),
  );
  return Server.start([...run, ini], `http://127.0.0.1:${port}`);
}

async function startBare(): Promise<Server> {
  const port = await freePort();
  const source = `
    const { readFileSync } = require('node:fs');
    const body = readFileSync(${JSON.stringify(path.join(HOME, 'bench/site/f.txt'))});
    require('node:http').createServer((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
      outgoing.end(body);
    }).listen(${port}, '127.0.0.1');`;
  return Server.start([process.execPath, '-e', source], `http://127.0.0.1:${port}`);
}

interface Result extends Measured {
  /** Requests for a second of processor time; by the clock where the system does not tell that. */
  readonly rate: number;
}

async function measure(server: Server, paths: readonly string[], seconds: number): Promise<Result> {
  const before = cpuSeconds(server.pid);
  const measured = await load({ origin: server.origin, paths, seconds, connections: CONNECTIONS });
  const after = cpuSeconds(server.pid);
  const taken = before === undefined || after === undefined ? seconds : after - before;
  return { ...measured, rate: measured.requests / taken };
}

const median = (results: readonly Result[]): Result =>
  results.toSorted((a, b) => a.rate - b.rate)[results.length >> 1]!;

/** Processor time that a server has before it is measured: the engine compiles meanwhile, and on a busy machine that takes long. */
const WARM_SECONDS = 2;
const MOST_WARM_ROUNDS = 8;

async function warm(server: Server, paths: readonly string[], seconds: number): Promise<void> {
  const start = cpuSeconds(server.pid) ?? 0;
  for (let round = 0; round < MOST_WARM_ROUNDS; round++) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would share the cores
    await measure(server, paths, seconds);
    if ((cpuSeconds(server.pid) ?? Infinity) - start >= WARM_SECONDS) break;
  }
}

/** Measures servers in turn, so that what else the machine does weighs on all of them; a median for each. */
async function inTurn(
  servers: readonly Server[],
  paths: readonly string[],
  quick: boolean,
): Promise<(Result | undefined)[]> {
  const seconds = quick ? 1 : 4;
  // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would share the cores
  for (const server of servers) await warm(server, paths, seconds);
  const results: Result[][] = servers.map(() => []);
  for (let round = 0; round < (quick ? 1 : 3); round++)
    for (const [i, server] of servers.entries()) {
      // oxlint-disable-next-line no-await-in-loop
      results[i]!.push(await measure(server, paths, seconds));
    }
  return results.map(median);
}

export default {
  about: 'a site served: page, deep path, File, script, DTML, commits; against bare node:http and Python',
  async run({ quick }) {
    const built = spawnSync(process.execPath, ['scripts/build.js'], { cwd: HOME, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the build failed: ${built.stderr}`);
    const directory = mkdtempSync(path.join(os.tmpdir(), 'http-bench-'));
    const rows: BenchRow[] = [];
    const servers: Server[] = [];
    try {
      const begin = async (start: Promise<Server>) => {
        const server = await start;
        servers.push(server);
        return server;
      };
      const bin = (name: string) => [process.execPath, path.join(HOME, 'bin', `${name}.js`)];
      const ours = await begin(
        startSite(bin('mkwsgiinstance'), bin('runwsgi'), path.join(directory, 'ours'), 'threads = 1'),
      );
      const memory = residentMiB(ours.pid);
      const python = await startPython(path.join(directory, 'python'));
      if (python !== undefined) servers.push(python);
      const bare = await begin(startBare());
      for (const [name, { paths, goal, python: known }] of Object.entries(SUBJECTS)) {
        process.stderr.write(`${name} …\n`);
        const others = python === undefined ? [] : [python];
        // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would share the cores
        const [found, ...rest] = await inTurn(
          [ours, ...others, ...(name === FILE ? [bare] : [])],
          paths,
          quick,
        );
        const result = found!;
        if (name === FILE) {
          const reference = rest.pop()!;
          rows.push({ name: BARE, value: reference.rate, unit: UNIT, note: noteOf(reference) });
          rows.push({
            name: `${name} and bare node:http`,
            value: result.rate,
            unit: UNIT,
            reference: BARE,
            ratio: result.rate / reference.rate,
            goal: 0.5,
          });
        }
        // In a short run Python may answer nothing at all.
        const theirs = rest[0]?.rate || undefined;
        rows.push({
          name,
          value: result.rate,
          unit: UNIT,
          reference: theirs === undefined ? 'Python as recorded' : 'Python',
          ratio: result.rate / (theirs ?? known),
          ...(goal === undefined ? {} : { goal }),
          note: noteOf(result),
        });
      }
      const after = residentMiB(ours.pid);
      if (memory !== undefined && after !== undefined)
        rows.push({
          name: 'memory after all',
          value: after,
          unit: 'MiB',
          note: `at the start ${memory.toFixed(0)}`,
        });
    } finally {
      for (const server of servers) await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
    return rows;
  },
} satisfies Bench;

const BARE = 'bare node:http';
const UNIT = 'requests/CPU s';

const noteOf = ({ median: middle, p99, errors }: Result) =>
  `50 % ${middle.toFixed(1)} ms, 99 % ${p99.toFixed(1)} ms, errors ${errors}`;

async function startPython(directory: string): Promise<Server | undefined> {
  const python = process.env.ZOPE_PYTHON;
  if (python === undefined) return undefined;
  const bin = (name: string) => path.join(path.dirname(python), name);
  if (!existsSync(bin('runwsgi'))) throw new Error(`ZOPE_PYTHON: ${bin('runwsgi')} is not there`);
  process.stderr.write('Python …\n');
  return startSite([bin('mkwsgiinstance')], [bin('runwsgi')], directory);
}
