/** `JSON` for the values of the database. */
import { Dict, PyFloat } from '../../pickle/index.ts';
import { chargeItems, chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { TypeError, ValueError } from '../runtime/errors.ts';
import { at } from './lists.ts';
import { pairsOf } from './mappings.ts';
import { settled, toText } from './operators.ts';
import { tooDeep } from './strings.ts';
import { typeName } from '../runtime/types.ts';

const DEEPEST = 200;

function build(v: unknown, depth: number): unknown {
  if (depth > DEEPEST) tooDeep();
  if (typeof v === 'number') return settled(v);
  if (typeof v !== 'object' || v === null) return v;
  if (Array.isArray(v)) {
    chargeItems(v.length);
    return v.map((item) => build(item, depth + 1));
  }
  const out = new Dict();
  const entries = Object.entries(v);
  chargeItems(entries.length * 6);
  for (const [key, value] of entries) out.set(key, build(value, depth + 1));
  return out;
}

/** Objects become dicts. Throws a `ValueError` for what is no JSON. */
export function parseJson(text: string): unknown {
  // Charged before it is made: the parser's own objects, and ours.
  chargeMemory(text.length * 32);
  chargeSteps(text.length >>> 2);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ValueError((error as Error).message);
  }
  return build(parsed, 0);
}

/** `indent` as in JavaScript; a replacer is not offered. Values that are not JSON's are refused. */
export function toJson(value: unknown, replacer?: unknown, indent?: unknown): string | undefined {
  if (replacer !== undefined && replacer !== null)
    throw new TypeError('JSON.stringify() takes no replacer here');
  if (value === undefined) return undefined;
  const step =
    typeof indent === 'number'
      ? ' '.repeat(Math.max(0, Math.min(10, indent)))
      : typeof indent === 'string'
        ? indent.slice(0, 10)
        : '';
  return write(value, step, '', 0);
}

function write(v: unknown, step: string, margin: string, depth: number): string {
  if (depth > DEEPEST) tooDeep();
  chargeSteps(1);
  if (v === null || v === undefined) return 'null';
  if (typeof v === 'string') {
    chargeMemory(v.length * 6);
    return JSON.stringify(v);
  }
  if (typeof v === 'boolean' || typeof v === 'bigint') return toText(v);
  if (typeof v === 'number') return Number.isFinite(v) ? String(v) : 'null';
  if (v instanceof PyFloat) return String(v.value);
  const inner = margin + step;
  const parts: string[] = [];
  if (Array.isArray(v)) {
    for (let i = 0; i < v.length; i++) parts.push(write(at(v, i), step, inner, depth + 1));
    return bracketed('[', parts, ']', step, margin);
  }
  if (v instanceof Map) {
    const it = pairsOf(v);
    const colon = step === '' ? ':' : ': ';
    for (let pair = it.next(); pair !== undefined; pair = it.next()) {
      const [key, item] = pair as [unknown, unknown];
      parts.push(JSON.stringify(toText(key)) + colon + write(item, step, inner, depth + 1));
    }
    return bracketed('{', parts, '}', step, margin);
  }
  throw new TypeError(`a ${typeName(v)} cannot be written as JSON`);
}

function bracketed(open: string, parts: string[], close: string, step: string, margin: string): string {
  if (parts.length === 0) return open + close;
  let size = 2;
  for (const part of parts) size += part.length + margin.length + step.length + 2;
  chargeMemory(size);
  if (step === '') return open + parts.join(',') + close;
  return `${open}\n${margin}${step}${parts.join(`,\n${margin}${step}`)}\n${margin}${close}`;
}
