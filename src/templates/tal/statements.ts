/** Code of the statements that decide whether and how often an element is shown, and with which variables. */
import { CompilationFailure } from '../errors.ts';
import { literal } from '../tales/print.ts';
import type { Code } from './code.ts';
import type { Compiler } from './compiler.ts';
import { type Clause, parseDefinitions } from './syntax.ts';

type Wrap = (inner: Code) => Code;

/** Code that keeps variables, and code that gives them their values back. */
export function restoring(compiler: Compiler, names: readonly string[]): { before: string; after: string } {
  let before = '';
  let after = '';
  for (const name of names) {
    const kept = compiler.name();
    before += `const ${kept}=c.get(${literal(name)});`;
    after = `restore(c,${literal(name)},${kept});${after}`;
  }
  return { before, after };
}

/** Code that binds one or several names to a value. */
export function assignment(names: readonly string[], value: string, into: string): string {
  if (names.length === 1) return `${into}.set(${literal(names[0]!)},${value});`;
  return `spread(${into},${JSON.stringify(names)},${value});`;
}

export function defineCode(compiler: Compiler, clause: Clause | undefined): Wrap {
  if (clause === undefined) return (inner) => inner;
  const definitions = parseDefinitions(clause);
  let [code, after] = ['', ''];
  for (const { global, names, expression } of definitions) {
    const value = compiler.value(expression).code;
    if (!global) {
      // As in the original, each keeps what is there before it (a global one too), and the last one puts it back first.
      const kept = restoring(compiler, names);
      code += kept.before + assignment(names, value, 'c');
      after = kept.after + after;
    } else {
      const name = compiler.name();
      code += `{const ${name}=${value};${assignment(names, name, 'c')}${assignment(names, name, 'g')}}`;
    }
  }
  return (inner) => [`{${code}`, ...inner, `${after}}`];
}

export const conditionCode = (test: string, inner: Code): Code => [`if(truth(${test})){`, ...inner, '}'];

export const switchCode = (name: string, value: string, inner: Code): Code => [
  `{let ${name}=${value};`,
  ...inner,
  '}',
];

/** The first case that matches is shown, and no other. */
export function caseCode(compiler: Compiler, switched: string, value: string, inner: Code): Code {
  const name = compiler.name();
  return [
    `if(${switched}!==DONE){const ${name}=${value};if(${name}===DEFAULT||equal(${name},${switched})){${switched}=DONE;`,
    ...inner,
    '}}',
  ];
}

export function repeatCode(compiler: Compiler, clause: Clause | undefined, whitespace: string): Wrap {
  if (clause === undefined) return (inner) => inner;
  const [definition, ...more] = parseDefinitions(clause);
  if (definition === undefined || more.length > 0)
    throw new CompilationFailure('LanguageError', 'Invalid define syntax', clause.offset, clause.text);
  const { global, names, expression } = definition;
  const value = compiler.value(expression).code;
  const { before, after } = restoring(compiler, names);
  const [items, item, index, written] = [compiler.name(), compiler.name(), compiler.name(), compiler.name()];
  const empty = names.map((name) => `c.set(${literal(name)},null);`).join('');
  const bound =
    assignment(names, `${items}[${index}]`, 'c') +
    (global ? assignment(names, `${items}[${index}]`, 'g') : '');
  const space = whitespace === '' ? '' : `if(${index}+1<${items}.length)o+=${literal(whitespace)};`;
  return (inner) => [
    `{${before}const ${items}=itemsOf(${value}),${item}=enter(c.get("repeat"),${JSON.stringify(names)},${items});${empty}`,
    `for(let ${index}=0;${index}<${items}.length;${index}++){move(${item},${index});const ${written}=o.length;${bound}`,
    ...inner,
    `${space}spend(o.length-${written});}leave(${item});${after}}`,
  ];
}
