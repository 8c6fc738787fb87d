/** Expressions that are made while a template is rendered: `path('a/b')`, `exists('a')` … in Python expressions. */
import { chargeSteps, Exception, registerException, TypeError } from '../../restricted/index.ts';
import { parseTyped, TalesSyntaxError } from '../tales/parse.ts';
import { TalesPrinter } from '../tales/print.ts';
import { instantiate } from './instantiate.ts';
import type { Rendering } from './macros.ts';
import type { Variables } from './paths.ts';

/** The text given to `path()` and the like is no expression. */
class CompilerError extends Exception {}
registerException(CompilerError).construct = undefined;

const TYPE_NAMES = [
  'path',
  'standard',
  'exists',
  'nocall',
  'not',
  'string',
  'python',
  'structure',
  'defer',
  'lazy',
] as const;
export type ExpressionType = (typeof TYPE_NAMES)[number] | 'js' | 'ts';
const TYPES: ReadonlySet<string> = new Set(TYPE_NAMES);

type Evaluate = (c: Variables, r: Rendering) => unknown;

/** Compiled texts; the oldest go first. */
const compiled = new Map<string, Evaluate>();
const LIMIT = 500;
/** Longer texts are compiled each time: what is kept is bounded. */
const MAX_KEPT = 1000;

function compile(type: string, text: string, trusted: boolean): Evaluate {
  const key = `${trusted}:${type}:${text}`;
  let found = compiled.get(key);
  if (found !== undefined) return found;
  chargeSteps(100 + text.length);
  const clause = { text, offset: 0 };
  const printer = new TalesPrinter({ filename: `${type}()`, lineOf: () => 1 });
  let code: string;
  try {
    ({ code } = printer.printTree(parseTyped(type, clause)));
  } catch (error) {
    if (error instanceof TalesSyntaxError) throw new CompilerError(error.message);
    throw error;
  }
  found = instantiate(
    `return (c,r)=>{const L=names(c,r);return ${code}}`,
    printer.constants,
    { filename: `${type}()`, source: text, places: [] },
    trusted,
  ) as Evaluate;
  if (text.length > MAX_KEPT) return found;
  if (compiled.size >= LIMIT) compiled.delete(compiled.keys().next().value!);
  compiled.set(key, found);
  return found;
}

/** The value of an expression whose text is known only now. */
export function evaluate(
  type: ExpressionType,
  text: string,
  c: Variables,
  r: Rendering,
  trusted: boolean,
): unknown {
  return compile(type, text, trusted)(c, r);
}

/** What a name that is no variable means in a Python expression: a type of expressions, as a function of the text. */
export function expressionType(name: string, c: Variables, r: Rendering, trusted: boolean): unknown {
  if (!TYPES.has(name)) return undefined;
  return (...args: unknown[]) => {
    const [text] = args;
    if (args.length !== 1 || typeof text !== 'string') throw new TypeError(`${name}() takes one text`);
    return evaluate(name as ExpressionType, text, c, r, trusted);
  };
}
