/**
 * Data.fs.index: pickles of the position up to which it is right, then of pairs (the first six bytes of oids; their last two
 * bytes in order, followed by their positions, six bytes each), and at last of None.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { Pickler, Tuple, tuple, Unpickler } from '../../pickle/index.ts';
import { OidIndex } from './oid-index.ts';
import { writeU64 } from './format.ts';

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

/** Writes the index beside its place and moves it there, so that there is always a whole one. */
export function writeIndexFile(path: string, position: number, index: OidIndex): void {
  const temporary = `${path}.index_tmp`;
  const pickler = new Pickler();
  pickler.dump(position);
  const descriptor = openSync(temporary, 'w');
  try {
    const flush = (key: Buffer, bucket: [number, number][]) => {
      const text = Buffer.alloc(bucket.length * 8);
      for (const [i, [low, place]] of bucket.entries()) {
        text.writeUInt16BE(low, i * 2);
        text.writeUIntBE(place, bucket.length * 2 + i * 6, 6);
      }
      pickler.clearMemo();
      pickler.dump(tuple<Uint8Array[]>(new Uint8Array(key), new Uint8Array(text)));
    };
    let current: Buffer | undefined;
    let bucket: [number, number][] = [];
    for (const oid of index.keys()) {
      const bytes = Buffer.alloc(8);
      writeU64(bytes, oid, 0);
      const prefix = bytes.subarray(0, 6);
      if (current === undefined || !current.equals(prefix)) {
        if (current !== undefined) flush(current, bucket);
        current = prefix;
        bucket = [];
      }
      bucket.push([bytes.readUInt16BE(6), index.get(oid)]);
    }
    if (current !== undefined) flush(current, bucket);
    pickler.clearMemo();
    pickler.dump(null);
    writeSync(descriptor, pickler.bytes());
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}
