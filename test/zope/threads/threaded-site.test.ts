import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readOperationSettings } from '../../../src/zope/threads/operation-settings.ts';
import { ThreadedSite } from '../../../src/zope/threads/threaded-site.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'zope-site-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

it('a site is ready from when its application is there until it is to end', async () => {
  writeFileSync(path.join(home, 'app.mjs'), `export const main = () => () => new Response('page');\n`);
  const ini = path.join(home, 'site.ini');
  // What it would close otherwise is of the whole process.
  writeFileSync(ini, '[app:main]\nuse = npm:./app.mjs\n[zope-ts]\ncode_from_text = true\n');
  const site = new ThreadedSite({
    configUri: `config:${ini}`,
    appName: undefined,
    relativeTo: home,
    globalConf: {},
    settings: readOperationSettings(ini, {}),
  });
  const ask = async (rawTarget: string) => {
    const answer = await site.app({ environ: { rawTarget } } as unknown as Request);
    return [answer.status, await answer.text()];
  };
  expect(await ask('/@@health')).toEqual([200, 'ok\n']);
  expect(await ask('/@@ready')).toEqual([503, 'not ready: no thread is ready\n']);
  await site.start(1);
  expect(await ask('/@@ready')).toEqual([200, 'ready\n']);
  expect(await ask('/')).toEqual([200, 'page']);
  site.end();
  expect(await ask('/@@health')).toEqual([200, 'ok\n']);
  expect(await ask('/@@ready')).toEqual([503, 'not ready: the server is stopping\n']);
  expect(await ask('/')).toEqual([200, 'page']);
  await site.close();
});
