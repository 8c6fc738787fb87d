/** Records as zc.zlibstorage writes them (INVENTORY C-068). */
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DB, MappingStorage, ZlibStorage } from '../../../src/zodb/index.ts';
import { bytes, write } from './storage-steps.ts';

const TEXT = 'abc '.repeat(100);
const LONG = bytes(TEXT);

describe('a ZlibStorage', () => {
  it('stores what becomes shorter as .z and a zlib stream, and gives what was stored', () => {
    const base = new MappingStorage();
    const storage = new ZlibStorage(base);
    write(storage, { 7: TEXT });
    const { data } = base.load(7);
    expect(Buffer.from(data.subarray(0, 2)).toString()).toBe('.z');
    expect(new Uint8Array(inflateSync(data.subarray(2)))).toEqual(LONG);
    expect(new Uint8Array(storage.load(7).data)).toEqual(LONG);
    const [transaction] = [...storage.iterator()];
    expect([...transaction!].map((record) => new Uint8Array(record.data!))).toEqual([LONG]);
  });

  it('leaves alone what does not become shorter', () => {
    const base = new MappingStorage();
    const short = 'twenty-one bytes long';
    write(new ZlibStorage(base), { 7: short });
    expect(base.load(7).data).toEqual(bytes(short));
  });

  it('reads what is compressed and writes it plain when it is told not to compress', () => {
    const base = new MappingStorage();
    write(new ZlibStorage(base), { 7: TEXT });
    const reading = new ZlibStorage(base, { compress: false });
    expect(new Uint8Array(reading.load(7).data)).toEqual(LONG);
    write(reading, { 8: TEXT });
    expect(base.load(8).data).toEqual(LONG);
  });

  it('keeps what compressed objects refer to when it is packed', () => {
    const db = new DB(new ZlibStorage(new MappingStorage()));
    db.transaction((connection) => {
      const root = connection.root();
      root.set(
        'list',
        Array.from({ length: 50 }, (_unused, index) => `text ${index}`),
      );
    });
    db.transaction((connection) => connection.root().set('more', 'x'.repeat(1000)));
    db.pack();
    db.transaction((connection) => {
      expect((connection.root().get('list') as string[])[49]).toBe('text 49');
    });
    db.close();
  });
});
