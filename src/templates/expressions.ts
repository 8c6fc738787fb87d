/** TALES: the expressions of templates (INVENTORY 6.2). */
import {
  call,
  compileExpression,
  getattr,
  getitem,
  isCallable,
  str,
  truth,
  trustedGetattr,
  trustedGetitem,
  typeName,
} from '../restricted/index.ts';
import { AttributeError, KeyError, NameError, PyError } from '../restricted/index.ts';
import { getOwn, isPersistent } from '../persistent/index.ts';
import { TemplateError } from './errors.ts';
import { RepeatItem } from './repeat.ts';
import { DEFAULT, type Rendering, type Scope } from './scope.ts';

export type Expression = (scope: Scope, rendering: Rendering) => unknown;

/** Where an expression stands. */
export interface ExpressionPlace {
  readonly filename: string;
  readonly source: string;
  readonly offset: number;
}

const NOTHING: unique symbol = Symbol('nothing');
const TYPE = /^\s*([a-zA-Z_][a-zA-Z0-9_-]*):/;

/** Compiles an expression; without a type it is a path. */
export function compileTales(text: string, place: ExpressionPlace): Expression {
  const typed = TYPE.exec(text);
  const type = typed?.[1] ?? 'path';
  const rest = typed === null ? text : text.slice(typed[0].length);
  switch (type) {
    case 'path':
      return compilePath(rest, place, true);
    case 'nocall':
      return compilePath(rest, place, false);
    case 'exists':
      return compileExists(rest, place);
    case 'not': {
      const inner = compileTales(rest, place);
      return (scope, rendering) => !truth(inner(scope, rendering));
    }
    case 'string':
      return compileString(rest, place);
    case 'python':
      return compilePython(rest, place);
    case 'structure': {
      const inner = compileTales(rest, place);
      return (scope, rendering) => new Structure(inner(scope, rendering));
    }
    case 'lazy':
      return compileTales(rest, place);
    default:
      throw new TemplateError(
        `there is no expression type '${type}'`,
        place.filename,
        place.source,
        place.offset,
      );
  }
}

