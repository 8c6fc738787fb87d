/** Recorded answers of whole sites: the stock pipeline serves a copy of each site's database, requests go over a socket. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadApp, loadServer, type RunningServer } from '../../../src/paste/index.ts';
import { registerDistributions } from '../../../src/zope/app/distributions.ts';
import { readOperationSettings } from '../../../src/zope/threads/operation-settings.ts';
import { ThreadedSite } from '../../../src/zope/threads/threaded-site.ts';
import { shutDown } from '../../../src/zope/app/shutdown.ts';
import { type Case, Mismatch, type Suite, type SuiteContext } from '../suite.ts';
import { type Answer, exchange } from './lib/http-client.ts';
import { sameXml } from './lib/xml.ts';

interface RequestSpec {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly body_base64?: string;
  readonly port?: string;
}

interface Expectation {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly body_base64?: string;
  readonly body_sha256?: string;
  readonly body_xml?: string;
  readonly body_json?: unknown;
  readonly body_contains?: readonly string[];
  readonly body_excludes?: readonly string[];
  readonly mask?: readonly string[];
  readonly answered_by?: string;
}

interface Step {
  readonly name: string;
  readonly note?: string;
  readonly request?: RequestSpec;
  readonly expect?: Expectation;
  readonly quirk?: string;
  readonly capture?: Readonly<Record<string, { readonly from: string; readonly regex: string }>>;
  readonly parallel?: readonly { request: RequestSpec; after_seconds: number; expect: Expectation }[];
}

interface Group {
  readonly name: string;
  readonly about: string;
  readonly fresh: boolean;
  readonly config?: string;
  readonly steps: readonly Step[];
}

type Masks = Readonly<Record<string, { readonly regex: string; readonly with: string }>>;

interface SiteFile {
  readonly site: string;
  readonly masks: Masks;
  readonly groups: readonly Group[];
}

/** A case is a step; those before it in its group are sent first, whether or not they are cases of this run. */
interface Input {
  readonly site: string;
  readonly masks: Masks;
  readonly group: Group;
  readonly index: number;
}

interface Server {
  readonly key: string;
  readonly folder: string;
  readonly ports: Readonly<Record<string, number>>;
  running: RunningServer;
  threads: ThreadedSite | undefined;
}

/** What of a server has to be ended, also when the rest of its start fails. */
type Begun = Partial<Pick<Server, 'running' | 'threads'>>;

const IGNORED = new Set([
  'date',
  'server',
  'connection',
  'via',
  'x-powered-by',
  'transfer-encoding',
  'keep-alive',
]);

/** Headers that only make an answer safer: those that Python does not send may come. */
const HARDENING = new Set([
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
]);

/** Of a server that is sent requests at the same time. */
const THREADS = 2;

let server: Server | undefined;
let groupName: string | undefined;
/** How many steps of the current group were sent, and what they captured. */
let sent = 0;
let captured = new Map<string, string>();
let zone: string | undefined;

async function start(dir: string, input: Input, key: string): Promise<Server> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zope-http-'));
  const begun: Begun = {};
  try {
    return { key, folder, ...(await serve(dir, input, folder, begun)) };
  } catch (error) {
    await end(folder, begun);
    throw error;
  }
}

