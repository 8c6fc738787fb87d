import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Prints whether the cache is used, whether commands and modules have the same class, and what it is called. */
const PROGRAM = `
  const loader = require('./bin/load.js');
  loader.load('zope/cli/main');
  const { Folder } = loader.load('zope/index');
  const use = loader.scripts.size > 0 ? 'cache' : 'no cache';
  import('./dist/zope/index.js').then((module) => console.log(use, module.Folder === Folder, new Folder().meta_type));`;

let copy: string;

beforeEach(() => {
  copy = mkdtempSync(path.join(os.tmpdir(), 'zope-ts-copy-'));
  for (const name of ['bin', 'package.json', 'dist'])
    cpSync(path.join(root, name), path.join(copy, name), {
      recursive: true,
      preserveTimestamps: true,
      filter: (file) => !/\.(map|d\.ts)$/.test(file),
    });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
});

afterEach(() => rmSync(copy, { recursive: true, force: true }));

const run = (...options: string[]) =>
  execFileSync(process.execPath, [...options, '-e', PROGRAM], { cwd: copy, encoding: 'utf8' }).trim();
const cacheFile = () => path.join(copy, 'dist/code/main.cache');

it('the build leaves no letter outside of ASCII, as which its code is read', () => {
  const code = path.join(root, 'dist/code');
  const files = readdirSync(code).filter((name) => name.endsWith('.cjs'));
  expect(files).toContain('zodb.cjs');
  const letters = new RegExp(String.raw`[^\u0000-\u007f]`);
  expect(files.filter((name) => letters.test(readFileSync(path.join(code, name), 'latin1')))).toEqual([]);
});

describe('what the engine has compiled at build', () => {
  it('is used, and the classes are those that others import', () => {
    expect(run()).toBe('cache true Folder');
  });

  it('is not used where it is missing, cut off, or of another engine', () => {
    const whole = readFileSync(cacheFile());
    truncateSync(cacheFile(), whole.length - 100);
    expect(run()).toBe('no cache true Folder');
    truncateSync(cacheFile(), 4);
    expect(run()).toBe('no cache true Folder');
    const engine = Buffer.from(whole);
    engine.write('v1', engine.indexOf(process.version));
    writeFileSync(cacheFile(), engine);
    expect(run()).toBe('no cache true Folder');
    rmSync(cacheFile());
    expect(run()).toBe('no cache true Folder');
  });

  it('is not used where the engine has other flags, or source maps are asked for', () => {
    expect(run('--stack-size=900')).toBe('no cache true Folder');
    expect(run('--enable-source-maps')).toBe('no cache true Folder');
  });

  it('is not used for a file that was changed later, though it is as long as before', () => {
    const file = path.join(copy, 'dist/code/ofs.cjs');
    const changed = readFileSync(file, 'latin1').replaceAll('"Folder"', '"folder"');
    writeFileSync(file, changed, 'latin1');
    const later = Date.now() / 1000 + 3600;
    utimesSync(file, later, later);
    expect(run()).toBe('cache true folder');
  });
});
