/** Code of the attributes of a tag (INVENTORY T-007, T-008, T-045). */
import { decodeEntities } from '../markup/entities.ts';
import { STATEMENT_SPACES, XMLNS } from '../markup/namespaces.ts';
import type { Element } from '../markup/parse.ts';
import { literal } from '../tales/print.ts';
import { type Code, print, shown } from './code.ts';
import type { Compiler, Statements } from './compiler.ts';
import { trimmed } from './elements.ts';
import { type Clause, parseAttributeStatements, parseTranslatedAttributes } from './syntax.ts';

/** One attribute of the output. */
interface Prepared {
  /** Undefined: a mapping of attributes. */
  readonly name: string | undefined;
  /** What stands in the template; undefined for an attribute that only a statement makes. */
  readonly text: string | undefined;
  readonly quote: string;
  readonly space: string;
  readonly equals: string;
  readonly offset: number;
  readonly expression: Clause | undefined;
}

/** HTML's attributes that are there or not. */
const BOOLEAN = new Set(
  `allowfullscreen async autofocus autoplay checked compact controls declare default defer disabled formnovalidate inert ismap itemscope
  loop multiple muted nomodule noresize noshade novalidate nowrap open playsinline readonly required reversed selected shadowrootclonable
  shadowrootdelegatesfocus shadowrootserializable`.split(/\s+/),
);

/** The attributes of the tag in order: those of the source, computed or not, then those that statements add. */
export function prepareAttributes(element: Element, statements: Statements): Prepared[] {
  const prepared: Prepared[] = [];
  const byName = new Map<string, number>();
  for (const [i, { name, value, quote, space, equals, offset }] of element.start.attributes.entries()) {
    const attribute = element.names[i]!;
    if (STATEMENT_SPACES.has(attribute.space) || (attribute.space === XMLNS && STATEMENT_SPACES.has(value)))
      continue;
    byName.set(name.toLowerCase(), prepared.length);
    prepared.push({ name, text: value, quote, space, equals, offset, expression: undefined });
  }
  const clause = statements.get('tal:attributes');
  for (const { name, expression } of clause === undefined ? [] : parseAttributeStatements(clause)) {
    const at = name === undefined ? undefined : byName.get(name.toLowerCase());
    if (at !== undefined) prepared[at] = { ...prepared[at]!, name, expression };
    else {
      if (name !== undefined) byName.set(name.toLowerCase(), prepared.length);
      prepared.push({ name, text: undefined, quote: '"', space: ' ', equals: '=', offset: 0, expression });
    }
  }
  const i18n = statements.get('i18n:attributes');
  for (const name of i18n === undefined ? [] : parseTranslatedAttributes(i18n).keys()) {
    if (byName.has(name.toLowerCase())) continue;
    byName.set(name.toLowerCase(), prepared.length);
    prepared.push({
      name,
      text: name,
      quote: '"',
      space: ' ',
      equals: '=',
      offset: 0,
      expression: undefined,
    });
  }
  return prepared;
}

/** The variable `attrs`: the attributes as they stand in the template. */
export function staticAttributes(prepared: readonly Prepared[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, text, expression } of prepared)
    if (name !== undefined) found.set(name, text ?? expression?.text ?? '');
  return found;
}

/** `fixed`: those attributes only that are always the same. */
export function attributesCode(
  compiler: Compiler,
  prepared: readonly Prepared[],
  i18n: ReadonlyMap<string, string | undefined>,
): { code: Code; fixed: Code } {
  const mappings = new Map<Prepared, string>();
  let before = '';
  for (const [i, attribute] of prepared.entries()) {
    if (attribute.name !== undefined) continue;
    const variable = compiler.name();
    const { text, offset } = attribute.expression!;
    before += `const ${variable}=mapping(${compiler.value({ text: decodeEntities(text), offset }).code},${i > 0});`;
    mappings.set(attribute, variable);
  }
  const code: Code[] = [];
  const fixed: Code[] = [];
  for (const [i, attribute] of prepared.entries()) {
    if (attribute.name === undefined) {
      const later = prepared.slice(i).flatMap(({ name }) => (name === undefined ? [] : [name]));
      const boolean = compiler.options.html ? 'BOOLEAN' : 'null';
      code.push([
        `o+=mapped(${mappings.get(attribute)!},${JSON.stringify(later)},${boolean},${compiler.state.translator});`,
      ]);
      continue;
    }
    // A mapping that follows overrides what stands before it.
    const filters =
      mappings.size === 0 ? [] : prepared.slice(i).flatMap((other) => mappings.get(other) ?? []);
    const one = new AttributePrinter(compiler, attribute, i18n);
    if (one.fixed !== undefined) fixed.push(shown(one.fixed));
    const key = literal(attribute.name);
    code.push(one.print(filters.map((variable) => `!${variable}.has(${key})`).join('&&')));
  }
  return {
    code: before === '' ? code.flat() : [`{${before}`, ...code.flat(), '}'],
    fixed: fixed.flat(),
  };
}

