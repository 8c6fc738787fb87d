import path from 'node:path';
import {
  ConfigurationError,
  ConfigurationSyntaxError,
  DataConversionError,
  SchemaResourceError,
  SectionValue,
  SubstitutionReplacementError,
  SubstitutionSyntaxError,
  TimeDelta,
} from '../../../../src/zconfig/index.ts';
import { Mismatch } from '../../suite.ts';

/** A configuration in the notation of the suites zconfig, zopeconf and zeoconf; `root` is shown as `${HERE}`. */
export function toJson(value: unknown, root: string, mask = '${HERE}'): unknown {
  const show = (item: unknown): unknown => toJson(item, root, mask);
  if (typeof value === 'string') return value.replaceAll(root, mask);
  if (typeof value === 'bigint') return { '@int': String(value) };
  if (typeof value === 'number')
    return Number.isFinite(value)
      ? value
      : { '@float': Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf' };
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof TimeDelta) return { '@timedelta': value.seconds };
  if (Array.isArray(value)) return value.map(show);
  if (value instanceof Set) return [...value].map(show).sort();
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, show(item)]));
  if (value instanceof SectionValue) {
    const own = Object.fromEntries(Object.entries(value.values).map(([key, item]) => [key, show(item)]));
    return value.type === '' ? own : { '@type': value.type, '@name': value.name, ...own };
  }
  if ('family' in value && 'address' in value)
    return { '@family': value.family, '@address': show(value.address) };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, show(item)]));
}

const kinds: [string, new (...args: never[]) => Error][] = [
  ['SubstitutionReplacementError', SubstitutionReplacementError],
  ['SubstitutionSyntaxError', SubstitutionSyntaxError],
  ['DataConversionError', DataConversionError],
  ['SchemaResourceError', SchemaResourceError],
  ['ConfigurationSyntaxError', ConfigurationSyntaxError],
  ['ConfigurationError', ConfigurationError],
];

interface ExpectedError {
  readonly type: string;
  readonly message: string;
  readonly line?: number | null;
  readonly file?: string | null;
  readonly essential?: readonly string[];
}

/** Line and file exactly (where Python does not tell, telling is better), the type by kind, the message in its essential parts. */
export function checkConfigError(error: ConfigurationError, expected: ExpectedError, root: string): void {
  const type = kinds.find(([, kind]) => error instanceof kind)![0];
  const file =
    error.file === undefined
      ? null
      : /^<|^\w+:/.test(error.file)
        ? error.file
        : path.relative(root, error.file);
  const shown = { type, message: error.message.replaceAll(root, '${HERE}'), line: error.line ?? null, file };
  const essential = (expected.essential ?? []).every((part) =>
    shown.message.toLowerCase().includes(part.toLowerCase()),
  );
  const sameLine = expected.line === null || expected.line === undefined || expected.line === shown.line;
  const sameFile = expected.file === null || expected.file === undefined || expected.file === shown.file;
  // Python's answers to some mistakes are exceptions of no kind of their own.
  const sameType = expected.type === type || !kinds.some(([name]) => name === expected.type);
  if (!essential || !sameLine || !sameFile || !sameType) throw new Mismatch('the error', expected, shown);
}
