/** Runs the commands of the package as processes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
export const BIN = path.join(root, 'bin');
const STUB = new URL('conf-stub-app.js', import.meta.url).href;
const GATEWAY = new URL('../../../../dist/paste/index.js', import.meta.url).href;
const DEADLINE_MS = 60_000;
const POLL_MS = 15;

export interface CommandSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly umask?: string;
  readonly stdin?: string;
  /** The module `conf_stub_app` is there. */
  readonly stub?: boolean;
}

export interface Outcome {
  /** The exit code; the negative number of the signal that ended the process. */
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** A running command. */
export class RunningCommand {
  readonly #child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  ended = false;

  /** What it has said so far. */
  readonly output = { stdout: '', stderr: '' };

  constructor(spec: CommandSpec) {
    const program = path.join(BIN, `${spec.command}.js`);
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: path.join(spec.cwd, 'home'), ...spec.env };
    // How this process was started is nothing that a command inherits.
    delete env.NODE_OPTIONS;
    if (spec.stub) Object.assign(env, { NODE_OPTIONS: `--import=${STUB}`, CONF_STUB_GATEWAY: GATEWAY });
    const command = `umask ${spec.umask ?? '022'} && exec "$0" "$@"`;
    this.#child = spawn('/bin/sh', ['-c', command, process.execPath, program, ...spec.args], {
      cwd: spec.cwd,
      env,
    });
    const texts = this.output;
    for (const name of ['stdout', 'stderr'] as const)
      this.#child[name]!.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    // A command that does not read its input closes it.
    this.#child.stdin!.on('error', () => undefined);
    this.#child.stdin!.end(spec.stdin ?? '');
    this.outcome = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.ended = true;
        resolve({ exit: code ?? -SIGNALS[signal!]!, ...texts });
      });
    });
  }

  /** The end of a command that is to end by itself. */
  async finished(): Promise<Outcome> {
    const late = new AbortController();
    const outcome = await Promise.race([
      this.outcome,
      delay(DEADLINE_MS, undefined, { signal: late.signal, ref: false }).catch(() => undefined),
    ]);
    late.abort();
    if (outcome !== undefined) return outcome;
    this.#child.kill('SIGKILL');
    const { stdout, stderr } = await this.outcome;
    throw new Error(`the command did not end\n${stdout}${stderr}`);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when the output has this text. Rejects when the command ends without it. */
  async says(text: string): Promise<void> {
    for (const limit = Date.now() + DEADLINE_MS; ; await delay(POLL_MS)) {
      const { stdout, stderr } = this.output;
      if (stdout.includes(text) || stderr.includes(text)) return;
      if (this.ended || Date.now() > limit) throw new Error(`no "${text}" in\n${stdout}${stderr}`);
    }
  }

  /** Resolves to true when the port answers, to false when the command has ended before. */
  async answersAt(port: number): Promise<boolean> {
    for (const limit = Date.now() + DEADLINE_MS; Date.now() < limit && !this.ended; await delay(POLL_MS))
      if (await canConnect(port)) return true;
    return false;
  }
}

export const runCommand = (spec: CommandSpec): Promise<Outcome> => new RunningCommand(spec).finished();

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Listens on a port (0: a free one) until closed. */
export function listen(wanted: number): Promise<{ port: number; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      resolve({ port, close: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/** Ports that are free now: taken together, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listen(0)));
  await Promise.all(held.map(({ close }) => close()));
  return held.map(({ port }) => port);
}

/** Commands run from `dist`: it is built anew when a source is newer than its output. */
export function buildIfOld(): void {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true }) as string[];
  const old = sources.some((name) => {
    if (!name.endsWith('.ts')) return false;
    const output = path.join(root, 'dist', name.replace(/\.ts$/, '.js'));
    const built = statSync(output, { throwIfNoEntry: false });
    return built === undefined || built.mtimeMs < statSync(path.join(root, 'src', name)).mtimeMs;
  });
  if (!old) return;
  const { status, stdout } = spawnSync(process.execPath, [path.join(root, 'scripts/build.js')], {
    encoding: 'utf8',
  });
  if (status !== 0)
    console.error(`the sources do not compile; the commands run as far as they do\n${stdout}`);
}
