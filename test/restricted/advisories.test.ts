/**
 * The classes of vulnerabilities that the family's advisories tell of (INVENTORY 4.8), each with attempts that fail in the expected
 * way: those of code that is edited through the web, and of the web, against a published site.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DTMLMethod,
  File,
  Folder,
  PythonScript,
  TypeScriptScript,
  ZopePageTemplate,
} from '../../src/zope/ofs/index.ts';
import { basic, makeSite, type TestSite } from '../publisher/site.ts';

/** Every id of chapter 4.8. */
const IDS = Array.from({ length: 30 }, (_none, i) => `S-0${70 + i}`);
/** What the classes are about is no part of this version; that it is not there is tested where it would be. */
const ABSENT: Readonly<Record<string, string>> = {
  'S-086': 'SQL methods',
  'S-095': 'WebDAV and XML-RPC',
  'S-096': 'restructured text',
  'S-097': 'the ZEO server',
  'S-098': 'the ZEO server',
};

let site: TestSite;
let counter = 0;

beforeAll(() => {
  site = makeSite((app) => {
    const folder = app as unknown as Folder;
    folder._setObject('docs', new Folder('docs', '<script>title</script>') as never);
    folder._setObject('secret', new Folder('secret') as never);
    (folder._getOb('secret') as unknown as Record<string, unknown>)['_View_Permission'] = ['Manager'];
  });
});

type Kind = 'page' | 'dtml' | 'python' | 'typescript';

/** Publishes an object with this source to an anonymous visitor: status and text. */
async function published(kind: Kind, source: string, query = ''): Promise<readonly [number, string]> {
  const id = `attack${counter++}`;
  let own: TestSite | undefined;
  try {
    own = makeSite((app) => {
      const folder = app as unknown as Folder;
      folder._setObject('docs', new Folder('docs', 'Documents') as never);
      folder._setObject(id, make(kind, id, source) as never, { setOwner: false } as never);
    });
  } catch (error) {
    // Refused when it is saved.
    return [400, `${(error as Error).name}: ${(error as Error).message}`];
  }
  return own.get(`/${id}${query}`);
}

function make(kind: Kind, id: string, source: string): object {
  if (kind === 'page') return new ZopePageTemplate(id, source);
  if (kind === 'dtml') return new DTMLMethod(id, source);
  if (kind === 'typescript') {
    const script = new TypeScriptScript(id);
    script.manage_edit('', source);
    return script;
  }
  const script = new PythonScript(id);
  (script as unknown as { ZPythonScript_edit(params: string, body: string): void }).ZPythonScript_edit(
    '',
    source,
  );
  return script;
}

const page = (expression: string) => `<p tal:content="${expression.replaceAll('"', '&quot;')}">x</p>`;

