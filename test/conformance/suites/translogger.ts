import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { environOf } from '../../../src/paste/gateway/environ.ts';
import { escapeText } from '../../../src/paste/gateway/error-page.ts';
import {
  type HTTPException,
  httpExceptionByName,
  Unauthorized,
} from '../../../src/paste/gateway/http-exception.ts';
import { GatewayResponse, type ResponseBody } from '../../../src/paste/gateway/response.ts';
import type { Application, RunningServer } from '../../../src/paste/gateway/types.ts';
import { registerModule } from '../../../src/paste/loader/distributions.ts';
import { LoadError } from '../../../src/paste/loader/errors.ts';
import { loadApp } from '../../../src/paste/loader/load.ts';
import { Handler } from '../../../src/paste/logging/handlers/handler.ts';
import { levelName, levelNumber } from '../../../src/paste/logging/levels.ts';
import type { LogRecord } from '../../../src/paste/logging/record.ts';
import { runtime } from '../../../src/paste/logging/runtime.ts';
import { pythonLogger, resetLogging, setUpLogging } from '../../../src/paste/logging/set-up.ts';
import { registerGatewayDistributions, serve } from '../../../src/paste/servers/index.ts';
import { readCases } from './lib/cases.ts';
import { type Case, canonical, expectSame, Mismatch, type Suite } from '../suite.ts';

interface Raised {
  readonly type: string;
  readonly args?: readonly string[];
  readonly kw?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly title?: string;
  readonly detail?: string;
  readonly body?: string;
  readonly status?: number;
}

/** What the application of the stub is to do. */
interface Play {
  readonly status?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: readonly string[];
  readonly content_length?: boolean;
  readonly generator?: boolean;
  readonly remote_user?: string;
  readonly raise?: Raised;
  readonly raise_after_start?: Raised;
  readonly raise_in_body?: Raised;
  readonly start_response?: boolean;
}

interface Exchange {
  readonly request: {
    readonly method?: string;
    readonly path: string;
    readonly version?: string;
    readonly headers?: readonly (readonly [string, string])[];
    readonly body?: string;
  };
  readonly app?: Play;
  /** Whether the body shows this text is compared instead of the body. */
  readonly shape?: string;
}

interface LogLine {
  readonly logger: string;
  readonly level: string;
  readonly message: string;
  readonly exception?: string;
}

interface Answer {
  readonly status_line: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly body_shape?: Readonly<Record<string, unknown>>;
  readonly chunks_complete?: boolean;
  readonly connection?: string;
  readonly error_page?: { readonly title: string; readonly detail: string };
  readonly shows_message?: boolean;
}

let play: Play = {};
let log: LogLine[] = [];
let consoleText = '';

function exceptionOf(raised: Raised): Error {
  const { type, args = [], kw = {}, title, detail, body, status } = raised;
  const message = args[0] ?? '';
  const error: HTTPException | undefined =
    type === 'Unauthorized' ? new Unauthorized(message, kw) : httpExceptionByName(type, message);
  if (error === undefined) {
    const other = new Error(message);
    other.name = type;
    return other;
  }
  if (title !== undefined) error.title = title;
  if (detail !== undefined) error.detail = detail;
  if (body !== undefined) error.setBody(body);
  if (status !== undefined) error.setStatus(status);
  for (const [name, value] of Object.entries(raised.headers ?? {})) error.setHeader(name, value);
  return error;
}

/** Parts of a body. WSGI's "status first, exception then" is a body that fails before its first part. */
async function* parts({
  body = ['ok'],
  raise_in_body: late,
  raise_after_start: early,
}: Play): AsyncGenerator<string> {
  if (early !== undefined) throw exceptionOf(early);
  yield* body;
  if (late !== undefined) throw exceptionOf(late);
}

const application: Application = (request) => {
  const { raise, status = '200 OK', headers = [['Content-Type', 'text/plain']], body = ['ok'] } = play;
  if (play.remote_user !== undefined) environOf(request).remoteUser = play.remote_user;
  if (raise !== undefined) throw exceptionOf(raise);
  // Without an answer: whoever forgets to return one in TypeScript answers undefined.
  if (play.start_response === false) return undefined as unknown as Response;
  const flat = headers.flat();
  if (play.content_length !== false) flat.push('Content-Length', String(Buffer.byteLength(body.join(''))));
  const streams =
    play.generator === true ||
    body.length !== 1 ||
    play.raise_in_body !== undefined ||
    play.raise_after_start !== undefined;
  const content: ResponseBody = streams ? parts(play) : body[0]!;
  const [, code, reason = ''] = /^(\d+)(?: (.*))?$/.exec(status)!;
  return new GatewayResponse(content, { status: Number(code), statusText: reason, headers: flat });
};

class Recorder extends Handler {
  readonly pythonClass = 'Recorder';

