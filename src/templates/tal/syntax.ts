/** What stands in the values of statements (INVENTORY 6.1, 6.4). Every part knows its offset in the source. */
import { CompilationFailure } from '../errors.ts';
import { I18N, METAL, TAL } from '../markup/namespaces.ts';

/** A piece of the source: its text with references replaced, and where it begins. */
export interface Clause {
  readonly text: string;
  readonly offset: number;
}

const names = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** The statements of each namespace. */
const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  [TAL]: names(
    'define comment condition content replace repeat attributes on-error omit-tag script switch case xmlns xml',
  ),
  [METAL]: names('define-macro extend-macro use-macro define-slot fill-slot xmlns xml'),
  [I18N]: names(
    'translate domain context target source attributes data name mode xmlns xml comment ignore ignore-attributes',
  ),
};

export function checkStatement(space: string, local: string, offset: number): void {
  const known = KNOWN[space];
  if (known !== undefined && !known.has(local))
    throw new CompilationFailure('CompilationError', `Bad attribute for namespace '${space}'`, offset, local);
}

const NAME = '[a-zA-Z_][-a-zA-Z0-9_]*';
const DEFINE = new RegExp(`^\\s*(?:(global|local)\\s+)?(${NAME}|\\(${NAME}(?:,\\s*${NAME})*\\))\\s+([^]*)$`);
const SUBSTITUTION = /^\s*(?:(text|structure)\s+)?([^]*)$/;
const ATTRIBUTE = /^\s*([^\s{}'"]+)\s+(\S[^]*)$/;
const REFERENCE = /&#?x?\w{1,8};/g;

/** Parts between single semicolons; a double one is a semicolon of the text, and so is that of a character reference. */
function splitParts({ text, offset }: Clause): Clause[] {
  const kept = new Set<number>();
  for (const match of text.matchAll(REFERENCE)) kept.add(match.index + match[0].length - 1);
  const parts: Clause[] = [];
  let part = '';
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c !== ';' || kept.has(i)) part += c;
    else if (text[i + 1] === ';') {
      part += ';';
      i++;
    } else {
      parts.push({ text: part, offset: offset + start });
      part = '';
      start = i + 1;
    }
  }
  if (parts.length === 0 || part.trim() !== '') parts.push({ text: part, offset: offset + start });
  return parts;
}

/** The part of a clause that a group at its end matched. */
const tail = (clause: Clause, text: string): Clause => ({
  text,
  offset: clause.offset + clause.text.length - text.length,
});

export interface Definition {
  readonly global: boolean;
  readonly names: readonly string[];
  readonly expression: Clause;
}

/** Names that would shadow the machinery of the reference's compiler. */
const DISALLOWED = names('econtext rcontext');

/** `tal:define` and `tal:repeat`: `[global|local] name expression; (a, b) expression`. */
export function parseDefinitions(clause: Clause): Definition[] {
  return splitParts(clause).map((part) => {
    const match = DEFINE.exec(part.text);
    if (match === null)
      throw new CompilationFailure('LanguageError', 'Invalid define syntax', part.offset, part.text);
    const [, scope, target, expression] = match as unknown as [string, string?, string?, string?];
    const list = target!.startsWith('(')
      ? target!
          .slice(1, -1)
          .split(',')
          .map((name) => name.trim())
      : [target!];
    for (const name of list) {
      // The original makes variables of Python of them, where this is a difference.
      if (scope !== 'global' && name.includes('-'))
        throw new CompilationFailure(
          'SyntaxError',
          `'${name}' is no name of a variable`,
          part.offset,
          part.text.trim(),
        );
      if (DISALLOWED.has(name))
        throw new CompilationFailure('TranslationError', 'Name disallowed by compiler.', part.offset, name);
      if (name.startsWith('__'))
        throw new CompilationFailure(
          'TranslationError',
          'Name disallowed by compiler (double underscore).',
          part.offset,
          name,
        );
    }
    return { global: scope === 'global', names: list, expression: tail(part, expression!) };
  });
}

export interface AttributeStatement {
  /** Undefined: the expression gives a mapping of attributes. */
  readonly name: string | undefined;
  readonly expression: Clause;
}

/** `tal:attributes`: `name expression; …`. */
export function parseAttributeStatements(clause: Clause): AttributeStatement[] {
  const seen = new Set<string | undefined>();
  return splitParts(clause).map((part) => {
    const match = ATTRIBUTE.exec(part.text);
    const name = match?.[1];
    if (seen.has(name))
      throw new CompilationFailure(
        'LanguageError',
        'Duplicate attribute name in attributes.',
        part.offset,
        part.text,
      );
    seen.add(name);
    return { name, expression: tail(part, match === null ? part.text.trimStart() : match[2]!) };
  });
}

/** `tal:content`, `tal:replace`, `tal:on-error`: `[text|structure] expression`. */
export function parseSubstitution(clause: Clause): { structure: boolean; expression: Clause } {
  const match = SUBSTITUTION.exec(clause.text)!;
  return { structure: match[1] === 'structure', expression: tail(clause, match[2]!) };
}

/** `i18n:attributes`: message ids by attribute; undefined: the text is the id. */
export function parseTranslatedAttributes({ text, offset }: Clause): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const part of text.split(';')) {
    if (part === '') continue;
    const fail = (reason: string) => new CompilationFailure('CompilationError', reason, offset, part);
    if (part.includes(','))
      throw fail('Attribute must not contain comma. Use semicolon to list multiple attributes');
    const words = part.trim().split(/\s+/);
    if (words.length > 2 || words[0] === '') throw fail('Illegal i18n:attributes specification.');
    if (found.has(words[0]!)) throw fail('Attribute may only be specified once in i18n:attributes');
    found.set(words[0]!, words[1]);
  }
  return found;
}
