/** Where a blob directory has the files of a revision, as Python's ZODB lays them out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { getLogger } from '@logtape/logtape';
import { POSError } from '../errors.ts';
import type { Oid, Tid } from '../interfaces.ts';

const logger = getLogger(['ZODB', 'blob']);

/** `bushy`: eight levels of directories, one a byte of the oid. `lawn`: one directory an object. */
export type BlobLayout = 'bushy' | 'lawn';

/** The file in a blob directory that names its layout. */
export const LAYOUT_MARKER = '.layout';
export const BLOB_SUFFIX = '.blob';

/** An id as it is in names: whole bytes, without those in front that are zero. */
export function idName(id: Oid | Tid): string {
  const hex = id.toString(16);
  return `0x${hex.padStart(hex.length + (hex.length % 2), '0')}`;
}

/** The directory of an object, relative to that of the blobs. */
export function objectDirectory(layout: BlobLayout, oid: Oid): string {
  if (layout === 'lawn') return idName(oid);
  const bytes = oid.toString(16).padStart(16, '0').match(/../g)!;
  return path.join(...bytes.map((byte) => `0x${byte}`));
}

/** The file of a revision, relative to the directory of the blobs. */
export function blobFile(layout: BlobLayout, oid: Oid, tid: Tid): string {
  return path.join(objectDirectory(layout, oid), `${idName(tid)}${BLOB_SUFFIX}`);
}

/** The layout of a directory: what its marker says; lawn for one that is in use without a marker, otherwise bushy. */
export function layoutOf(directory: string): BlobLayout {
  const marker = path.join(directory, LAYOUT_MARKER);
  if (existsSync(marker)) {
    const layout = readFileSync(marker, 'utf8').trim();
    if (layout !== 'bushy' && layout !== 'lawn')
      throw new POSError(`${marker} names the layout '${layout}'; there are bushy and lawn`);
    return layout;
  }
  if (!existsSync(directory) || !readdirSync(directory).some((name) => !name.startsWith('.'))) return 'bushy';
  logger.warn(`the blob directory ${directory} is in use and has no ${LAYOUT_MARKER}: it is taken as lawn`);
  return 'lawn';
}