  protected override emit(record: LogRecord): void {
    const { error } = record;
    const line = {
      logger: record.name,
      level: levelName(record.level),
      message: withoutTime(record.message),
    };
    log.push(error instanceof Error ? { ...line, exception: `${error.name}: ${error.message}` } : line);
  }

  protected override describeSettings(): Record<string, unknown> {
    return {};
  }
}

const TIME = /\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d/g;

/** In brackets the recordings leave the offset from UTC out. */
const withoutTime = (text: string): string =>
  text.replaceAll(TIME, '<TIME>').replaceAll(/\[<TIME> [+-]\d{4}\]/g, '[<TIME>]');

/** Sends one request, and everything that comes back until the connection closes. */
function talk(server: RunningServer, { request }: Exchange): Promise<string> {
  const { method = 'GET', path: target, version = 'HTTP/1.1', headers = [], body } = request;
  const lines = [`${method} ${target} ${version}`];
  if (version !== 'HTTP/1.0') lines.push('Host: site.test');
  lines.push('Connection: close', ...headers.map(([name, value]) => `${name}: ${value}`));
  if (body !== undefined && !headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name)))
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = net.connect(Number(new URL(server.urls[0]!).port), '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1'));
  });
}

interface Message {
  readonly statusLine: string;
  readonly headers: Map<string, string>;
  readonly body: string;
  readonly complete: boolean | undefined;
}

function parse(raw: string): Message | undefined {
  const end = raw.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine, ...lines] = raw.slice(0, end).split('\r\n') as [string, ...string[]];
  // Where a header stands and in which case of letters is nobody's business.
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value);
  }
  headers.delete('date');
  const rest = raw.slice(end + 4);
  if (headers.get('transfer-encoding') !== 'chunked')
    return { statusLine, headers, body: rest, complete: undefined };
  return { statusLine, headers, ...unchunk(rest) };
}

function unchunk(rest: string): { body: string; complete: boolean } {
  let body = '';
  let at = 0;
  for (;;) {
    const line = /^([0-9A-Fa-f]+)\r\n/.exec(rest.slice(at));
    if (line === null) return { body, complete: false };
    at += line[0].length;
    const size = Number.parseInt(line[1]!, 16);
    if (size === 0) return { body, complete: rest.slice(at) === '\r\n' };
    body += rest.slice(at, at + size);
    at += size + 2;
  }
}

const utf8 = (latin1: string) => Buffer.from(latin1, 'latin1').toString('utf8');

