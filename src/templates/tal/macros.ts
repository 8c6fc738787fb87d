/** Code of METAL (INVENTORY 6.3) and of the named parts of translations. */
import { CompilationFailure } from '../errors.ts';
import type { Element } from '../markup/parse.ts';
import { literal } from '../tales/print.ts';
import { type Code, shown } from './code.ts';
import { body, type Compiler, type Fill, macroKey, slotKey } from './compiler.ts';
import { restoring } from './statements.ts';
import type { Clause } from './syntax.ts';

/** Makes the element a macro, and code that shows it where it stands. */
export function defineMacro(compiler: Compiler, { text }: Clause, compile: () => Code): Code {
  const key = macroKey(text);
  compiler.macros.set(key, compiler.inFunction(compile));
  const { domain, context, translator } = compiler.state;
  return [`o+=own(M,${literal(key)},c,g,r,${domain},${context},${translator});`];
}

export function defineSlot(compiler: Compiler, { text }: Clause, inner: Code): Code {
  const { slots } = compiler.state;
  let variable = slots.get(text);
  if (variable === undefined) slots.set(text, (variable = compiler.name()));
  return [`if(${variable}===undefined){`, ...inner, `}else o+=${variable}(new Map(c),g);`];
}

/** The fills that a `fill-slot` on the current element belongs to. */
export function fillSlot(compiler: Compiler, { text, offset }: Clause): Fill[] {
  if (text.trim() === '')
    throw new CompilationFailure(
      'LanguageError',
      'Must provide a non-trivial string for metal:fill-slot.',
      offset,
      text,
    );
  const fills = compiler.uses.at(-1);
  if (fills === undefined)
    throw new CompilationFailure(
      'LanguageError',
      'Cannot use metal:fill-slot without metal:use-macro.',
      offset,
      text,
    );
  return fills;
}

export function useMacro(compiler: Compiler, clause: Clause, element: Element, extend: boolean): Code {
  const fills: Fill[] = [];
  const macroName = clause.text.slice(clause.text.lastIndexOf('/') + 1);
  const { code } = compiler.value(clause);
  compiler.uses.push(fills);
  compiler.nodes(element.children);
  // As in Chameleon, what follows an `extend-macro` may still fill its slots.
  if (!extend) compiler.uses.pop();
  const { before, after } = restoring(compiler, ['macroname']);
  const { domain, context, translator } = compiler.state;
  const filled = fills.map(
    ({ name, code: content }) => `fill(c,${literal(slotKey(name))},(c,g)=>{${body(content)}},${extend});`,
  );
  return [
    `{${before}c.set("macroname",${literal(macroName)});${filled.join('')}`,
    `o+=include(${code},c,g,r,${domain},${context},${translator});${after}}`,
  ];
}

/** A named part of a translation: its text is kept for the translation, which gets a placeholder. */
export function translatedName(compiler: Compiler, { text, offset }: Clause, inner: Code): Code {
  const names = compiler.state.translations.at(-1);
  if (names === undefined)
    throw new CompilationFailure('TranslationError', 'Not allowed outside of translation.', offset, text);
  if (names.has(text))
    throw new CompilationFailure('TranslationError', `Duplicate translation name: ${text}.`, offset, text);
  const variable = compiler.name();
  names.set(text, variable);
  const before = compiler.name();
  return [`{const ${before}=o;o="";`, ...inner, `${variable}=o;o=${before};}`, ...shown(`\${${text}}`)];
}