async function serve(
  dir: string,
  { site, group }: Input,
  folder: string,
  begun: Begun,
): Promise<Omit<Server, 'key' | 'folder'>> {
  const source = path.join(dir, site);
  for (const name of ['etc', 'var']) mkdirSync(path.join(folder, name));
  cpSync(path.join(source, 'Data.fs'), path.join(folder, 'var', 'Data.fs'));
  if (existsSync(path.join(source, 'access')))
    cpSync(path.join(source, 'access'), path.join(folder, 'access'));
  const config = group.config ?? 'zope.conf';
  const second = config === 'zope-webdav-source.conf';
  const conf = readFileSync(path.join(source, config), 'utf8');
  // The second port is told to the site before it is open; two sockets of the server share the port list.
  const port2 = second ? await freePort() : 0;
  writeFileSync(
    path.join(folder, 'etc', 'zope.conf'),
    conf.replaceAll('{{instance}}', folder).replaceAll('{{port2}}', String(port2)),
  );
  const extra = config === 'zope-trusted-proxy.conf' ? '\nclear_untrusted_proxy_headers = false' : '';
  // Requests at the same time run in threads, as they do in Python's.
  const threaded = group.steps.some((step) => step.parallel !== undefined);
  const listen = second ? `127.0.0.1:0 127.0.0.1:${port2}` : '127.0.0.1:0';
  const file = path.join(folder, 'etc', 'zope.ini');
  writeFileSync(
    file,
    readFileSync(path.join(source, 'zope.ini'), 'utf8').replaceAll(
      '{{listen}}',
      listen + extra + (threaded ? `\nthreads = ${THREADS}` : ''),
    ),
  );
  const options = { relativeTo: folder, globalConf: {} };
  const runner = await loadServer(`config:${file}`, options);
  const threads = threaded
    ? new ThreadedSite({
        configUri: `config:${file}`,
        appName: undefined,
        ...options,
        settings: readOperationSettings(file, {}),
      })
    : undefined;
  begun.threads = threads;
  const running = (await runner(threads?.app ?? (await loadApp(`config:${file}`, options)))) as RunningServer;
  begun.running = running;
  // oxlint-disable-next-line no-await-in-loop -- until it is so
  while (threads !== undefined && threads.readyThreads < THREADS) await delay(10);
  const [first, other] = running.urls.map((url) => Number(new URL(url).port));
  return { ports: { main: first!, webdav: other ?? 0 }, running, threads };
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

async function stop(): Promise<void> {
  if (server === undefined) return;
  const { folder, ...begun } = server;
  server = undefined;
  groupName = undefined;
  await end(folder, begun);
}

async function end(folder: string, { running, threads }: Begun): Promise<void> {
  try {
    await running?.close(0);
    await threads?.close();
    await shutDown();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filledIn(text: string): string {
  return text.replaceAll(/\{\{(url:)?([\w-]+)\}\}/g, (whole, url, name) => {
    const value = captured.get(name);
    if (value === undefined) return whole;
    return url === undefined ? value : encodeURIComponent(value);
  });
}

function send(request: RequestSpec): Promise<Answer> {
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(request.headers ?? {}))
    for (const item of Array.isArray(value) ? value : [value]) headers.push([name, filledIn(item)]);
  const has = (name: string) => headers.some(([header]) => header.toLowerCase() === name);
  if (!has('host')) headers.unshift(['Host', 'zope.test']);
  if (!has('connection')) headers.push(['Connection', 'close']);
  const body =
    request.body_base64 === undefined
      ? request.body === undefined
        ? undefined
        : Buffer.from(filledIn(request.body))
      : Buffer.from(request.body_base64, 'base64');
  if (body !== undefined && !has('content-length') && !has('transfer-encoding'))
    headers.push(['Content-Length', String(body.length)]);
  return exchange(server!.ports[request.port ?? 'main']!, {
    method: request.method,
    target: filledIn(request.path),
    headers,
    body,
  });
}

function masker(masks: Masks, names: readonly string[] | undefined): (text: string) => string {
  const rules = (names ?? []).map((name) => {
    const { regex, with: replacement } = masks[name]!;
    return [pythonRegExp(regex), replacement] as const;
  });
  return (text) =>
    rules.reduce((masked, [regex, replacement]) => masked.replaceAll(regex, replacement), text);
}

function pythonRegExp(source: string): RegExp {
  const flags = /^\(\?([a-z]+)\)/.exec(source);
  const rest = flags === null ? source : source.slice(flags[0].length);
  return new RegExp(
    rest.replaceAll('(?P<', '(?<'),
    `gu${flags?.[1]?.replace('x', '') ?? ''}`.replace('u', ''),
  );
}

function headersOf(answer: Answer, mask: (text: string) => string): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of answer.headers) {
    const key = name.toLowerCase();
    if (IGNORED.has(key)) continue;
    const masked = mask(value);
    const before = found[key];
    if (key === 'set-cookie') found[key] = [...((before as string[]) ?? []), masked];
    else found[key] = before === undefined ? masked : `${before as string}, ${masked}`;
  }
  return found;
}

function compare(answer: Answer, expect: Expectation, masks: Masks): void {
  const mask = masker(masks, expect.mask);
  const actual: Record<string, unknown> = { status: answer.status, headers: headersOf(answer, mask) };
  const headers: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(expect.headers ?? {})) headers[name.toLowerCase()] = value;
  const wanted: Record<string, unknown> = { status: expect.status, headers };
  const found = actual.headers as Record<string, unknown>;
  for (const name of HARDENING) if (!(name in headers)) delete found[name];
  // Blanks before a parameter mean nothing (RFC 9110, 5.6.6), and Python sends both forms.
  for (const each of [found, headers])
    if (typeof each['content-type'] === 'string')
      each['content-type'] = each['content-type'].replaceAll(/;\s*/g, '; ');
  if (expect.answered_by !== undefined) {
    for (const name of Object.keys(found)) if (!(name in headers)) delete found[name];
  } else if (!('content-length' in headers)) delete found['content-length'];
  const text = mask(answer.body.toString('utf8'));
  if (expect.answered_by === undefined) compareBody(answer, expect, text, actual, wanted);
  if (canonical(actual) !== canonical(wanted)) {
    if (!('body' in actual)) actual.sent = text.slice(0, 600);
    else if (typeof wanted.body === 'string' && wanted.body.length > 100) {
      // A long text is shown from a little before the first difference.
      const found = String(actual.body);
      const at = [...wanted.body].findIndex((char, index) => char !== found[index]);
      const from = Math.max(0, (at < 0 ? wanted.body.length : at) - 30);
      wanted.body = wanted.body.slice(from, from + 160);
      actual.body = found.slice(from, from + 160);
    }
    throw new Mismatch('another answer', wanted, actual);
  }
}

