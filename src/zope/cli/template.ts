/** `zope template check`: errors of all templates and scripts of a folder, or of a site's database, without running them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { str } from '../../restricted/index.ts';
import { checkSource, type Problem, type Source, sourceOfFile } from '../../templates/index.ts';
import { DB, FileStorage } from '../../zodb/index.ts';
import {
  DTMLDocument,
  DTMLMethod,
  type Item,
  ObjectManager,
  PythonScript,
  ZopePageTemplate,
} from '../ofs/index.ts';
import { type Command, CommandError, parseOptions, usageError } from './command-line.ts';

const usage = `usage: zope template check [-h] [--json] PATH...

Reports what is wrong with page templates, DTML and scripts, each with its line, without running them. PATH is a template, a folder
(its .pt, .zpt, .cpt and .dtml files, and .py files with the header of a Script (Python)), or a database file (Data.fs; it is only read).
Exits with 1 when something is wrong.

  -h, --help    this text
  --json        the problems as a JSON list
`;

interface Checked {
  readonly problems: readonly Problem[];
  readonly counts: ReadonlyMap<Source['kind'], number>;
}

export const template: Command = {
  name: 'template',
  about: 'check the templates and scripts of a site or a folder',
  usage,
  run(args, io) {
    const { values, positionals } = parseOptions(args, { json: { type: 'boolean' } });
    if (values.help) {
      io.stdout.write(usage);
      return Promise.resolve(0);
    }
    const [command, ...paths] = positionals;
    if (command !== 'check')
      throw usageError(
        command === undefined ? 'a command is required: check' : `there is no command "${command}"`,
      );
    if (paths.length === 0) throw usageError('the following arguments are required: PATH');
    const { problems, counts } = check(paths.flatMap((name) => sourcesOf(name)));
    if (values.json) io.stdout.write(`${JSON.stringify(problems, null, 1)}\n`);
    else {
      for (const problem of problems) io.stdout.write(shown(problem));
      const what = [...counts].map(
        ([kind, count]) => `${count} ${kind}${count === 1 || kind === 'DTML' ? '' : 's'}`,
      );
      const found =
        problems.length === 0
          ? 'nothing is wrong'
          : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
      io.stderr.write(`${what.length === 0 ? 'no templates or scripts' : what.join(', ')}: ${found}\n`);
    }
    return Promise.resolve(problems.length === 0 ? 0 : 1);
  },
};

function check(sources: readonly Source[]): Checked {
  const counts = new Map<Source['kind'], number>();
  const problems = sources.flatMap((source) => {
    counts.set(source.kind, (counts.get(source.kind) ?? 0) + 1);
    return checkSource(source);
  });
  return { problems, counts };
}

function shown({ name, line, column, rule, reason, excerpt }: Problem): string {
  const place = `${name}:${line}${column === undefined ? '' : `:${column}`}`;
  const lines = excerpt.trimEnd() === '' ? [] : excerpt.split('\n').map((text) => `  ${text}\n`);
  return `${place}: ${rule}: ${reason.replaceAll('\n', ' ')}\n${lines.join('')}`;
}

function sourcesOf(name: string): Source[] {
  if (!existsSync(name)) throw new CommandError(`there is no file or folder ${name}`);
  if (statSync(name).isDirectory()) return folderSources(name);
  if (isDatabase(name)) return siteSources(name);
  const text = readFileSync(name, 'utf8');
  const source = sourceOfFile(name, text);
  if (source !== undefined) return [source];
  // Named by itself, a file of any name is taken for what its text looks like.
  return [{ kind: /<dtml-/i.test(text) ? 'DTML' : 'page template', name, text }];
}

function folderSources(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:z?pt|cpt|dtml|py|cpy|vpy)$/i.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .flatMap((name) => sourceOfFile(name, readFileSync(name, 'utf8')) ?? []);
}

function isDatabase(name: string): boolean {
  const head = readFileSync(name).subarray(0, 4).toString('latin1');
  return /^FS(?:21|30)$/.test(head);
}

function siteSources(name: string): Source[] {
  const storage = new FileStorage(name, { readOnly: true });
  const db = new DB(storage);
  try {
    const connection = db.open();
    try {
      const app = (connection.root() as Map<string, unknown>).get('Application');
      if (!(app instanceof ObjectManager)) throw new CommandError(`${name} holds no site`);
      return [...walk(app, '')];
    } finally {
      connection.close();
    }
  } finally {
    db.close();
  }
}

function* walk(container: ObjectManager, at: string): Generator<Source> {
  for (const id of container.objectIds()) {
    const object: Item = container._getOb(id);
    const name = `${at}/${id}`;
    const source = sourceOfObject(object, name);
    if (source !== undefined) yield source;
    if (object instanceof ObjectManager) yield* walk(object, name);
  }
}

function sourceOfObject(object: Item, name: string): Source | undefined {
  if (object instanceof ZopePageTemplate) return { kind: 'page template', name, text: object.read() };
  if (object instanceof DTMLMethod || object instanceof DTMLDocument)
    return { kind: 'DTML', name, text: str(object) };
  if (object instanceof PythonScript)
    return { kind: 'script', name, text: object.body(), parameters: object.params() };
  return undefined;
}
