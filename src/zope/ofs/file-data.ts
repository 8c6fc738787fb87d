/** The content of files: bytes, or a chain of pieces. */
import { aqParent, metaOf, Persistent, registerClass } from '../../persistent/index.ts';
import { ReceivedFile } from '../../publisher/index.ts';
import { Connection } from '../../zodb/index.ts';
import type { File } from './file.ts';

/** What content is read from. */
export type GivenData = Uint8Array | ReceivedFile;

/** Bytes of a piece. The first piece of a chain has up to one less than twice as many. */
const PIECE = 65_536;
/** Pieces that are in memory at a time while a chain is made. */
const AT_ONCE = 16;

/** A piece of a large file; the pieces are chained. */
export class Pdata extends Persistent {
  declare data: Uint8Array;
  declare next: Pdata | null;

  constructor(data: Uint8Array) {
    super();
    this.data = data;
  }
}
registerClass(Pdata, 'OFS.Image.Pdata', { python: true });
// A single piece says nothing of a next one.
Object.assign(Pdata.prototype, { next: null });

/**
 * The stored content, which the caller must not change: it is not compared at the end of the transaction, as bytes that are handed
 * out are.
 */
export function storedData(object: File | Pdata): Uint8Array | undefined {
  const data = metaOf(object)?.activate()['data'];
  return data instanceof Uint8Array ? data : undefined;
}

export const sizeOf = (given: GivenData): number =>
  given instanceof ReceivedFile ? given.size : given.length;

/** The bytes between two offsets, not to be changed. */
export const viewOf = (given: GivenData, start: number, end: number): Uint8Array =>
  given instanceof ReceivedFile ? given.view(start, end) : given.subarray(start, end);

/** What tells of which type content is: as much as will be in the first piece; not to be changed. */
export function headOf(given: GivenData): Uint8Array {
  const size = sizeOf(given);
  return viewOf(given, 0, size <= 2 * PIECE ? size : PIECE + (size % PIECE));
}

/**
 * What a file keeps of content, in the pieces that Python cuts it into: the bytes of a short one, one piece, or a chain that is made from
 * its end. The pieces of a long chain go through savepoints to a temporary file, so that only a few are in memory.
 */
export function storedForm(owner: File, given: GivenData): Uint8Array | Pdata {
  const size = sizeOf(given);
  const own = (start: number, end: number) => new Uint8Array(viewOf(given, start, end));
  if (size < PIECE) return own(0, size);
  if (size <= 2 * PIECE) return new Pdata(own(0, size));
  // A new object belongs to the database from this savepoint on.
  (connectionOf(owner) ?? connectionOf(aqParent(owner)))?.transactionManager.savepoint(true);
  const connection = connectionOf(owner);
  let next: Pdata | null = null;
  let made: Pdata[] = [];
  const store = () => {
    connection!.transactionManager.savepoint(true);
    for (const piece of made) piece._p_deactivate();
    made = [];
  };
  for (let end = size; end > 0;) {
    const start = end < 2 * PIECE ? 0 : end - PIECE;
    const piece = new Pdata(own(start, end));
    connection?.add(piece);
    piece.next = next;
    if (connection !== undefined && made.push(piece) >= AT_ONCE) store();
    next = piece;
    end = start;
  }
  if (made.length > 0) store();
  return next!;
}

function connectionOf(object: object | null): Connection | undefined {
  const jar = object === null ? undefined : metaOf(object)?.jar;
  return jar instanceof Connection ? jar : undefined;
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
