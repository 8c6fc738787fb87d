import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  loadApp,
  loadServer,
  resetLogging,
  type RunningServer,
  setUpLogging,
} from '../../src/paste/index.ts';
import { registerClass } from '../../src/persistent/index.ts';
import { declareClass } from '../../src/restricted/index.ts';
import { registerDistributions } from '../../src/zope/app/distributions.ts';
import { shutDown } from '../../src/zope/app/shutdown.ts';
import { openSite } from '../../src/zope/app/site.ts';
import { makeInstance, writeInitialUser } from '../../src/zope/cli/mkwsgiinstance.ts';
import { Item } from '../../src/zope/index.ts';
import { basic } from './site.ts';

class Failing extends Item {
  boom(): never {
    const secret = 'the <plan>';
    throw new TypeError(`no such thing: ${secret}`, { cause: new RangeError('deep down') });
  }
}
registerClass(Failing, 'test.errors.Failing', { acquires: 'implicit' });
declareClass(Failing, { object: 'public', published: ['boom'], names: { boom: 'public' } });

let home: string;
let server: RunningServer | undefined;

beforeAll(() => {
  registerDistributions();
  home = makeInstance(mkdtempSync(path.join(os.tmpdir(), 'errors-')));
  writeInitialUser(home, 'admin', 'secret');
  const ini = path.join(home, 'etc/zope.ini');
  const text = readFileSync(ini, 'utf8');
  writeFileSync(
    ini,
    text.replace('port = 8080', 'port = 0').replace('handlers = console, eventlog', 'handlers = eventlog'),
  );
  const site = openSite(path.join(home, 'etc/zope.conf'));
  const failing = new Failing();
  failing.id = 'failing';
  site.app._setObject('failing', failing as never, { setOwner: false });
  site.connection.transactionManager.commit();
  site.close();
});

afterEach(async () => {
  await server?.close(0);
  server = undefined;
  await shutDown();
  await resetLogging();
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

async function serve(globalConf: Record<string, string> = {}): Promise<string> {
  const ini = path.join(home, 'etc/zope.ini');
  await setUpLogging(ini, globalConf);
  const options = { relativeTo: home, globalConf };
  const runner = await loadServer(`config:${ini}`, options);
  server = (await runner(await loadApp(`config:${ini}`, options))) as RunningServer;
  return server.urls[0]!;
}

const log = () => readFileSync(path.join(home, 'var/log/event.log'), 'utf8');
const html = { headers: { Accept: 'text/html,*/*;q=0.8' } };
const NUMBER = /\d+\.\d{7}/;

it('tells a visitor a number that the log has with the whole story, and nothing else (S-100)', async () => {
  const url = await serve();
  const response = await fetch(`${url}/failing/boom`, html);
  const page = await response.text();
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const [number] = NUMBER.exec(page)!;
  for (const word of ['TypeError', 'such thing', 'errors.test', 'boom', 'Failing', ' at /', 'Zope', home])
    expect(page).not.toContain(word);
  const text = await (await fetch(`${url}/failing/boom`)).text();
  expect(text).toMatch(
    /^Internal Server Error\r\n\r\nThe server encountered .*\r\n\r\nError number: \d+\.\d{7}/,
  );
  const told = log();
  const story = told.slice(told.indexOf(number!));
  expect(story).toContain(`${number} ${url}/failing/boom`);
  expect(story).toContain('TypeError: no such thing: the <plan>');
  expect(story).toContain('RangeError: deep down');
  expect(story).toMatch(/errors\.test\.ts", line \d+, in \S*boom/);
});

it('keeps errors in the error log of the site, for those who may use it', async () => {
  const url = await serve();
  await fetch(`${url}/failing/boom`);
  expect((await fetch(`${url}/error_log/manage_main`)).status).toBe(401);
  const headers = basic('admin', 'secret');
  const list = await (await fetch(`${url}/error_log/manage_main`, { headers })).text();
  expect(list).toContain('no such thing: the &lt;plan&gt;');
  const [, entry] = /href="([^"]*showEntry[^"]*)"/.exec(list)!;
  const shown = await (await fetch(entry!, { headers })).text();
  expect(shown).toContain('RangeError: deep down');
  expect(shown).not.toContain('<plan>');
});

it('shows a developer the causes and the frames with their code', async () => {
  const url = await serve({ debug_mode: 'true' });
  const page = await (await fetch(`${url}/failing/boom?password=hush&plan=b`, html)).text();
  expect(page).toContain('TypeError: no such thing: the &lt;plan&gt;');
  expect(page).toContain('RangeError: deep down');
  expect(page).toContain('errors.test.ts');
  expect(page).toMatch(/class="here">\s*\d+ {2} {4}throw new TypeError/);
  expect(page).not.toContain('<plan>');
  expect(page).toContain('password obscured');
  expect(page).not.toContain('hush&#x27;');
});
