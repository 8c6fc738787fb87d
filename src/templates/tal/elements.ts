/** Compiles one element: what its statements do to its tags and content. */
import { CompilationFailure } from '../errors.ts';
import { decodeEntities } from '../markup/entities.ts';
import { I18N, META, METAL, STATEMENT_SPACES, TAL } from '../markup/namespaces.ts';
import type { Element } from '../markup/parse.ts';
import { literal } from '../tales/print.ts';
import { attributesCode, prepareAttributes, staticAttributes } from './attributes.ts';
import { type Code, print, shown } from './code.ts';
import type { Compiler, Statements } from './compiler.ts';
import { defineMacro, defineSlot, fillSlot, translatedName, useMacro } from './macros.ts';
import { conditionCode, caseCode, defineCode, repeatCode, switchCode } from './statements.ts';
import { checkStatement, type Clause, parseSubstitution, parseTranslatedAttributes } from './syntax.ts';
import { translateCode } from './translate.ts';

const PREFIX: Readonly<Record<string, string>> = {
  [TAL]: 'tal',
  [METAL]: 'metal',
  [I18N]: 'i18n',
  [META]: 'meta',
};
/** The white space in a tag: with line breaks in it, it becomes one blank and the indentation of the last line, which is left out where the space begins with the break. */
export function trimmed(text: string): string {
  if (!text.includes('\n')) return text;
  return text.replace(/\s+/g, (space) => {
    if (BREAK.test(space[0]!)) return ' ';
    for (let at = space.length - 1; at > 0; at--)
      if (BREAK.test(space[at]!)) return ` ${space.slice(at + 1)}`;
    return space;
  });
}
const BREAK = /[\n\r\u2028\u2029]/;

function statementsOf(element: Element): Statements {
  const found = new Map<string, Clause>();
  for (const [i, { name, value, offset, nameOffset }] of element.start.attributes.entries()) {
    const { space, local } = element.names[i]!;
    const prefix = PREFIX[space];
    if (prefix === undefined) continue;
    checkStatement(space, local, nameOffset + name.length - local.length);
    const text = space === TAL || space === METAL ? decodeEntities(value) : value;
    found.set(`${prefix}:${local}`, { text, offset });
  }
  return found;
}

function checkTogether(element: Element, statements: Statements): void {
  const fail = (reason: string, { text, offset }: Clause) =>
    new CompilationFailure('LanguageError', reason, offset, text);
  const get = (name: string) => {
    const clause = statements.get(name);
    return clause === undefined || clause.text === '' ? undefined : clause;
  };
  const attributes = get('tal:attributes');
  if (attributes !== undefined && STATEMENT_SPACES.has(element.space))
    throw fail(`Dynamic attributes not allowed on elements of the namespace: ${element.space}.`, attributes);
  const script = statements.get('tal:script');
  if (script !== undefined) throw fail('The script attribute is unsupported.', script);
  const content = get('tal:content');
  if (content !== undefined && get('tal:replace') !== undefined)
    throw fail('You cannot use tal:content and tal:replace at the same time.', content);
  if (content !== undefined && get('i18n:translate') !== undefined)
    throw fail('You cannot use tal:content with non-trivial i18n:translate.', content);
  const macro = statements.get('metal:define-macro');
  if (macro !== undefined && statements.has('metal:fill-slot'))
    throw fail("Can't have 'fill-slot' and 'define-macro' on the same element.", macro);
}

export function compileElement(compiler: Compiler, element: Element): Code {
  const statements = statementsOf(element);
  checkTogether(element, statements);
  const whitespace = repeatSpace(compiler, element, statements);
  const macro = statements.get('metal:define-macro');
  let slot: Code;
  let parts: Parts;
  if (macro === undefined) ({ slot, parts } = compileSlot(compiler, element, statements, whitespace));
  else {
    let made: ReturnType<typeof compileSlot> | undefined;
    slot = defineMacro(
      compiler,
      macro,
      () => (made = compileSlot(compiler, element, statements, whitespace)).slot,
    );
    ({ parts } = made!);
  }
  const name = statements.get('i18n:name');
  if (name !== undefined && name.text.trim() !== '') slot = translatedName(compiler, name, slot);
  const onError = statements.get('tal:on-error');
  return onError === undefined ? slot : onErrorCode(compiler, onError, statements, parts, slot);
}

