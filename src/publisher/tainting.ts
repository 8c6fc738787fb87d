/** Marks markup in what a form brought. */
import { Dict, Tuple, tupleFrom } from '../pickle/index.ts';
import { decodeBytes } from '../restricted/index.ts';
import { tainted } from '../templates/index.ts';
import { FormRecord } from './record.ts';

const LESS_THAN = 0x3c;

/** The value with every text that holds markup marked; one without stays as it is. */
export function taintedValue(value: unknown): unknown {
  if (typeof value === 'string') return tainted(value);
  // Templates show bytes as the text that they are.
  if (value instanceof Uint8Array && value.includes(LESS_THAN))
    return tainted(decodeBytes(value, 'utf-8', 'replace'));
  if (value instanceof Tuple) return tupleFrom(Array.from(value as Iterable<unknown>, taintedValue));
  if (Array.isArray(value)) return value.map(taintedValue);
  if (value instanceof FormRecord) {
    const record = new FormRecord();
    for (const [name, item] of value.values) record.values.set(name, taintedValue(item));
    return record;
  }
  if (value instanceof Dict) return new Dict([...value].map(([key, item]) => [key, taintedValue(item)]));
  return value;
}
