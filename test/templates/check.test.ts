import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSource, sourceOfFile } from '../../src/templates/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { DB, FileStorage } from '../../src/zodb/index.ts';
import {
  Application,
  Folder,
  PythonScript,
  TypeScriptScript,
  ZopePageTemplate,
} from '../../src/zope/ofs/index.ts';
import { TestSite } from '../zope/ofs/test-site.ts';
import { run } from '../../src/zope/cli/main.ts';
import type { CommandIo } from '../../src/zope/cli/command-line.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'check-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const file = (name: string, text: string) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};

async function template(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: '', err: '' };
  const stream = (key: 'out' | 'err') => ({ write: (text: string) => (texts[key] += text) });
  const io = {
    stdout: stream('out'),
    stderr: stream('err'),
    stdin: process.stdin,
    env: {},
  } as unknown as CommandIo;
  return { code: await run('template', args, io), ...texts };
}

describe('checkSource', () => {
  it('finds all wrong expressions of a page at once', () => {
    const text = '<p tal:content="python:1 +">x</p>\n<b title="${a//b}">${options/a}</b>';
    expect(checkSource({ kind: 'page template', name: 'a.pt', text })).toMatchObject([
      { line: 1, column: 23, rule: 'ExpressionError' },
      { line: 2, column: 12, rule: 'ExpressionError', reason: "Path element may not be empty in 'a//b'" },
    ]);
  });

  it('tells of DTML where the tag at fault begins, also of what is refused when it runs only', () => {
    const check = (text: string) => checkSource({ kind: 'DTML', name: 'd', text });
    expect(check('a\n <dtml-if "1 +">\n\nb\n</dtml-if>')).toMatchObject([
      {
        line: 2,
        column: 1,
        reason: 'Expression (Python) Syntax error: invalid syntax, for tag <dtml-if "1 +">',
      },
    ]);
    expect(check('<dtml-in x>\n<dtml-var nope bogus=1>\n</dtml-in>')).toMatchObject([
      { line: 2, column: 0, reason: 'Invalid attribute name, "bogus", for tag <dtml-var nope bogus=1>' },
    ]);
    expect(check('<dtml-let x="1 +">\n</dtml-let>')).toMatchObject([{ line: 1, column: 0 }]);
    expect(check('a </dtml-if>')).toMatchObject([
      { line: 1, column: 2, reason: expect.stringContaining('unexpected end tag') },
    ]);
    expect(check('<dtml-try>\n</dtml-try>\n<dtml-calendar>')).toMatchObject([
      { line: 3, column: 0, reason: expect.stringContaining('Unexpected tag') },
    ]);
    expect(check('<dtml-var "a._b">\n<dtml-if x>\n  <dtml-call "exec(1)">\n</dtml-if>')).toMatchObject([
      { line: 1, column: 0, excerpt: '<dtml-var "a._b">\n^' },
      { line: 3, column: 2, reason: expect.stringContaining('Exec calls are not allowed') },
    ]);
  });

  it('finds the line of a script in its file', () => {
    const source = sourceOfFile(
      's.py',
      '## Script (Python) "s"\n##parameters=a, b=1\n##\nx = 1\nreturn a._b\n',
    );
    expect(source).toMatchObject({ kind: 'script', parameters: 'a, b=1', lineOffset: 3 });
    expect(checkSource(source!)).toMatchObject([{ line: 5, column: 7, excerpt: 'return a._b\n       ^' }]);
  });

  it('finds line and column in Python and in TypeScript', () => {
    const check = (kind: 'script' | 'TypeScript script', text: string, parameters = '') =>
      checkSource({ kind, name: 's', text, parameters });
    expect(check('script', 'x = 1\nreturn (1 + context._b)')).toMatchObject([
      { line: 2, column: 12, rule: 'SyntaxError', excerpt: `return (1 + context._b)\n${' '.repeat(12)}^` },
    ]);
    expect(check('script', 'x = 1\nif x = 2:\n  pass')).toMatchObject([{ line: 2, rule: 'SyntaxError' }]);
    expect(check('script', 'return 1', 'a, a')).toMatchObject([{ line: 0, excerpt: /a, a\n +\^/ }]);
    expect(check('TypeScript script', 'const a: number = 1;\nreturn a + this.b;')).toMatchObject([
      { line: 2, column: 11, excerpt: `return a + this.b;\n${' '.repeat(11)}^` },
    ]);
    expect(check('TypeScript script', 'let a: = 1')).toMatchObject([{ line: 1, column: 7 }]);
    expect(check('TypeScript script', 'return a + b + context.title', 'a: number, b = 1')).toEqual([]);
    expect(check('TypeScript script', 'return 1', 'a b')).toMatchObject([{ line: 0 }]);
  });

  it('knows a file of a script in TypeScript by its header, and the names that it binds', () => {
    const text =
      '//# Script (TypeScript) "s"\n//#bind context=here\n//#parameters=a: number\nreturn here.title + a + other;\n';
    const source = sourceOfFile('s.ts', text)!;
    expect(source).toMatchObject({ kind: 'TypeScript script', parameters: 'a: number', lineOffset: 3 });
    expect(checkSource(source)).toMatchObject([{ line: 4, column: 24 }]);
    expect(sourceOfFile('m.ts', 'export const a = 1;')).toBeUndefined();
  });

  it('finds bad parameters and bad syntax of scripts', () => {
    const script = (text: string, parameters = '') =>
      checkSource({ kind: 'script', name: 's', text, parameters });
    expect(script('return 1', 'a, a')).toHaveLength(1);
    expect(script('return (1')).toHaveLength(1);
    expect(script('return 1')).toEqual([]);
  });

  it('finds the line of a DTML tag', () => {
    expect(checkSource({ kind: 'DTML', name: 'd', text: 'x\n<dtml-if a>\n' })).toMatchObject([
      { line: 2, column: 0, rule: 'ParseError', excerpt: '<dtml-if a>\n^' },
    ]);
  });

  it('takes a Python file without the header of a script for a module', () => {
    expect(sourceOfFile('m.py', 'import os')).toBeUndefined();
  });
});

