/** `dtml-var`, `dtml-call` and `dtml-return`. */

import {
  call,
  eq,
  formatPercent,
  htmlQuote,
  KeyError,
  trustedGetattr,
  truth,
  ValueError,
} from '../../restricted/index.ts';
import { tuple } from '../../pickle/index.ts';
import { Returned } from './errors.ts';
import { formatted, MODIFIERS, textOf } from './formats.ts';
import type { Namespace } from './namespace.ts';
import { nameParameter, type Parameters, parseParameters, type Source } from './parameters.ts';
import type { Part, SimpleTag } from './render.ts';
import { TaintedString } from './tainted.ts';

const KNOWN = {
  name: '',
  lower: 1,
  upper: 1,
  expr: '',
  capitalize: 1,
  spacify: 1,
  null: '',
  fmt: 's',
  size: '0',
  etc: '...',
  thousands_commas: 1,
  html_quote: 1,
  url_quote: 1,
  sql_quote: 1,
  url_quote_plus: 1,
  url_unquote: 1,
  url_unquote_plus: 1,
  missing: '',
  newline_to_br: 1,
  url: 1,
} as const;

/** The value that a tag is about; a name that can be called is. */
export function valueOf({ name, expression }: Source, namespace: Namespace): unknown {
  return expression === undefined ? namespace.get(name) : expression(namespace);
}

/** A value as text, a tainted one quoted. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof TaintedString) return value.quoted();
  return textOf(value);
}

const NEEDS_QUOTING = /[&<>"]/;

export const varTag: SimpleTag = (args, format) => {
  const parameters = parseParameters(args.startsWith('var ') ? args.slice(4) : args, KNOWN);
  const source = nameParameter(parameters);
  if (format === 's' && parameters.size === 1) return (namespace) => shown(valueOf(source, namespace));
  if (format === 's' && parameters.size === 2 && parameters.has('html_quote')) {
    return (namespace) => {
      const value = valueOf(source, namespace);
      if (value instanceof TaintedString) return value.quoted();
      const text = typeof value === 'string' ? value : textOf(value);
      return NEEDS_QUOTING.test(text) ? htmlQuote(text) : text;
    };
  }
  return fullVar(source, parameters, format);
};

function fullVar(source: Source, parameters: Parameters, format: string): Part {
  const modifiers = MODIFIERS.filter(([name]) => parameters.get(name));
  const text = (name: string) => {
    const value = parameters.get(name);
    return value === undefined ? undefined : String(value);
  };
  const [missing, nothing, special, size] = [text('missing'), text('null'), text('fmt'), text('size')];
  const etc = text('etc') ?? '...';
  const url = parameters.has('url');
  return (namespace) => {
    let value = firstValue(source, namespace, url, missing);
    if (value === MISSING) return missing!;
    if (nothing !== undefined && !truth(value) && !eq(value, 0)) return nothing;
    if (special !== undefined) value = formatted(value, special);
    if (format !== 's') {
      const done = formatPercent(`%${format}`, tuple(value)) as string;
      value = value instanceof TaintedString && done.includes('<') ? new TaintedString(done) : done;
    } else if (!(value instanceof TaintedString)) value = textOf(value);
    for (const [name, modify] of modifiers) {
      if (value instanceof TaintedString) {
        if (name === 'html_quote') continue;
        const result = name === 'newline_to_br' ? modify(value) : modify(value.value);
        value =
          name !== 'newline_to_br' && typeof result === 'string' && result.includes('<')
            ? new TaintedString(result)
            : result;
      } else value = modify(value);
    }
    if (size !== undefined) value = shortened(value, size, etc);
    return shown(value);
  };
}

const MISSING = Symbol('missing');
const bareOf = (value: unknown): unknown => (value instanceof TaintedString ? value.value : value);

function firstValue(
  { name, expression }: Source,
  namespace: Namespace,
  url: boolean,
  missing: string | undefined,
): unknown {
  let value: unknown;
  if (expression !== undefined) value = expression(namespace);
  else {
    value = namespace.find(name);
    if (value === undefined) {
      if (missing !== undefined) return MISSING;
      throw new KeyError(name);
    }
    if (!url) value = namespace.render(value);
  }
  return url ? call(trustedGetattr(bareOf(value), 'absolute_url'), []) : value;
}

/** At most `size` characters, cut at a blank where there is one in the second half. */
function shortened(value: unknown, size: string, etc: string): unknown {
  if (!/^\s*[-+]?\d+\s*$/.test(size)) {
    throw new ValueError(
      'a <code>size</code> attribute was used in a <code>var</code> tag with a non-integer value.',
    );
  }
  const limit = Number(size);
  const characters = Array.from(String(bareOf(value)));
  if (characters.length <= limit) return value;
  let cut = characters.slice(0, limit < 0 ? characters.length + limit : limit);
  const blank = cut.lastIndexOf(' ');
  if (blank > limit / 2) cut = cut.slice(0, blank + 1);
  const text = cut.join('') + etc;
  return value instanceof TaintedString && text.includes('<') ? new TaintedString(text) : text;
}

export const callTag: SimpleTag = (args) => {
  const source = nameParameter(parseParameters(args, { name: '', expr: '' }));
  return (namespace) => {
    if (source.expression === undefined) namespace.getOrUndefined(source.name);
    else source.expression(namespace);
    return '';
  };
};

export const returnTag: SimpleTag = (args) => {
  const source = nameParameter(parseParameters(args, { name: '', expr: '' }));
  return (namespace) => {
    throw new Returned(valueOf(source, namespace));
  };
};
