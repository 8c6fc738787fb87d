/** Whether two answers say the same, and what of a difference is by choice. */
import { gunzipSync } from 'node:zlib';
import type { SiteAnswer, WireRequest } from './both-sites.ts';

export interface Difference {
  readonly feature: string;
  readonly request: WireRequest;
  readonly expected: Shown;
  readonly actual: Shown;
  /** What was asked before, where requests belong together. */
  readonly before?: readonly string[];
}

/** An answer as far as it is compared. */
export interface Shown {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly raised?: string;
}

/** What belongs to the server, and what only makes an answer safer. */
const IGNORED = new Set([
  'date',
  'server',
  'connection',
  'via',
  'x-powered-by',
  'transfer-encoding',
  'keep-alive',
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
]);

const BOUNDARY = /={15}\d+==/;
const BOUNDARIES = new RegExp(BOUNDARY, 'g');
const ADDRESS = /\bat(?: |', ')0x[0-9a-f]+/;
const ADDRESSES = new RegExp(ADDRESS, 'g');

function headersOf(answer: SiteAnswer): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of answer.headers) {
    const key = name.toLowerCase();
    if (!IGNORED.has(key)) found[key] = found[key] === undefined ? value : `${found[key]}\n${value}`;
  }
  // Blanks before a parameter mean nothing (RFC 9110, 5.6.6), and Python sends both forms.
  if (found['content-type'] !== undefined)
    found['content-type'] = found['content-type'].replaceAll(/;\s*/g, '; ');
  if (found['content-type']?.startsWith('multipart/'))
    found['content-type'] = found['content-type'].replace(BOUNDARY, 'BOUNDARY');
  // The order of cookies means nothing, nor the moment at which a second began.
  if (found['set-cookie'] !== undefined)
    found['set-cookie'] = withoutTimes(found['set-cookie']).replace(/^__cp=(?!deleted)[^;]*/m, '__cp=');
  if (found['last-modified'] !== undefined) found['last-modified'] = withoutTimes(found['last-modified']);
  // Made at the first question.
  if (found['etag'] !== undefined) found['etag'] = found['etag'].replace(/^ts\d+\.\d+$/, 'ts');
  return found;
}

/** Dates of this hour are of what was made just now, or ends soon. */
const withoutTimes = (text: string): string =>
  text.replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, (date) =>
    Math.abs(Date.parse(date) - Date.now()) < 4_000_000 ? 'NOW' : date,
  );

function shown(sent: SiteAnswer, ownPage: boolean): Shown {
  const headers = headersOf(sent);
  // Node's deflate is another one.
  const packed = headers['content-encoding'] === 'gzip' && sent.body[0] === 0x1f;
  const answer = packed ? { ...sent, body: gunzipSync(sent.body) } : sent;
  if (packed) delete headers['content-length'];
  // A page of the server, or one of the management interface, is each side's own; an address has any number of digits.
  if (ownPage || ADDRESS.test(answer.body.toString('latin1'))) delete headers['content-length'];
  const text = answer.body.toString('utf8');
  const body = ownPage
    ? ''
    : Buffer.from(text).equals(answer.body)
      ? withoutTimes(text).replaceAll(ADDRESSES, '').replaceAll(BOUNDARIES, 'BOUNDARY')
      : answer.body.toString('latin1').replaceAll(BOUNDARIES, 'BOUNDARY');
  return {
    status: answer.status,
    headers,
    body,
    ...(answer.raised ? { raised: answer.raised } : {}),
  };
}

const canonical = ({ status, headers, body }: Shown): string =>
  JSON.stringify([status, Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)), body]);

/** The difference between two answers to a request; undefined when there is none. */
export function difference(
  feature: string,
  request: WireRequest,
  expected: SiteAnswer,
  actual: SiteAnswer,
): Difference | undefined {
  // A HEAD has no body, whatever waitress sends.
  // What the server says of an exception that reached it.
  const escaped = typeof expected.raised === 'string';
  const own = (request.ownPage === true && expected.status === 200) || request.method === 'HEAD';
  const [a, b] = [expected, actual].map((answer) => shown(answer, own || escaped));
  // The length of what is streamed is told here as far as it is known.
  if (a!.headers['content-length'] === undefined)
    delete (b!.headers as Record<string, string>)['content-length'];
  if (expected.status === actual.status && isPlainPage(expected) && samePlainPage(expected, actual))
    return undefined;
  if (escaped) {
    if (a!.status === b!.status) return undefined;
  } else if (canonical(a!) === canonical(b!)) return undefined;
  return { feature, request, expected: a!, actual: b! };
}

/** The page that the filter makes of an exception of an answer; its frame is each side's own. */
const isPlainPage = ({ body }: SiteAnswer) =>
  body.toString('latin1', 0, 60).includes('<title>Site Error</title>');

function samePlainPage(expected: SiteAnswer, actual: SiteAnswer): boolean {
  const [, title, detail] = /<p><strong>(.*?)<\/strong><\/p>\n\n(.*)\n<hr noshade/s.exec(
    expected.body.toString(),
  )!;
  const text = actual.body.toString();
  return [title!, ...detail!.split(/<\/?\w+>/)].every((piece) => text.includes(piece));
}

/** A difference as a person reads it. */
export function told({ feature, request, expected, actual, before }: Difference): unknown {
  const differing = new Set(
    [...Object.keys(expected.headers), ...Object.keys(actual.headers)].filter(
      (name) => expected.headers[name] !== actual.headers[name],
    ),
  );
  const brief = (answer: Shown, other: Shown) => ({
    status: answer.status,
    ...(answer.raised === undefined ? {} : { raised: answer.raised }),
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => differing.has(name))),
    ...(answer.body === other.body ? {} : { body: around(answer.body, other.body) }),
  });
  return {
    feature,
    ...(before === undefined || before.length === 0 ? {} : { before }),
    request: {
      line: `${request.method} ${request.target}`,
      headers: request.headers,
      body: request.body?.toString('latin1'),
    },
    expected: brief(expected, actual),
    actual: brief(actual, expected),
  };
}

/** A text from a little before its first difference from another. */
function around(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at++;
  return text.slice(Math.max(0, at - 60), at + 240);
}
