/** The content of files: bytes, or a chain of pieces. */
import { metaOf, Persistent, registerClass } from '../../persistent/index.ts';
import type { File } from './file.ts';

/** A piece of a large file; the pieces are chained. */
export class Pdata extends Persistent {
  declare data: Uint8Array;
  declare next: Pdata | null;

  constructor(data: Uint8Array) {
    super();
    this.data = data;
    this.next = null;
  }
}
registerClass(Pdata, 'OFS.Image.Pdata', { python: true });
// The last piece of a chain that Python made says nothing of a next one.
Object.assign(Pdata.prototype, { next: null });

/**
 * The stored content, which the caller must not change: it is not compared at the end of the transaction, as bytes that are handed
 * out are.
 */
export function storedData(object: File | Pdata): Uint8Array | undefined {
  const data = metaOf(object)?.activate()['data'];
  return data instanceof Uint8Array ? data : undefined;
}

/** The pieces of the content between two offsets, loaded one after the other; they must not be changed. */
export function* chunksOf(file: File, start = 0, end = Number.POSITIVE_INFINITY): Iterable<Uint8Array> {
  const data = storedData(file) ?? file.data;
  if (data === null) return;
  if (data instanceof Uint8Array) {
    yield data.subarray(start, Math.min(end, data.length));
    return;
  }
  let position = 0;
  for (let at: Pdata | null = data; at !== null && position < end;) {
    const piece: Uint8Array = storedData(at) ?? at.data;
    if (position + piece.length > start) {
      yield piece.subarray(Math.max(0, start - position), Math.min(piece.length, end - position));
    }
    position += piece.length;
    const { next }: Pdata = at;
    // A large file must not fill the cache with its pieces.
    at._p_deactivate();
    at = next;
  }
}
