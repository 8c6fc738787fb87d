/** `sqlvar`, `sqltest` and `sqlgroup` of SQL methods (INVENTORY T-084 to T-086). */
import { builtinValue, call, KeyError, PyError, str, truth, ValueError } from '../../restricted/index.ts';
import { ParseError } from './errors.ts';
import { textOf } from './formats.ts';
import type { Namespace } from './namespace.ts';
import { nameParameter, type Parameters, parseParameters } from './parameters.ts';
import { type BlockTag, renderParts, type SimpleTag } from './render.ts';
import { valueOf } from './var.ts';

const TYPES = new Set(['int', 'float', 'string', 'nb']);
const OPERATORS: Readonly<Record<string, string>> = {
  eq: '=',
  ne: '<>',
  lt: '<',
  le: '<=',
  lte: '<=',
  gt: '>',
  ge: '>=',
  gte: '>=',
};

function typeParameter(parameters: Parameters): string {
  const type = parameters.get('type');
  if (type === undefined) throw new ParseError('the type attribute is required', '');
  if (!TYPES.has(String(type))) throw new ParseError(`invalid type, ${type}`, '');
  return String(type);
}

/** A number as SQL text: what a text says, once it is known to be a number. */
function numeric(value: unknown, type: 'int' | 'float'): string {
  const convert = builtinValue(type);
  if (typeof value !== 'string') return str(call(convert, [value]));
  const text = value.replace(/L$/, '');
  call(convert, [text]);
  return text;
}

function quoted(value: string, namespace: Namespace): string {
  const quote = namespace.find('sql_quote__');
  if (quote === undefined) throw new KeyError('sql_quote__');
  return textOf(call(quote, [value]));
}

const invalid = (type: string, name: string) =>
  new ValueError(`Invalid ${type === 'int' ? 'integer' : 'floating-point'} value for <em>${name}</em>`);

export const sqlvarTag: SimpleTag = (args) => {
  const parameters = parseParameters(args, { name: '', expr: '', type: null, optional: 1 });
  const source = nameParameter(parameters);
  const type = typeParameter(parameters);
  const optional = parameters.has('optional');
  const { name } = source;
  return (namespace) => {
    let value: unknown;
    try {
      value = valueOf(source, namespace);
    } catch (error) {
      if (optional) return 'null';
      if (source.expression !== undefined) throw error;
      throw new ValueError(`Missing input variable, <em>${name}</em>`);
    }
    if (value === null) return 'null';
    if (type === 'int' || type === 'float') {
      try {
        return numeric(value, type);
      } catch (error) {
        if (!(error instanceof PyError)) throw error;
        if (optional && !truth(value)) return 'null';
        throw invalid(type, name);
      }
    }
    const text = textOf(value);
    if (text === '' && type === 'nb') {
      if (optional) return 'null';
      throw new ValueError(`Invalid empty string value for <em>${name}</em>`);
    }
    return quoted(text, namespace);
  };
};

export const sqltestTag: SimpleTag = (args) => {
  const parameters = parseParameters(args, {
    name: '',
    expr: '',
    type: null,
    column: null,
    multiple: 1,
    optional: 1,
    op: null,
  });
  const source = nameParameter(parameters);
  const type = typeParameter(parameters);
  const [optional, multiple] = [parameters.has('optional'), parameters.has('multiple')];
  const { name, expression } = source;
  const given = parameters.get('column');
  if (given === undefined && expression !== undefined && name === '')
    throw new ParseError(' the column attribute is required if an expression is used', '');
  const column = String(given ?? name);
  const op = String(parameters.get('op') ?? '=');
  const operator = OPERATORS[op] ?? op;
  return (namespace) => {
    let value: unknown;
    try {
      value = valueOf(source, namespace);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      if (optional) return '';
      throw new ValueError(`Missing input variable, <em>${name}</em>`);
    }
    const items = Array.isArray(value) ? value : [value];
    if (items.length > 1 && !multiple)
      throw new ValueError(`multiple values are not allowed for <em>${name}</em>`);
    const texts: string[] = [];
    for (const item of items) {
      if (item === '' && type !== 'string') continue;
      if (type === 'int' || type === 'float') {
        try {
          texts.push(numeric(item instanceof Uint8Array ? textOf(item) : item, type));
        } catch (error) {
          if (!(error instanceof PyError)) throw error;
          throw invalid(type, name);
        }
      } else texts.push(quoted(textOf(item), namespace));
    }
    if (texts.length === 0) {
      if (optional) return '';
      throw new ValueError(
        type === 'nb'
          ? `Invalid empty string value for <em>${name}</em>`
          : `No input was provided for <em>${name}</em>`,
      );
    }
    if (texts.length > 1) return `${column} ${operator === '<>' ? 'not in' : 'in'} (${texts.join(', ')})`;
    return `${column} ${operator} ${texts[0]!}`;
  };
};

const WORDS: Readonly<Record<string, string>> = { comma: ',' };

export const sqlgroupBlock: BlockTag = {
  continuations: ['or', 'and', 'comma'],
  make(sections) {
    const parameters = parseParameters(sections[0]!.args, { required: 1, where: 1, set: 1, noparens: 1 });
    const flags = new Set([...parameters.keys(), parameters.get('')]);
    const parens = !flags.has('noparens');
    return (namespace) => {
      const parts: string[] = [];
      for (const { tag, parts: section } of sections) {
        const text = renderParts(section, namespace).trim();
        if (text === '') continue;
        if (parts.length > 0) parts.push(WORDS[tag] ?? tag);
        parts.push(parens ? `${text}\n` : text);
      }
      if (parts.length === 0) {
        if (flags.has('required')) throw new ValueError('Not enough input was provided!<p>');
        return '';
      }
      let text = parts[0]!;
      if (parts.length > 1) text = parens ? `(${parts.join(' ')})\n` : `${parts.join(' ')}\n`;
      if (flags.has('set')) text = `set\n${text}`;
      return flags.has('where') ? `where\n${text}` : text;
    };
  },
};
