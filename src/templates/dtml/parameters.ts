/** The parameters of DTML tags. */
import { ExpressionSyntaxError, LetExpressionError, ParseError } from './errors.ts';
import { type Expression, compileDtmlExpression } from './expression.ts';

/** Known parameters: the value of one that is given by its name alone; null: it needs a value. */
export type Known = Readonly<Record<string, string | 1 | null>>;
/** Values by name; the unnamed one has the name `''`. */
export type Parameters = Map<string, string | 1>;

// oxlint-disable no-control-regex -- white space is what is not above a blank, as in Python
const PLAIN = /([\u0000- ]*([^\u0000- ="]+)=([^\u0000- ="]+))/y;
const QUOTED = /([\u0000- ]*([^\u0000- ="]+)="([^"]*)")/y;
const FLAG = /([\u0000- ]*([^\u0000- ="]+))/y;
const TEXT = /([\u0000- ]*("[^"]*"))/y;
// oxlint-enable no-control-regex

function at(regexp: RegExp, text: string, start: number): RegExpExecArray | null {
  regexp.lastIndex = start;
  return regexp.exec(text);
}

export function parseParameters(text: string, known: Known): Parameters {
  const result: Parameters = new Map();
  for (let start = 0; start < text.length;) {
    const pair = at(PLAIN, text, start) ?? at(QUOTED, text, start);
    if (pair !== null) {
      const name = pair[2]!.toLowerCase();
      if (!Object.hasOwn(known, name)) throw new ParseError(`Invalid attribute name, "${name}"`, '');
      if (result.has(name)) throw new ParseError(`Duplicate values for attribute "${name}"`, '');
      result.set(name, pair[3]!);
      start += pair[0].length;
      continue;
    }
    const flag = at(FLAG, text, start);
    const unnamed = flag ?? at(TEXT, text, start);
    if (unnamed === null) {
      const rest = text.slice(start);
      if (rest.trim() === '') break;
      throw new ParseError(`invalid parameter: "${rest}"`, '');
    }
    const name = unnamed[2]!;
    if (result.size === 0) result.set('', name);
    else if (flag === null || !Object.hasOwn(known, name))
      throw new ParseError(`Invalid attribute name, "${name}"`, '');
    else {
      const value = known[name]!;
      if (value === null) throw new ParseError(`Attribute ${name} requires a value`, '');
      result.set(name, value);
    }
    start += unnamed[0].length;
  }
  return result;
}

/** A value by a name of the namespace or by an expression. */
export interface Source {
  readonly name: string;
  readonly expression: Expression | undefined;
}

/** The name or expression that a tag is about. */
export function nameParameter(
  parameters: Parameters,
  options: { expressions?: boolean; attribute?: string } = {},
): Source {
  const { expressions = true, attribute = 'name' } = options;
  const unnamed = parameters.get('') as string | undefined;
  if (unnamed !== undefined) {
    if (unnamed.length > 1 && unnamed.startsWith('"') && unnamed.endsWith('"')) {
      if (parameters.has(attribute)) throw new ParseError(`${attribute} and expr given`, '');
      if (!expressions)
        throw new ParseError(
          'The "..." shorthand for expr was used in a tag that doesn\'t support expr attributes.',
          '',
        );
      if (parameters.has('expr')) throw new ParseError('two exprs given', '');
      const source = unnamed.slice(1, -1);
      return { name: source, expression: compileDtmlExpression(source, true) };
    }
    if (parameters.has(attribute)) throw new ParseError(`Two ${attribute} values were given`, '');
    if (expressions && parameters.has('expr')) throw new ParseError(`${attribute} and expr given`, '');
    return { name: unnamed, expression: undefined };
  }
  if (parameters.has(attribute)) {
    if (expressions && parameters.has('expr')) throw new ParseError(`${attribute} and expr given`, '');
    return { name: parameters.get(attribute) as string, expression: undefined };
  }
  if (expressions && parameters.has('expr')) {
    const source = parameters.get('expr') as string;
    return { name: source, expression: compileDtmlExpression(source) };
  }
  throw new ParseError(`No ${attribute} given`, '');
}

/** Python's `let` tag fails while it reports an expression that is no Python. The class and message of that failure are kept, together with the report. */
function letExpression(source: string): Expression {
  try {
    return compileDtmlExpression(source);
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    throw new LetExpressionError(`cannot unpack non-iterable SyntaxError object: ${error.problem}`, '');
  }
}

/** The names of a `let` tag, each with what it stands for. */
export function parseLet(text: string): readonly { readonly name: string; readonly source: Source }[] {
  const result: { name: string; source: Source }[] = [];
  for (let start = 0; start < text.length;) {
    const plain = at(PLAIN, text, start);
    const pair = plain ?? at(QUOTED, text, start);
    if (pair === null) {
      const rest = text.slice(start);
      if (rest.trim() === '') break;
      throw new ParseError(`invalid parameter: "${rest}"`, '');
    }
    const value = pair[3]!;
    result.push({
      name: pair[2]!,
      source:
        plain === null
          ? { name: value, expression: letExpression(value) }
          : { name: value, expression: undefined },
    });
    start += pair[0].length;
  }
  return result;
}

/** Whether a prefix can be the start of names. */
export function checkPrefix(parameters: Parameters): string {
  const prefix = parameters.get('prefix');
  if (prefix === undefined || prefix === '' || prefix === 1) return '';
  if (!/^[a-z][a-z0-9_]*$/i.test(prefix)) throw new ParseError('prefix is not a simple name', '');
  return prefix;
}
