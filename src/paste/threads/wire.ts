/**
 * What travels between the main thread, which has the sockets, and the threads that have the application, beside requests and answers
 * (see `frames.ts`): values of one flat array, first what kind it is, then what belongs to it.
 */
import { failurePageOf } from '../gateway/failure-page.ts';
import { errorOf } from '../gateway/thrown.ts';

/** Both ways: a frame that did not go through the ring. */
export const FRAME = 0;
/** To a thread: what it counts is wanted. To the main thread: an object of names and numbers. */
export const STATS = 1;
/** To the main thread: a record of the log. */
export const LOG = 2;
/** Both ways: number of the request, bytes of a body. */
export const CHUNK = 3;
/** Both ways: number; the body is complete. */
export const END = 4;
/** Both ways: number, bytes that the reader of a body takes beyond those it was promised. */
export const CREDIT = 5;
/** To the main thread: number, error. To a thread: number, error of the body. */
export const FAIL = 6;
/** To a thread: number; nobody wants the rest of the answer's body. To the main thread: nobody reads the request's body any more. */
export const CANCEL = 7;

/** To a thread: number; the client has left, or has closed its side and still waits. */
export const LEFT = 8;
/** To a thread: a number that it writes to `PULSE`, to show that it comes to its messages. */
export const PING = 9;

/** Values that follow each kind. */
export const VALUES: readonly number[] = [1, 1, 1, 2, 1, 2, 2, 1, 1, 1];

/** Bodies up to this size travel with their request; longer ones flow as they are read. */
export const SMALL_BODY = 65_536;
/** Bytes of a body that may be on their way. */
export const WINDOW = 262_144;

/** Bytes with a buffer of their own: what is copied to another thread is the whole buffer. */
export const own = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? bytes
    : new Uint8Array(bytes);

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

type TextName = 'name' | 'code' | 'message' | 'stack';

/** Whoever made the error may have put anything there, and what cannot be copied would end the thread. */
function textOf(error: Error & { readonly code?: unknown }, name: TextName): string | undefined {
  try {
    const value: unknown = error[name];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

export function encodeError(thrown: unknown): PostedError {
  const error = errorOf(thrown);
  const { limit } = error as Error & { readonly limit?: unknown };
  const page = failurePageOf(thrown);
  return {
    name: textOf(error, 'name') ?? 'Error',
    page: page && { text: page.text, html: page.html() },
    code: textOf(error, 'code'),
    message: textOf(error, 'message') ?? '',
    stack: textOf(error, 'stack'),
    limit: typeof limit === 'number' ? limit : undefined,
  };
}
