/** Code of `i18n:translate` on an element (INVENTORY T-044). */
import { literal } from '../tales/print.ts';
import type { Code } from './code.ts';
import type { Compiler, TranslatedNames } from './compiler.ts';
import type { Clause } from './syntax.ts';

/** The element's text, translated; its named parts are what `${name}` in the translation stands for. */
export function translateCode(compiler: Compiler, { text }: Clause, compile: () => Code): Code {
  const { translations } = compiler.state;
  const names: TranslatedNames = new Map();
  translations.push(names);
  const content = compile();
  translations.pop();
  const { domain, context, translator } = compiler.state;
  const [before, found] = [compiler.name(), compiler.name()];
  const parts = [...names.values()];
  const mapping =
    parts.length === 0
      ? 'null'
      : `new Map([${[...names].map(([name, variable]) => `[${literal(name)},${variable}]`).join(',')}])`;
  const translated = (id: string) =>
    `o+=translation(${translator},${id},${found},${mapping},${domain},${context});`;
  return [
    `{${parts.length === 0 ? '' : `let ${parts.map((name) => `${name}=""`).join(',')};`}const ${before}=o;o="";`,
    ...content,
    `const ${found}=normalised(o);o=${before};`,
    text === '' ? `if(${found}!=="")${translated(found)}}` : `${translated(literal(text))}}`,
  ];
}
