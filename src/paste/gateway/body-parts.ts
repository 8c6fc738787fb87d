/** Bodies that come in parts. */
import { Readable } from 'node:stream';
import { type FileRegion, isFileRegion, type ResponseBody } from './response.ts';

export type StreamBody = Exclude<ResponseBody, string | Uint8Array | FileRegion | null>;

/** A body that comes in parts. */
export interface Parts {
  next(): Promise<IteratorResult<Uint8Array | string, unknown>>;
  /** The client is gone: nobody wants the rest. */
  cancel(): void;
}

export function partsOf(body: StreamBody): Parts {
  if (body instanceof ReadableStream) {
    const reader = body.getReader();
    return {
      next: () => reader.read() as Promise<IteratorResult<Uint8Array, unknown>>,
      cancel: () => void reader.cancel().catch(() => undefined),
    };
  }
  const iterator = body[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    cancel: () => {
      // A stream of Node ends at once; another iterator when it next hands something out.
      if (body instanceof Readable) body.destroy();
      else void (async () => iterator.return?.())().catch(() => undefined);
    },
  };
}

/** Parts of which some were asked for already. */
export function withAhead(
  ahead: Promise<IteratorResult<Uint8Array | string, unknown>>[],
  parts: Parts,
): Parts {
  return { next: () => ahead.shift() ?? parts.next(), cancel: () => parts.cancel() };
}

/** Lets the maker of a body that is not sent clean up. */
export function discard(body: ResponseBody): void {
  if (body === null || typeof body === 'string' || body instanceof Uint8Array || isFileRegion(body)) return;
  if (body instanceof ReadableStream) {
    if (!body.locked) void body.cancel().catch(() => undefined);
  } else partsOf(body).cancel();
}
