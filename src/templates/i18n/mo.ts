/**
 * Reads gettext's binary catalogs (GNU gettext manual, "The Format of GNU MO Files"): magic number, revision, number of texts, and
 * the offsets of two tables of (length, offset), for the originals and the translations; all 32-bit.
 */
import type { CatalogEntry } from './catalogs.ts';

const MAGIC = 0x950412de;

/** Throws an Error that says what is wrong. */
export function readMo(data: Buffer): CatalogEntry[] {
  if (data.length < 28) throw new Error('the file is too short for a catalog');
  const little = data.readUInt32LE(0) === MAGIC;
  if (!little && data.readUInt32BE(0) !== MAGIC) throw new Error('this is no binary catalog');
  const word = (offset: number): number => {
    if (offset + 4 > data.length) throw new Error('the file ends in the middle of a table');
    return little ? data.readUInt32LE(offset) : data.readUInt32BE(offset);
  };
  if (word(4) >>> 16 > 1) throw new Error(`revision ${word(4) >>> 16} of the format is not known`);
  const count = word(8);
  const text = (table: number, index: number): string => {
    const length = word(table + index * 8);
    const offset = word(table + index * 8 + 4);
    if (offset + length > data.length) throw new Error('the file ends in the middle of a text');
    return data.toString('utf8', offset, offset + length);
  };
  const entries: CatalogEntry[] = [];
  for (let i = 0; i < count; i++) {
    const original = text(word(12), i);
    const separator = original.indexOf('\u0004');
    const [id = ''] = original.slice(separator + 1).split('\0');
    entries.push({
      context: separator < 0 ? null : original.slice(0, separator),
      id,
      translations: text(word(16), i).split('\0'),
    });
  }
  return entries;
}
