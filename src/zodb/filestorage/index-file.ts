/**
 * Data.fs.index: pickles of the position up to which it is right, then of pairs (the first six bytes of oids; their last two
 * bytes in order, followed by their positions, six bytes each), and at last of None.
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { Pickler, Tuple, Unpickler } from '../../pickle/index.ts';
import { disk, writeAll } from './disk.ts';
import { OidIndex, type PositionIndex } from './oid-index.ts';

export interface SavedIndex {
  readonly position: number;
  readonly index: OidIndex;
}

/** The saved index; undefined when there is none or it cannot be used, with the reason given to `note`. */
export function readIndexFile(path: string, note: (reason: string) => void): SavedIndex | undefined {
  let data: Buffer;
  try {
    data = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') note((error as Error).message);
    return undefined;
  }
  try {
    const reader = new Unpickler(data);
    const position = reader.load();
    if (typeof position !== 'number') throw new TypeError('it does not begin with a position');
    const index = new OidIndex();
    for (let pair = reader.load(); pair !== null; pair = reader.load()) readBucket(pair, index);
    return { position, index };
  } catch (error) {
    note((error as Error).message);
    return undefined;
  }
}

function readBucket(pair: unknown, index: OidIndex): void {
  if (!(pair instanceof Tuple) || !(pair[0] instanceof Uint8Array) || !(pair[1] instanceof Uint8Array))
    throw new TypeError('it holds something else than oids');
  const prefix = Buffer.from(pair[0]);
  const bucket = Buffer.from(pair[1]);
  const count = bucket.length / 8;
  if (prefix.length !== 6 || !Number.isInteger(count)) throw new TypeError('a part of it has a wrong length');
  const high = prefix.readUIntBE(0, 6);
  for (let i = 0; i < count; i++) {
    const low = bucket.readUInt16BE(i * 2);
    // Beyond 2^53 oids are big integers.
    const oid = high < 2 ** 37 ? high * 65_536 + low : (BigInt(high) << 16n) | BigInt(low);
    index.set(oid, bucket.readUIntBE(count * 2 + i * 6, 6));
  }
}

const PROTOCOL = [0x80, 3];
const SHORT_BYTES = 0x43;
const BYTES = 0x42;
const PAIR = 0x86;
const STOP = 0x2e;

/** The pickle of the pair of a prefix and its bucket, without a memo, as Python writes it. */
function* pairPickle(
  high: number,
  bucket: readonly (readonly [low: number, position: number])[],
): Generator<Buffer> {
  const count = bucket.length;
  const text = Buffer.allocUnsafe(count * 8);
  for (let i = 0; i < count; i++) {
    const [low, position] = bucket[i]!;
    text.writeUInt16BE(low, i * 2);
    text.writeUIntBE(position, count * 2 + i * 6, 6);
  }
  const prefix = Buffer.from([...PROTOCOL, SHORT_BYTES, 6, 0, 0, 0, 0, 0, 0]);
  prefix.writeUIntBE(high, 4, 6);
  yield prefix;
  if (text.length < 256) yield Buffer.from([SHORT_BYTES, text.length]);
  else {
    const head = Buffer.from([BYTES, 0, 0, 0, 0]);
    head.writeUInt32LE(text.length, 1);
    yield head;
  }
  yield text;
  yield Buffer.from([PAIR, STOP]);
}

function* indexPickles(position: number, index: PositionIndex): Generator<Uint8Array> {
  const pickler = new Pickler();
  pickler.dump(position);
  yield pickler.bytes();
  let current = -1;
  let bucket: (readonly [number, number])[] = [];
  for (const oid of index.keys()) {
    const high = typeof oid === 'number' ? Math.floor(oid / 65_536) : Number(oid >> 16n);
    const low = typeof oid === 'number' ? oid % 65_536 : Number(oid & 0xffffn);
    if (high !== current) {
      if (bucket.length > 0) yield* pairPickle(current, bucket);
      current = high;
      bucket = [];
    }
    bucket.push([low, index.get(oid)]);
  }
  if (bucket.length > 0) yield* pairPickle(current, bucket);
  yield Buffer.from([...PROTOCOL, 0x4e, STOP]);
}

/** Writes the index beside its place and moves it there, so that there is always a whole one. */
export function writeIndexFile(path: string, position: number, index: PositionIndex): void {
  const temporary = `${path}_tmp`;
  const descriptor = openSync(temporary, 'w');
  try {
    writeAll(descriptor, Buffer.concat([...indexPickles(position, index)]), 0);
    disk.sync(descriptor);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}