function compareBody(
  answer: Answer,
  expect: Expectation,
  text: string,
  actual: Record<string, unknown>,
  wanted: Record<string, unknown>,
): void {
  if (expect.body !== undefined) {
    wanted.body = expect.body;
    actual.body = text;
  } else if (expect.body_base64 !== undefined) {
    wanted.body = expect.body_base64;
    actual.body = answer.body.toString('base64');
  } else if (expect.body_sha256 !== undefined) {
    wanted.sha256 = expect.body_sha256;
    actual.sha256 = createHash('sha256').update(answer.body).digest('hex');
  } else if (expect.body_json !== undefined) {
    wanted.body = expect.body_json;
    try {
      actual.body = JSON.parse(text);
    } catch {
      actual.body = text;
    }
  } else if (expect.body_xml !== undefined) {
    wanted.xml = true;
    actual.xml = sameXml(text, expect.body_xml) || text;
  } else {
    for (const part of expect.body_contains ?? []) {
      if (!text.includes(part)) {
        wanted.contains = part;
        actual.contains = text;
      }
    }
    for (const part of expect.body_excludes ?? []) {
      if (text.includes(part)) {
        wanted.excludes = part;
        actual.excludes = text;
      }
    }
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

function capture(step: Step, answer: Answer): void {
  for (const [name, { from, regex }] of Object.entries(step.capture ?? {})) {
    const text = from.startsWith('header:')
      ? answer.headers
          .filter(([header]) => header.toLowerCase() === from.slice('header:'.length).toLowerCase())
          .map(([, value]) => value)
          .join('\n')
      : answer.body.toString('utf8');
    const match = pythonRegExp(regex).exec(text);
    if (match !== null) captured.set(name, match[1]!);
  }
}

/** Sends a step; compares its answers when told. */
async function perform(step: Step, masks: Masks, check: boolean): Promise<void> {
  if (step.parallel !== undefined) {
    const answers = await Promise.all(
      step.parallel.map(async ({ request, after_seconds }) => {
        if (after_seconds > 0) await delay(after_seconds * 1000);
        return send(request);
      }),
    );
    if (check)
      for (const [index, answer] of answers.entries()) compare(answer, step.parallel[index]!.expect, masks);
    return;
  }
  const answer = await send(step.request!);
  capture(step, answer);
  if (check && step.quirk === undefined) compare(answer, step.expect!, masks);
}

const suite: Suite = {
  cases({ dir }: SuiteContext): Case[] {
    const cases: Case[] = [];
    for (const site of readdirSync(dir, { withFileTypes: true })) {
      if (!site.isDirectory()) continue;
      for (const file of readdirSync(path.join(dir, site.name)).sort()) {
        if (!file.endsWith('.json')) continue;
        const content = JSON.parse(readFileSync(path.join(dir, site.name, file), 'utf8')) as SiteFile;
        // Groups that may share a server come one after the other.
        const groups = content.groups.toSorted((a, b) =>
          keyOf(site.name, a).localeCompare(keyOf(site.name, b)),
        );
        for (const group of groups) {
          for (const [index, step] of group.steps.entries()) {
            cases.push({
              suite: 'http',
              name: `${group.name}/${step.name}`,
              file: `${site.name}/${file}`,
              about: step.note ?? group.about,
              input: { site: site.name, masks: content.masks, group, index } satisfies Input,
              expect: step.expect,
            });
          }
        }
      }
    }
    return cases;
  },
  setUp() {
    zone = process.env.TZ;
    process.env.TZ = 'UTC';
    registerDistributions();
  },
  async run(testCase: Case, { dir }: SuiteContext) {
    const input = testCase.input as Input;
    const { group, index, site, masks } = input;
    const key = keyOf(site, group);
    if (server?.key !== key) {
      await stop();
      server = await start(dir, input, key);
    }
    if (groupName !== group.name) {
      groupName = group.name;
      sent = 0;
      captured = new Map();
    }
    for (; sent < index; sent += 1) await perform(group.steps[sent]!, masks, false);
    sent += 1;
    await perform({ ...group.steps[index]!, expect: testCase.expect }, masks, true);
  },
  async tearDown() {
    await stop();
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  },
};
export default suite;

/** Groups with the same key share a server. */
function keyOf(site: string, group: Group): string {
  return group.fresh ? `${site} ! ${group.name}` : `${site} ${group.config ?? 'zope.conf'}`;
}
