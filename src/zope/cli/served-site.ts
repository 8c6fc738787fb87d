/** A site's application behind a server of one's choice, in a process of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandFile } from '../package-files.ts';
import { CommandError } from './command-line.ts';

/** The servers of the documentation page "Zope and WSGI". */
export const COMPARED: readonly (readonly [name: string, uri: string])[] = [
  ['waitress', 'egg:waitress#main'],
  ['gunicorn', 'egg:gunicorn#main'],
  ['bjoern', 'egg:dataflake.wsgi.bjoern#main'],
  ['cheroot', 'egg:dataflake.wsgi.cheroot#main'],
  ['werkzeug', 'egg:dataflake.wsgi.werkzeug#main'],
  ['paste', 'egg:Paste#http'],
];

export interface ServedSite {
  readonly url: string;
  stop(): Promise<void>;
}

/** Settings of the site's own server section would not go with another server, and its log files are not for a load test. */
const iniOf = (ini: string, appName: string, server: string) => `[app:main]
use = config:${encodeURI(ini).replaceAll('%', '%%').replaceAll('#', '%%23')}#${appName}
[server:main]
use = ${server}
host = 127.0.0.1
port = 0
[loggers]
keys = root, wsgi
[logger_root]
level = INFO
handlers = console
[logger_wsgi]
handlers = nowhere
qualname = wsgi
propagate = 0
[handlers]
keys = console, nowhere
[handler_console]
class = StreamHandler
args = (sys.stderr,)
[handler_nowhere]
class = NullHandler
args = ()
[formatters]
keys =
`;

/** Serves the application of a section; resolves when it listens. Throws a CommandError with what the site said where it does not start. */
export async function startServer(ini: string, appName: string, server: string): Promise<ServedSite> {
  const file = path.resolve(ini);
  if (!existsSync(file)) throw new CommandError(`there is no file ${file}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zope-bench-'));
  const own = path.join(folder, 'bench.ini');
  writeFileSync(own, iniOf(file, appName, server));
  const program = commandFile('runwsgi');
  const child = spawn(process.execPath, [program, '--quiet', own], {
    cwd: process.cwd(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const endChild = () => child.kill();
  process.once('exit', endChild);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    process.off('exit', endChild);
    rmSync(folder, { recursive: true, force: true });
  };
  let said = '';
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      void exited.then(() =>
        reject(new CommandError(`the site does not start by ${server}:\n${said.trimEnd()}`)),
      );
      child.stderr.on('data', (data) => {
        // Once it serves, what it says is read and dropped, so that it never waits for its reader.
        if (said.length > 100_000) return;
        said += String(data);
        const found = /^Serving on (http:\S+)$/m.exec(said);
        if (found !== null) resolve(found[1]!);
      });
    });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