/** What a visitor may not be shown. */
const LEAK = /password|\$2|SSHA|function |\[native|node:|at Object\.|<module 'os/i;

/** Attempts through a published object: none may answer with a page that worked. */
const ATTEMPTS: readonly (readonly [id: string, kind: Kind, source: string])[] = [
  // Modules and underscores in paths
  ['S-070', 'page', page('modules/random/_os/system')],
  ['S-070', 'page', page('path:modules/random/_inst')],
  ['S-070', 'page', page('modules/string/_re')],
  ['S-070', 'page', page('modules/AccessControl/ZopeGuards')],
  ['S-070', 'page', page('modules/Products.PythonScripts.standard/getSecurityManager')],
  ['S-070', 'page', page('nocall:modules/os')],
  ['S-070', 'page', page('exists:modules/random/_os') + page('modules/random/_os')],
  ['S-070', 'page', page("python:modules['random']._os")],
  ['S-070', 'dtml', '<dtml-var "_.random._os">'],
  ['S-071', 'page', page('here/_owner')],
  ['S-071', 'page', page('here/__class__')],
  ['S-071', 'page', page('here/?name').replace('<p', '<p tal:define="name string:__class__"')],
  ['S-071', 'page', '<p>${here/__dict__}</p>'],
  ['S-071', 'page', page('string:${here/_p_jar}')],
  ['S-071', 'page', page("python:f'{here.__class__}'")],
  ['S-071', 'dtml', '<dtml-var __class__>'],
  ['S-071', 'dtml', '<dtml-var "_[\'_owner\']">'],
  // Imports
  ['S-072', 'python', 'import os'],
  ['S-072', 'python', 'from string import Formatter\nreturn Formatter'],
  ['S-072', 'python', 'import string\nreturn string.Formatter().format("{0.__class__}", context)'],
  ['S-072', 'python', 'import random\nreturn random._os'],
  ['S-072', 'python', "import random\nreturn getattr(random, '_os')"],
  ['S-072', 'typescript', "import fs from 'node:fs'; return 1"],
  ['S-072', 'typescript', "return require('fs')"],
  ['S-072', 'typescript', "return await import('node:fs')"],
  // Formats
  ['S-073', 'python', "return '{0.__class__}'.format(context)"],
  ['S-073', 'python', "return '{a._owner}'.format_map({'a': context})"],
  ['S-073', 'python', "return str.format('{0.__class__.__mro__}', '')"],
  ['S-073', 'python', "return str.format_map('{a.__class__}', {'a': 1})"],
  ['S-073', 'page', page("python:'{0.acl_users.data}'.format(here)")],
  ['S-073', 'dtml', '<dtml-var "\'{0.__class__}\'.format(_)">'],
  // Frames, exceptions and the host language
  ['S-074', 'python', 'g = (x for x in [1])\nreturn g.gi_frame'],
  ['S-074', 'python', "return getattr((x for x in [1]), 'gi_code')"],
  ['S-074', 'python', 'try:\n    1 / 0\nexcept Exception as e:\n    return e.__traceback__'],
  ['S-074', 'typescript', 'try { null!.x } catch (e) { return e.stack }'],
  ['S-075', 'python', 'try:\n    pass\nexcept* ValueError:\n    pass'],
  ['S-075', 'typescript', 'return (() => 1).constructor("return process")()'],
  ['S-075', 'typescript', 'return [].constructor'],
  ['S-075', 'typescript', 'return Object.getPrototypeOf([])'],
  ['S-075', 'typescript', 'return new Proxy({}, {})'],
  ['S-075', 'typescript', 'async function f() {} return f()'],
  ['S-075', 'python', "return getattr([], 'constructor')"],
  ['S-076', 'python', 'try:\n    context.nothing\nexcept AttributeError as e:\n    return e.obj'],
  ['S-076', 'python', "try:\n    context.nothing\nexcept AttributeError as e:\n    return getattr(e, 'obj')"],
  ['S-076', 'typescript', 'try { context.nothing } catch (e) { return e.obj }'],
  // Users
  ['S-077', 'python', 'return context.acl_users.data'],
  ['S-077', 'python', "return context.acl_users.getUser('admin')._getPassword()"],
  ['S-077', 'page', page('here/acl_users/data')],
  ['S-077', 'typescript', 'return context.acl_users.data'],
  ['S-077', 'dtml', '<dtml-var "acl_users.data">'],
  ['S-078', 'python', 'return context.acl_users.getUserNames()'],
  ['S-078', 'python', 'return context.acl_users.getUsers()'],
  ['S-078', 'page', page('here/acl_users/getUserNames')],
  ['S-078', 'dtml', '<dtml-in "acl_users.getUserNames()"><dtml-var sequence-item></dtml-in>'],
  // Methods that nobody published or permitted
  ['S-089', 'python', "return context.undoable_transactions(0, 20, 'data')"],
  ['S-090', 'python', "return context.manage_delObjects(['docs'])"],
  ['S-091', 'python', 'return context._getOb("docs")'],
  ['S-094', 'python', "return context.manage_importObject('../../etc/passwd')"],
];

describe.each(
  ATTEMPTS.map(
    ([id, kind, source]) => [id, kind, source.replaceAll('\n', ' ⏎ ').slice(0, 70), source] as const,
  ),
)('%s: a visitor of a %s', (_id, kind, _shown, source) => {
  it(`gets nothing by ${_shown}`, async () => {
    const [status, text] = await published(kind, source);
    // An empty answer has nothing, either.
    if (status !== 204) expect(status, text).toBeGreaterThanOrEqual(400);
    expect(text.replace(/error[^.]*\./gi, '')).not.toMatch(LEAK);
  });
});

describe('a request', () => {
  const POISON = '<script>alert(1)</script>';
  const manager = { headers: basic('admin', 'secret') };

  it('sees titles and ids of others escaped in the management pages (S-079)', async () => {
    for (const name of ['manage_main', 'docs/manage_main', 'docs/manage_propertiesForm', 'manage_findResult'])
      // oxlint-disable-next-line no-await-in-loop
      expect((await site.get(`/${name}`, manager))[1]).not.toContain('<script>title</script>');
  });

  it('gets an uploaded page or drawing as a download (S-080)', async () => {
    const own = makeSite((app) => {
      for (const [id, type] of [
        ['a.svg', 'image/svg+xml'],
        ['b.html', 'text/html'],
        ['c.svg', 'Image/SVG+XML; charset=utf-8'],
      ] as const)
        (app as unknown as Folder)._setObject(id, new File(id, '', Buffer.from(POISON), type) as never);
    });
    for (const id of ['a.svg', 'b.html', 'c.svg'])
      // oxlint-disable-next-line no-await-in-loop
      expect((await own.fetch(`/${id}`)).headers.get('content-disposition'), id).toMatch(/^attachment/);
  });

  it('finds no markup of its own in what an error or a message repeats (S-081)', async () => {
    for (const url of [`/${encodeURIComponent(POISON)}`, `/docs/${encodeURIComponent(POISON)}`])
      // oxlint-disable-next-line no-await-in-loop
      expect((await site.get(url))[1]).not.toContain(POISON);
    const [, text] = await site.get(
      `/manage_main?manage_tabs_message=${encodeURIComponent(POISON)}`,
      manager,
    );
    expect(text).not.toContain(POISON);
  });

  // What an expression takes from REQUEST itself is not quoted, as in Zope: a method says html_quote there.
  it('is quoted by DTML, whatever was done to the text (S-082)', async () => {
    const query = `?x=${encodeURIComponent(POISON)}`;
    for (const source of [
      '<dtml-var x>',
      '<dtml-var "x + \'\'">',
      '<dtml-var "x.strip()">',
      '&dtml-x;',
      '<dtml-var x lower>',
      '<dtml-let y=x><dtml-var y></dtml-let>',
      '<dtml-in "[x]"><dtml-var sequence-item></dtml-in>',
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const [, text] = await published('dtml', source, query);
      expect(text.toLowerCase(), source).not.toContain('<script>');
    }
  });

  it('is redirected to the site itself by the management pages only (S-083)', async () => {
    for (const target of [
      '//evil.test/',
      '\\\\evil.test',
      ' http://evil.test',
      'javascript:alert(1)',
      'http://evil.test/',
    ])
      for (const name of ['manage_main', 'manage_workspace', 'docs/manage_workspace'])
        for (const key of ['came_from', 'URL1', 'redirect']) {
          // oxlint-disable-next-line no-await-in-loop
          const response = await site.fetch(`/${name}?${key}=${encodeURIComponent(target)}`, manager);
          expect(response.headers.get('location') ?? '', `${name} ${key} ${target}`).not.toMatch(
            /evil|javascript/,
          );
        }
  });

  it('changes nothing by a link of another site, nor by a form of one (S-084)', async () => {
    const body = new URLSearchParams({ 'ids:list': 'docs' });
    const cross = { ...manager.headers, 'Sec-Fetch-Site': 'cross-site' };
    expect(
      (await site.get('/manage_delObjects', { method: 'POST', body, headers: cross }))[0],
    ).toBeGreaterThanOrEqual(400);
    expect(
      (await site.get('/manage_delObjects?ids:list=docs', { headers: cross }))[0],
    ).toBeGreaterThanOrEqual(400);
    expect((await site.get('/docs/manage_main', manager))[0]).toBe(200);
  });

  it('sends no line end into the headers that a script sets (S-085)', async () => {
    const source =
      "v = context.REQUEST.form['v']\nr = context.REQUEST.RESPONSE\nr.setHeader('X-Given', v)\nr.setCookie('taste', v)\nreturn 'done'";
    const id = `attack${counter++}`;
    const own = makeSite(
      (app) =>
        void (app as unknown as Folder)._setObject(
          id,
          make('python', id, source) as never,
          { setOwner: false } as never,
        ),
    );
    const response = await own
      .fetch(`/${id}?v=${encodeURIComponent('a\r\nX-Other: 1')}`)
      .catch(() => undefined);
    expect(response?.headers.get('x-other') ?? null).toBeNull();
  });

  it('reads no password faster by a better guess: hashes are compared in constant time (S-087)', () => {
    const source = readFileSync(
      path.resolve(import.meta.dirname, '../../src/access/auth-encoding.ts'),
      'utf8',
    );
    expect(source).toContain('timingSafeEqual');
  });

  it('meets random numbers of the operating system (S-088)', async () => {
    const [status, text] = await published('python', 'import random\nrandom.seed(1)\nreturn random.random()');
    expect([status >= 400, LEAK.test(text)]).toEqual([true, false]);
  });

  it('chooses no attributes of the undo list, and needs the permission for it (S-089)', async () => {
    for (const query of ['', '?PrincipiaUndoBatchSize=1e9', '?first_transaction=__class__&sort=_p_jar'])
      // oxlint-disable-next-line no-await-in-loop
      expect((await site.get(`/manage_UndoForm${query}`))[0]).toBeGreaterThanOrEqual(401);
  });

  it('reaches no method by another verb or by a name that is not published (S-090, S-091)', async () => {
    const before = await site.get('/docs');
    for (const method of ['PUT', 'DELETE', 'PATCH', 'MOVE', 'COPY', 'PROPPATCH'])
      // oxlint-disable-next-line no-await-in-loop
      await site.get('/docs', { method, body: method === 'PUT' ? 'changed' : null });
    expect(await site.get('/docs')).toEqual(before);
    for (const name of [
      '_getOb',
      '_setObject',
      '__class__',
      'constructor',
      'getPhysicalRoot',
      'toString',
      '_p_jar',
    ])
      // oxlint-disable-next-line no-await-in-loop
      expect((await site.get(`/docs/${name}`))[0], name).toBeGreaterThanOrEqual(400);
  });

  it('is no object: cookies, clipboards and imports are read as data, within limits (S-092)', async () => {
    const pickle = Buffer.from('cos\nsystem\n(S"echo hacked"\ntR.').toString('base64');
    for (const clipboard of [pickle, 'A'.repeat(100_000), Buffer.from('null').toString('base64'), '%00%ff']) {
      const headers = { ...manager.headers, Cookie: `__cp=${encodeURIComponent(clipboard)}` };
      const body = new URLSearchParams({ cb_copy_data: clipboard });
      // oxlint-disable-next-line no-await-in-loop
      const [status, text] = await site.get('/manage_pasteObjects', { method: 'POST', body, headers });
      expect(status, text.slice(0, 200)).toBeGreaterThanOrEqual(400);
    }
  });

  it('ends with the budget where a page or a script needs too much (S-093)', async () => {
    for (const [kind, source] of [
      ['python', "return 'x' * 10**10"],
      ['typescript', "return 'x'.repeat(2 ** 28) + 'y'.repeat(2 ** 28)"],
      ['page', page("python:'x' * 10**10")],
      ['dtml', '<dtml-var "\'x\' * 10**10">'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const [status] = await published(kind, source);
      expect(status, source).toBeGreaterThanOrEqual(500);
    }
    expect((await site.get('/docs/manage_main', manager))[0]).toBe(200);
  });

  it('names no file outside of the import folder (S-094)', async () => {
    for (const file of ['../../etc/passwd', '/etc/passwd', 'a/../../b.zexp', '..\\b.zexp', 'a\0.zexp']) {
      const body = new URLSearchParams({ file });
      // oxlint-disable-next-line no-await-in-loop
      const [status, text] = await site.get('/manage_importObject', {
        method: 'POST',
        body,
        headers: manager.headers,
      });
      expect(status, file).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain('root:');
    }
  });
});

describe('every class of the advisories', () => {
  it('is attempted by some test, or what it is about is not there', () => {
    const root = path.resolve(import.meta.dirname, '..');
    const cited = new Set<string>();
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.test.ts')) continue;
      const text = readFileSync(path.join(entry.parentPath, entry.name), 'utf8');
      for (const [id] of text.matchAll(/S-0[789]\d/g)) cited.add(id);
    }
    expect(IDS.filter((id) => !cited.has(id))).toEqual([]);
    const attempted = new Set([...ATTEMPTS.map(([id]) => id), ...citedTitles()]);
    expect(IDS.filter((id) => !attempted.has(id) && !(id in ABSENT) && id !== 'S-099')).toEqual([]);
  });
});

/** The ids in the titles of the tests above. */
function citedTitles(): string[] {
  const text = readFileSync(import.meta.filename, 'utf8');
  return [...text.matchAll(/it\('[^\n]*\((S-[^)]*)\)'/g)].flatMap(([, ids]) => ids!.split(', '));
}
