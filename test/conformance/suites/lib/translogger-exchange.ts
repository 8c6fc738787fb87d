/** Requests over a raw socket and the comparison of their answers, for the suite `translogger`. */
import net from 'node:net';
import { escapeText } from '../../../../src/paste/gateway/error-page.ts';
import {
  type HTTPException,
  httpExceptionByName,
  Unauthorized,
} from '../../../../src/paste/gateway/http-exception.ts';
import type { RunningServer } from '../../../../src/paste/gateway/types.ts';
import { canonical, expectSame, Mismatch } from '../../suite.ts';

export interface Raised {
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
export interface Play {
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

export interface Exchange {
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
  /** The text of the exception that is raised. */
  readonly message?: string | undefined;
}

export interface Answer {
  readonly status_line: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly body_shape?: Readonly<Record<string, unknown>>;
  readonly chunks_complete?: boolean;
  readonly connection?: string;
  readonly error_page?: { readonly title: string; readonly detail: string };
  readonly shows_message?: boolean;
}

export function exceptionOf(raised: Raised): Error {
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

const TIME = /\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d/g;

/** In brackets the recordings leave the offset from UTC out. */
export const withoutTime = (text: string): string =>
  text.replaceAll(TIME, '<TIME>').replaceAll(/\[<TIME> [+-]\d{4}\]/g, '[<TIME>]');

/** Sends one request, and everything that comes back until the connection closes. */
export function talk(server: RunningServer, { request }: Exchange): Promise<string> {
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

export function parse(raw: string): Message | undefined {
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

export function compareAnswer(
  raw: string,
  { request, app, shape, message: raised = app?.raise?.args?.[0] }: Exchange,
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
  // `<ETAG>`: any value.
  for (const [name, value] of wanted)
    if (/^<[A-Z-]+>$/.test(value) && headers.has(name)) headers.set(name, value);
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
  if (expected.shows_message !== undefined && (app?.raise !== undefined || raised !== undefined)) {
    const text = raised ?? '';
    // The wording of the stock page is free: a short message may be part of it.
    const said = title === undefined ? body : `${title}\n${detail}`;
    const shows = text !== '' && (said.includes(text) || said.includes(escapeText(text)));
    expectSame('whether the body shows the message', shows, expected.shows_message);
  }
}

const STOCK_PAGE = /<p><strong>(.*?)<\/strong><\/p>\s*([\s\S]*?)\s*<\/body>/;

export function oneOf(what: string, actual: unknown, allowed: readonly unknown[]): void {
  if (!allowed.some((item) => canonical(item) === canonical(actual)))
    throw new Mismatch(what, allowed[0], actual);
}
