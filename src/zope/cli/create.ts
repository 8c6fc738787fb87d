/** `zope create`: an instance that is also an npm package with the site's own TypeScript in `src/`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { packageRoot } from '../package-files.ts';
import { type Command, CommandError, parseOptions, usageError } from './command-line.ts';
import { makeInstance, splitUser, writeInitialUser } from './mkwsgiinstance.ts';

const usage = `usage: zope create DIR [--user=NAME:PASSWORD]

Makes an instance in DIR that is an npm package: configuration in etc/, the site's own content classes in src/. The first
user is "admin" with a generated password, shown once, unless --user names another.
`;

const site = `/** The site's own classes. This module is loaded when the site starts (see "siteModules" in package.json). */
import { declareClass, Item, registerClass } from 'zope-ts';

export class Note extends Item {
  text = '';

  constructor(id: string, title: string, text: string) {
    super();
    this.id = id;
    this.title = title;
    this.text = text;
  }

  /** What a visitor sees at the note's address. */
  index_html(): string {
    return \`\${this.title}\\n\\n\${this.text}\\n\`;
  }
}

registerClass(Note, 'site.Note', { acquires: 'implicit' });
// Nothing is published that is not declared: visitors who may view the note may call this.
declareClass(Note, { published: ['index_html'], names: { index_html: { permission: 'View' } } });
`;

const addNote = `/** Puts a note into the site while it does not run: npm run note -- ID TITLE TEXT */
import type { Application } from 'zope-ts';
import { Note } from './site.ts';

interface Console {
  readonly app: Application;
  readonly transaction: { commit(): void };
}

export default function addNote({ app, transaction }: Console): void {
  const [id = 'hello', title = 'Hello', text = 'A note.'] = process.argv.slice(4);
  app._setObject(id, new Note(id, title, text));
  transaction.commit();
  console.log(\`The note is at /\${id}\`);
}
`;

const tsconfig = {
  compilerOptions: {
    target: 'ES2023',
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    // Types are stripped, not compiled.
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['src'],
};

interface OwnManifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): object {
  const own = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as OwnManifest;
  // Where npm finds this package: in the registry, unless it is used from its sources.
  const installed = packageRoot.split(path.sep).includes('node_modules');
  const name = path.basename(folder).toLowerCase();
  return {
    name: name.replaceAll(/[^a-z0-9-]/g, '-'),
    private: true,
    type: 'module',
    scripts: {
      start: 'runwsgi etc/zope.ini',
      dev: 'runwsgi --reload -d etc/zope.ini',
      note: 'zconsole run etc/zope.conf src/add-note.ts',
      check: 'tsc',
    },
    dependencies: { 'zope-ts': installed ? own.version : `file:${packageRoot}` },
    devDependencies: {
      '@types/node': own.devDependencies['@types/node'],
      typescript: own.devDependencies.typescript,
    },
    siteModules: ['./src/site.ts'],
  };
}

export const create: Command = {
  name: 'create',
  about: 'make an instance that is an npm package with code of its own',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, { user: { type: 'string', short: 'u' } });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const [dir, ...more] = positionals;
    if (dir === undefined || more.length > 0) throw usageError('one folder is needed');
    const folder = path.resolve(dir);
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new CommandError(`${dir} is there already and not empty`);
    const user = values.user === undefined ? undefined : splitUser(values.user);
    const { name, password } = user ?? { name: 'admin', password: randomBytes(9).toString('base64url') };
    const home = makeInstance(folder);
    writeInitialUser(home, name, password);
    mkdirSync(path.join(home, 'src'));
    writeFileSync(path.join(home, 'src/site.ts'), site);
    writeFileSync(path.join(home, 'src/add-note.ts'), addNote);
    writeFileSync(path.join(home, 'package.json'), `${JSON.stringify(manifestOf(folder), null, 2)}\n`);
    writeFileSync(path.join(home, 'tsconfig.json'), `${JSON.stringify(tsconfig, null, 2)}\n`);
    writeFileSync(path.join(home, '.gitignore'), 'node_modules/\nvar/\ninituser\n');
    io.stdout.write(
      `Made a site in ${home}\n\n  user:     ${name}\n${user !== undefined ? '' : `  password: ${password}   (shown only now)\n`}\n`,
    );
    io.stdout.write(`  cd ${dir} && npm install && npm run note && npm run dev\n`);
    return 0;
  },
};
