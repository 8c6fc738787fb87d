/** Site cases of the suite `translogger`: a generated instance, served with its own logging; what it logs is in its files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  loadApp,
  loadServer,
  resetLogging,
  type RunningServer,
  setUpLogging,
} from '../../../../src/paste/index.ts';
import { findClass, registerClass } from '../../../../src/persistent/index.ts';
import type { HTTPRequest, HTTPResponse } from '../../../../src/publisher/index.ts';
import { declareClass, exceptionTypes } from '../../../../src/restricted/index.ts';
import { ConflictError } from '../../../../src/zodb/index.ts';
import { openSite } from '../../../../src/zope/app/site.ts';
import { shutDown } from '../../../../src/zope/app/shutdown.ts';
import { makeInstance, writeInitialUser } from '../../../../src/zope/cli/mkwsgiinstance.ts';
import { Folder, Item } from '../../../../src/zope/index.ts';
import { type Case, expectSame } from '../../suite.ts';
import {
  type Answer,
  compareAnswer,
  type Exchange,
  exceptionOf,
  parse,
  type Raised,
  talk,
  withoutTime,
} from './translogger-exchange.ts';

interface SiteSpec {
  readonly args?: readonly string[];
  readonly zope_conf?: string;
  readonly server?: Readonly<Record<string, string>>;
  readonly pipeline?: readonly string[];
  readonly standard_error_message?: boolean;
}

interface SiteInput extends Exchange {
  readonly site: SiteSpec;
  readonly follow?: readonly Exchange['request'][];
}

interface SiteExpectation {
  readonly response: Answer;
  readonly access_log: readonly string[];
  readonly event_log: readonly { level: string; logger: string; message: string }[];
  readonly follow?: readonly { readonly status_line: string; readonly body: string }[];
  readonly quirk?: string;
}

/** Calls of `boom` and `flaky` in the current case. */
let calls = 0;

function raisedBy(raised: Raised): Error {
  const { type, args = [] } = raised;
  if (type === 'ConflictError') return new ConflictError(args[0] ?? '');
  const python = exceptionTypes.get(type);
  return python?.construct === undefined
    ? exceptionOf(raised)
    : (python.construct([...args], undefined) as Error);
}

class Raiser extends Item {
  boom(spec: string): never {
    calls += 1;
    throw raisedBy(JSON.parse(spec) as Raised);
  }

  write_boom(spec: string, RESPONSE: HTTPResponse): never {
    this.title = 'changed';
    RESPONSE.setHeader('X-Written', 'yes');
    RESPONSE.setCookie('written', 'yes');
    throw raisedBy(JSON.parse(spec) as Raised);
  }

  flaky(times: string, REQUEST: HTTPRequest): string {
    calls += 1;
    if (REQUEST.retryCount < Number(times)) throw new ConflictError('try again');
    return `after ${REQUEST.retryCount} retries`;
  }

  redirect(RESPONSE: HTTPResponse): unknown {
    RESPONSE.redirect('http://else.test/');
    return 'http://else.test/';
  }

  fine(): string {
    return `title=${this.title} attempts=${calls}`;
  }

  secret(): string {
    return 'secret';
  }
}

function registerRaiser(): void {
  if (findClass('translogger_stub', 'Raiser') !== undefined) return;
  registerClass(Raiser, 'translogger_stub.Raiser', { acquires: 'implicit' });
  declareClass(Raiser, {
    object: 'public',
    published: ['boom', 'write_boom', 'flaky', 'redirect', 'fine', 'secret'],
    names: {
      boom: 'public',
      write_boom: 'public',
      flaky: 'public',
      redirect: 'public',
      fine: 'public',
      secret: { permission: 'View management screens' },
    },
    signatures: {
      boom: 'spec',
      write_boom: 'spec, RESPONSE',
      flaky: 'times, REQUEST',
      redirect: 'RESPONSE',
    },
  });
}

const PAGE = '<p>a page</p>';
const ERROR_PAGE = '<h1>custom</h1><dtml-var error_type>|<dtml-var error_value>';

function fill(conf: string, withErrorPage: boolean): void {
  const DTMLMethod = findClass('OFS.DTMLMethod', 'DTMLMethod') as
    | (new (id: string, source: string) => Item)
    | undefined;
  if (DTMLMethod === undefined) throw new Error('there is no class OFS.DTMLMethod.DTMLMethod');
  const site = openSite(conf);
  try {
    const add = (id: string, object: Item) => site.app._setObject(id, object as never, { setOwner: false });
    add('page', new DTMLMethod('page', PAGE));
    add('box', new Folder('box'));
    const raiser = new Raiser();
    raiser.id = 'raiser';
    add('raiser', raiser);
    if (withErrorPage) add('standard_error_message', new DTMLMethod('standard_error_message', ERROR_PAGE));
    site.connection.transactionManager.commit();
  } finally {
    site.close();
  }
}

