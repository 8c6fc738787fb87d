/** Scripts, templates and translations of a site as a browser meets them: through a server. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { setCatalogs } from '../../src/templates/index.ts';
import { registerDistributions } from '../../src/zope/app/distributions.ts';
import { shutDown } from '../../src/zope/app/shutdown.ts';
import { openSite } from '../../src/zope/app/site.ts';
import { makeInstance, writeInitialUser } from '../../src/zope/cli/mkwsgiinstance.ts';
import { ZopePageTemplate } from '../../src/zope/ofs/index.ts';
import { basic } from '../publisher/site.ts';

const HELLO = '<p i18n:domain="site" i18n:translate="">Hello</p>';
const BROKEN =
  '<html>\n<body>\n  <b tal:content="here/title">x</b>\n  <p tal:content="python:1 / here.count">x</p>\n</body>\n</html>';

let home: string;
let server: RunningServer | undefined;

beforeAll(() => {
  registerDistributions();
  home = makeInstance(mkdtempSync(path.join(os.tmpdir(), 'served-')));
  writeInitialUser(home, 'admin', 'secret');
  const ini = path.join(home, 'etc/zope.ini');
  const text = readFileSync(ini, 'utf8');
  writeFileSync(
    ini,
    text.replace('port = 8080', 'port = 0').replace('handlers = console, eventlog', 'handlers = eventlog'),
  );
  for (const [language, translation] of [
    ['de', 'Hallo'],
    ['fr', 'Bonjour'],
  ]) {
    const messages = path.join(home, 'locales', language!, 'LC_MESSAGES');
    mkdirSync(messages, { recursive: true });
    writeFileSync(
      path.join(messages, 'site.po'),
      `msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Hello"\nmsgstr "${translation}"\n`,
    );
  }
  const site = openSite(path.join(home, 'etc/zope.conf'));
  for (const [id, source] of [
    ['hello', HELLO],
    ['broken', BROKEN],
  ] as const)
    site.app._setObject(id, new ZopePageTemplate(id, source) as never, { setOwner: false });
  site.connection.transactionManager.commit();
  site.close();
});

afterEach(async () => {
  await server?.close(0);
  server = undefined;
  await shutDown();
  await resetLogging();
});

afterAll(() => {
  setCatalogs(new Map());
  rmSync(home, { recursive: true, force: true });
});

async function serve(globalConf: Record<string, string> = {}): Promise<string> {
  const ini = path.join(home, 'etc/zope.ini');
  await setUpLogging(ini, globalConf);
  const options = { relativeTo: home, globalConf };
  const runner = await loadServer(`config:${ini}`, options);
  server = (await runner(await loadApp(`config:${ini}`, options))) as RunningServer;
  return server.urls[0]!;
}

const HTML = { headers: { Accept: 'text/html,*/*;q=0.8' } };
const manager = { ...basic('admin', 'secret') };

function post(url: string, fields: Record<string, string>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: manager,
    redirect: 'manual',
  });
}

it('a script in TypeScript is added by its form, its errors are shown with line and column, and what it changes is committed', async () => {
  const url = await serve();
  const form = await (
    await fetch(`${url}/manage_addProduct/TypeScripts/manage_addTypeScriptForm`, { headers: manager })
  ).text();
  expect(form).toMatch(/name="id"/);
  const added = await post(`${url}/manage_addProduct/TypeScripts/manage_addTypeScript`, {
    id: 'work',
    title: 'Work',
  });
  expect(added.status).toBeLessThan(400);
  const edit = await (await fetch(`${url}/work/manage_main`, { headers: manager })).text();
  expect(edit).toContain('<textarea');
  const wrong = await post(`${url}/work/manage_editAction`, {
    title: 'Work',
    params: '',
    body: 'const n: number = 1;\nreturn n +;\n',
  });
  expect(await wrong.text()).toMatch(/[Ll]ine 2.*(?:column|:)\s*\d+/s);
  const body =
    "const times = context.getProperty('times', 0) as number;\nif (context.hasProperty('times')) context.manage_changeProperties(keywords({ times: times + 1 }));\nelse context.manage_addProperty('times', 1, 'int');\nreturn `served ${times + 1}`;";
  const saved = await post(`${url}/work/manage_editAction`, { title: 'Work', params: '', body });
  expect(saved.status).toBe(200);
  const first = await fetch(`${url}/work`, { headers: manager });
  expect([first.status, await first.text()]).toEqual([200, 'served 1']);
  await server!.close(0);
  await shutDown();
  // Another server of the same files: what was changed has been committed.
  expect(await (await fetch(`${await serve()}/work`, { headers: manager })).text()).toBe('served 2');
});

it('a page is translated from the catalogs of the instance into the language that the browser prefers', async () => {
  const url = await serve();
  const hello = async (languages: string) =>
    /<p>(.*?)<\/p>/.exec(
      await (await fetch(`${url}/hello`, { headers: { 'Accept-Language': languages } })).text(),
    )?.[1];
  expect(await hello('de')).toBe('Hallo');
  expect(await hello('fr-CA,fr;q=0.9,de;q=0.5')).toBe('Bonjour');
  expect(await hello('it;q=0.9,de;q=0.8')).toBe('Hallo');
  expect(await hello('it')).toBe('Hello');
});

it('an error of a template is told with template, line, column, expression, line of source and caret in debug mode', async () => {
  const text = (await (await fetch(`${await serve({ debug_mode: 'true' })}/broken`, HTML)).text())
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  expect(text).toContain('broken');
  expect(text).toMatch(/line 4/i);
  expect(text).toMatch(/column \d+|:4:\d+/i);
  expect(text).toContain('1 / here.count');
  expect(text).toContain('<p tal:content="python:1 / here.count">');
  expect(text).toMatch(/^\s*\^/m);
});

it('a visitor of a template that fails sees the number of the error only', async () => {
  const answer = await fetch(`${await serve()}/broken`);
  const text = await answer.text();
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(text).not.toMatch(/here\.count|broken|AttributeError|line 4|\.ts\b/);
  expect(text).toMatch(/\d{3,}/);
});
