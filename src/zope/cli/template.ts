/** `zope template check`: errors of all templates and scripts of a folder, or of a site's database, without running them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { checkSource, type Problem, scriptSource, type Source, sourceOfFile } from '../../templates/index.ts';
import { DB, FileStorage } from '../../zodb/index.ts';
import { type Item, ObjectManager } from '../ofs/index.ts';
import { addMimeTags } from '../mail/mime-tag.ts';
import { sourcesBelow } from '../scripts/template-sources.ts';
import { type Command, CommandError, parseOptions, usageError } from './command-line.ts';

const usage = `usage: zope template check [-h] [--json] [--path PATH] FILE|URL...

Reports what is wrong with page templates, DTML and scripts, each with its place, without running them. FILE is a template or script, a
folder (its .pt, .zpt, .cpt and .dtml files, and .py and .ts files with the header of a script), or a database file (Data.fs; it is only
read). URL is an object or folder of a running site: http://NAME:PASSWORD@HOST:PORT/folder; a manager's name and password are needed.
Exits with 1 when something is wrong.

  -h, --help    this text
  --json        the problems as a JSON list
  --path PATH   of databases: only the object at this path of the site, and what is below it

DTML may use the tags of MIMETools, which a site has when a module of its own calls addMimeTags().
From sites of another Zope, a URL reads single objects: give each, or their database file.
`;

interface Checked {
  readonly problems: readonly Problem[];
  readonly kinds: readonly Source['kind'][];
  readonly counts: ReadonlyMap<Source['kind'], number>;
}

export const template: Command = {
  name: 'template',
  about: 'check the templates and scripts of a site or a folder',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, {
      json: { type: 'boolean' },
      path: { type: 'string' },
    });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const [command, ...paths] = positionals;
    if (command !== 'check')
      throw usageError(
        command === undefined ? 'a command is required: check' : `there is no command "${command}"`,
      );
    if (paths.length === 0) throw usageError('the following arguments are required: FILE|URL');
    // Which sites have them cannot be seen from templates.
    addMimeTags();
    const within = values.path === undefined ? [] : String(values.path).split('/').filter(Boolean);
    const { problems, counts } = merged(
      await Promise.all(
        paths.map((name) => (/^https?:\/\//i.test(name) ? checkUrl(name) : checked(sourcesOf(name, within)))),
      ),
    );
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
    return problems.length === 0 ? 0 : 1;
  },
};

function checked(sources: readonly Source[]): Checked {
  return merged([
    { problems: sources.flatMap((source) => checkSource(source)), kinds: sources.map(({ kind }) => kind) },
  ]);
}

function merged(all: readonly { problems: readonly Problem[]; kinds: readonly Source['kind'][] }[]): Checked {
  const kinds = all.flatMap((each) => each.kinds);
  const counts = new Map<Source['kind'], number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return { problems: all.flatMap((each) => each.problems), kinds, counts };
}

function shown({ name, line, column, rule, reason, excerpt }: Problem): string {
  const place = `${name}:${line}${column === undefined ? '' : `:${column}`}`;
  const lines = excerpt.trimEnd() === '' ? [] : excerpt.split('\n').map((text) => `  ${text}\n`);
  return `${place}: ${rule}: ${reason.replaceAll('\n', ' ')}\n${lines.join('')}`;
}

function sourcesOf(name: string, within: readonly string[]): Source[] {
  if (!existsSync(name)) throw new CommandError(`there is no file or folder ${name}`);
  if (statSync(name).isDirectory()) return folderSources(name);
  if (isDatabase(name)) return siteSources(name, within);
  const text = readFileSync(name, 'utf8');
  const source = sourceOfFile(name, text);
  if (source !== undefined) return [source];
  // Named by itself, a file of any name is taken for what its text looks like.
  return [sourceOfText(name, text)];
}

function sourceOfText(name: string, text: string): Source {
  if (text.startsWith('## Script (Python)')) return scriptSource('script', name, text);
  if (text.startsWith('//# Script (TypeScript)')) return scriptSource('TypeScript script', name, text);
  return { kind: /<dtml-/i.test(text) ? 'DTML' : 'page template', name, text };
}

/** The source of the one object that a URL names, or what the site finds itself below a folder. */
async function checkUrl(name: string): Promise<Checked> {
  const url = new URL(name);
  const headers: Record<string, string> = {};
  if (url.username !== '') {
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.Authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  }
  url.username = url.password = url.search = url.hash = '';
  const shownUrl = url.href.replace(/\/$/, '');
  const get = async (last: string): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(`${shownUrl}/${last}`, { headers, redirect: 'manual' });
    } catch (error) {
      const { cause, message } = error as Error;
      throw new CommandError(`${shownUrl}: ${cause instanceof Error ? cause.message : message}`);
    }
    if (response.status === 401 || response.status === 403)
      throw new CommandError(
        `${shownUrl}: the site asks for a manager: write the URL as http://NAME:PASSWORD@HOST/PATH`,
      );
    return response;
  };
  // A script or template has a source. The view comes second: what they are asked for that they do not have, they take for a part of
  // their path, and run.
  const source = await get('document_src?raw=1');
  if (source.ok && url.pathname !== '/')
    return checked([sourceOfText(url.pathname, (await source.text()).replaceAll('\r\n', '\n'))]);
  const answer = await get('@@check_templates');
  if (!answer.ok || answer.headers.get('content-type')?.startsWith('application/json') !== true)
    throw new CommandError(`${shownUrl}: the site answers ${answer.status}: nothing to check there`);
  return merged([(await answer.json()) as { problems: Problem[]; kinds: Source['kind'][] }]);
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

function siteSources(name: string, within: readonly string[]): Source[] {
  const storage = new FileStorage(name, { readOnly: true });
  const db = new DB(storage);
  try {
    const connection = db.open();
    try {
      const app = (connection.root() as Map<string, unknown>).get('Application');
      if (!(app instanceof ObjectManager)) throw new CommandError(`${name} holds no site`);
      let object: Item = app;
      for (const id of within) {
        if (!(object instanceof ObjectManager) || !object.objectIds().includes(id))
          throw new CommandError(`${name} has no object /${within.join('/')}`);
        object = object._getOb(id);
      }
      return [...sourcesBelow(object, within.map((id) => `/${id}`).join(''))];
    } finally {
      connection.close();
    }
  } finally {
    db.close();
  }
}
