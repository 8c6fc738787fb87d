/** The `plural=` rule of a catalog's header: an expression of C over `n`, read by a parser of its own and never run as code. */

/** The index of the form for a number. */
export type PluralRule = (n: number) => number;

const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['+', '-'],
  ['*', '/', '%'],
];

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '||': (a, b) => Number(a !== 0 || b !== 0),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  '%': (a, b) => (b === 0 ? 0 : a % b),
};

/** Throws an Error for what is no rule. */
export function compilePlural(source: string): PluralRule {
  const words = source.match(/\d+|n|\|\||&&|[=!<>]=|[-<>+*/%?:()!]|\S/g) ?? [];
  let at = 0;
  let depth = 0;
  const fail = () => new Error(`the plural rule '${source.trim()}' cannot be read`);
  const take = (word: string): boolean => {
    if (words[at] !== word) return false;
    at++;
    return true;
  };
  const choice = (): PluralRule => {
    if (++depth > 100) throw fail();
    const test = binary(0);
    depth--;
    if (!take('?')) return test;
    const yes = choice();
    if (!take(':')) throw fail();
    const no = choice();
    return (n) => (test(n) !== 0 ? yes(n) : no(n));
  };
  const binary = (level: number): PluralRule => {
    const operators = LEVELS[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    for (;;) {
      const operator = operators.find((word) => word === words[at]);
      if (operator === undefined) return left;
      at++;
      const [a, b, apply] = [left, binary(level + 1), OPERATIONS[operator]!];
      left = (n) => apply(a(n), b(n));
    }
  };
  const unary = (): PluralRule => {
    if (take('!')) {
      const of = unary();
      return (n) => Number(of(n) === 0);
    }
    if (take('(')) {
      const inner = choice();
      if (!take(')')) throw fail();
      return inner;
    }
    const word = words[at++];
    if (word === 'n') return (n) => n;
    if (word === undefined || !/^\d+$/.test(word)) throw fail();
    const constant = Number(word);
    return () => constant;
  };
  const rule = choice();
  if (at !== words.length) throw fail();
  return rule;
}
