/** `str()` and `repr()` of Python for the values that log calls carry. */
import { quoted } from '../loader/config-parser.ts';

/** A float that may be integral, such as a record's `msecs`: `250.0`. */
export class FloatValue {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    return floatRepr(this.value);
  }
}

/** A tuple, as against a list (an array). */
export class TupleValue extends Array<unknown> {}

function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    const [digits, exponent] = value.toExponential().split('e') as [string, string];
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.includes('.') ? text : `${text}.0`;
}

export function str(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.message;
  return repr(value);
}

export function repr(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return Number.isInteger(value) ? String(BigInt(value)) : floatRepr(value);
    case 'bigint':
      return String(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'undefined':
      return 'None';
    case 'symbol':
      return value.toString();
    case 'function':
      return `<function ${value.name}>`;
    case 'object':
      return reprObject(value);
  }
}

function reprObject(value: object | null): string {
  if (value === null) return 'None';
  if (value instanceof FloatValue) return value.toString();
  if (value instanceof Error) return `${value.name}(${quoted(value.message)})`;
  if (value instanceof TupleValue)
    return `(${Array.from(value, repr).join(', ')}${value.length === 1 ? ',' : ''})`;
  if (ArrayBuffer.isView(value))
    return `b${quoted(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'))}`;
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof Set) return value.size > 0 ? `{${[...value].map(repr).join(', ')}}` : 'set()';
  const entries = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : undefined;
  if (entries) return `{${entries.map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(', ')}}`;
  // oxlint-disable-next-line typescript/no-base-to-string -- a class that says how it reads is asked
  return String(value);
}

const isPlain = (value: object) => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
