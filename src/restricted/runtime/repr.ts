/** `str()`, `repr()` and `format()` of any value. */
import { FrozenSet, PyFloat, Tuple } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps } from './budget.ts';
import { operatorsOf } from './compare.ts';
import {
  type Frame,
  HostError,
  installDescriptions,
  KeyError,
  OSError,
  PyError,
  PySyntaxError,
  RecursionError,
  TypeError,
  Unauthorized,
  UnicodeDecodeError,
  UnicodeEncodeError,
} from './errors.ts';
import { formatNumber, formatText, needsNumberFormat } from './format-spec.ts';
import { framesOf } from './frames.ts';
import { complexText, floatText, intText } from './number-text.ts';
import { identity } from './hashing.ts';
import {
  BoundMethod,
  DictView,
  HostCallable,
  ItemsView,
  KeysView,
  PyFunction,
  PyGenerator,
  PyInstance,
  PyModule,
  ValuesView,
} from './objects.ts';
import { bytesRepr, textLength, textRepr } from './text.ts';
import { membersOf } from './set-order.ts';
import { BuiltinMethod, PyType, typeName } from './types.ts';
import { Complex, Ellipsis, NotImplemented, Range, Slice } from './values.ts';

/** Containers being shown, so that one that holds itself ends. */
const showing = new Set<object>();
const MAX_DEPTH = 400;

function address(v: object): string {
  return `0x${identity(v).toString(16).padStart(12, '0')}`;
}

export function repr(v: unknown): string {
  switch (typeof v) {
    case 'string':
      chargeMemory(v.length);
      return textRepr(v);
    case 'number':
      return Number.isInteger(v) ? String(v) : floatText(v);
    case 'boolean':
      return v ? 'True' : 'False';
    case 'bigint':
      return intText(v);
    case 'function':
      return `<built-in function ${/^[\w.]*$/.test(v.name) ? v.name : '?'}>`;
    case 'object':
      return v === null ? 'None' : objectRepr(v);
    default:
      return 'None';
  }
}

function objectRepr(v: object): string {
  if (v instanceof PyFloat) return floatText(v.value);
  if (v === Ellipsis || v === NotImplemented) return (v as { name: string }).name;
  if (Array.isArray(v) || v instanceof Map || v instanceof Set) return containerRepr(v);
  if (v instanceof Uint8Array) {
    chargeMemory(v.length);
    return typeName(v) === 'bytearray' ? `bytearray(${bytesRepr(v)})` : bytesRepr(v);
  }
  if (v instanceof Complex) return complexText(v);
  if (v instanceof Range)
    return v.step === 1
      ? `range(${intText(v.start)}, ${intText(v.stop)})`
      : `range(${intText(v.start)}, ${intText(v.stop)}, ${intText(v.step)})`;
  if (v instanceof Slice) return `slice(${repr(v.start)}, ${repr(v.stop)}, ${repr(v.step)})`;
  if (v instanceof PyError) return errorRepr(v);
  if (v instanceof PyType) return `<class '${v.script ? `script.${v.name}` : v.name}'>`;
  if (v instanceof PyFunction) return `<function ${v.name} at ${address(v)}>`;
  if (v instanceof PyGenerator) return `<generator object ${v.name} at ${address(v)}>`;
  if (v instanceof BuiltinMethod) return `<method '${v.name}'>`;
  if (v instanceof BoundMethod)
    return v.fn instanceof BuiltinMethod
      ? `<built-in method ${v.name} of ${typeName(v.self)} object at ${address(v)}>`
      : `<bound method ${v.name} of ${repr(v.self)}>`;
  if (v instanceof PyModule) return `<module '${v.name}'>`;
  if (v instanceof HostCallable) return `<built-in function ${v.name}>`;
  if (v instanceof DictView) return `${typeName(v)}(${containerRepr(viewItems(v))})`;
  if (v instanceof PyInstance) return `<script.${typeName(v)} object at ${address(v)}>`;
  const own = operatorsOf(v).repr ?? operatorsOf(v).str;
  if (own !== undefined) return own(v) as string;
  return `<${typeName(v)} object at ${address(v)}>`;
}

function viewItems(v: DictView): unknown[] {
  if (v instanceof KeysView) return [...v.dict.keys()];
  if (v instanceof ValuesView) return [...v.dict.values()];
  if (v instanceof ItemsView) return [...v.dict.entries()].map(([k, x]) => Tuple.of(k, x));
  return [];
}

