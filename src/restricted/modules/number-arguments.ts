/** Numbers as arguments of the functions of modules. */
import { operatorsOf } from '../runtime/compare.ts';
import { TypeError } from '../runtime/errors.ts';
import { asFloat, asInt } from '../runtime/numbers.ts';
import { typeName } from '../runtime/types.ts';

/** A number as a float. Throws a `TypeError` for what is none. */
export function real(v: unknown): number {
  const n = asFloat(v);
  if (n !== undefined) return n;
  const own = v !== null && typeof v === 'object' ? operatorsOf(v).float?.(v) : undefined;
  if (typeof own === 'number') return own;
  throw new TypeError(`must be real number, not ${typeName(v)}`);
}

/** An int. Throws a `TypeError` for what is none. */
export function whole(v: unknown): number | bigint {
  const n = asInt(v);
  if (n === undefined) throw new TypeError(`'${typeName(v)}' object cannot be interpreted as an integer`);
  return n;
}
