/** `zope demo`: from nothing to a running site. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { type Command, CommandError, type CommandIo, parseOptions, usageError } from './command-line.ts';
import { makeInstance, writeInitialUser } from './mkwsgiinstance.ts';

const usage = `usage: zope demo [DIR] [--port=N]

Makes an instance in DIR (default: instance) if there is none, and serves it on 127.0.0.1:8080 or the next free port.
The generated password of the user "admin" is shown once, when the instance is made.
`;

const serve = async (args: string[], io: CommandIo) =>
  // What serves is loaded when all is said.
  (await import('./runwsgi.ts')).runwsgi.run(args, io);

const SECTION = '[server:demo]';
/** The port may be another one each time. The stock server stays beside it, for other commands. */
const SERVER = `
# The server of "zope demo".
${SECTION}
use = egg:waitress#main
host = 127.0.0.1
port = %(http_port)s
`;
const FIRST_PORT = 8080;
const PORTS = 100;

export const demo: Command = {
  name: 'demo',
  about: 'make a demo instance if there is none, and serve it',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, { port: { type: 'string' } });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const folder = path.resolve(positionals[0] ?? 'instance');
    const port = values.port === undefined ? undefined : portOf(values.port);
    const ini = path.join(folder, 'etc/zope.ini');
    if (!existsSync(ini)) {
      const password = randomBytes(9).toString('base64url');
      const home = makeInstance(folder);
      writeInitialUser(home, 'admin', password);
      appendFileSync(ini, SERVER);
      io.stdout.write(
        `Made an instance in ${home}\n\n  user:     admin\n  password: ${password}   (shown only now)\n\n`,
      );
    }
    if (!readFileSync(ini, 'utf8').includes(SECTION)) {
      // An instance that was made for something else has a server of its own.
      if (port !== undefined)
        throw new CommandError(`${ini} has no ${SECTION}: its port is set in its own server section`);
      return serve([ini], io);
    }
    const chosen = port ?? (await freePort(FIRST_PORT, PORTS));
    io.stdout.write(
      `The site is at http://127.0.0.1:${chosen}/   manage it at http://127.0.0.1:${chosen}/manage_main   Ctrl-C ends\n`,
    );
    return serve(['-q', '--server-name=demo', ini, `http_port=${chosen}`], io);
  },
};

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw usageError(`--port takes a number from 1 to 65535, not "${text}"`);
  return port;
}

/** The first port from `first` on that nobody listens on. */
async function freePort(first: number, count: number): Promise<number> {
  for (let port = first; port < first + count; port++) if (await isFree(port)) return port;
  return first;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
