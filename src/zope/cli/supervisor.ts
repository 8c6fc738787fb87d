/** The process that keeps a site running in the background, and how others find it. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandFile } from '../package-files.ts';
import { CommandError, type CommandIo } from './command-line.ts';

export interface InstancePaths {
  readonly home: string;
  readonly ini: string;
  readonly conf: string;
  /** Of the supervisor. */
  readonly pidFile: string;
  /** What the site's process says on its standard output and error. */
  readonly console: string;
  readonly log: string;
}

/** A process that dies sooner than this after its start is not started again at once. */
const STEADY_MS = 10_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
const POLL_MS = 50;
/** The environment variable by which `runwsgi` knows that a supervisor started it, and what it tells that when it serves. */
export const SUPERVISED = 'ZOPE_SUPERVISED';
export const READY = 'ready';
/** What it is told to put new threads in the place of the old ones, and what it answers. */
export const RECYCLE = 'recycle';
export interface Recycled {
  /** False: there is only one thread. */
  readonly recycled: boolean;
  readonly error?: string;
}
/** What the supervisor is told to restart the site; an inspector, which Node would open for it, is not wanted there. */
const RESTART = 'SIGUSR1';

/** What a supervisor leaves for the one who asked for a restart. */
interface Restarted {
  readonly error?: string;
}

const RESTART_TIMEOUT_MS = 120_000;
const restartFile = ({ pidFile }: InstancePaths) => `${pidFile}.restart`;

/**
 * Has a supervisor restart the site and waits until it serves again. Running requests end; new ones wait at most for a moment.
 * Throws a CommandError when the site could not be started as it is now, and goes on as it was.
 */
export async function restartSite(paths: InstancePaths, pid: number): Promise<void> {
  const file = restartFile(paths);
  rmSync(file, { force: true });
  process.kill(pid, RESTART);
  for (let waited = 0; waited < RESTART_TIMEOUT_MS; waited += POLL_MS) {
    if (existsSync(file)) {
      const { error } = JSON.parse(readFileSync(file, 'utf8')) as Restarted;
      rmSync(file, { force: true });
      if (error !== undefined) throw new CommandError(`the site goes on as it was: ${error}`);
      return;
    }
    if (supervisorPid(paths) === undefined) throw new CommandError('the site has ended');
    // oxlint-disable-next-line no-await-in-loop -- waits for another process
    await delay(POLL_MS);
  }
  throw new CommandError(`the site was not restarted within ${RESTART_TIMEOUT_MS / 1000} s`);
}

/** The process id of the running supervisor; undefined when none runs. */
export function supervisorPid({ pidFile }: InstancePaths): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process runs, too.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  return isSupervisor(pid) ? pid : undefined;
}

/** After the machine was started anew the number may be another program's. */
function isSupervisor(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('supervise');
  } catch {
    // Where there is no such file the number has to do.
    return true;
  }
}

/** Starts a supervisor. Resolves to its process id when the site serves; throws a CommandError with what it said when it does not. */
export async function startSupervisor(paths: InstancePaths, args: readonly string[]): Promise<number> {
  mkdirSync(path.dirname(paths.console), { recursive: true });
  const output = openSync(paths.console, 'a');
  const before = statSync(paths.console).size;
  const child = spawn(
    process.execPath,
    [commandFile('zope'), 'instance', '-d', paths.home, 'supervise', ...args],
    {
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
      cwd: paths.home,
    },
  );
  closeSync(output);
  const serves = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve(false));
    child.once('message', () => resolve(true));
  });
  if (!serves) {
    const said = readFileSync(paths.console).subarray(before).toString('utf8').trim();
    throw new CommandError(`the site did not start${said === '' ? '' : `:\n${said}`}`);
  }
  child.disconnect();
  child.unref();
  return child.pid!;
}

/** Keeps a `runwsgi` running until told to stop; one that never served is not started again. */
export async function supervise(paths: InstancePaths, args: string[], io: CommandIo): Promise<number> {
  const other = supervisorPid(paths);
  if (other !== undefined && other !== process.pid)
    throw new CommandError(`the site runs already, pid=${other}`);
  rmSync(paths.pidFile, { force: true });
  // Fails when another supervisor has just been as far.
  writeFileSync(paths.pidFile, `${process.pid}\n`, { flag: 'wx' });
  let stopping = false;
  let served = false;
  let child: ChildProcess | undefined;
  const wake = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stopping = true;
      child?.kill('SIGTERM');
      wake.abort();
    });
  }
  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => child?.kill(signal));
  // Held here, so that clients wait and are not refused while one process follows another.
  const { SocketHolder } = await import('../../paste/index.ts');
  const sockets = new SocketHolder();
  /** Somebody asked for a restart and waits for its end. */
  let restarting = false;
  const restarted = (outcome: Restarted) => {
    restarting = false;
    const file = restartFile(paths);
    writeFileSync(`${file}.new`, JSON.stringify(outcome));
    renameSync(`${file}.new`, file);
  };
  let iniOfChild = '';
  process.on(RESTART, () => {
    if (restarting || child?.connected !== true) return;
    restarting = true;
    // Servers and logging are of the process; everything else is of its threads.
    if (readFileSync(paths.ini, 'utf8') === iniOfChild) child.send(RECYCLE);
    else child.kill('SIGTERM');
  });
  let backoff = FIRST_BACKOFF_MS;
  try {
    for (;;) {
      const started = Date.now();
      iniOfChild = readFileSync(paths.ini, 'utf8');
      child = fork(commandFile('runwsgi'), [paths.ini, ...args], {
        stdio: 'inherit',
        cwd: paths.home,
        env: { ...process.env, ...sockets.environment, [SUPERVISED]: '1' },
      });
      sockets.serve(child);
      const current = child;
      child.on('message', (message: string | Recycled) => {
        if (message === READY) {
          if (!served) process.send?.(READY);
          served = true;
          if (restarting) restarted({});
        } else if (typeof message === 'object' && 'recycled' in message) {
          const { recycled, error } = message;
          if (recycled) restarted(error === undefined ? {} : { error });
          else current.kill('SIGTERM');
        }
      });
      // oxlint-disable-next-line no-await-in-loop -- one process after the other
      const [code, signal] = await exitOf(child);
      if (stopping) return 0;
      if (!served) return code ?? 1;
      if (restarting && code === 0) continue;
      if (restarting) restarted({ error: `the process ended with ${signal ?? `exit code ${code}`}` });
      backoff = Date.now() - started > STEADY_MS ? FIRST_BACKOFF_MS : Math.min(backoff * 2, MAX_BACKOFF_MS);
      io.stderr.write(
        `${new Date().toISOString()} the site's process ended with ${signal ?? `exit code ${code}`}; it starts again in ${backoff} ms\n`,
      );
      // oxlint-disable-next-line no-await-in-loop
      await delay(backoff, undefined, { signal: wake.signal }).catch(() => undefined);
      if (stopping) return 0;
    }
  } finally {
    sockets.close();
    rmSync(paths.pidFile, { force: true });
  }
}

function exitOf(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
}
