import { metaOf } from '../persistent/index.ts';
import { Tuple } from '../pickle/index.ts';

/** Whether a value that is handed out may be changed in place, where the bucket does not see it. */
export function isChangeable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || metaOf(value) !== undefined) return false;
  if (value instanceof Tuple) return value.some(isChangeable);
  return Array.isArray(value) || value instanceof Map || value instanceof Set || value instanceof Date
    ? !Object.isFrozen(value)
    : Object.getPrototypeOf(value) === Object.prototype;
}
