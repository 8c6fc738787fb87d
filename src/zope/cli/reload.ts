/** `runwsgi --reload`: runs the same command as a child, and has it load the site anew when a file of the site changes. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { SocketHolder } from '../../paste/index.ts';
import { commandFile } from '../package-files.ts';
import type { CommandIo } from './command-line.ts';
import { READY, RECYCLE, type Recycled, SUPERVISED } from './supervisor.ts';

const WATCHED = /\.(?:ts|mts|cts|js|mjs|cjs|json|ini|conf|zpt|pt|dtml|css|zcml|py)$/;
const SKIPPED = new Set(['node_modules', 'var', '.git', 'dist']);
const QUIET_MS = 150;
/** How long a site that is to start again may take to end its requests. */
const PATIENCE_MS = 10_000;
/** How long one that was told not to wait is waited for: one that loops hears no signal. */
const LAST_MS = 1000;

const fileOf = (uri: string) => path.resolve(uri.replace(/^config:/, '').replace(/#.*/, ''));

/** The folder whose files count: that of the configuration, or of the instance if it lies in `etc`. */
function folderOf(file: string): string {
  const folder = path.dirname(file);
  return path.basename(folder) === 'etc' ? path.dirname(folder) : folder;
}

/** Files elsewhere that a configuration names: its `zope_conf`, other `.ini` files, what `%include` takes in. */
function namedFiles(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file) || !existsSync(file)) return found;
  found.add(file);
  const here = path.dirname(file);
  const text = readFileSync(file, 'utf8').replaceAll('%(here)s', here);
  for (const [, name] of text.matchAll(/^[ \t]*(?:zope_conf[ \t]*=[ \t]*|%include[ \t]+)([^\s$%]+)/gm))
    namedFiles(path.resolve(here, name!), found);
  for (const [, name] of text.matchAll(/\bconfig:([^\s#%]+)/g)) namedFiles(path.resolve(here, name!), found);
  return found;
}

/** Tells of changed sources: in the site's folder without what is installed and what changes while it runs, and elsewhere. */
class Watch {
  readonly #file: string;
  readonly #folder: string;
  readonly #changed: (name: string) => void;
  #watchers: FSWatcher[] = [];

  constructor(file: string, changed: (name: string) => void) {
    this.#file = file;
    this.#folder = folderOf(file);
    this.#changed = changed;
  }

  get folder(): string {
    return this.#folder;
  }

  /** Begins, or begins anew: folders may have come, and the configuration may name other files. */
  start(): void {
    this.stop();
    const tell = (prefix: string) => (_event: string, name: string | null) => {
      if (name !== null && WATCHED.test(name)) this.#changed(path.join(prefix, name));
    };
    this.#add(this.#folder, false, tell(''));
    for (const entry of readdirSync(this.#folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !SKIPPED.has(entry.name))
        this.#add(path.join(this.#folder, entry.name), true, tell(entry.name));
    }
    for (const file of namedFiles(this.#file)) {
      if (!path.relative(this.#folder, file).startsWith('..')) continue;
      const base = path.basename(file);
      // The folder, not the file: an editor may put another file in its place.
      this.#add(path.dirname(file), false, (_event, name) => {
        if (name === base) this.#changed(file);
      });
    }
  }

  #add(folder: string, recursive: boolean, listener: (event: string, name: string | null) => void): void {
    const watcher = watch(folder, { recursive }, listener);
    // A folder that is removed.
    watcher.on('error', () => watcher.close());
    this.#watchers.push(watcher);
  }

  stop(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }
}

/**
 * Runs until a signal ends it, or the site ends by itself. Where the site has several threads, new ones take the place of the old ones;
 * what cannot be loaded leaves those as they are. With one thread, or another `.ini`, a new process follows the old one. The sockets are
 * held here: while one child ends its requests and the next one starts, new connections wait.
 */
export function superviseReload(uri: string, args: readonly string[], io: CommandIo): Promise<number> {
  const program = commandFile('runwsgi');
  const holder = new SocketHolder();
  let child: ChildProcess;
  let restarting = false;
  let ending = false;
  /** The child serves, in threads that can be replaced. */
  let ready = false;
  /** What changed while it loaded the site anew. */
  let recycling: { changed?: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const running = () => child.exitCode === null && child.signalCode === null;
  /** A second signal means not to wait for anything. */
  const endNow = (one: ChildProcess) => {
    one.kill('SIGTERM');
    const last = setTimeout(() => one.kill('SIGKILL'), LAST_MS);
    one.once('exit', () => clearTimeout(last));
  };
  return new Promise((resolve) => {
    const start = () => {
      restarting = false;
      ready = false;
      recycling = undefined;
      watcher.start();
      // In a process group of its own: a terminal's Ctrl-C would reach it besides what is sent below, and two mean not to wait.
      child = fork(program, args, {
        stdio: 'inherit',
        detached: true,
        env: { ...process.env, ...holder.environment, [SUPERVISED]: '1' },
      });
      holder.serve(child);
      child.on('message', (message: string | Recycled) => {
        if (message === READY) ready = true;
        else if (typeof message === 'object' && 'recycled' in message) recycled(message);
      });
      child.on('error', (error) => {
        // What is sent to one that is just ending fails, too, and its end is told.
        if (child.pid !== undefined) return;
        holder.close();
        io.stderr.write(`The site could not be started: ${error.message}\n`);
        stop(1);
      });
      child.on('exit', (code, signal) => {
        if (ending) stop(code ?? 128 + constants.signals[signal!]);
        else if (restarting) start();
        else if (code === 0) stop(0);
        else {
          // Nobody should wait for a site that will not answer.
          holder.close();
          const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
          io.stderr.write(`The site ended ${how}; it starts again when a file changes.\n`);
        }
      });
    };
    const changed = (name: string) => {
      if (recycling !== undefined) recycling.changed = name;
      else if (!running() || !ready || restarting) restart(name);
      else if (name.endsWith('.ini')) void restartIfGood(name);
      else {
        io.stderr.write(`${name} changed, loading the site anew\n`);
        recycling = {};
        watcher.start();
        child.send(RECYCLE);
      }
    };
    const recycled = ({ recycled: done, error }: Recycled) => {
      const next = recycling?.changed;
      recycling = undefined;
      if (error !== undefined) goesOn(error);
      else if (!done) {
        end();
        return;
      } else io.stderr.write('The site was loaded anew\n');
      if (next !== undefined) changed(next);
    };
    const goesOn = (why: string) => io.stderr.write(`The site goes on as it was: ${why}\n`);
    const restartIfGood = async (name: string) => {
      try {
        const { checkConfiguration } = await import('./check-configuration.ts');
        await checkConfiguration(fileOf(uri));
      } catch (error) {
        goesOn((error as Error).message);
        return;
      }
      if (!ending) restart(name);
    };
    const restart = (name: string) => {
      io.stderr.write(`${name} changed, starting again\n`);
      if (!running()) start();
      else end();
    };
    /** So that the next one starts. */
    const end = () => {
      if (!restarting && !ending) {
        restarting = true;
        child.kill('SIGTERM');
        const old = child;
        const impatient = setTimeout(() => endNow(old), PATIENCE_MS);
        old.once('exit', () => clearTimeout(impatient));
      }
    };
    const watcher = new Watch(fileOf(uri), (name) => {
      if (ending) return;
      clearTimeout(timer);
      // An editor writes a file in several steps.
      timer = setTimeout(() => changed(name), QUIET_MS);
    });
    const onSignal = (signal: NodeJS.Signals) => {
      clearTimeout(timer);
      holder.close();
      if (ending) {
        endNow(child);
        return;
      }
      ending = true;
      if (!running() || !child.kill(signal)) stop(0);
    };
    const stop = (code: number) => {
      watcher.stop();
      holder.close();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
      resolve(code);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
    for (const signal of ['SIGUSR2', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (running()) child.kill(signal);
      });
    io.stderr.write(`Watching ${watcher.folder}\n`);
    start();
  });
}
