/** The commands of the package; `zope` has each of them as a subcommand. */
import { packageVersion } from '../package-files.ts';
import { type Command, CommandError, type CommandIo, didYouMean } from './command-line.ts';

/** Name, one line, and where the command lives; a command is loaded only when it is called. */
const table: readonly (readonly [name: string, about: string, load: () => Promise<Command>])[] = [
  [
    'create',
    'make an instance that is an npm package with code of its own',
    async () => (await import('./create.ts')).create,
  ],
  [
    'demo',
    'make a demo instance if there is none, and serve it',
    async () => (await import('./demo.ts')).demo,
  ],
  [
    'instance',
    'start, stop and look after an instance',
    async () => (await import('./instance.ts')).instance,
  ],
  ['mkwsgiinstance', 'make an instance', async () => (await import('./mkwsgiinstance.ts')).mkwsgiinstance],
  ['runwsgi', 'serve the application of an .ini file', async () => (await import('./runwsgi.ts')).runwsgi],
  ['addzopeuser', 'add a manager to a site', async () => (await import('./addzopeuser.ts')).addzopeuser],
  [
    'zconsole',
    'a console, or a script, with the site as `app`',
    async () => (await import('./zconsole.ts')).zconsole,
  ],
  ['db', 'look into, pack, check, save and convert databases', async () => (await import('./db.ts')).db],
  ['bench', 'load a URL and show how it fares', async () => (await import('./bench.ts')).bench],
  [
    'runzeo',
    'not there yet: is to serve a database to other processes; checks its options',
    async () => (await import('./zeo.ts')).runzeo,
  ],
  [
    'zeopack',
    'not there yet: is to pack the databases of a storage server',
    async () => (await import('./zeo.ts')).zeopack,
  ],
  [
    'template',
    'check the templates and scripts of a site or a folder',
    async () => (await import('./template.ts')).template,
  ],
];

/** Python's names of the tools of `zope db`, each of which is a command of its own there. */
const DB_TOOLS = ['fsdump', 'fsoids', 'fsrecover', 'fsrefs', 'fstail', 'fstest', 'repozo'];

const standardIo: CommandIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
};

function help(): string {
  const lines = table.map(([name, about]) => `  ${name.padEnd(16)}${about}`);
  return `usage: zope COMMAND [ARGUMENTS]\n\n${lines.join('\n')}\n\nzope COMMAND --help tells more of one.\n`;
}

/** Runs a command (without a name: the umbrella, whose first argument names it) and sets the exit code. */
export async function main(
  name: string | undefined,
  args: string[],
  io: CommandIo = standardIo,
): Promise<void> {
  process.exitCode = await run(name, args, io);
}

export async function run(name: string | undefined, args: string[], io: CommandIo): Promise<number> {
  if (name === undefined) return umbrella(args, io);
  const isTool = DB_TOOLS.includes(name);
  const entry = table.find(([known]) => known === (isTool ? 'db' : name));
  if (entry === undefined) {
    const hint = await didYouMean(
      name,
      table.map(([known]) => known),
    );
    io.stderr.write(`zope: there is no command "${name}".${hint}\n`);
    return 2;
  }
  const command = await entry[2]();
  try {
    return await command.run(isTool ? [name, ...args] : args, io);
  } catch (error) {
    if (error instanceof CommandError) {
      if (error.showUsage) io.stderr.write(`${command.usage.trimEnd()}\n\n`);
      io.stderr.write(`${name}: error: ${error.message}\n`);
      return error.exitCode;
    }
    io.stderr.write(`${name}: error: ${describe(error, io)}\n`);
    return 1;
  }
}

/** One line for an error that has a code, as all errors that a user can cause have; the stack for any other. */
function describe(error: unknown, io: CommandIo): string {
  if (!(error instanceof Error)) return String(error);
  if (io.env.ZOPE_DEBUG) return error.stack ?? error.message;
  return typeof (error as { code?: unknown }).code === 'string'
    ? error.message
    : (error.stack ?? error.message);
}

function umbrella(args: string[], io: CommandIo): Promise<number> | number {
  const [first, ...rest] = args;
  if (first === undefined || first === 'help' || first === '-h' || first === '--help') {
    if (first === 'help' && rest.length > 0) return run(rest[0], ['--help'], io);
    io.stdout.write(help());
    return first === undefined ? 2 : 0;
  }
  if (first === '--version' || first === '-V') {
    io.stdout.write(`zope-ts ${packageVersion()}\n`);
    return 0;
  }
  return run(first, rest, io);
}
