/** Parameter lists of Python: how they are read, and how the arguments of a call are bound to them. */
import { Dict, tupleFrom } from '../../pickle/index.ts';
import { chargeItems, chargeMemory, chargeSteps } from './budget.ts';
import { TypeError } from './errors.ts';
import type { Parameters } from './objects.ts';

export type Kwargs = Dict<string, unknown> | undefined;

const parsed = new Map<string, Parameters>();

/**
 * Parses `a, b=1, *args, c, d=2, **kw`. The values of defaults are not looked at: the host function has its own. The function
 * is called with one argument for each parameter: `*args` as an array, `**kw` as a Dict.
 */
export function parseSignature(text: string): Parameters {
  let result = parsed.get(text);
  if (result !== undefined) return result;
  const names: string[] = [];
  const keywordOnly: string[] = [];
  const required = new Set<string>();
  let rest: string | undefined;
  let keywords: string | undefined;
  let defaults = 0;
  let positionalOnly = 0;
  let star = false;
  for (const part of splitParameters(text)) {
    const [, mark = '', name = '', value] =
      /^(\*\*|\*|\/)?\s*([\w$]*)\s*(?::[^=]*)?(=[^]*)?$/.exec(part) ?? [];
    if (mark === '/') positionalOnly = names.length;
    else if (mark === '**') keywords = name;
    else if (mark === '*') {
      star = true;
      if (name !== '') rest = name;
    } else if (name === '') throw new Error(`bad Python parameter list: ${text}`);
    else if (star) {
      keywordOnly.push(name);
      if (value === undefined) required.add(name);
    } else {
      names.push(name);
      if (value !== undefined) defaults++;
    }
  }
  parsed.set(text, (result = { names, positionalOnly, defaults, rest, keywordOnly, required, keywords }));
  return result;
}

/** Parts between the commas that are in no bracket and no string. */
function splitParameters(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let part = '';
  for (const c of text) {
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    else if (c === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
      continue;
    }
    part += c;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}

/** Whether a call by position needs no binding: absent arguments are left to the host function. */
export function fits(p: Parameters, { length }: readonly unknown[]): boolean {
  return (
    p.rest === undefined &&
    p.keywords === undefined &&
    p.keywordOnly.length === 0 &&
    length <= p.names.length &&
    length >= p.names.length - p.defaults
  );
}

/** Without `defaults` the host function fills in its own: absent arguments stay undefined. */
export function bindParameters(
  name: string,
  p: Parameters,
  args: unknown[],
  kwargs: Kwargs,
  defaults: readonly unknown[] | undefined,
  keywordDefaults: ReadonlyMap<string, unknown> | undefined,
): unknown[] {
  const n = p.names.length;
  if (args.length > n) chargeItems(args.length - n);
  if (kwargs !== undefined) {
    chargeMemory(kwargs.size * 48);
    chargeSteps(kwargs.size * (1 + (n >>> 3)));
  }
  const slots: unknown[] = [];
  for (let i = 0; i < n; i++) slots.push(args[i]);
  const extra = p.keywords === undefined ? undefined : new Dict<string, unknown>();
  const only = new Map<string, unknown>();
  if (kwargs !== undefined) {
    for (const [key, value] of kwargs) {
      if (typeof key !== 'string') throw new TypeError('keywords must be strings');
      const at = p.names.indexOf(key);
      if (at >= p.positionalOnly && at !== -1) {
        if (slots[at] !== undefined)
          throw new TypeError(`${name}() got multiple values for argument '${key}'`);
        slots[at] = value;
      } else if (p.keywordOnly.includes(key)) only.set(key, value);
      else if (extra !== undefined) extra.set(key, value);
      else if (p.names.slice(0, p.positionalOnly).some((only) => kwargs.has(only)))
        throw new TypeError(
          `${name}() got some positional-only arguments passed as keyword arguments: '${[...kwargs.keys()].filter((k) => p.names.indexOf(k) < p.positionalOnly && p.names.includes(k)).join(', ')}'`,
        );
      else throw new TypeError(`${name}() got an unexpected keyword argument '${key}'`);
    }
  }
  if (args.length > n && p.rest === undefined) throw tooMany(name, p, args.length, only);
  const firstDefault = n - p.defaults;
  const missing: string[] = [];
  for (let i = 0; i < n; i++) {
    if (slots[i] !== undefined) continue;
    if (i >= firstDefault) slots[i] = defaults?.[i - firstDefault];
    else missing.push(p.names[i]!);
  }
  if (missing.length > 0) throw missingArguments(name, 'positional', missing);
  if (p.rest !== undefined) slots.push(defaults === undefined ? args.slice(n) : tupleFrom(args.slice(n)));
  for (const key of p.keywordOnly) {
    const value = only.has(key) ? only.get(key) : keywordDefaults?.get(key);
    if (value === undefined && p.required.has(key)) missing.push(key);
    slots.push(value);
  }
  if (missing.length > 0) throw missingArguments(name, 'keyword-only', missing);
  if (extra !== undefined) slots.push(extra);
  return slots;
}

function missingArguments(name: string, kind: string, missing: string[]): TypeError {
  const quoted = missing.map((m) => `'${m}'`);
  const list =
    quoted.length === 1
      ? quoted[0]!
      : quoted.length === 2
        ? quoted.join(' and ')
        : `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
  return new TypeError(
    `${name}() missing ${missing.length} required ${kind} argument${missing.length === 1 ? '' : 's'}: ${list}`,
  );
}

function tooMany(name: string, p: Parameters, given: number, only: Map<string, unknown>): TypeError {
  const n = p.names.length;
  const takes = p.defaults > 0 ? `from ${n - p.defaults} to ${n}` : String(n);
  const plural = n !== 1 || p.defaults > 0;
  const extra =
    only.size > 0
      ? ` positional argument${given === 1 ? '' : 's'} (and ${only.size} keyword-only argument${only.size === 1 ? '' : 's'})`
      : '';
  return new TypeError(
    `${name}() takes ${takes} positional argument${plural ? 's' : ''} but ${given}${extra} ${given === 1 && extra === '' ? 'was' : 'were'} given`,
  );
}
