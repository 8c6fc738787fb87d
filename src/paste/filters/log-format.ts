/** Formats of the access log: Python's `%(field)s`, compiled once (INVENTORY W-059). */
import type { Environ } from '../gateway/environ.ts';
import { GatewayRequest } from '../gateway/request.ts';
import { GatewayResponse } from '../gateway/response.ts';
import { LoadError } from '../loader/errors.ts';
import { asciiOnly } from '../logging/percent.ts';
import { repr } from '../logging/python-text.ts';
import { percentQuote } from './percent-quote.ts';

/** A request and its answer. */
export interface Exchange {
  readonly request: Request;
  readonly environ: Environ;
  readonly response: Response;
  /** When the request came, as it is written. */
  readonly time: string;
}

const header = (request: Request, name: string): string | undefined =>
  request instanceof GatewayRequest ? request.header(name) : (request.headers.get(name) ?? undefined);

// A name of a user may have anything in it; a line of the log stays one line.
const CONTROL = /[\0-\x1f\x7f]/;
const oneLine = (text: string): string => (CONTROL.test(text) ? repr(text).slice(1, -1) : text);

const FIELDS: Readonly<Record<string, (exchange: Exchange) => string>> = {
  REMOTE_ADDR: ({ request, environ }) => header(request, 'x-forwarded-for') || environ.remoteAddr || '-',
  REMOTE_USER: ({ environ }) => oneLine(environ.remoteUser) || '-',
  REQUEST_METHOD: ({ request }) => request.method,
  REQUEST_URI: ({ environ: { scriptName, pathInfo, queryString } }) =>
    percentQuote(scriptName + pathInfo) + (queryString === '' ? '' : `?${queryString}`),
  HTTP_VERSION: ({ environ }) => environ.serverProtocol,
  time: ({ time }) => time,
  status: ({ response }) => String(response.status),
  // The length that the answer states; a dash where nobody said it.
  bytes: ({ response }) =>
    (response instanceof GatewayResponse
      ? response.header('content-length')
      : response.headers.get('content-length')) ?? '-',
  HTTP_REFERER: ({ request }) => header(request, 'referer') ?? '-',
  HTTP_USER_AGENT: ({ request }) => header(request, 'user-agent') ?? '-',
};

const CONVERSION = /%(?:%|\(([^)]*)\)([-+ #0]*)(\d*)(?:\.(\d*))?[hlL]?([a-zA-Z])|)/g;

/** A format as a list of functions, so that a line costs a few concatenations. Throws a LoadError for one that Python would refuse. */
export function compileFormat(format: string): (exchange: Exchange) => string {
  const parts: ((exchange: Exchange) => string)[] = [];
  let last = 0;
  for (const match of format.matchAll(CONVERSION)) {
    const text = format.slice(last, match.index) + (match[0] === '%%' ? '%' : '');
    if (text !== '') parts.push(() => text);
    last = match.index + match[0].length;
    if (match[0] !== '%%') parts.push(conversion(match));
  }
  const rest = format.slice(last);
  if (rest !== '') parts.push(() => rest);
  return (exchange) => {
    let line = '';
    for (const part of parts) line += part(exchange);
    return line;
  };
}

function conversion(match: RegExpExecArray): (exchange: Exchange) => string {
  const [, name, flags = '', width = '', precision, type] = match;
  const invalid = (message: string) => new LoadError('option-invalid', message, { option: 'format' });
  if (name === undefined || type === undefined)
    throw invalid(`the format has a % at index ${match.index} that begins no %(FIELD)s`);
  const read = Object.hasOwn(FIELDS, name) ? FIELDS[name]! : undefined;
  if (read === undefined)
    throw invalid(`the format has an unknown field '${name}' (fields: ${Object.keys(FIELDS).join(', ')})`);
  if (type !== 's' && type !== 'r' && type !== 'a')
    throw invalid(`%(${name})${type}: the fields are texts: %(${name})s`);
  const shown = { s: (text: string) => text, r: repr, a: (text: string) => asciiOnly(repr(text)) }[type];
  const value = type === 's' ? read : (exchange: Exchange) => shown(read(exchange));
  const most = precision === undefined ? Infinity : Number(precision);
  const least = Number(width);
  if (most === Infinity && least === 0) return value;
  const pad = flags.includes('-') ? 'padEnd' : 'padStart';
  return (exchange) => value(exchange).slice(0, most)[pad](least);
}
