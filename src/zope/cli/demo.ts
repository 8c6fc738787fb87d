/** `zope demo`: from nothing to a running site. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { type Command, parseOptions } from './command-line.ts';
import { makeInstance, writeInitialUser } from './mkwsgiinstance.ts';
import { runwsgi } from './runwsgi.ts';

const usage = `usage: zope demo [DIR] [--port=N]

Makes an instance in DIR (default: instance) if there is none, and serves it on 127.0.0.1:8080 or the next free port.
The generated password of the user "admin" is shown once, when the instance is made.
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
    if (!existsSync(path.join(folder, 'etc/zope.ini'))) {
      const password = randomBytes(9).toString('base64url');
      const home = makeInstance(folder);
      writeInitialUser(home, 'admin', password);
      const file = path.join(home, 'etc/zope.ini');
      // The port may be another one each time; the rest of the configuration stays the stock one.
      writeFileSync(
        file,
        readFileSync(file, 'utf8')
          .replace('port = 8080', 'port = %(http_port)s')
          .replace('[app:zope]', '[DEFAULT]\nhttp_port = 8080\n\n[app:zope]'),
      );
      io.stdout.write(
        `Made an instance in ${home}\n\n  user:     admin\n  password: ${password}   (shown only now)\n\n`,
      );
    }
    const port = values.port === undefined ? await freePort(FIRST_PORT, PORTS) : Number(values.port);
    io.stdout.write(
      `Serving on http://127.0.0.1:${port}/   manage it at http://127.0.0.1:${port}/manage_main   Ctrl-C ends\n`,
    );
    return runwsgi.run(['-q', path.join(folder, 'etc/zope.ini'), `http_port=${port}`], io);
  },
};

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
