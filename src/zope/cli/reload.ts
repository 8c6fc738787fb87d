/** `runwsgi --reload`: runs the same command as a child and starts it again when a file of the site changes. */
import { type ChildProcess, fork } from 'node:child_process';
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandIo } from './command-line.ts';

const WATCHED = /\.(?:ts|js|mjs|json|ini|conf|zpt|pt|dtml|css|zcml)$/;
const SKIPPED = new Set(['node_modules', 'var', '.git']);
const QUIET_MS = 150;

/** The folder whose files count: that of the configuration, or of the instance if it lies in `etc`. */
function folderOf(uri: string): string {
  const folder = path.dirname(path.resolve(uri.replace(/^config:/, '').replace(/#.*/, '')));
  return path.basename(folder) === 'etc' ? path.dirname(folder) : folder;
}

/** Watches a folder without what is installed and what changes while the site runs, which may be a great many files. */
function watchSources(folder: string, changed: (name: string | null) => void): FSWatcher[] {
  const watchers = [watch(folder, (_event, name) => changed(name))];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || SKIPPED.has(entry.name)) continue;
    const inner = path.join(folder, entry.name);
    watchers.push(
      watch(inner, { recursive: true }, (_event, name) => changed(name && path.join(entry.name, name))),
    );
  }
  return watchers;
}

export async function superviseReload(uri: string, args: readonly string[], io: CommandIo): Promise<number> {
  const program = fileURLToPath(new URL('../../../bin/runwsgi.js', import.meta.url));
  const folder = folderOf(uri);
  let child: ChildProcess;
  let restarting = false;
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve) => {
    const start = () => {
      restarting = false;
      child = fork(program, args, { stdio: 'inherit' });
      child.on('exit', (code, signal) => {
        if (restarting) start();
        else if (code !== 0 && signal === null)
          io.stderr.write('The site ended; it starts again when a file changes.\n');
        else stop(code ?? 0);
      });
    };
    const restart = (name: string) => {
      io.stderr.write(`${name} changed, starting again\n`);
      if (child.exitCode !== null || child.signalCode !== null) start();
      else {
        restarting = true;
        child.kill('SIGTERM');
      }
    };
    const changed = (name: string | null) => {
      if (name === null || !WATCHED.test(name)) return;
      clearTimeout(timer);
      // An editor writes a file in several steps.
      timer = setTimeout(() => restart(name), QUIET_MS);
    };
    const watchers = watchSources(folder, changed);
    const stop = (code: number) => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      resolve(code);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        restarting = false;
        if (child.exitCode !== null || !child.kill(signal)) stop(0);
        else child.once('exit', () => stop(0));
      });
    }
    io.stderr.write(`Watching ${folder}\n`);
    start();
  });
}