describe('zope template check', () => {
  it('reports a folder with places, and counts', async () => {
    file('a.pt', '<p>\n <b tal:contents="x"/></p>');
    file('sub/b.zpt', '<p tal:content="string:fine"/>');
    file('c.dtml', '<dtml-var a>');
    file('module.py', 'import os');
    const { code, out, err } = await template('check', folder);
    expect(code).toBe(1);
    expect(out).toContain(`${path.join(folder, 'a.pt')}:2:8: CompilationError: Bad attribute for namespace`);
    expect(out.split('\n')).toContain('          ^');
    expect(err).toBe('2 page templates, 1 DTML: 1 problem\n');
  });

  it('reports the objects of a database by their paths and does not change it', async () => {
    const data = path.join(folder, 'Data.fs');
    const db = new DB(new FileStorage(data, { create: true }));
    const transactionManager = new TransactionManager();
    const connection = db.open({ transactionManager });
    const app = new Application();
    connection.root().set('Application', app);
    app._setObject('docs', new Folder('docs') as never, { setOwner: false });
    const docs = app._getOb('docs') as unknown as Folder;
    docs._setObject('bad', new ZopePageTemplate('bad', '<p>${python:1 +}</p>') as never, { setOwner: false });
    const script = new PythonScript('s');
    script.ZPythonScript_edit('a', 'return a.__class__');
    docs._setObject('s', script as never, { setOwner: false });
    transactionManager.commit();
    connection.close();
    db.close();
    const { code, out } = await template('check', '--json', data);
    expect(code).toBe(1);
    const names = (text: string) => (JSON.parse(text) as { name: string }[]).map(({ name }) => name);
    expect(names(out)).toEqual(['/docs/bad', '/docs/s']);
    expect(names((await template('check', '--json', '--path', '/docs/s', data)).out)).toEqual(['/docs/s']);
    expect((await template('check', '--path', '/docs/none', data)).err).toContain('has no object /docs/none');
  });

  it('asks a running site at a URL, as far as the manager may see it', async () => {
    const site = new TestSite();
    site.addUser('boss', ['Manager']);
    site.addUser('half', ['Half']);
    site.change((app) => {
      app._setObject('docs', new Folder('docs') as never);
      const docs = app._getOb('docs') as unknown as Folder;
      docs._setObject('bad', new ZopePageTemplate('bad', '<p>\n${python:1 +}</p>') as never);
      docs._setObject('closed', new ZopePageTemplate('closed', '<p>${python:1 +}</p>') as never);
      const code = new TypeScriptScript('code');
      code.manage_edit('', 'return this;');
      docs._setObject('code', code as never);
      app.manage_permission('View management screens', ['Manager', 'Half'], 1);
      (docs._getOb('closed') as unknown as Folder).manage_permission(
        'View management screens',
        ['Manager'],
        0,
      );
    });
    const server = createServer((request, response) => {
      const user = request.headers.authorization;
      void site
        .request(request.url!, { headers: user === undefined ? {} : { authorization: user } })
        .then(({ status, headers, body }) => {
          response.writeHead(status, { 'content-type': headers.get('content-type') ?? 'text/plain' });
          response.end(body);
        })
        .catch((error: Error) => {
          response.writeHead(500);
          response.end(error.message);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = (user: string, at: string) => `http://${user}:pw@127.0.0.1:${port}${at}`;
    try {
      const all = await template('check', url('boss', '/'));
      expect(all.code).toBe(1);
      expect(all.out).toContain('/docs/bad:2:9: ExpressionError');
      expect(all.out).toContain(
        "/docs/code:1:7: SyntaxError: 'this' is not available in scripts\n  return this;\n         ^",
      );
      expect(all.err).toBe('2 page templates, 1 TypeScript script: 3 problems\n');
      expect((await template('check', url('half', '/docs'))).out).not.toContain('closed');
      expect((await template('check', url('half', '/docs/bad'))).err).toBe('1 page template: 1 problem\n');
      expect((await template('check', `http://127.0.0.1:${port}/`)).err).toContain('asks for a manager');
      expect((await template('check', url('boss', '/none'))).err).toContain('answers 404');
    } finally {
      await new Promise((resolve) => server.close(resolve));
      site.close();
    }
    expect((await template('check', `http://127.0.0.1:${port}/`)).code).toBe(1);
  });

  it('reads the source of one object from a site without the view', async () => {
    const asked: unknown[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      const found = request.url === '/s/document_src?raw=1';
      response.writeHead(found ? 200 : 404, { 'content-type': 'text/plain' });
      response.end(found ? '## Script (Python) "s"\r\n##parameters=\r\n##\r\nreturn (\r\n' : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { out, err } = await template('check', `http://127.0.0.1:${port}/s`);
      expect(out).toContain('/s:4:');
      expect(err).toBe('1 script: 1 problem\n');
      expect(asked).toEqual(['/s/document_src?raw=1']);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('says what is wrong with its arguments', async () => {
    expect((await template()).code).toBe(2);
    expect((await template('check')).err).toContain('FILE|URL');
    expect((await template('check', path.join(folder, 'absent'))).err).toContain(
      'there is no file or folder',
    );
    expect((await template('--help')).code).toBe(0);
  });
});
