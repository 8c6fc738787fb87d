/** `'{0.name[key]!r:>{width}}'.format(…)`: attributes and items of fields are read through the guards. */
import { Dict } from '../../pickle/index.ts';
import { guardedGetattr } from '../guards/attributes.ts';
import { guardedItem } from '../guards/items.ts';
import { chargeMemory, chargeSteps } from './budget.ts';
import { IndexError, ValueError } from './errors.ts';
import { format, repr, str } from './repr.ts';
import { asciiText } from './text.ts';

interface Fields {
  readonly args: readonly unknown[];
  readonly kwargs: unknown;
  automatic: number | undefined;
}

/** `template.format(*args, **kwargs)`; `kwargs` is any mapping. */
export function formatFields(
  template: string,
  args: readonly unknown[],
  kwargs: unknown = new Dict(),
): string {
  return expand(template, { args, kwargs, automatic: undefined }, 2);
}

function expand(template: string, fields: Fields, depth: number): string {
  if (depth === 0) throw new ValueError('Max string recursion exceeded');
  let out = '';
  let i = 0;
  while (i < template.length) {
    chargeSteps(2);
    const c = template[i]!;
    if (c !== '{' && c !== '}') {
      const next = template.slice(i).search(/[{}]/);
      const end = next === -1 ? template.length : i + next;
      chargeMemory(16 + end - i);
      out += template.slice(i, end);
      i = end;
      continue;
    }
    if (template[i + 1] === c) {
      out += c;
      i += 2;
      continue;
    }
    if (c === '}') throw new ValueError("Single '}' encountered in format string");
    const end = fieldEnd(template, i);
    chargeSteps((end - i) >>> 3);
    const piece = one(template.slice(i + 1, end), fields, depth);
    chargeMemory(16 + piece.length);
    out += piece;
    i = end + 1;
  }
  chargeMemory(out.length);
  return out;
}

function fieldEnd(template: string, open: number): number {
  let depth = 0;
  let bracket = false;
  for (let i = open; i < template.length; i++) {
    const c = template[i];
    if (c === '[' && depth === 1) bracket = true;
    else if (c === ']') bracket = false;
    else if (bracket) continue;
    else if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i;
  }
  throw new ValueError(
    open === template.length - 1
      ? "Single '{' encountered in format string"
      : "expected '}' before end of string",
  );
}

function one(field: string, fields: Fields, depth: number): string {
  let nameEnd = 0;
  for (let bracket = false; nameEnd < field.length; nameEnd++) {
    const c = field[nameEnd]!;
    if (c === '[') bracket = true;
    else if (c === ']') bracket = false;
    else if (!bracket && (c === '!' || c === ':')) break;
    else if (!bracket && c === '{') throw new ValueError("unexpected '{' in field name");
  }
  const name = field.slice(0, nameEnd);
  let rest = field.slice(nameEnd);
  let conversion = '';
  if (rest.startsWith('!')) {
    conversion = rest[1] ?? '';
    if (conversion === '') throw new ValueError('end of string while looking for conversion specifier');
    if (rest.length > 2 && rest[2] !== ':') throw new ValueError("expected ':' after conversion specifier");
    rest = rest.slice(2);
  }
  const spec = rest.startsWith(':') ? expand(rest.slice(1), fields, depth - 1) : '';
  let value = lookup(name, fields);
  if (conversion === 'r') value = repr(value);
  else if (conversion === 's') value = str(value);
  else if (conversion === 'a') value = asciiText(repr(value));
  else if (conversion !== '')
    throw new ValueError(`Unknown conversion specifier ${JSON.stringify(conversion).slice(1, -1)}`);
  return format(value, spec);
}

function lookup(name: string, fields: Fields): unknown {
  const first = /^[^.[]*/.exec(name)![0];
  let value = base(first, fields);
  let at = first.length;
  while (at < name.length) {
    chargeSteps(2);
    if (name[at] === '.') {
      const attribute = /^[^.[]*/.exec(name.slice(at + 1))![0];
      if (attribute === '') throw new ValueError('Empty attribute in format string');
      value = guardedGetattr(value, attribute);
      at += 1 + attribute.length;
    } else {
      const close = name.indexOf(']', at);
      if (close === -1) throw new ValueError("Missing ']' in format string");
      const key = name.slice(at + 1, close);
      if (key === '') throw new ValueError('Empty attribute in format string');
      value = guardedItem(value, /^\d+$/.test(key) ? Number(key) : key);
      at = close + 1;
      if (at < name.length && name[at] !== '.' && name[at] !== '[')
        throw new ValueError("Only '.' or '[' may follow ']' in format field specifier");
    }
  }
  return value;
}

function base(first: string, fields: Fields): unknown {
  if (first !== '' && !/^\d+$/.test(first)) {
    return guardedItem(fields.kwargs, first);
  }
  let index: number;
  if (first === '') {
    if (fields.automatic === -1)
      throw new ValueError('cannot switch from manual field specification to automatic field numbering');
    index = fields.automatic ?? 0;
    fields.automatic = index + 1;
  } else {
    if (fields.automatic !== undefined && fields.automatic !== -1)
      throw new ValueError('cannot switch from manual field specification to automatic field numbering');
    fields.automatic = -1;
    index = Number(first);
  }
  // The formatter of Zope indexes the tuple of arguments.
  if (index >= fields.args.length) throw new IndexError('tuple index out of range');
  return fields.args[index];
}
