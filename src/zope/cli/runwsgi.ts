/** `runwsgi`: serves the application of a PasteDeploy file (INVENTORY 1.5). */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { getLogger } from '@logtape/logtape';
import {
  addLevelName,
  ConfigParser,
  loadServer,
  reopenLogs,
  type RunningServer,
  setUpLogging,
  shutDownLogging,
} from '../../paste/index.ts';
import { shutDown } from '../app/shutdown.ts';
import { readOperationSettings } from '../threads/operation-settings.ts';
import type { OwnRequests } from '../threads/own-requests.ts';
import { ThreadedSite } from '../threads/threaded-site.ts';
import { registerDistributions } from '../app/distributions.ts';
import { type Command, CommandError, type CommandIo, parseOptions, usageError } from './command-line.ts';
import { SignalWatch } from './signal-watch.ts';
import { superviseReload } from './reload.ts';
import { READY, READY_ALONE, RECYCLE, type Recycled, SUPERVISED } from './supervisor.ts';

const usage = `Usage: runwsgi config_uri [var=value]

Serves the application that a PasteDeploy file describes.

  -h, --help                 this text
  -n, --app-name=NAME        the application's section (default: main)
  -s, --server=SERVER        an entry point of a server, such as egg:waitress#main, instead of the file's section
      --server-name=SECTION  the server's section (default: main)
  -d, --debug                sets debug_mode for the application
  -e, --debug-exceptions     sets debug_exceptions: exceptions leave the application
  -v, --verbose              more words, with stack traces
  -q, --quiet                no words
      --reload               start again when a file of the site changes (for developing)
`;

/** What `[server:…]` runners and applications may throw to end the command as Ctrl-C and exit() do. */
interface Ending {
  readonly name?: string;
  readonly message?: string;
}

export const runwsgi: Command = {
  name: 'runwsgi',
  about: 'serve the application of an .ini file',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, {
      'app-name': { type: 'string', short: 'n' },
      server: { type: 'string', short: 's' },
      'server-name': { type: 'string' },
      debug: { type: 'boolean', short: 'd' },
      'debug-exceptions': { type: 'boolean', short: 'e' },
      verbose: { type: 'boolean', short: 'v' },
      quiet: { type: 'boolean', short: 'q' },
      reload: { type: 'boolean' },
    });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const [uri, ...assignments] = positionals;
    if (uri === undefined) {
      io.stdout.write('You must give a config file\n');
      return 2;
    }
    if (values.reload)
      return superviseReload(
        uri,
        args.filter((arg) => arg !== '--reload'),
        io,
      );
    const variables: Record<string, string> = {};
    if (values.debug) variables.debug_mode = 'true';
    if (values['debug-exceptions']) variables.debug_exceptions = 'true';
    Object.assign(variables, parseVariables(assignments));
    return serve({
      uri,
      appName: values['app-name'],
      serverUri: values.server,
      serverName: values['server-name'],
      variables,
      verbose: values.verbose ?? false,
      quiet: values.quiet ?? false,
      io,
    });
  },
};

/** `name=value` arguments. */
export function parseVariables(assignments: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 0) throw new CommandError(`Variable assignment '${assignment}' invalid (no "=")`);
    variables[assignment.slice(0, equals)] = assignment.slice(equals + 1);
  }
  return variables;
}

interface ServeOptions {
  readonly uri: string;
  readonly appName: string | undefined;
  readonly serverUri: string | undefined;
  readonly serverName: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly io: CommandIo;
}

const REOPEN = ['SIGUSR2', 'SIGHUP'] as const;
/** Node would open a debugger, by which every user of the machine could run code of his own in the site. */
const noDebugger = () =>
  getLogger(['Zope']).info('SIGUSR1 does nothing here: start Node with --inspect to debug the site');
const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/** npm passes on a Ctrl-C that the terminal has sent to all processes already: one that comes so soon is the same one. */
const SAME_SIGNAL_MS = 500;
/** For requests that run when a server ends that does not say what it gives them. */
const GRACE_MS = 30_000;

/** The first Ctrl-C or SIGTERM ends the server in good order; a second one does not wait for anything. */
class Interruption {
  readonly came: Promise<void>;
  readonly #watch = new SignalWatch();
  readonly #handlers: readonly (readonly [keyof typeof SIGNAL_NUMBERS, () => void])[];

