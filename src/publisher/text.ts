import { str } from '../restricted/index.ts';

/** Python's `str()` of a value, with a short way for the common ones. */
export function asText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' && Number.isInteger(value)
      ? `${value}`
      : str(value);
}
