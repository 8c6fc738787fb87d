/** `mkwsgiinstance`: makes an instance from a skeleton (INVENTORY 1.7). */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pw_encrypt } from '../../access/index.ts';
import { packageFile, packageRoot } from '../package-files.ts';
import { type Command, CommandError, parseOptions, usageError } from './command-line.ts';
import { Prompter } from './prompt.ts';

const usage = `usage: mkwsgiinstance [options]

Makes the folder of a site: configuration, an empty place for its database, and its first user.

  -h, --help               this text
  -d, --dir=DIR            the folder to make the instance in; asked for if not given
  -u, --user=NAME:PASSWORD the first user; asked for if not given
  -s, --skelsrc=DIR        a skeleton to copy instead of the stock one
  -p, --python=PROGRAM     written for <<PYTHON>> in the skeleton's files
`;

const stock = packageFile('zope/skeleton/instance');
/** Where the commands of this package lie, for <<ZOPE_SCRIPTS>>. */
const scripts = path.join(packageRoot, 'bin');

/** Text put in place of `<<NAME>>` in files whose name ends in `.in`. */
type Replacements = Readonly<Record<string, string>>;

/**
 * Copies a skeleton; what is there already is kept. Modes are those of the skeleton; those of the stock one would only tell how this
 * package was installed.
 */
function copySkeleton(source: string, target: string, replacements: Replacements): void {
  if (!existsSync(source) || !statSync(source).isDirectory())
    throw new CommandError(`there is no skeleton ${source}`);
  if (!existsSync(target)) mkdirSync(target);
  for (const name of readdirSync(source).sort()) {
    if (name === 'CVS' || name === '.svn' || name === '__pycache__') continue;
    const from = path.join(source, name);
    const filled = name.endsWith('.in');
    const to = path.join(target, filled ? name.slice(0, -'.in'.length) : name);
    if (lstatSync(from).isDirectory()) {
      if (!existsSync(to)) {
        mkdirSync(to);
        chmodSync(to, modeOf(from));
      }
      copySkeleton(from, to, replacements);
    } else if (!existsSync(to)) {
      const content = readFileSync(from);
      writeFileSync(to, filled ? fill(content.toString('utf8'), replacements) : content);
      chmodSync(to, modeOf(from));
    }
  }
}

function modeOf(file: string): number {
  const stat = statSync(file);
  if (!file.startsWith(stock + path.sep)) return stat.mode & 0o777;
  return stat.isDirectory() ? 0o755 : 0o644;
}

function fill(text: string, replacements: Replacements): string {
  return text.replaceAll(/<<([A-Z_]+)>>/g, (all, name: string) => replacements[name] ?? all);
}

/** Writes the file from which the site takes its first user when it starts. */
export function writeInitialUser(instance: string, name: string, password: string): void {
  const file = path.join(instance, 'inituser');
  writeFileSync(file, `${name}:${pw_encrypt(password, 'SHA256')}\n`);
  chmodSync(file, 0o644);
}

/** A folder and those above it. Node's own recursion does not come to an end where nobody can make folders, as in `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw new CommandError(`${folder} is no folder`);
    return;
  }
  const above = path.dirname(folder);
  if (above !== folder) makeFolder(above);
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = { EACCES: 'there is no permission', ENOENT: 'this file system has no folders of others' };
    throw new CommandError(
      `the folder ${folder} cannot be made: ${reason[code as keyof typeof reason] ?? message}`,
    );
  }
}

/** Makes an instance in `folder`; the absolute path of it. */
export function makeInstance(folder: string, options: { skeleton?: string; python?: string } = {}): string {
  makeFolder(folder);
  const home = realpathSync(folder);
  copySkeleton(options.skeleton ?? stock, home, {
    INSTANCE_HOME: home,
    PYTHON: options.python ?? process.execPath,
    ZOPE_SCRIPTS: scripts,
  });
  return home;
}

export const mkwsgiinstance: Command = {
  name: 'mkwsgiinstance',
  about: 'make an instance',
  usage,
  async run(args, io) {
    const { values } = parseOptions(args, {
      dir: { type: 'string', short: 'd' },
      user: { type: 'string', short: 'u' },
      skelsrc: { type: 'string', short: 's' },
      python: { type: 'string', short: 'p' },
    });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    let user = values.user === undefined ? undefined : splitUser(values.user);
    let { dir } = values;
    const prompter = dir === undefined || user === undefined ? new Prompter(io) : undefined;
    try {
      if (dir === undefined) {
        io.stdout.write(askFolder);
        dir = await prompter!.ask('Directory: ');
        if (dir === '') throw usageError('you must specify a directory');
      }
      const target = path.resolve(dir.replace(/^~(?=\/|$)/, () => io.env.HOME ?? os.homedir()));
      if (user === undefined && !existsSync(path.join(target, 'inituser')))
        user = await askUser(prompter!, io.stdout);
      const home = makeInstance(target, {
        ...(values.skelsrc === undefined ? {} : { skeleton: path.resolve(values.skelsrc) }),
        ...(values.python === undefined ? {} : { python: path.resolve(values.python) }),
      });
      if (user !== undefined && user.name !== '' && user.password !== '')
        writeInitialUser(home, user.name, user.password);
      return 0;
    } finally {
      prompter?.close();
    }
  },
};

const askFolder = `Please choose a directory in which you'd like to install
Zope "instance home" files such as database files, configuration
files, etc.

`;
const askForUser = `Please choose a username and password for the initial user.
These will be the credentials you use to initially manage
your new Zope instance.

`;

interface NewUser {
  readonly name: string;
  readonly password: string;
}

/** `NAME:PASSWORD` of a command line. */
export function splitUser(text: string): NewUser {
  if (text === '') throw usageError('user must not be empty');
  const colon = text.indexOf(':');
  if (colon < 0) throw usageError('user must be specified as name:password');
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function askUser(
  prompter: Prompter,
  stdout: { write(text: string): unknown },
): Promise<NewUser | undefined> {
  stdout.write(askForUser);
  const name = await prompter.ask('Username: ');
  if (name === '') return undefined;
  for (;;) {
    const password = await prompter.askPassword('Password: ');
    if (password === (await prompter.askPassword('Verify password: '))) return { name, password };
    stdout.write('Password mismatch, please try again...\n');
  }
}