  constructor() {
    let first: number | undefined;
    let resolveCame: () => void;
    this.came = new Promise((resolve) => (resolveCame = resolve));
    const handlerOf = (signal: keyof typeof SIGNAL_NUMBERS) => () => {
      this.#watch.heard();
      first ??= Date.now();
      if (Date.now() - first > SAME_SIGNAL_MS) process.exit(128 + SIGNAL_NUMBERS[signal]);
      resolveCame();
    };
    this.#handlers = (['SIGINT', 'SIGTERM'] as const).map((signal) => [signal, handlerOf(signal)] as const);
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  /** Also where the site's code does not return to this thread. */
  watch(graceMs = GRACE_MS, slow?: OwnRequests): void {
    this.#watch.start(graceMs, SAME_SIGNAL_MS, slow);
  }

  async forget(): Promise<void> {
    await this.#watch.stop();
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }
}

async function serve(options: ServeOptions): Promise<number> {
  const { io, variables, quiet } = options;
  const [configUri, file] = splitUri(options.uri);
  if (file !== undefined && !existsSync(file)) throw new CommandError(`there is no file ${file}`);
  registerDistributions();
  const common = { relativeTo: process.cwd(), globalConf: variables };
  // Zope's own levels: a logging section may name them.
  addLevelName(5, 'TRACE');
  addLevelName(15, 'BLATHER');
  // An entry point (egg:, npm:, call:) has no logging sections.
  if (file !== undefined) await setUpLogging(file, variables);
  const interruption = new Interruption();
  for (const signal of REOPEN) process.on(signal, reopenLogs);
  process.on('SIGUSR1', noDebugger);
  let announced = quiet;
  const announce = () => {
    if (!announced) io.stdout.write(`Starting server in PID ${process.pid}.\n`);
    announced = true;
  };
  let server: RunningServer | undefined;
  let site: ThreadedSite | undefined;
  try {
    const runner = await loadServer(serverUriOf(options, configUri), {
      ...common,
      name: options.serverUri === undefined ? options.serverName : undefined,
    });
    site = new ThreadedSite({
      configUri,
      ...common,
      appName: options.appName,
      settings: readOperationSettings(file, variables),
      onLoaded: announce,
    });
    server = (await runner(site.app)) as RunningServer | undefined;
    await site.start(undefined);
    if (server === undefined) return 0;
    if (site.inMainThread) interruption.watch(server.graceMs, site.ownRequests);
    tellSupervisor(io.env, site);
    if (!(await Promise.race([interruption.came.then(() => true), server.closed.then(() => false)])))
      return 0;
    site.end();
    await server.close();
    return 0;
  } catch (error) {
    // Its server did not ask for the application, and has nothing more to say than that it ends.
    if (isEnding(error as Ending)) announce();
    return endedBy((await withPlace(error, file, options)) as Ending, options);
  } finally {
    await site?.close();
    await shutDown();
    await shutDownLogging();
    for (const signal of REOPEN) process.off(signal, reopenLogs);
    process.off('SIGUSR1', noDebugger);
    await interruption.forget();
  }
}

/** Tells a supervisor that the site serves now, and ends in good order if the supervisor dies. */
function tellSupervisor(env: NodeJS.ProcessEnv, site: ThreadedSite): void {
  if (!env[SUPERVISED]) return;
  process.send?.(site.inMainThread ? READY_ALONE : READY);
  process.on('message', (message) => {
    if (message !== RECYCLE) return;
    const tell = (recycled: Recycled) => void process.send?.(recycled);
    site.recycle().then(
      (done) => tell({ recycled: done }),
      (error: unknown) => tell({ recycled: true, error: (error as Error).message }),
    );
  });
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Waiting for that keeps no process alive.
  process.channel?.unref();
}

/** Names of options that an error lists; more would hide what it says. */
const MOST_LISTED = 30;

/** Options that say where a server listens, the ones first that leave others without a meaning. */
const OF_ADDRESSES = ['unix_socket', 'listen', 'bind', 'port', 'host'];

/** Settings of a server are checked by the server, which does not know where they stand. */
export async function withPlace(
  error: unknown,
  file: string | undefined,
  { serverUri, serverName = 'main' }: Pick<ServeOptions, 'serverUri' | 'serverName'>,
): Promise<unknown> {
  const {
    code,
    message,
    section = `server:${serverName}`,
    setting,
    known,
  } = error as NodeJS.ErrnoException & { section?: string; setting?: string; known?: readonly string[] };
  if (
    (code !== 'SERVER_SETTING' && code !== 'SERVER_ADDRESS') ||
    serverUri !== undefined ||
    file === undefined
  )
    return error;
  let hint = '';
  if (setting !== undefined && known !== undefined) {
    const { didYouMean } = await import('../../zconfig/index.ts');
    const near = didYouMean(setting, known).map((each) => `'${each}'`);
    if (near.length > 0) hint = `; did you mean ${near.join(' or ')}?`;
    else if (known.length <= MOST_LISTED) hint = ` (options: ${known.join(', ')})`;
  }
  const place = lineOf(file, section, setting === undefined ? OF_ADDRESSES : [setting]);
  return new CommandError(`${file}, ${place}section [${section}]: ${message}${hint}`);
}

/** Nothing where it cannot be told, as for an option of a section that this one uses. */
function lineOf(file: string, section: string, options: readonly string[]): string {
  const parser = ConfigParser.read(file, { defaults: { here: path.dirname(file), __file__: file } });
  if (!parser.hasSection(section)) return '';
  const lines = options.map((option) => parser.lineOf(section, option));
  const line = lines.find((found) => found !== undefined);
  return line === undefined ? '' : `line ${line}, `;
}

const isEnding = ({ name }: Ending) => name === 'KeyboardInterrupt' || name === 'SystemExit';

/** A server that was interrupted or wants to exit has done nothing wrong; everything else is an error. */
function endedBy(error: Ending, { verbose, quiet, io }: ServeOptions): number {
  if (!isEnding(error)) throw error;
  if (verbose) {
    io.stderr.write(`${(error as Error).stack ?? error.name}\n`);
    return 130;
  }
  const text = error.message ? ` ${error.message}` : '';
  if (!quiet) io.stdout.write(`Exiting${text} (-v to see traceback)\n`);
  return 0;
}

/** The argument as a URI, and the absolute path of the file if it names one. */
function splitUri(argument: string): [uri: string, file: string | undefined] {
  if (/^(?:egg|npm|call):/.test(argument)) return [argument, undefined];
  const [, name, fragment] = /^(?:config:)?([^#]*)(#.*)?$/s.exec(argument)!;
  const file = path.resolve(name!);
  return [`config:${file}${fragment ?? ''}`, file];
}

function serverUriOf({ serverUri }: ServeOptions, configUri: string): string {
  if (serverUri === undefined) return configUri;
  if (!/^(?:egg|npm|call|config):/.test(serverUri)) {
    throw usageError(
      `-s needs an entry point such as egg:waitress#main, not '${serverUri}'; a section is named with --server-name`,
    );
  }
  return serverUri;
}
