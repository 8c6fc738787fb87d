/**
 * How requests and answers travel between the main thread, which has the sockets, and the threads that have the application.
 *
 * A message is one flat array: a kind, the number of the request and what belongs to it, then the next. Texts of a request or an
 * answer are one string, for each value that is copied between threads costs about a microsecond; headers that nobody asks for
 * are never taken apart.
 */
import type { Environ } from '../gateway/environ.ts';
import { failurePageOf } from '../gateway/failure-page.ts';
import type { GatewayRequest } from '../gateway/request.ts';

/** To a thread: number, head, body (bytes, `NO_BODY` or `BODY_FOLLOWS`). */
export const REQUEST = 0;
/** To the main thread: number, head, body (text, bytes, a part of a file, null, or `BODY_FOLLOWS`). */
export const ANSWER = 1;
/** Both ways: number, bytes of a body. */
export const CHUNK = 2;
/** Both ways: number; the body is complete. */
export const END = 3;
/** Both ways: number, bytes that the reader of a body takes beyond those it was promised. */
export const CREDIT = 4;
/** To the main thread: number, error. To a thread: number, error of the body. */
export const FAIL = 5;
/** To a thread: number; nobody waits for the answer any more. To the main thread: nobody reads the request's body any more. */
export const CANCEL = 6;
/** To the main thread: number; the thread waits for something and can do other work. */
export const WAITING = 7;
/** To the main thread: how many requests were handled, and the microseconds that this took. */
export const WORK = 8;

/** As ANSWER with a short body of bytes, as a text with a character for each: several times cheaper to copy. */
export const ANSWER_BYTES = 9;

/** To a thread: what it counts is wanted. To the main thread: an object of names and numbers. */
export const STATS = 10;

/** To the main thread: a record of the log. */
export const LOG = 11;

/** Values that follow each kind. */
export const VALUES: readonly number[] = [3, 3, 2, 1, 2, 2, 1, 1, 2, 3, 1, 1];

export const NO_BODY = 0;
export const BODY_FOLLOWS = 1;

/** Bodies up to this size travel with their request; longer ones flow as they are read. */
export const SMALL_BODY = 65_536;
/** Bytes of a body that may be on their way. */
export const WINDOW = 262_144;

const FACTS = [
  'scriptName',
  'pathInfo',
  'queryString',
  'rawTarget',
  'serverName',
  'serverPort',
  'scheme',
  'remoteAddr',
  'remotePort',
  'serverProtocol',
] as const satisfies readonly (keyof Environ)[];

// No part of a head can have it: Node's parser refuses it in a request, and answers with it are refused below.
const SEPARATOR = '\0';

export function encodeRequest(request: GatewayRequest): string {
  const { environ, method } = request;
  let head = method;
  for (const fact of FACTS) head += SEPARATOR + environ[fact];
  for (const item of request.rawHeaders) head += SEPARATOR + item;
  return head;
}

export interface RequestHead {
  readonly method: string;
  readonly environ: Environ;
  readonly rawHeaders: string[];
}

export function decodeRequest(head: string): RequestHead {
  const items = head.split(SEPARATOR);
  return {
    method: items[0]!,
    environ: {
      scriptName: items[1]!,
      pathInfo: items[2]!,
      queryString: items[3]!,
      rawTarget: items[4]!,
      serverName: items[5]!,
      serverPort: items[6]!,
      scheme: items[7]!,
      remoteAddr: items[8]!,
      remotePort: items[9]!,
      serverProtocol: items[10]!,
      remoteUser: '',
      extra: new Map(),
    },
    rawHeaders: items.slice(FACTS.length + 1),
  };
}

export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly string[];
}

/** Throws a TypeError for a header that would not arrive as it is. */
export function encodeAnswer({ status, statusText, headers }: AnswerHead): string {
  let head = `${status}${SEPARATOR}${statusText}`;
  for (const item of headers) {
    if (item.includes(SEPARATOR)) throw new TypeError('a header of the answer has a NUL');
    head += SEPARATOR + item;
  }
  return head;
}

export function decodeAnswer(head: string): AnswerHead {
  const [status, statusText, ...headers] = head.split(SEPARATOR) as [string, string, ...string[]];
  return { status: Number(status), statusText, headers };
}

/** An error as it can be copied. */
export interface PostedError {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a body that was too large. */
  readonly limit: number | undefined;
  /** What the application has to say about it. */
  readonly page: { readonly text: string; readonly html: string } | undefined;
}

export function encodeError(error: unknown): PostedError {
  const { name, code, message, stack, limit } = (
    error instanceof Error ? error : new Error(String(error))
  ) as Error & { code?: unknown; limit?: unknown };
  const page = failurePageOf(error);
  return {
    name,
    page: page && { text: page.text, html: page.html() },
    code: typeof code === 'string' ? code : undefined,
    message,
    stack,
    limit: typeof limit === 'number' ? limit : undefined,
  };
}
