/** Python's `str.format` with named fields, as far as formats of log lines use it. */
import { pythonError } from './errors.ts';
import { formatSpec } from './format-spec.ts';
import { asciiOnly, typeName } from './percent.ts';
import { repr, str } from './python-text.ts';

interface Replacement {
  readonly field: string;
  readonly conversion: string | undefined;
  /** Parsed itself, for a width or precision from a field: `{message:>{width}}`. */
  readonly spec: BraceFormat;
}

export type BraceFormat = readonly (string | Replacement)[];

/** Parses a format once. Throws `ValueError`s with Python's words. */
export function parseBraces(format: string): BraceFormat {
  const parts: (string | Replacement)[] = [];
  let literal = '';
  for (let at = 0; at < format.length; at += 1) {
    const c = format[at]!;
    if ((c === '{' || c === '}') && format[at + 1] === c) {
      literal += c;
      at += 1;
    } else if (c === '}') {
      throw pythonError('ValueError', "Single '}' encountered in format string");
    } else if (c === '{') {
      if (literal !== '') parts.push(literal);
      literal = '';
      let depth = 1;
      const start = at + 1;
      if (start >= format.length) throw pythonError('ValueError', "Single '{' encountered in format string");
      for (at = start; at < format.length; at += 1) {
        if (format[at] === '{') depth += 1;
        else if (format[at] === '}') depth -= 1;
        if (depth === 0) break;
      }
      if (depth > 0) throw pythonError('ValueError', "expected '}' before end of string");
      parts.push(parseReplacement(format.slice(start, at)));
    } else {
      literal += c;
    }
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

function parseReplacement(text: string): Replacement {
  const match = /^((?:[^[\]:!]|\[[^\]]*\])*)(?:!([^:]*))?(?::(.*))?$/s.exec(text);
  if (!match) throw pythonError('ValueError', `expected ':' after conversion specifier`);
  return { field: match[1]!, conversion: match[2], spec: parseBraces(match[3] ?? '') };
}

/** What `logging.Formatter` refuses in a format of style `{`. */
export function validateBraces(format: string): void {
  let fields = 0;
  try {
    for (const part of parseBraces(format)) {
      if (typeof part === 'string') continue;
      if (part.field !== '') {
        if (!/^(\d+|\w+)(\.\w+|\[[^\]]+\])*$/.test(part.field)) {
          throw pythonError('ValueError', `invalid field name/expression: ${repr(part.field)}`);
        }
        fields += 1;
      }
      if (part.conversion && !'rsa'.includes(part.conversion)) {
        throw pythonError('ValueError', `invalid conversion: ${repr(part.conversion)}`);
      }
      const spec = part.spec
        .map((piece) => (typeof piece === 'string' ? piece : `{${piece.field}}`))
        .join('');
      const pattern = /^(.?[<>=^])?[+ -]?#?0?(\d+|\{\w+\})?[,_]?(\.(\d+|\{\w+\}))?[bcdefgnosx%]?$/i;
      if (spec !== '' && !pattern.test(spec)) throw pythonError('ValueError', `bad specifier: ${repr(spec)}`);
    }
  } catch (error) {
    throw pythonError('ValueError', `invalid format: ${(error as Error).message}`, error);
  }
  if (fields === 0) throw pythonError('ValueError', 'invalid format: no fields');
}

/** Formats with named values: `lookup` throws where there is none. */
export function formatBraces(format: BraceFormat, lookup: (key: string) => unknown): string {
  let text = '';
  for (const part of format) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const [name, ...path] = part.field.split(/(?=[.[])/);
    if (/^\d*$/.test(name!)) {
      throw pythonError(
        'IndexError',
        `Replacement index ${Number(name)} out of range for positional args tuple`,
      );
    }
    let value = lookup(name!);
    for (const step of path)
      value = step.startsWith('.') ? member(value, step.slice(1)) : item(value, step.slice(1, -1));
    if (part.conversion === 'r') value = repr(value);
    else if (part.conversion === 's') value = str(value);
    else if (part.conversion === 'a') value = asciiOnly(repr(value));
    text += formatSpec(value, formatBraces(part.spec, lookup));
  }
  return text;
}

function member(value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name))
    return (value as Record<string, unknown>)[name];
  throw pythonError('AttributeError', `${repr(typeName(value))} object has no attribute ${repr(name)}`);
}

function item(value: unknown, name: string): unknown {
  const type = typeName(value);
  if (typeof value === 'string' || Array.isArray(value)) {
    const what = typeof value === 'string' ? 'string' : type;
    if (!/^\d+$/.test(name)) {
      throw pythonError(
        'TypeError',
        what === 'string'
          ? "string indices must be integers, not 'str'"
          : `${what} indices must be integers or slices, not str`,
      );
    }
    const found = (typeof value === 'string' ? [...value] : (value as unknown[]))[Number(name)];
    if (found === undefined) throw pythonError('IndexError', `${what} index out of range`);
    return found;
  }
  if (type !== 'dict') throw pythonError('TypeError', `${repr(type)} object is not subscriptable`);
  const entries = value instanceof Map ? value : new Map(Object.entries(value as object));
  if (!entries.has(name)) throw pythonError('KeyError', repr(name));
  return entries.get(name);
}