interface RunningSite {
  readonly key: string;
  readonly home: string;
  readonly server: RunningServer;
}

let running: RunningSite | undefined;

async function startSite(spec: SiteSpec, key: string): Promise<RunningSite> {
  registerRaiser();
  const home = makeInstance(mkdtempSync(path.join(os.tmpdir(), 'translogger-site-')));
  writeInitialUser(home, 'admin', 'secret');
  const conf = path.join(home, 'etc/zope.conf');
  writeFileSync(conf, `${readFileSync(conf, 'utf8')}\n${spec.zope_conf ?? ''}`);
  const ini = path.join(home, 'etc/zope.ini');
  const options = Object.entries(spec.server ?? {}).map(([name, value]) => `${name} = ${value}\n`);
  let text = readFileSync(ini, 'utf8').replace('port = 8080\n', `port = 0\n${options.join('')}`);
  if (spec.pipeline !== undefined)
    text = text.replace(
      /pipeline =\n(?: +.*\n)+/,
      `pipeline =\n${spec.pipeline.map((name) => `    ${name}\n`).join('')}`,
    );
  // The stderr of this process is no place for the log of a site.
  text = text.replace('handlers = console, eventlog', 'handlers = eventlog');
  writeFileSync(ini, text);
  fill(conf, spec.standard_error_message === true);
  const globalConf: Record<string, string> = spec.args?.includes('-e') ? { debug_exceptions: 'true' } : {};
  await resetLogging();
  await setUpLogging(ini, globalConf);
  const load = { relativeTo: home, globalConf };
  const runner = await loadServer(`config:${ini}`, load);
  const server = (await runner(await loadApp(`config:${ini}`, load))) as RunningServer;
  return { key, home, server };
}

export async function stopSite(): Promise<void> {
  if (running === undefined) return;
  const { home, server } = running;
  running = undefined;
  await server.close(0);
  await shutDown();
  await resetLogging();
  rmSync(home, { recursive: true, force: true });
}

/** What the log files have got; reading once more tells what came since. */
class LogFiles {
  readonly #home: string;
  readonly #seen = new Map<string, number>();

  constructor(home: string) {
    this.#home = home;
    this.added('Z4.log');
    this.added('event.log');
  }

  added(name: string): string {
    const text = readFileSync(path.join(this.#home, 'var/log', name), 'utf8');
    const before = this.#seen.get(name) ?? 0;
    this.#seen.set(name, text.length);
    return text.slice(before);
  }
}

const RECORD = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([A-Z]+) \[([\w.]+):\d*\]\[.*?\] (.*)$/;

function records(text: string): { level: string; logger: string; message: string }[] {
  return text.split('\n').flatMap((line) => {
    const match = RECORD.exec(line);
    if (match === null) return [];
    const [, level, logger, message] = match as unknown as [string, string, string, string];
    return [{ level, logger, message: message.replace(/^\d+\.\d+ /, '<ERROR-ID> ') }];
  });
}

/** Headers that name the software and nothing else, as in the suite `http`; none of them is sent. */
const IDENTIFYING = new Set(['Via', 'X-Powered-By']);

const messageOf = (target: string): string | undefined => {
  const spec = new URL(target, 'http://site.test').searchParams.get('spec');
  return spec === null ? undefined : (JSON.parse(spec) as Raised).args?.[0];
};

/** Runs a case; the site goes on for the next one with the same site. */
export async function runSiteCase({ input, expect }: Case): Promise<void> {
  const { site, follow = [], ...exchange } = input as SiteInput;
  const { response, access_log, event_log, follow: followed, quirk } = expect as SiteExpectation;
  const key = JSON.stringify(site);
  process.env.TZ = 'UTC';
  if (running?.key !== key) {
    await stopSite();
    running = await startSite(site, key);
  }
  calls = 0;
  const { home, server } = running;
  const logs = new LogFiles(home);
  const raw = await talk(server, exchange);
  compareAnswer(
    raw,
    { ...exchange, message: messageOf(exchange.request.path) },
    { ...response, headers: response.headers.filter(([name]) => !IDENTIFYING.has(name)) },
    quirk,
  );
  const lines = logs.added('Z4.log').split('\n').slice(0, -1);
  expectSame('the access log', lines.map(withoutTime), access_log);
  expectSame('the event log', records(logs.added('event.log')), event_log);
  for (const [index, request] of follow.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as they were recorded
    const message = parse(await talk(server, { request }));
    expectSame(
      'the next answer',
      { status_line: message?.statusLine, body: message?.body },
      followed![index],
    );
  }
}
