/** `zconsole`: a console, or a script, with the site as `app` (INVENTORY 1.8). */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import repl from 'node:repl';
import { inspect } from 'node:util';
import { runInThisContext } from 'node:vm';
import {
  getSecurityManager,
  SecurityManager,
  UnrestrictedUser,
  withSecurityManager,
  withSecurityManagerAsync,
} from '../../access/index.ts';
import { importSource, stripTypes } from '../../paste/index.ts';
import { type HTTPRequest, withRequest } from '../../publisher/index.ts';
import { transaction } from '../../transaction/index.ts';
import type { Site } from '../app/site.ts';
import { type Command, CommandError, type CommandIo, parseOptions, usageError } from './command-line.ts';
import { consoleRequest } from './console-request.ts';
import { openSite } from './open-site.ts';
import { runPython } from './python-file.ts';

const usage = `usage: zconsole [-h] {run,debug} zopeconf ...

  zconsole debug ZOPECONF            a console with the site's root as "app" and "transaction"
  zconsole run ZOPECONF SCRIPT ...   runs a TypeScript or JavaScript file with "app" and "transaction" as globals;
                                     if the file exports a default function, that is called with both;
                                     a file NAME.py is run as Python, in the language of a site's scripts

What is not committed (transaction.commit()) is lost at the end.
`;

export const zconsole: Command = {
  name: 'zconsole',
  about: 'a console, or a script, with the site as `app`',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, {}, { stopAfter: 3 });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const [mode, conf, script] = positionals;
    if (mode === undefined) throw usageError('the following arguments are required: mode, zopeconf');
    if (mode !== 'run' && mode !== 'debug')
      throw usageError(`argument mode: invalid choice: '${mode}' (choose from 'run', 'debug')`);
    if (conf === undefined) throw usageError('the following arguments are required: zopeconf');
    if (mode === 'debug') return withSite(conf, (_site, request) => debug(request, io));
    if (script === undefined) throw usageError('run needs a script');
    return withSite(conf, (site, request) => runScript(script, positionals, { site, request, io }));
  },
};

/** Who code in a console acts as: nothing is withheld from it. */
const consoleUser = new UnrestrictedUser('System Processes', undefined, ['manage']);

async function withSite(
  conf: string,
  run: (site: Site, request: HTTPRequest) => Promise<number>,
): Promise<number> {
  const site = await openSite(conf);
  const globals = globalThis as unknown as Record<string, unknown>;
  globals.app = site.app;
  globals.transaction = transaction;
  try {
    const request = consoleRequest(site.app, site.config);
    return await withSecurityManagerAsync(new SecurityManager(consoleUser), () => run(site, request));
  } finally {
    delete globals.app;
    delete globals.transaction;
    transaction.abort();
    site.close();
  }
}

interface Console {
  readonly site: Site;
  readonly request: HTTPRequest;
  readonly io: CommandIo;
}

async function runScript(
  script: string,
  args: readonly string[],
  { site, request, io }: Console,
): Promise<number> {
  const file = path.resolve(script);
  if (!existsSync(file)) throw new CommandError(`there is no file ${script}`);
  process.argv = [process.argv[0]!, ...args];
  const { app } = site;
  if (file.endsWith('.py')) {
    const source = readFileSync(file, 'utf8');
    return withRequest(request, () => runPython(source, script, { app, argv: ['zconsole', ...args], io }));
  }
  const module = (await importSource(file)) as { default?: unknown };
  const { default: main } = module;
  if (typeof main === 'function') await withRequest(request, () => main({ app, transaction }) as unknown);
  return 0;
}

const banner = 'Starting debugger (the name "app" is bound to the top-level Zope object)\n';

async function debug(request: HTTPRequest, io: CommandIo): Promise<number> {
  io.stdout.write(banner);
  if (io.stdin.isTTY !== true) return debugLines(request, io);
  const server = repl.start({ prompt: '> ', useGlobal: true });
  const evaluate = server.eval;
  // As whom and with which request a line runs is known by its asynchronous context, which a terminal's input has not.
  const manager = getSecurityManager();
  const evaluateTypeScript: repl.REPLEval = (code, context, file, done) => {
    const source = asJavaScript(code);
    if (source instanceof repl.Recoverable) return done(source, undefined);
    withSecurityManager(manager, () =>
      withRequest(request, () => evaluate.call(server, source, context, file, done)),
    );
  };
  Object.assign(server, { eval: evaluateTypeScript });
  await new Promise((resolve) => server.once('exit', resolve));
  return 0;
}

/** Code without its types; as it is when it cannot be read, which the console then tells; Recoverable when it goes on. */
function asJavaScript(code: string): string | repl.Recoverable {
  try {
    return stripTypes(code);
  } catch (error) {
    const { message } = error as Error;
    const goesOn = /got '<eof>'|Unexpected eof|^\s*x Unterminated (?:block comment|template)/.test(message);
    return goesOn ? new repl.Recoverable(new SyntaxError(message)) : code;
  }
}

/** Lines from a pipe, each evaluated for itself. */
async function debugLines(request: HTTPRequest, io: CommandIo): Promise<number> {
  const print = (...values: unknown[]) =>
    io.stdout.write(
      `${values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ')}\n`,
    );
  (globalThis as unknown as Record<string, unknown>).print = print;
  for await (const line of createInterface({ input: io.stdin })) {
    if (line.trim() === '') continue;
    try {
      const value: unknown = await withRequest(request, (): unknown => runInThisContext(stripTypes(line)));
      if (value !== undefined && !/^\s*print\(/.test(line)) print(value);
    } catch (error) {
      io.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    }
  }
  return 0;
}
