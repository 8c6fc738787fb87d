/** Short forms for the tables of directives. */
import type { KeyItem, SectionItem } from './schema.ts';

export const key = (
  name: string,
  datatype: KeyItem['datatype'],
  about: string,
  more: Partial<KeyItem> = {},
): KeyItem => ({ kind: 'key', name, datatype, about, ...more });

/** A directive that may be given several times. */
export const multikey = (
  name: string,
  datatype: KeyItem['datatype'],
  about: string,
  more: Partial<KeyItem> = {},
): KeyItem => ({ kind: 'multikey', name, datatype, about, ...more });

/** A section of a type; any name, or none. */
export const section = (
  type: string,
  attribute: string,
  about: string,
  more: Partial<SectionItem> = {},
): SectionItem => ({ kind: 'section', type, name: '*', attribute, about, ...more });

/** Sections of a type; any name, or none. */
export const multisection = (
  type: string,
  attribute: string,
  about: string,
  more: Partial<SectionItem> = {},
): SectionItem => ({ kind: 'multisection', type, name: '*', attribute, about, ...more });
