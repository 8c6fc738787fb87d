/** What the cookie `__cp` holds: an operation and the paths of objects, as zlib-compressed JSON in base64 (INVENTORY O-011). */
import { deflateSync, inflateSync } from 'node:zlib';
import { CopyError } from './errors.ts';

export const COPY = 0;
export const MOVE = 1;
/** Bytes that the clipboard of a browser may unfold to. */
const LIMIT = 8192;

export interface Clipboard {
  readonly operation: typeof COPY | typeof MOVE;
  readonly paths: readonly (readonly string[])[];
}

export function encodeClipboard({ operation, paths }: Clipboard): string {
  return deflateSync(Buffer.from(JSON.stringify([operation, paths])), { level: 2 }).toString('base64');
}

/** Throws a CopyError for what is no clipboard, or one that is too large. */
export function decodeClipboard(text: string | Uint8Array): Clipboard {
  try {
    const packed = Buffer.from(
      typeof text === 'string' ? text : Buffer.from(text).toString('latin1'),
      'base64',
    );
    const data = JSON.parse(inflateSync(packed, { maxOutputLength: LIMIT }).toString('utf8')) as unknown;
    if (!Array.isArray(data) || data.length !== 2) throw new Error('not a pair');
    const [operation, paths] = data as [unknown, unknown];
    if (operation !== COPY && operation !== MOVE) throw new Error('no such operation');
    if (!Array.isArray(paths)) throw new Error('no paths');
    for (const path of paths)
      if (!Array.isArray(path) || !path.every((name) => typeof name === 'string')) throw new Error('no path');
    return { operation, paths: paths as string[][] };
  } catch (error) {
    throw Object.assign(new CopyError('Clipboard Error'), { cause: error });
  }
}