function compareAnswer(
  raw: string,
  { request, app, shape }: Exchange,
  expected: Answer,
  quirk: string | undefined,
): void {
  const message = parse(raw);
  if (expected.connection !== undefined || message === undefined) {
    if (message !== undefined || expected.connection === undefined)
      throw new Mismatch('the answer', expected, raw);
    return;
  }
  expectSame('the status', message.statusLine, expected.status_line);
  const wanted = new Map(expected.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const { headers } = message;
  // Content-Length follows a body whose wording is free; an answer to HEAD need not tell it.
  if (expected.body === undefined || request.method === 'HEAD')
    for (const map of [headers, wanted]) map.delete('content-length');
  expectSame('the headers', Object.fromEntries(headers), Object.fromEntries(wanted));
  expectSame('chunks_complete', message.complete ?? null, expected.chunks_complete ?? null);
  if (request.method === 'HEAD') return;
  const body = utf8(message.body);
  if (expected.body !== undefined) expectSame('the body', body, utf8(expected.body));
  if (expected.body_shape !== undefined) {
    const lines = body.trimEnd().split(/\r?\n/);
    expectSame(
      'the shape of the body',
      {
        first_line: lines[0],
        contains_traceback: /^\s+at .+:\d+/m.test(body),
        contains_message: shape !== undefined && body.includes(shape),
        last_line: lines.at(-1),
      },
      expected.body_shape,
    );
  }
  const [, title, detail] = STOCK_PAGE.exec(body) ?? [];
  if (expected.error_page !== undefined) {
    const pages = [expected.error_page];
    if (quirk !== undefined)
      pages.push({ ...expected.error_page, detail: escapeText(expected.error_page.detail) });
    oneOf('the error page', { title: title ?? '', detail: detail ?? '' }, pages);
  }
  if (expected.shows_message !== undefined && app?.raise !== undefined) {
    const text = app.raise.args?.[0] ?? '';
    // The wording of the stock page is free: a short message may be part of it.
    const said = title === undefined ? body : `${title}\n${detail}`;
    const shows = text !== '' && (said.includes(text) || said.includes(escapeText(text)));
    expectSame('whether the body shows the message', shows, expected.shows_message);
  }
}

const STOCK_PAGE = /<p><strong>(.*?)<\/strong><\/p>\s*([\s\S]*?)\s*<\/body>/;

function oneOf(what: string, actual: unknown, allowed: readonly unknown[]): void {
  if (!allowed.some((item) => canonical(item) === canonical(actual)))
    throw new Mismatch(what, allowed[0], actual);
}

/** A recorded line as it would be without Python's accidents: the true offset from UTC, and paths encoded once. */
function better(line: string): string {
  const minutes = -new Date().getTimezoneOffset();
  const offset = `${minutes < 0 ? '-' : '+'}${String(Math.trunc(Math.abs(minutes) / 60)).padStart(2, '0')}${String(Math.abs(minutes) % 60).padStart(2, '0')}`;
  return line
    .replaceAll(/<TIME> [+-]\d{4}/g, `<TIME> ${offset}`)
    .replaceAll(/(?:%C[23]%[89AB][0-9A-F])+/g, (twice) =>
      [...Buffer.from(decodeURIComponent(twice), 'latin1')]
        .map((byte) => `%${byte.toString(16).toUpperCase()}`)
        .join(''),
    );
}

function compareLines(what: string, actual: unknown, expected: unknown, quirk: string | undefined): void {
  const allowed = [expected];
  if (quirk !== undefined) allowed.push(JSON.parse(better(JSON.stringify(expected))));
  oneOf(what, actual, allowed);
}

async function withPipeline(
  ini: string,
  settings: Record<string, string>,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const here = mkdtempSync(path.join(os.tmpdir(), 'translogger-'));
  try {
    const file = path.join(here, 'x.ini');
    writeFileSync(file, ini);
    await resetLogging();
    await setUpLogging(file);
    const root = pythonLogger('');
    root.level = levelNumber('DEBUG');
    root.addHandler(new Recorder());
    // The recordings have what the server reports as an error.
    pythonLogger('waitress').level = levelNumber('ERROR');
    const app = await loadApp(`config:${file}`);
    const server = await serve(app, { host: '127.0.0.1', port: '0', ...settings });
    try {
      await use(server);
    } finally {
      await server.close(0);
    }
  } finally {
    rmSync(here, { recursive: true });
  }
}

async function runStub({ input, expect }: Case): Promise<void> {
  const exchanges = input.exchanges as readonly Exchange[];
  const quirk = expect.quirk as string | undefined;
  process.env['TZ'] = input.tz ?? 'UTC';
  let loaded = false;
  try {
    await withPipeline(input.ini, input.server ?? {}, async (server) => {
      loaded = true;
      if (expect.error !== undefined) {
        if (quirk === undefined) throw new Mismatch('the pipeline was made', expect.error, 'a pipeline');
        await checkLevel(input.ini, server);
        return;
      }
      for (const [index, exchange] of exchanges.entries()) {
        play = exchange.app ?? {};
        log = [];
        consoleText = '';
        // oxlint-disable-next-line no-await-in-loop -- one after the other, as they were recorded
        const raw = await talk(server, exchange);
        const expected = expect.exchanges[index];
        compareAnswer(raw, exchange, expected.response, quirk);
        compareLines('the log', log, expected.log, quirk);
        const lines = consoleText.split('\n').slice(0, -1).map(withoutTime);
        compareLines('the console', lines, expected.console, quirk);
      }
    });
  } catch (error) {
    if (loaded || !(error instanceof LoadError)) throw error;
    compareError(error, expect, quirk);
  }
}

/** Python cannot take a level there; it is right to take it, so a line is logged with it. */
async function checkLevel(ini: string, server: RunningServer): Promise<void> {
  const wanted = /^logging_level\s*=\s*(.*)$/m.exec(ini)?.[1];
  if (wanted === undefined) return;
  play = {};
  log = [];
  await talk(server, { request: { path: '/' } });
  const number = /^\d+$/.test(wanted) ? Number(wanted) : levelNumber(wanted);
  expectSame(
    'the level of a line',
    log.map((line) => line.level),
    [levelName(number)],
  );
}

function compareError(error: LoadError, expect: Case['expect'], quirk: string | undefined): void {
  if (expect.error === undefined) {
    // A mistake that Python finds with the first request is better found at the start.
    if (quirk === undefined || error.code !== 'option-invalid') throw error;
    return;
  }
  for (const word of expect.error.essential as string[]) {
    if (!error.message.includes(word))
      throw new Mismatch(`the error names ${word}`, expect.error, error.message);
  }
}

const suite: Suite = {
  // TODO site cases: run when a site can be started
  cases: ({ dir }) => readCases(dir, 'translogger', (file) => file !== 'zope.json'),
  setUp() {
    registerGatewayDistributions();
    registerModule('translogger_stub', { make_app: () => application });
    runtime.stderr = {
      name: 'stderr',
      write: (text) => {
        consoleText += text;
      },
    };
  },
  run: runStub,
  async tearDown() {
    await resetLogging();
  },
};

export default suite;
