/** What `%import` may name, by the package of Python. */
import type { SectionTypeDefinition } from '../schema.ts';
import { LOGGER_TYPES } from './logger.ts';
import { RELSTORAGE } from './relstorage.ts';
import { BEFORE_STORAGE, ZLIB_STORAGE } from './wrappers.ts';
import { ZEO_CLIENT } from './zeo-client.ts';

/** `own` are packages whose types the schema has already. */
export const components = (...own: string[]): Readonly<Record<string, readonly SectionTypeDefinition[]>> => ({
  ZEO: ZEO_CLIENT,
  relstorage: RELSTORAGE,
  'zc.zlibstorage': ZLIB_STORAGE,
  'zc.beforestorage': BEFORE_STORAGE,
  'ZConfig.components.logger': LOGGER_TYPES,
  ...Object.fromEntries(own.map((name) => [name, []])),
});