export { BOOLEAN };

class AttributePrinter {
  readonly #compiler: Compiler;
  readonly #attribute: Prepared;
  readonly #name: string;
  readonly #boolean: boolean;
  readonly #translates: boolean;
  readonly #id: string | undefined;

  constructor(compiler: Compiler, attribute: Prepared, i18n: ReadonlyMap<string, string | undefined>) {
    this.#compiler = compiler;
    this.#attribute = attribute;
    this.#name = attribute.name!;
    this.#boolean = compiler.options.html && BOOLEAN.has(this.#name);
    this.#translates = i18n.has(this.#name);
    this.#id = i18n.get(this.#name);
  }

  get #before(): string {
    const { space, equals, quote } = this.#attribute;
    return `${trimmed(space)}${this.#name}${equals}${quote}`;
  }

  #interpolates(): boolean {
    return this.#attribute.expression === undefined && this.#attribute.text!.includes('${');
  }

  /** The whole attribute where it is always the same. */
  get fixed(): string | undefined {
    const { text, quote, expression } = this.#attribute;
    if (expression !== undefined || this.#translates || this.#interpolates()) return undefined;
    return `${this.#before}${text}${quote}`;
  }

  /** `test`: code that tells whether it is shown; its value is computed in any case. */
  print(test: string): Code {
    const { fixed } = this;
    if (fixed !== undefined) return test === '' ? shown(fixed) : [`if(${test}){${print(shown(fixed))}}`];
    const value = this.#value();
    const name = this.#compiler.name();
    const { quote } = this.#attribute;
    const end = quote === '' ? '' : `+${literal(quote)}`;
    const and = test === '' ? '' : `${test}&&`;
    return [`{const ${name}=${value};if(${and}${name}!==null)o+=${literal(this.#before)}+${name}${end};}`];
  }

  /** Code for the escaped text; null: no attribute. */
  #value(): string {
    const { domain, context, translator } = this.#compiler.state;
    const value = this.#untranslated();
    if (!this.#translates) return value;
    const id = this.#id === undefined ? 'null' : literal(this.#id);
    return `translatedAttribute(${translator},${value},${id},${domain},${context})`;
  }

  #untranslated(): string {
    const { expression, text } = this.#attribute;
    const compiler = this.#compiler;
    if (expression === undefined) return this.#interpolates() ? this.#interpolated() : literal(text!);
    const original = text === undefined ? 'null' : literal(text);
    if (this.#boolean) return `flag(${compiler.value(expression).code},${literal(this.#name)},${original})`;
    const { code } = compiler.value({ ...expression, text: decodeEntities(expression.text) });
    const { quote } = this.#attribute;
    const { translator } = compiler.state;
    return `written(${code},${literal(quote)},${original},${translator})`;
  }

  #interpolated(): string {
    const compiler = this.#compiler;
    const { text, offset, quote } = this.#attribute;
    const { translator } = compiler.state;
    const pieces = compiler.pieces({ text: text!, offset });
    const printed = pieces.map((piece) => {
      if (typeof piece === 'string') return literal(piece);
      const { code } = compiler.placed(piece, piece.clause);
      const value = this.#boolean ? `onlyTrue(${code})` : code;
      return `written(${value},${literal(quote)},null,${translator})`;
    });
    const value =
      printed.length === 1
        ? printed[0]!
        : printed.map((code, i) => (typeof pieces[i] === 'string' ? code : `(${code}??"")`)).join('+');
    return this.#boolean ? `flag(${value},${literal(this.#name)},null)` : `(${value})`;
  }
}
