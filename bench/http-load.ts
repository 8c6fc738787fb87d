/** Load for HTTP servers in other processes: what they answer, how quickly, and the processor time that it takes them. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Load {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  readonly seconds: number;
  readonly connections: number;
}

export interface Measured {
  readonly requests: number;
  /** Answers that are no success, and connections that failed. */
  readonly errors: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
}

const hasProgram = (name: string) => spawnSync(name, ['--version']).error === undefined;
const HAS_WRK = hasProgram('wrk');
const CAN_PIN = os.availableParallelism() > 1 && hasProgram('taskset');

/** A command that runs on one core: 0 for servers, 1 for the load; as it is where that cannot be. */
export function pinned(core: 0 | 1, command: readonly string[]): [string, string[]] {
  const [program, ...args] = CAN_PIN ? ['taskset', '-c', String(core), ...command] : command;
  return [program!, args];
}

/** Sends requests for some seconds: by wrk where it is installed, else by a client of our own. */
export function load(what: Load): Promise<Measured> {
  return HAS_WRK ? loadByWrk(what) : loadByHand(what);
}

async function loadByWrk({ origin, paths, seconds, connections }: Load): Promise<Measured> {
  const script = path.join(os.tmpdir(), `wrk-${process.pid}.lua`);
  const list = paths.map((each) => `"${each}"`).join(', ');
  writeFileSync(
    script,
    `local paths = { ${list} }\nlocal at = 0\n` +
      'request = function()\n  at = at % #paths + 1\n  return wrk.format("GET", paths[at])\nend\n',
  );
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, origin];
  const [program, rest] = pinned(1, ['wrk', ...args]);
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`wrk ended with ${code}: ${text}`);
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  return {
    requests: number(/(\d+) requests in/),
    errors:
      number(/Non-2xx or 3xx responses: (\d+)/) +
      (sockets === null ? 0 : sockets.slice(1).reduce((sum, count) => sum + Number(count), 0)),
    median: milliseconds(/50%\s+(\S+)/.exec(text)?.[1]),
    p99: milliseconds(/99%\s+(\S+)/.exec(text)?.[1]),
  };
}

function milliseconds(text = '0ms'): number {
  const [, value, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? ['', '0', 'ms'];
  return Number(value) * { us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit as 'us' | 'ms' | 's' | 'm'];
}

/** One request on each connection at a time; understands only answers with a Content-Length. */
async function loadByHand({ origin, paths, seconds, connections }: Load): Promise<Measured> {
  const { hostname, port, host } = new URL(origin);
  const times: number[] = [];
  let [errors, next] = [0, 0];
  let running = true;
  const sockets = Array.from({ length: connections }, () => {
    const socket = net.connect(Number(port), hostname);
    let [sent, buffer] = [0, ''];
    const send = () => {
      sent = performance.now();
      socket.write(`GET ${paths[next++ % paths.length]} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    };
    socket.on('connect', send);
    socket.on('error', () => errors++);
    socket.on('data', (bytes) => {
      buffer += bytes.toString('latin1');
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(buffer.slice(0, end + 2))?.[1] ?? 0);
      if (buffer.length < end + 4 + length) return;
      if (!/^HTTP\/1\.1 [23]/.test(buffer)) errors++;
      buffer = buffer.slice(end + 4 + length);
      times.push(performance.now() - sent);
      if (running) send();
    });
    return socket;
  });
  await delay(seconds * 1000);
  running = false;
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { requests: times.length, errors, median: at(0.5), p99: at(0.99) };
}

/** Seconds of processor time that a process has taken; undefined where the system does not tell. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

/** Resident memory of a process in MiB; undefined where the system does not tell. */
export function residentMiB(pid: number): number | undefined {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) / 1024;
  } catch {
    return undefined;
  }
}
