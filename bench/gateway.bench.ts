/** What the gateway costs: requests a second of servers that all answer a text of 1 KB, against bare `node:http`. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Application,
  GatewayResponse,
  loadApp,
  registerGatewayDistributions,
  registerModule,
  serve,
  type ServerName,
  setUpLogging,
  toNodeListener,
} from '../src/paste/index.ts';
import type { Bench, BenchRow } from './bench.ts';

const TEXT = 'x'.repeat(1024);
const HEADERS = ['Content-Type', 'text/plain; charset=utf-8'];
const own: Application = () => new GatewayResponse(TEXT, { headers: HEADERS });
const standard: Application = () =>
  new Response(TEXT, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });

/** Each starts to serve in a child process, and tells where. */
const SERVERS = {
  'bare node:http': () =>
    listening((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': TEXT.length });
      outgoing.end(TEXT);
    }),
  waitress: () => serving(own),
  bjoern: () => serving(own, 'egg:dataflake.wsgi.bjoern#main'),
  'waitress, an asynchronous application': () => serving(async (request) => own(request)),
  'waitress, translogger to a file': () => withPipeline('translogger app'),
  'waitress, translogger, httpexceptions': () => withPipeline('translogger httpexceptions app'),
  'waitress, a global Response': () => serving(standard),
  toNodeListener: () => listening(toNodeListener(own)),
} as const;
type Kind = keyof typeof SERVERS;

/** The stock pipeline with its access log, as `mkwsgiinstance` writes it. */
async function withPipeline(pipeline: string): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-'));
  const file = path.join(folder, 'bench.ini');
  writeFileSync(
    file,
    '[app:app]\npaste.app_factory = bench:app\n' +
      '[filter:httpexceptions]\nuse = egg:Zope#httpexceptions\n' +
      '[filter:translogger]\nuse = egg:Paste#translogger\nsetup_console_handler = False\n' +
      `[pipeline:main]\npipeline = ${pipeline}\n` +
      '[loggers]\nkeys = root, wsgi\n[logger_root]\nlevel = INFO\nhandlers =\n' +
      '[logger_wsgi]\nlevel = WARN\nhandlers = accesslog\nqualname = wsgi\npropagate = 0\n' +
      '[handlers]\nkeys = accesslog\n[handler_accesslog]\nclass = FileHandler\n' +
      "args = ('%(here)s/Z4.log','a')\nlevel = INFO\nformatter = message\n" +
      '[formatters]\nkeys = message\n[formatter_message]\nformat = %(message)s\n',
  );
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  registerGatewayDistributions();
  registerModule('bench', { app: () => own });
  await setUpLogging(file);
  return serving(await loadApp(`config:${file}`));
}

async function serving(app: Application, server?: ServerName): Promise<string> {
  return (await serve(app, { host: '127.0.0.1', port: '0' }, server)).urls[0]!;
}

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const CHILD = '--serve';
if (process.argv[2] === CHILD) {
  process.send?.(await SERVERS[process.argv[3] as Kind]());
  process.on('SIGTERM', () => process.exit());
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1e6);
  });
}

class Child {
  readonly #process: ChildProcess;
  readonly #url: string;

  constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.#url = url;
  }

  static async start(kind: Kind): Promise<Child> {
    const child = fork(fileURLToPath(import.meta.url), [CHILD, kind]);
    const [url] = (await once(child, 'message')) as [string];
    pin(child.pid!, 0);
    return new Child(child, url);
  }

  /**
   * Requests in a second, and in a second of processor time: other programs on the machine disturb that less, and where a client shares
   * the processor it says nothing about the server.
   */
  async measure(seconds: number): Promise<Rates> {
    const before = await this.#cpuSeconds();
    const count = await load(this.#url, seconds);
    return { wall: count / seconds, cpu: count / ((await this.#cpuSeconds()) - before) };
  }

  async #cpuSeconds(): Promise<number> {
    this.#process.send('cpu');
    return ((await once(this.#process, 'message')) as [number])[0];
  }

  stop(): void {
    this.#process.kill();
  }
}

interface Rates {
  readonly wall: number;
  readonly cpu: number;
}

const has = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;
const HAS_WRK = has('wrk');
const PINNED = os.availableParallelism() > 1 && has('taskset');

/** Keeps a process to one processor where that is possible: clients have the other. */
function pin(pid: number, processor: number): void {
  if (PINNED) spawnSync('taskset', ['-apc', String(processor), String(pid)]);
}

const CONNECTIONS = 32;

/** Sends requests for some seconds, by wrk where it is installed; returns how many were answered. */
async function load(url: string, seconds: number): Promise<number> {
  const command = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url];
  const pinned = PINNED ? ['taskset', '-c', '1', 'wrk'] : ['wrk'];
  const wrk = spawnSync(pinned[0]!, [...pinned.slice(1), ...command], { encoding: 'utf8' });
  if (HAS_WRK) {
    if (wrk.status !== 0 || /Non-2xx|Socket errors/.test(wrk.stdout))
      throw new Error(`wrk: ${wrk.stdout}${wrk.stderr}`);
    return Number(/(\d+) requests in/.exec(wrk.stdout)![1]);
  }
  return loadByHand(new URL(url), seconds);
}

/** A client that keeps one request on each connection and looks only at the number of bytes that come back. */
async function loadByHand(url: URL, seconds: number): Promise<number> {
  const request = `GET / HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
  const size = await new Promise<number>((resolve, reject) => {
    const socket = net.connect(Number(url.port), url.hostname, () => socket.write(request));
    let text = '';
    socket.on('error', reject).on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0 || text.length < end + 4 + TEXT.length) return;
      socket.destroy();
      resolve(text.length);
    });
  });
  let count = 0;
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = net.connect(Number(url.port), url.hostname, () => socket.write(request));
    let open = size;
    return socket.on('data', (bytes) => {
      open -= bytes.length;
      if (open > 0) return;
      open += size;
      count++;
      socket.write(request);
    });
  });
  await delay(seconds * 1000);
  for (const socket of sockets) socket.destroy();
  return count;
}

const GOALS: Partial<Record<Kind, number>> = {
  waitress: 0.85,
  bjoern: 0.85,
  'waitress, translogger to a file': 0.7,
};

export default {
  about: 'servers of the gateway that answer 1 KB, against bare node:http',
  async run({ quick }) {
    const kinds = Object.keys(SERVERS) as Kind[];
    const children = new Map<Kind, Child>();
    const rates = new Map<Kind, Rates[]>(kinds.map((kind) => [kind, []]));
    try {
      for (const kind of kinds) children.set(kind, await Child.start(kind));
      // The first rounds let the engine compile.
      for (let round = quick ? -1 : -2; round < (quick ? 1 : 5); round++) {
        process.stderr.write(`round ${round} …\n`);
        // One at a time, or they would share the cores.
        for (const kind of kinds) {
          const rate = await children.get(kind)!.measure(1);
          if (round >= 0) rates.get(kind)!.push(rate);
        }
      }
    } finally {
      for (const child of children.values()) child.stop();
    }
    const row = (kind: Kind, of: keyof Rates): BenchRow => {
      const reference = rates.get(REFERENCE)!;
      const goal = GOALS[kind];
      return {
        name: of === 'wall' ? kind : `${kind} (processor time)`,
        value: median(rates.get(kind)!.map((rate) => rate[of])),
        unit: of === 'wall' ? 'requests/s' : 'requests/CPU s',
        reference: REFERENCE,
        ratio: median(rates.get(kind)!.map((rate, round) => rate[of] / reference[round]![of])),
        ...(goal === undefined ? {} : { goal }),
      };
    };
    return kinds.flatMap((kind) => [row(kind, 'wall'), row(kind, 'cpu')]);
  },
} satisfies Bench;

const REFERENCE: Kind = 'bare node:http';

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
