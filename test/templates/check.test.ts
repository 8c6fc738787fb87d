import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSource, sourceOfFile } from '../../src/templates/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { DB, FileStorage } from '../../src/zodb/index.ts';
import { Application, Folder, PythonScript, ZopePageTemplate } from '../../src/zope/ofs/index.ts';
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

  it('finds the line of a script in its file', () => {
    const source = sourceOfFile(
      's.py',
      '## Script (Python) "s"\n##parameters=a, b=1\n##\nx = 1\nreturn a._b\n',
    );
    expect(source).toMatchObject({ kind: 'script', parameters: 'a, b=1', lineOffset: 3 });
    expect(checkSource(source!)).toMatchObject([{ line: 5, excerpt: 'return a._b' }]);
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
      { line: 2, rule: 'ParseError', excerpt: '<dtml-if a>' },
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
    expect((JSON.parse(out) as { name: string }[]).map(({ name }) => name)).toEqual(['/docs/bad', '/docs/s']);
  });

  it('says what is wrong with its arguments', async () => {
    expect((await template()).code).toBe(2);
    expect((await template('check')).err).toContain('PATH');
    expect((await template('check', path.join(folder, 'absent'))).err).toContain(
      'there is no file or folder',
    );
    expect((await template('--help')).code).toBe(0);
  });
});