function containerRepr(v: unknown[] | Map<unknown, unknown> | Set<unknown>): string {
  if (showing.has(v)) return Array.isArray(v) ? (v instanceof Tuple ? '(...)' : '[...]') : '{...}';
  if (showing.size > MAX_DEPTH)
    throw new RecursionError('maximum recursion depth exceeded while getting the repr of an object');
  showing.add(v);
  try {
    const parts: string[] = [];
    let size = 0;
    const put = (text: string): void => {
      size += text.length + 2;
      chargeMemory(text.length + 2);
      parts.push(text);
    };
    chargeSteps(Array.isArray(v) ? v.length : v.size);
    if (v instanceof Map) for (const [key, value] of v) put(`${repr(key)}: ${repr(value)}`);
    else for (const item of v instanceof Set ? membersOf(v) : v) put(repr(item));
    chargeMemory(size);
    const inner = parts.join(', ');
    if (v instanceof Tuple) return v.length === 1 ? `(${inner},)` : `(${inner})`;
    if (Array.isArray(v)) return `[${inner}]`;
    if (v instanceof Map) {
      const name = typeName(v);
      return name === 'dict' ? `{${inner}}` : `${name}({${inner}})`;
    }
    if (v instanceof FrozenSet) return v.size === 0 ? 'frozenset()' : `frozenset({${inner}})`;
    return v.size === 0 ? 'set()' : `{${inner}}`;
  } finally {
    showing.delete(v);
  }
}

function errorRepr(error: PyError): string {
  const args = error.args.map((arg) => repr(arg)).join(', ');
  return `${error.pyType.name}(${args})`;
}

/** `str()` of an exception. */
function errorText(error: PyError): string {
  const { args } = error;
  if (error instanceof Unauthorized) return unauthorizedText(error);
  if (error instanceof UnicodeEncodeError || error instanceof UnicodeDecodeError) {
    if (args.length === 5) return unicodeText(error);
  }
  if (error instanceof PySyntaxError)
    return `${error.msg} (${error.filename.split('/').pop()}, line ${error.line})`;
  if (args.length === 0) return '';
  if (args.length > 1) {
    if (error instanceof OSError && args.length === 2) return `[Errno ${str(args[0])}] ${str(args[1])}`;
    return repr(args);
  }
  return error instanceof KeyError ? repr(args[0]) : str(args[0]);
}

function unicodeText(error: PyError): string {
  const [encoding, object, start, end, reason] = error.args as unknown as [
    string,
    string | Uint8Array,
    number,
    number,
    string,
  ];
  const decode = error instanceof UnicodeDecodeError;
  const what = decode ? 'decode byte' : 'encode character';
  if (end - start === 1) {
    const code = decode
      ? (object as Uint8Array)[start]!
      : Array.from(object as string)[start]!.codePointAt(0)!;
    const shown = decode
      ? `0x${code.toString(16).padStart(2, '0')}`
      : `'${code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : code < 65536 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`}'`;
    return `'${encoding}' codec can't ${what} ${shown} in position ${start}: ${reason}`;
  }
  return `'${encoding}' codec can't ${what}s in position ${start}-${end - 1}: ${reason}`;
}

/** A single word is the name of what was asked for; anything longer is the message. */
function unauthorizedText(error: Unauthorized): string {
  const [first] = error.args;
  if (typeof first === 'string') {
    if (first.trim().split(/\s+/).length > 1) return first;
    return `You are not allowed to access '${first}' in this context`;
  }
  if (error.value !== undefined)
    return `You are not allowed to access '${valueName(error.value)}' in this context`;
  return 'Unauthorized()';
}

/** The id or name of a value that was refused. */
function valueName(value: unknown): string {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const { id } = value as { id?: unknown };
    if (typeof id === 'string' && id !== '') return id;
    const { __name__: name } = value as { __name__?: unknown };
    if (typeof name === 'string' && name !== '') return name;
  }
  if (value instanceof PyFunction || value instanceof BoundMethod || value instanceof PyType)
    return value.name;
  return `a particular ${typeName(value)}`;
}

export function str(v: unknown): string {
  if (typeof v === 'string') return v;
  if (typeof v === 'number') return Number.isInteger(v) ? String(v) : floatText(v);
  if (v !== null && typeof v === 'object') {
    if (v instanceof PyError) return v.message;
    if (!Array.isArray(v)) {
      const own = operatorsOf(v).str;
      if (own !== undefined) return own(v) as string;
    }
  }
  return repr(v);
}

/** `format(value, spec)`. */
export function format(v: unknown, spec: string): string {
  if (typeof v === 'string') return spec === '' ? v : formatText(v, spec, textLength);
  if (needsNumberFormat(v)) return spec === '' ? str(v) : formatNumber(v, spec);
  const own = v !== null && typeof v === 'object' ? operatorsOf(v).format : undefined;
  if (own !== undefined) return own(v, spec) as string;
  if (spec === '') return str(v);
  throw new TypeError(`unsupported format string passed to ${typeName(v)}.__format__`);
}

installDescriptions(
  (error) => (error instanceof HostError ? String(error.args[0]) : errorText(error)),
  (stack): Frame[] => framesOf(stack),
);