/** The white space between repetitions of the element: the indentation of its line. */
function repeatSpace(compiler: Compiler, element: Element, statements: Statements): string {
  if (compiler.lastText !== null) {
    const line = compiler.lastText.slice(compiler.lastText.lastIndexOf('\n') + 1);
    compiler.whitespace = `\n${' '.repeat([...line].length)}`;
  }
  const { whitespace } = compiler;
  if (element.space !== TAL || !statements.has('tal:repeat')) return whitespace;
  compiler.lastText = null;
  compiler.whitespace = whitespace.replace(/^\n+/, '');
  return '';
}

/** What `on-error` shows of an element: its tags without what is computed; undefined: none. */
interface Parts {
  readonly tags: { readonly start: Code; readonly end: Code } | undefined;
}

function compileSlot(
  compiler: Compiler,
  element: Element,
  statements: Statements,
  whitespace: string,
): { slot: Code; parts: Parts } {
  const get = (name: string) => statements.get(name);
  const { state } = compiler;
  const switched = get('tal:switch');
  const switchName = switched === undefined ? undefined : compiler.name();
  const use = [get('metal:use-macro'), get('metal:extend-macro')].find(
    (clause) => clause !== undefined && clause.text !== '',
  );
  const fill = get('metal:fill-slot');
  // Looked for before this element's own `use-macro` counts.
  const fills = fill === undefined ? undefined : fillSlot(compiler, fill);
  const matched = get('tal:case');
  const outerSwitch = state.switches.findLast((name) => name !== undefined);
  if (matched !== undefined && outerSwitch === undefined)
    throw new CompilationFailure(
      'LanguageError',
      'Must define switch on a parent element.',
      matched.offset,
      matched.text,
    );

  const outerAttributes = compiler.attributes;
  const prepared = prepareAttributes(element, statements);
  compiler.attributes =
    use === undefined ? compiler.printer.constant(staticAttributes(prepared)) : emptyAttributes(compiler);

  // Expressions are printed from the outside to the inside, so that errors come in the order of the source.
  const define = defineCode(compiler, get('tal:define'));
  const caseTest = matched === undefined ? undefined : compiler.value(matched).code;
  const condition = get('tal:condition');
  const test = condition === undefined ? undefined : compiler.value(condition).code;
  const repeat = repeatCode(compiler, get('tal:repeat'), whitespace);
  const switchValue = switched === undefined ? undefined : compiler.value(switched).code;

  const { domain, context, translator } = state;
  let target = '';
  const domainClause = get('i18n:domain');
  if (domainClause !== undefined) state.domain = literal(domainClause.text);
  const contextClause = get('i18n:context');
  if (contextClause !== undefined) state.context = literal(contextClause.text);
  const targetClause = get('i18n:target');
  if (targetClause !== undefined) {
    state.translator = compiler.name();
    target = `const ${state.translator}=toward(${translator},${compiler.value(targetClause).code});`;
  }
  compiler.interpolation.push(interpolationOf(compiler, get('meta:interpolation')));
  state.switches.push(switchName);
  const inner =
    use === undefined
      ? tagged(compiler, element, statements, prepared)
      : {
          code: useMacro(compiler, use, element, use === get('metal:extend-macro')),
          parts: { tags: undefined },
        };
  state.switches.pop();
  compiler.interpolation.pop();
  Object.assign(state, { domain, context, translator });
  compiler.attributes = outerAttributes;

  let { code } = inner;
  if (target !== '') code = [`{${target}`, ...code, '}'];
  if (switchValue !== undefined) code = switchCode(switchName!, switchValue, code);
  code = repeat(code);
  if (test !== undefined) code = conditionCode(test, code);
  if (caseTest !== undefined) code = caseCode(compiler, outerSwitch!, caseTest, code);
  code = define(code);
  const slot = get('metal:define-slot');
  if (slot !== undefined) code = defineSlot(compiler, slot, code);
  if (fills !== undefined) fills.push({ name: fill!.text, code });
  return { slot: code, parts: inner.parts };
}

const emptyAttributes = (compiler: Compiler): string => compiler.printer.constant(new Map());

