import { GlobalRef } from '../../pickle/index.ts';
import { type Class, classNameOf } from '../../persistent/index.ts';
import { readClass } from '../serialize-pickle.ts';

/** Whether a record is that of a blob. Most records are ruled out without being unpickled. */
export function isBlobRecord(data: Uint8Array): boolean {
  if (!Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes('ZODB.blob')) return false;
  try {
    const cls = readClass(data);
    if (cls instanceof GlobalRef) return cls.module === 'ZODB.blob' && cls.name === 'Blob';
    return typeof cls === 'function' && classNameOf(cls as Class)?.join('.') === 'ZODB.blob.Blob';
  } catch {
    // A record that cannot be read here is none of a blob: blobs have nothing in them.
    return false;
  }
}
