/** The process that keeps a site running in the background, and how others find it. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
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
/** The same where the site's code runs in the main thread, which cannot be replaced. */
export const READY_ALONE = 'ready alone';
/** What it is told to put new threads in the place of the old ones, and what it answers. */
export const RECYCLE = 'recycle';
export interface Recycled {
  /** False: there is only one thread. */
  readonly recycled: boolean;
  readonly error?: string;
}
/** What the supervisor is told to restart the site; an inspector, which Node would open for it, is not wanted there. */
const RESTART = 'SIGUSR1';

/** What a supervisor leaves for those who asked for a restart. */
interface Restarted {
  /** When it was over, milliseconds since 1970. */
  readonly at: number;
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
  const asked = Date.now();
  process.kill(pid, RESTART);
  for (let waited = 0; waited < RESTART_TIMEOUT_MS; waited += POLL_MS) {
    const outcome = outcomeIn(file);
    // It stays for others who wait for the same.
    if (outcome !== undefined && outcome.at >= asked) {
      const { error } = outcome;
      if (error !== undefined) throw new CommandError(error);
      return;
    }
    if (supervisorPid(paths) === undefined) throw new CommandError('the site has ended');
    // oxlint-disable-next-line no-await-in-loop -- waits for another process
    await delay(POLL_MS);
  }
  throw new CommandError(`the site was not restarted within ${RESTART_TIMEOUT_MS / 1000} s`);
}

const outcomeIn = (file: string): Restarted | undefined =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Restarted) : undefined;

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
  takePidFile(paths);
  let stopping = false;
  let served = false;
  let child: ChildProcess | undefined;
  /** Ends the pause before the next start. */
  let wake = () => {};
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stopping = true;
      child?.kill('SIGTERM');
      wake();
    });
  }
  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => child?.kill(signal));
  // Held here, so that clients wait and are not refused while one process follows another.
  const { SocketHolder } = await import('../../paste/index.ts');
  const sockets = new SocketHolder();
  /** Somebody asked for a restart and waits for its end. */
  let restarting = false;
  const restarted = (error?: string) => {
    restarting = false;
    const file = restartFile(paths);
    const outcome: Restarted = { at: Date.now(), ...(error === undefined ? {} : { error }) };
    writeFileSync(`${file}.new`, JSON.stringify(outcome));
    renameSync(`${file}.new`, file);
  };
  let iniOfChild: string | undefined;
  /** The process serves. */
  let ready = false;
  process.on(RESTART, () => {
    if (restarting) return;
    restarting = true;
    // One that is starting does so with what is there now; one that waits for its next start begins at once.
    if (ready) child!.send(RECYCLE);
    else wake();
  });
  let backoff = FIRST_BACKOFF_MS;
  try {
    for (;;) {
      const started = Date.now();
      iniOfChild = textOf(paths.ini);
      child = fork(commandFile('runwsgi'), [paths.ini, ...args], {
        stdio: 'inherit',
        cwd: paths.home,
        env: { ...process.env, ...sockets.environment, [SUPERVISED]: '1' },
      });
      sockets.serve(child);
      const current = child;
      child.on('message', (message: string | Recycled) => {
        if (message === READY || message === READY_ALONE) {
          if (!served) process.send?.(READY);
          served = true;
          ready = true;
          if (restarting) restarted();
        } else if (typeof message === 'object' && 'recycled' in message) {
          const { recycled, error } = message;
          if (error !== undefined) restarted(`the site goes on as it was: ${error}`);
          // Servers and logging are of the process; everything else is of its threads, which could be replaced.
          else if (recycled && [iniOfChild, undefined].includes(textOf(paths.ini))) restarted();
          else current.kill('SIGTERM');
        }
      });
      // oxlint-disable-next-line no-await-in-loop -- one process after the other
      const how = await exitOf(child);
      const wasReady = ready;
      ready = false;
      if (stopping) return 0;
      if (!served) return how.code ?? 1;
      if (restarting && how.code === 0 && wasReady) continue;
      if (restarting) restarted(`the site's process ended ${how.text}; ${paths.console} has what it said`);
      backoff = Date.now() - started > STEADY_MS ? FIRST_BACKOFF_MS : Math.min(backoff * 2, MAX_BACKOFF_MS);
      io.stderr.write(
        `${new Date().toISOString()} the site's process ended ${how.text}; it starts again in ${backoff} ms\n`,
      );
      const pause = new AbortController();
      wake = () => pause.abort();
      // oxlint-disable-next-line no-await-in-loop
      await delay(backoff, undefined, { signal: pause.signal }).catch(() => undefined);
      if (stopping) return 0;
    }
  } finally {
    sockets.close();
    if (Number(textOf(paths.pidFile)) === process.pid) rmSync(paths.pidFile, { force: true });
    rmSync(restartFile(paths), { force: true });
  }
}

/** Undefined when it is not there: an editor may just be putting another one in its place. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Says who keeps the site running. Throws a CommandError when somebody does already. */
function takePidFile(paths: InstancePaths): void {
  const { pidFile } = paths;
  const refuse = (pid: number) => {
    throw new CommandError(`the site runs already, pid=${pid}`);
  };
  const own = `${pidFile}.${process.pid}`;
  const old = `${own}.old`;
  // Whole when others find it under its name.
  writeFileSync(own, `${process.pid}\n`);
  try {
    for (;;) {
      const other = supervisorPid(paths);
      if (other !== undefined && other !== process.pid) refuse(other);
      if (succeeds('EEXIST', () => linkSync(own, pidFile))) return;
      // Of one that has ended; or of one that has begun just now as this one does, and then it is put back.
      if (!succeeds('ENOENT', () => renameSync(pidFile, old))) continue;
      const moved = supervisorPid({ ...paths, pidFile: old });
      if (moved === undefined || moved === process.pid) continue;
      succeeds('EEXIST', () => linkSync(old, pidFile));
      refuse(moved);
    }
  } finally {
    for (const file of [own, old]) rmSync(file, { force: true });
  }
}

/** False when it fails with a code. */
function succeeds(code: string, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return false;
    throw error;
  }
}

interface Exit {
  readonly code: number | null;
  /** How it ended, for the log. */
  readonly text: string;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, text: `with ${signal ?? `exit code ${code}`}` }));
    // It could not be started: too many processes, or no memory for another one.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, text: `before it began: ${error.message}` });
    });
  });
}
