/** What transaction number n of the crash test writes. */
import { GlobalRef, Pickler } from '../../../src/pickle/index.ts';

export const OBJECTS = 20;

export const BLOB = (() => {
  const pickler = new Pickler();
  pickler.dump(GlobalRef.of('ZODB.blob', 'Blob'));
  pickler.clearMemo();
  pickler.dump(null);
  return pickler.bytes();
})();

export const blobContent = (number: number): string => `blob ${number} `.repeat(number % 50);

export function recordsOf(number: number): [oid: number, data: Uint8Array][] {
  const count = 1 + (number % 6);
  return Array.from({ length: count }, (_, i) => {
    const size = (number * 7919 + i * 104_729) % (number % 10 === 0 ? 200_000 : 500);
    return [(number + i * 3) % OBJECTS, Buffer.from(`${number}:${i}:${'x'.repeat(size)}`)];
  });
}
