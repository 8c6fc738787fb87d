/** How long `runwsgi` takes until a stock instance answers, and what memory it takes; against Python's (ZOPE_PYTHON) in the same run. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runLoad } from '../src/zope/cli/load-client.ts';
import type { Bench, BenchRow } from './bench.ts';

const BIN = fileURLToPath(new URL('../bin', import.meta.url));
const POLL_MS = 2;
const DEADLINE_MS = 60_000;
const CLIENTS = 100;
const GOAL_MS = 300;
const GOAL_MIB = 120;
/** What Python Zope 6 took where the goals were set. */
const PYTHON_MS = 680;

interface System {
  readonly name: string;
  /** In `[server:main]`; undefined: what a stock instance has. */
  readonly threads: number | undefined;
  program(command: string): readonly [string, ...string[]];
}

const own = (threads: number | undefined): System => ({
  name: threads === undefined ? 'threads by default' : 'one thread',
  threads,
  program: (command) => [process.execPath, path.join(BIN, `${command}.js`)],
});
const pythonOf = (interpreter: string): System => ({
  name: 'Python Zope',
  threads: undefined,
  program: (command) => [path.join(path.dirname(interpreter), command)],
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Site {
  readonly system: System;
  readonly ini: string;
  readonly port: number;
}

async function makeSite(system: System, folder: string): Promise<Site> {
  const home = path.join(folder, system.name.replaceAll(' ', '-'));
  const [program, ...args] = system.program('mkwsgiinstance');
  const { status, stderr } = spawnSync(program, [...args, '-d', home, '-u', 'admin:secret'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`mkwsgiinstance of ${system.name}: ${stderr}`);
  const ini = path.join(home, 'etc/zope.ini');
  const port = await freePort();
  const threads = system.threads === undefined ? '' : `\nthreads = ${system.threads}`;
  writeFileSync(ini, readFileSync(ini, 'utf8').replace('port = 8080', `port = ${port}${threads}`));
  return { system, ini, port };
}

/** The status of the answer; undefined while nobody listens. */
function ask(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', path: '/', agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    });
    request.once('error', () => resolve(undefined));
  });
}

interface Started {
  readonly milliseconds: number;
  readonly process: ChildProcess;
}

async function start({ system, ini, port }: Site): Promise<Started> {
  const began = performance.now();
  const [program, ...args] = system.program('runwsgi');
  const child = spawn(program, [...args, '-q', ini], { stdio: 'ignore' });
  while (performance.now() - began < DEADLINE_MS) {
    if (child.exitCode !== null) throw new Error(`runwsgi of ${system.name} ended with ${child.exitCode}`);
    // oxlint-disable-next-line no-await-in-loop -- asked until it is answered
    const status = await ask(port);
    if (status === 200) return { milliseconds: performance.now() - began, process: child };
    if (status !== undefined) throw new Error(`${system.name} answers ${status}`);
    // oxlint-disable-next-line no-await-in-loop
    await delay(POLL_MS);
  }
  throw new Error(`${system.name} does not answer`);
}

async function stop({ process: child }: Started): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Resident memory in MiB. */
function memoryOf({ process: child }: Started): number {
  return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' }).stdout) / 1024;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

interface Measured {
  readonly times: number[];
  memory: number;
  memoryAfter: number;
}

/** Starts of the systems take turns, so that what else the machine does hits all. */
async function measure(sites: readonly Site[], starts: number, loadSeconds: number): Promise<Measured[]> {
  const results = sites.map((): Measured => ({ times: [], memory: 0, memoryAfter: 0 }));
  for (let round = 0; round <= starts; round++) {
    for (const [index, site] of sites.entries()) {
      // oxlint-disable no-await-in-loop -- one after the other
      const started = await start(site);
      // The first start makes the database.
      if (round > 0) results[index]!.times.push(started.milliseconds);
      if (round === starts) {
        results[index]!.memory = memoryOf(started);
        await runLoad(new URL(`http://127.0.0.1:${site.port}/`), CLIENTS, loadSeconds, () => undefined);
        results[index]!.memoryAfter = memoryOf(started);
      }
      await stop(started);
      // oxlint-enable no-await-in-loop
    }
  }
  return results;
}

const bench: Bench = {
  about:
    'from `runwsgi` to the first answer of a stock instance, and its memory, with one thread and by default; against Python (ZOPE_PYTHON)',
  async run({ quick }) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'zope-start-'));
    const python = process.env.ZOPE_PYTHON;
    try {
      const systems = [own(1), own(undefined), ...(python === undefined ? [] : [pythonOf(python)])];
      const sites = await Promise.all(systems.map((system) => makeSite(system, folder)));
      const [one, byDefault, theirs] = await measure(sites, quick ? 3 : 11, quick ? 1 : 10);
      const bare = Array.from({ length: quick ? 3 : 11 }, () => {
        const began = performance.now();
        spawnSync(process.execPath, ['-e', '0']);
        return performance.now() - began;
      });
      return [
        ...rowsOf(one!, theirs, ', one thread', median(bare)),
        ...rowsOf(byDefault!, theirs, ', threads by default'),
        ...(theirs === undefined ? [] : rowsOf(theirs, undefined, ', Python')),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Goals, where `bare` is given: what node itself takes. */
function rowsOf(measured: Measured, python: Measured | undefined, of: string, bare?: number): BenchRow[] {
  const time = median(measured.times);
  const against = (reference: number | undefined, value: number, goal?: number) =>
    reference === undefined
      ? {}
      : { reference: 'Python Zope', ratio: reference / value, ...(goal === undefined ? {} : { goal }) };
  const fastest = `fastest ${Math.min(...measured.times).toFixed(0)} ms`;
  const goal = bare === undefined ? undefined : PYTHON_MS / GOAL_MS;
  const wanted = bare === undefined ? {} : { note: `at most ${GOAL_MIB} MiB wanted` };
  return [
    {
      name: `from runwsgi to the first answer${of}`,
      value: time,
      unit: 'ms',
      ...against(python && median(python.times), time, goal),
      note: bare === undefined ? fastest : `${fastest}; of that node itself ${bare.toFixed(0)} ms`,
    },
    {
      name: `resident memory after the first answer${of}`,
      value: measured.memory,
      unit: 'MiB',
      ...against(python?.memory, measured.memory),
      ...wanted,
    },
    {
      name: `resident memory after load of ${CLIENTS} clients${of}`,
      value: measured.memoryAfter,
      unit: 'MiB',
      ...against(python?.memoryAfter, measured.memoryAfter),
      ...wanted,
    },
  ];
}

export default bench;
