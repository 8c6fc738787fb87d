/** Which ids a container accepts (INVENTORY O-010). */
import { aqBase, getOwn } from '../../persistent/index.ts';
import { htmlQuote } from '../../restricted/index.ts';
import { BadRequest } from '../../publisher/index.ts';
import { RESERVED } from './reserved-names.ts';

// oxlint-disable-next-line no-control-regex
const ILLEGAL = /[\u0000-\u001f\u007f<>&]/;
/** Flags of an object's `__replaceable__`. */
const REPLACEABLE = 1;
const UNIQUE = 2;

const flagsOf = (object: unknown): number =>
  typeof object === 'object' && object !== null
    ? Number((getOwn(object, '__replaceable__') as number | undefined) ?? 0)
    : 0;

/** Throws a BadRequest for an id that a container cannot give to a new object. */
export function checkValidId(container: object, id: unknown, allowDuplicate: unknown = false): void {
  if (typeof id !== 'string' || id === '') {
    throw new BadRequest(`('Empty or invalid id specified', ${id === '' ? "''" : String(id)})`);
  }
  const refuse = (why: string): never => {
    throw new BadRequest(`The id "${id}" ${why}`);
  };
  if (ILLEGAL.test(id))
    throw new BadRequest(`The id "${htmlQuote(id)}" contains characters illegal in URLs.`);
  if (id === '.' || id === '..') refuse('is invalid because it is not traversable.');
  if (id.startsWith('_')) refuse('is invalid because it begins with an underscore.');
  if (id.startsWith('aq_')) refuse('is invalid because it begins with "aq_".');
  if (id.endsWith('__')) refuse('is invalid because it ends with two underscores.');
  if (id.startsWith('@@') || id.startsWith('++'))
    refuse('is invalid because it starts with characters reserved for Zope views lookup.');
  if (!allowDuplicate) {
    const own = getOwn(aqBase(container) as object, id);
    if (own !== undefined && own !== null) {
      if (!(flagsOf(own) & REPLACEABLE)) refuse('is invalid - it is already in use.');
    } else if (own === undefined && RESERVED.has(id)) refuse('is invalid - it is already in use.');
    else if (flagsOf((container as Record<string, unknown>)[id]) & UNIQUE) refuse('is reserved.');
  }
  if (id === 'REQUEST') throw new BadRequest('REQUEST is a reserved name.');
  if (id.includes('/')) refuse('contains characters illegal in URLs.');
}