function interpolationOf(compiler: Compiler, clause: Clause | undefined): boolean {
  if (clause === undefined) return compiler.interpolation.at(-1)!;
  if (clause.text === 'false' || clause.text === 'off') return false;
  if (clause.text === 'true' || clause.text === 'on') return true;
  throw new CompilationFailure('LanguageError', 'Bad interpolation setting.', clause.offset, clause.text);
}

/** The element with its tags. */
function tagged(
  compiler: Compiler,
  element: Element,
  statements: Statements,
  prepared: ReturnType<typeof prepareAttributes>,
): { code: Code; parts: Parts } {
  const get = (name: string) => statements.get(name);
  const { start } = element;
  const content = get('tal:content');
  const replace = get('tal:replace');
  const translate = get('i18n:translate');
  const i18n = parseTranslatedAttributes(get('i18n:attributes') ?? { text: '', offset: 0 });
  const attributes = attributesCode(compiler, prepared, i18n);
  const omitClause = get('tal:omit-tag');
  const omitTest =
    omitClause === undefined || omitClause.text.trim() === '' ? undefined : compiler.value(omitClause).code;
  const contentValue =
    content === undefined ? undefined : substitution(compiler, content, translate?.text === '');
  const replaceValue =
    replace === undefined ? undefined : substitution(compiler, replace, translate?.text === '');

  const translates =
    translate !== undefined &&
    !(content?.text !== undefined && content.text !== '') &&
    !(replace?.text !== undefined && replace.text !== '');
  const children = (): Code => {
    const code = compiler.nodes(element.children);
    return contentValue === undefined ? code : contentValue(code);
  };
  const inner = translates ? translateCode(compiler, translate, children) : children();

  const opened = content !== undefined && element.end === undefined;
  const startCode = (code: Code, suffix: string): Code => [
    ...shown(trimmed(start.prefix) + start.name),
    ...code,
    ...shown(suffix),
  ];
  const suffix = opened ? '>' : trimmed(start.suffix);
  const endText =
    element.end === undefined
      ? opened
        ? `</${start.name}>`
        : ''
      : trimmed(element.end.prefix) + element.end.name + element.end.space + trimmed(element.end.suffix);
  let code: Code;
  let tags: Parts['tags'];
  if ((omitClause !== undefined && omitTest === undefined) || STATEMENT_SPACES.has(element.space))
    code = inner;
  else if (omitTest === undefined) {
    code = [...startCode(attributes.code, suffix), ...inner, ...shown(endText)];
    tags = {
      start: startCode(attributes.fixed, endText === '' ? '>' : suffix),
      end: shown(endText === '' ? `</${start.name}>` : endText),
    };
  } else {
    const kept = compiler.name();
    code = [
      `{const ${kept}=!truth(${omitTest});if(${kept}){${print(startCode(attributes.code, suffix))}}`,
      ...inner,
      `if(${kept}){${print(shown(endText))}}}`,
    ];
  }
  return { code: replaceValue === undefined ? code : replaceValue(code), parts: { tags } };
}

/** Code that writes a value; given the code of what stands in the template, for `default`. */
function substitution(
  compiler: Compiler,
  clause: Clause,
  translate: boolean,
): (original: Code | undefined) => Code {
  const { structure, expression } = parseSubstitution(clause);
  const { code, constant } = compiler.value(expression);
  const { domain, context, translator } = compiler.state;
  const write = (value: string) => {
    const text = translate ? `translated(${translator},${value},${domain},${context})` : value;
    return `o+=${structure ? 'raw' : 'content'}(${text},${translator});`;
  };
  return (original) => {
    if (original === undefined || constant !== undefined) return [write(code)];
    const name = compiler.name();
    return [`{const ${name}=${code};if(${name}===DEFAULT){`, ...original, `}else ${write(name)}}`];
  };
}

function onErrorCode(
  compiler: Compiler,
  clause: Clause,
  statements: Statements,
  { tags }: Parts,
  slot: Code,
): Code {
  const fallback = substitution(compiler, clause, statements.get('i18n:translate')?.text === '')(undefined);
  const [before, depth] = [compiler.name(), compiler.name()];
  return [
    `{const ${before}=o,${depth}=depthNow();try{`,
    ...slot,
    `}catch(e){o=${before};c.set("error",caught(e,${depth}));`,
    ...(tags?.start ?? []),
    ...fallback,
    ...(tags?.end ?? []),
    '}}',
  ];
}