/** Text that is markup: it is not escaped. */
export class Structure {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

function compilePython(text: string, place: ExpressionPlace): Expression {
  const { filename, source, offset } = place;
  let compiled;
  try {
    compiled = compileExpression(text.trim().replaceAll('\n', ' '), { filename });
  } catch (error) {
    throw new TemplateError(`${(error as Error).message}`, filename, source, offset, { cause: error });
  }
  return (scope, rendering) =>
    compiled.evaluate((name) => {
      const value = variable(name, scope, rendering);
      return value === NOTHING ? undefined : value;
    });
}

function variable(name: string, scope: Scope, rendering: Rendering): unknown {
  const value = scope[`$${name}`];
  if (value !== undefined) return value;
  if (name === 'repeat') return rendering.repeats;
  if (name === 'nothing') return null;
  if (name === 'default') return DEFAULT;
  return NOTHING;
}

function compileExists(text: string, place: ExpressionPlace): Expression {
  const inner = compilePath(text, place, false);
  return (scope, rendering) => {
    try {
      inner(scope, rendering);
      return 1;
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  };
}

const MISSING = new Set([
  'AttributeError',
  'LookupError',
  'KeyError',
  'IndexError',
  'NameError',
  'TypeError',
  'ValueError',
  'NotFound',
  'Unauthorized',
  'TraversalError',
  'LocationError',
]);

/** Errors of a path after which the next alternative is tried. */
function isMissing(error: unknown): boolean {
  const { pyType, name } = (error ?? {}) as { pyType?: string; name?: string };
  return (
    (error instanceof PyError || pyType !== undefined) &&
    (MISSING.has(pyType ?? '') || MISSING.has(name ?? ''))
  );
}

function compilePath(text: string, place: ExpressionPlace, calls: boolean): Expression {
  const bar = text.indexOf('|');
  const first = bar < 0 ? text : text.slice(0, bar);
  const path = compileSinglePath(first, place, calls);
  if (bar < 0) return path;
  const rest = text.slice(bar + 1);
  const other = TYPE.test(rest) ? compileTales(rest, place) : compilePath(rest, place, calls);
  return (scope, rendering) => {
    try {
      return path(scope, rendering);
    } catch (error) {
      if (isMissing(error)) return other(scope, rendering);
      throw error;
    }
  };
}

const STEP = /^[^\s|][^|]*$/;

function compileSinglePath(text: string, place: ExpressionPlace, calls: boolean): Expression {
  const path = text.trim();
  if (path === '') {
    if (text === '' || text.trim() === '') return () => null;
  }
  const names = path.split('/');
  if (names[0] === '' || names.some((name) => !STEP.test(name) && name !== '')) {
    throw new TemplateError(`'${path}' is no path`, place.filename, place.source, place.offset);
  }
  const [base, ...steps] = names as [string, ...string[]];
  if (base === 'nothing' && steps.length === 0) return () => null;
  if (base === 'default' && steps.length === 0) return () => DEFAULT;
  const key = `$${base}`;
  return (scope, rendering) => {
    let value = scope[key];
    if (value === undefined) {
      value = variable(base, scope, rendering);
      if (value === NOTHING) throw new NameError(base);
    }
    for (const step of steps) {
      if (step === '') continue;
      const name = step.startsWith('?') ? str(variable(step.slice(1), scope, rendering)) : step;
      value = traverse(value, name, rendering.trusted);
    }
    return calls ? rendered(value) : value;
  };
}

/** One step of a path. */
export function traverse(value: unknown, name: string, trusted: boolean): unknown {
  if (value instanceof Map) {
    const item: unknown = value.get(name);
    if (item !== undefined || value.has(name)) return item;
    throw new KeyError(name);
  }
  if (value instanceof RepeatItem) return (value as unknown as Record<string, unknown>)[name] ?? null;
  if (name.startsWith('_') && !trusted) throw new AttributeError(name);
  if (
    name === '..' ||
    (value !== null &&
      typeof value === 'object' &&
      isPersistent(value) &&
      typeof getOwn(value, '__getitem__') === 'function' &&
      getOwn(value, name) === undefined)
  ) {
    const traversable = value as {
      restrictedTraverse?(path: string): unknown;
      unrestrictedTraverse?(path: string): unknown;
    };
    if (typeof traversable.restrictedTraverse === 'function') {
      return trusted ? traversable.unrestrictedTraverse!(name) : traversable.restrictedTraverse(name);
    }
  }
  const found = trusted ? trustedGetattr(value, name, NOTHING) : getattr(value, name, NOTHING);
  if (found !== NOTHING) return found;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') {
    throw new AttributeError(`'${typeName(value)}' object has no attribute '${name}'`);
  }
  const index = Array.isArray(value) && /^-?\d+$/.test(name) ? Number(name) : name;
  return trusted ? trustedGetitem(value, index) : getitem(value, index);
}

/** What a path gives in the end: callable objects are called. */
function rendered(value: unknown): unknown {
  if (typeof value === 'function' || (value !== null && typeof value === 'object' && isCallable(value)))
    return call(value, []);
  return value;
}

function compileString(text: string, place: ExpressionPlace): Expression {
  const parts = interpolated(text, place, true);
  return (scope, rendering) => {
    let result = '';
    for (const part of parts) result += typeof part === 'string' ? part : textOf(part(scope, rendering));
    return result;
  };
}

export const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : value === null || value === undefined
      ? ''
      : value instanceof Structure
        ? textOf(value.value)
        : str(value);

/** The end of the expression in `${…}`: the first `}` up to which it compiles. */
function bracedExpression(
  text: string,
  start: number,
  place: ExpressionPlace,
): { expression: Expression; end: number } {
  let failure: unknown;
  for (let end = text.indexOf('}', start); end >= 0; end = text.indexOf('}', end + 1)) {
    try {
      return {
        expression: compileTales(decodeEntities(text.slice(start, end)), {
          ...place,
          offset: place.offset + start,
        }),
        end,
      };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure ?? new TemplateError('${ is not closed', place.filename, place.source, place.offset + start);
}

export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}

/** Text and expressions in turn. With `short`, `$name` counts as well and `$$` is a `$`, as in `string:`. */
export function interpolated(text: string, place: ExpressionPlace, short: boolean): (string | Expression)[] {
  const parts: (string | Expression)[] = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') parts.push(plain);
    plain = '';
  };
  for (let at = 0; at < text.length;) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) {
      plain += text.slice(at);
      break;
    }
    plain += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '$' && (short || text[dollar + 2] === '{')) {
      plain += '$';
      at = dollar + 2;
      if (!short) {
        plain += '{';
        at++;
      }
    } else if (next === '{') {
      flush();
      const { expression, end } = bracedExpression(text, dollar + 2, place);
      parts.push(expression);
      at = end + 1;
    } else {
      const name = short ? /^[a-zA-Z_][\w/]*/.exec(text.slice(dollar + 1))?.[0] : undefined;
      if (name === undefined) {
        plain += '$';
        at = dollar + 1;
      } else {
        flush();
        parts.push(compilePath(name, place, true));
        at = dollar + 1 + name.length;
      }
    }
  }
  flush();
  return parts;
}
