import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerResources } from '../../src/publisher/index.ts';
import { basic, makeSite } from './site.ts';

const site = makeSite(() => {});
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'zope-resources-'));
  mkdirSync(path.join(folder, 'files', 'sub'), { recursive: true });
  writeFileSync(path.join(folder, 'files', 'a.css'), 'p { }');
  writeFileSync(path.join(folder, 'files', 'sub', 'ä.bin'), Buffer.from([1, 2]));
  writeFileSync(path.join(folder, 'files', '.hidden'), 'secret');
  writeFileSync(path.join(folder, 'secret.txt'), 'secret');
  symlinkSync(path.join(folder, 'secret.txt'), path.join(folder, 'files', 'link.txt'));
  const files = path.join(folder, 'files');
  registerResources('open', { folder: files, declaration: 'public' });
  registerResources('closed', { folder: files, declaration: { permission: 'View management screens' } });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('resources (++resource++)', () => {
  it('are files with a type and a date, at every place of the site', async () => {
    const answer = await site.fetch('/++resource++open/a.css');
    expect([answer.status, await answer.text()]).toEqual([200, 'p { }']);
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
    const again = await site.fetch('/++resource++open/a.css', {
      headers: { 'If-Modified-Since': answer.headers.get('last-modified')! },
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const bytes = await site.fetch('/++resource++open/sub/%C3%A4.bin');
    expect(new Uint8Array(await bytes.arrayBuffer())).toEqual(new Uint8Array([1, 2]));
    expect(bytes.headers.get('content-type')).toBe('application/octet-stream');
  });

  it('are given to those who have the permission', async () => {
    expect((await site.fetch('/++resource++closed/a.css')).status).toBe(401);
    expect((await site.fetch('/++resource++closed/a.css', { headers: basic('plain', 'plain') })).status).toBe(
      401,
    );
    expect(
      (await site.fetch('/++resource++closed/a.css', { headers: basic('admin', 'secret') })).status,
    ).toBe(200);
  });

  it.each([
    '/++resource++open',
    '/++resource++open/',
    '/++resource++open/gone.css',
    '/++resource++open/sub',
    '/++resource++open/.hidden',
    '/++resource++open/link.txt',
    '/++resource++open/..%2Fsecret.txt',
    '/++resource++open/..%5Csecret.txt',
    '/++resource++gone/a.css',
  ])('are nothing else: %s', async (url) => {
    expect((await site.get(url))[0]).toBe(404);
  });

  it('have the style sheet of the management interface', async () => {
    const answer = await site.fetch('/++resource++zmi/zmi_base.css', { headers: basic('admin', 'secret') });
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
  });
});
