/**
 * Compiles the elements of a template to functions (INVENTORY 6.1, 6.3, 6.5). What no statement touches becomes one constant text.
 *
 * Over 400 lines: all statements of TAL and METAL share the shape of an element, and their order is the language.
 */
import { iterate, truth } from '../restricted/index.ts';
import { notePlace, TemplateError } from './errors.ts';
import {
  compileTales,
  decodeEntities,
  type Expression,
  type ExpressionPlace,
  interpolated,
  Structure,
  textOf,
} from './expressions.ts';
import type { Attribute, Element, Node } from './parse.ts';
import { RepeatItem } from './repeat.ts';
import { DEFAULT, newScope, Rendering, type Scope, type Slot } from './scope.ts';

export type Part = string | ((scope: Scope, rendering: Rendering) => string);

/** A piece of a template that others use. */
export class Macro {
  readonly name: string;
  readonly #body: Part;

  constructor(name: string, body: Part) {
    this.name = name;
    this.#body = body;
  }

  render(scope: Scope, rendering: Rendering, slots: ReadonlyMap<string, Slot>): string {
    const before = rendering.slots;
    rendering.slots = slots;
    try {
      return run(this.#body, scope, rendering);
    } finally {
      rendering.slots = before;
    }
  }
}

const run = (part: Part, scope: Scope, rendering: Rendering): string =>
  typeof part === 'string' ? part : part(scope, rendering);

const NAMESPACES: Readonly<Record<string, string>> = {
  'http://xml.zope.org/namespaces/tal': 'tal',
  'http://xml.zope.org/namespaces/metal': 'metal',
  'http://xml.zope.org/namespaces/i18n': 'i18n',
};
const STATEMENT_SPACES = new Set(['tal', 'metal', 'i18n']);
const BOOLEAN = new Set(
  'compact nowrap ismap declare noshade checked disabled readonly multiple selected noresize defer autofocus required hidden open async'.split(
    ' ',
  ),
);

/** A statement's value and where it stands. */
interface Statement {
  readonly text: string;
  readonly offset: number;
}

interface Analyzed {
  readonly statements: ReadonlyMap<string, Statement>;
  readonly attributes: readonly Attribute[];
  /** Whether the element is of a namespace of statements: its tags are never shown. */
  readonly bare: boolean;
}

export class Compiler {
  readonly macros = new Map<string, Macro>();
  readonly #filename: string;
  readonly #source: string;
  readonly #html: boolean;
  /** Slots that the fills of a `use-macro` gather into. */
  #fills: Map<string, Part>[] = [];

  constructor(filename: string, source: string, html: boolean) {
    this.#filename = filename;
    this.#source = source;
    this.#html = html;
  }

  #place(offset: number): ExpressionPlace {
    return { filename: this.#filename, source: this.#source, offset };
  }

  #fail(reason: string, offset: number): never {
    throw new TemplateError(reason, this.#filename, this.#source, offset);
  }

  /** An expression that tells its place when it fails. */
  #tales(text: string, offset: number): Expression {
    const inner = compileTales(text, this.#place(offset));
    return (scope, rendering) => {
      try {
        return inner(scope, rendering);
      } catch (error) {
        notePlace(error, this.#filename, this.#source, offset, text.trim());
        throw error;
      }
    };
  }

  compile(nodes: readonly Node[]): Part {
    return joined(nodes.map((node) => this.#node(node)));
  }

  #node(node: Node): Part {
    switch (node.kind) {
      case 'element':
        return this.#element(node);
      case 'comment':
        if (node.text.startsWith('<!--!')) return '';
        if (node.text.startsWith('<!--?')) return `<!--${node.text.slice(5)}`;
        return this.#text(node.text, node.offset);
      case 'markup':
        return node.text;
      default:
        return this.#text(node.text, node.offset);
    }
  }

  #text(text: string, offset: number): Part {
    if (!text.includes('${')) return text;
    const parts = interpolated(text, this.#place(offset), false);
    return joined(parts.map((part) => (typeof part === 'string' ? part : this.#shown(part, offset))));
  }

  #shown(expression: Expression, offset: number): Part {
    return (scope, rendering) => {
      try {
        return content(expression(scope, rendering), false) ?? '';
      } catch (error) {
        notePlace(error, this.#filename, this.#source, offset, '${…}');
        throw error;
      }
    };
  }

  #analyze(element: Element): Analyzed {
    const [prefix, local] = element.name.includes(':')
      ? (element.name.split(':', 2) as [string, string])
      : ['', element.name];
    const bare = STATEMENT_SPACES.has(prefix);
    const statements = new Map<string, Statement>();
    const attributes: Attribute[] = [];
    for (const attribute of element.attributes) {
      const { name, value, offset } = attribute;
      const colon = name.indexOf(':');
      const space = colon < 0 ? (bare ? prefix : '') : name.slice(0, colon);
      if (space === 'xmlns' && value in NAMESPACES) continue;
      if (!STATEMENT_SPACES.has(space)) {
        attributes.push(attribute);
        continue;
      }
      const statement = `${space}:${colon < 0 ? name : name.slice(colon + 1)}`;
      if (!KNOWN.has(statement)) this.#fail(`Bad attribute for namespace: ${statement}`, offset);
      statements.set(statement, { text: decodeEntities(value), offset });
    }
    void local;
    return { statements, attributes, bare };
  }

  #element(element: Element): Part {
    const { statements, attributes, bare } = this.#analyze(element);
    const get = (name: string) => statements.get(name);
    const use = get('metal:use-macro') ?? get('metal:extend-macro');
    let part: Part =
      use === undefined ? this.#body(element, statements, attributes, bare) : this.#useMacro(element, use);
    const repeat = get('tal:repeat');
    if (repeat !== undefined) part = this.#repeat(part, repeat);
    const condition = get('tal:condition');
    if (condition !== undefined) part = this.#condition(part, condition);
    const switched = get('tal:switch');
    if (switched !== undefined) part = this.#switch(part, switched);
    const define = get('tal:define');
    if (define !== undefined) part = this.#define(part, define);
    const matched = get('tal:case');
    if (matched !== undefined) part = this.#case(part, matched);
    const onError = get('tal:on-error');
    if (onError !== undefined) part = this.#onError(part, onError, element, attributes, bare);
    const slot = get('metal:define-slot');
    if (slot !== undefined) part = defineSlot(slot.text.trim(), part);
    const macro = get('metal:define-macro');
    if (macro !== undefined) {
      const name = macro.text.trim();
      if (this.macros.has(name)) this.#fail(`Duplicate macro name "${name}".`, macro.offset);
      const whole = new Macro(name, part);
      this.macros.set(name, whole);
      // Shown where it stands as well, with no slots filled.
      const own = part;
      part = (scope, rendering) => {
        const before = rendering.slots;
        rendering.slots = undefined;
        try {
          return run(own, scope, rendering);
        } finally {
          rendering.slots = before;
        }
      };
    }
    const fill = get('metal:fill-slot');
    if (fill !== undefined) {
      const fills = this.#fills.at(-1);
      if (fills === undefined) this.#fail('Cannot have metal:fill-slot without metal:use-macro', fill.offset);
      fills.set(fill.text.trim(), part);
      return '';
    }
    return part;
  }

  #useMacro(element: Element, use: Statement): Part {
    const fills = new Map<string, Part>();
    this.#fills.push(fills);
    for (const child of element.children) this.#node(child);
    this.#fills.pop();
    const expression = compileTales(
      TYPED.test(use.text) ? use.text : `nocall:${use.text}`,
      this.#place(use.offset),
    );
    return (scope, rendering) => {
      let macro: unknown;
      try {
        macro = expression(scope, rendering);
      } catch (error) {
        notePlace(error, this.#filename, this.#source, use.offset, use.text);
        throw error;
      }
      if (macro === null) return '';
      if (!(macro instanceof Macro)) {
        macro = (macro as { macros?: ReadonlyMap<string, unknown> } | null)?.macros?.get('');
        if (!(macro instanceof Macro))
          throw new TemplateError(`${use.text} is no macro`, this.#filename, this.#source, use.offset);
      }
      const outer = rendering.slots;
      const slots = new Map<string, Slot>();
      for (const [name, part] of fills) {
        slots.set(name, () => {
          const inner = rendering.slots;
          rendering.slots = outer;
          try {
            return run(part, scope, rendering);
          } finally {
            rendering.slots = inner;
          }
        });
      }
      return (macro as Macro).render(newScope(scope), rendering, slots);
    };
  }

  #body(
    element: Element,
    statements: ReadonlyMap<string, Statement>,
    attributes: readonly Attribute[],
    bare: boolean,
  ): Part {
    const get = (name: string) => statements.get(name);
    const replace = get('tal:replace');
    const children = this.compile(element.children);
    if (replace !== undefined)
      return this.#content(replace, this.#tags(element, statements, attributes, bare, children));
    const contentStatement = get('tal:content');
    const inner = contentStatement === undefined ? children : this.#content(contentStatement, children);
    return this.#tags(element, statements, attributes, bare, inner, contentStatement !== undefined);
  }

  /** The element's tags around its content. */
  #tags(
    element: Element,
    statements: ReadonlyMap<string, Statement>,
    attributes: readonly Attribute[],
    bare: boolean,
    inner: Part,
    filled = false,
  ): Part {
    if (bare) return inner;
    const start = this.#startTag(
      element,
      attributes,
      statements.get('tal:attributes'),
      filled && element.selfClosing,
    );
    const end =
      element.endTag !== '' ? element.endTag : filled && element.selfClosing ? `</${element.name}>` : '';
    const whole = joined([start, inner, end]);
    const omit = statements.get('tal:omit-tag');
    if (omit === undefined) return whole;
    if (omit.text.trim() === '') return inner;
    const expression = this.#tales(omit.text, omit.offset);
    return (scope, rendering) =>
      truth(expression(scope, rendering)) ? run(inner, scope, rendering) : run(whole, scope, rendering);
  }

  #startTag(
    element: Element,
    attributes: readonly Attribute[],
    statement: Statement | undefined,
    opened: boolean,
  ): Part {
    const suffix = opened ? '>' : element.suffix;
    const dynamic = statement === undefined ? [] : this.#attributeStatements(statement);
    const dictionaries = dynamic.filter(({ name }) => name === undefined);
    const named = new Map(
      dynamic
        .filter(({ name }) => name !== undefined)
        .map((item) => [this.#html ? item.name!.toLowerCase() : item.name!, item]),
    );
    const parts: Part[] = [`<${element.name}`];
    const key = (name: string) => (this.#html ? name.toLowerCase() : name);
    for (const attribute of attributes) {
      const item = named.get(key(attribute.name));
      if (item === undefined) parts.push(this.#staticAttribute(attribute));
      else {
        named.delete(key(attribute.name));
        parts.push(this.#dynamicAttribute(item.name!, item.expression, attribute));
      }
    }
    for (const item of named.values())
      parts.push(this.#dynamicAttribute(item.name!, item.expression, undefined));
    for (const { expression } of dictionaries) parts.push(attributeDictionary(expression));
    parts.push(suffix);
    return joined(parts);
  }

  #staticAttribute({ space, name, equals, quote, value, offset }: Attribute): Part {
    if (!value.includes('${')) return `${space}${name}${equals}${quote}${value}${quote}`;
    const parts = interpolated(value, this.#place(offset), false);
    const only = parts.length === 1 && typeof parts[0] === 'function' ? parts[0] : undefined;
    if (only !== undefined)
      return this.#dynamicAttribute(name, only, { space, name, equals, quote, value: '', offset });
    const pieces = parts.map((part): Part =>
      typeof part === 'string'
        ? part
        : (scope, rendering) => escapeAttribute(textOf(unwrapped(part(scope, rendering))), quote),
    );
    return joined([`${space}${name}${equals}${quote}`, ...pieces, quote]);
  }

  #dynamicAttribute(name: string, expression: Expression, original: Attribute | undefined): Part {
    const space = original?.space ?? ' ';
    const quote = original?.quote || '"';
    const equals = original?.equals || '=';
    const kept = original === undefined ? '' : this.#staticKept(original);
    const isBoolean = this.#html && BOOLEAN.has(name.toLowerCase());
    return (scope, rendering) => {
      let value = expression(scope, rendering);
      if (value === DEFAULT) return typeof kept === 'string' ? kept : kept(scope, rendering);
      if (value === null || value === undefined) return '';
      if (isBoolean) return truth(value) ? `${space}${name}${equals}${quote}${name}${quote}` : '';
      let text: string;
      if (value instanceof Structure) {
        value = value.value;
        text = textOf(value);
      } else text = escapeAttribute(textOf(value), quote);
      return `${space}${name}${equals}${quote}${text}${quote}`;
    };
  }

  #staticKept(attribute: Attribute): Part {
    return attribute.value.includes('${')
      ? ''
      : `${attribute.space}${attribute.name}${attribute.equals}${attribute.quote}${attribute.value}${attribute.quote}`;
  }

  #attributeStatements({ text, offset }: Statement): { name: string | undefined; expression: Expression }[] {
    return splitStatements(text).map(({ text: part, at }) => {
      const match = /^\s*([A-Za-z_:@][\w:.@-]*)\s+(\S[\s\S]*)$/.exec(part);
      if (match === null || TYPED.test(part))
        return { name: undefined, expression: this.#tales(part, offset + at) };
      return { name: match[1]!, expression: this.#tales(match[2]!, offset + at) };
    });
  }

  #content({ text, offset }: Statement, original: Part): Part {
    const match = /^\s*(text|structure)\s+(\S[\s\S]*)$/.exec(text);
    const structure = match?.[1] === 'structure';
    const expression = this.#tales(match?.[2] ?? text, offset);
    return (scope, rendering) => {
      const value = expression(scope, rendering);
      if (value === DEFAULT) return run(original, scope, rendering);
      return content(value, structure) ?? '';
    };
  }

  #condition(part: Part, { text, offset }: Statement): Part {
    const expression = this.#tales(text, offset);
    return (scope, rendering) => {
      const value = expression(scope, rendering);
      return value === DEFAULT || truth(value) ? run(part, scope, rendering) : '';
    };
  }

  #switch(part: Part, { text, offset }: Statement): Part {
    const expression = this.#tales(text, offset);
    return (scope, rendering) => {
      const inner = newScope(scope);
      inner['switch value'] = { value: expression(scope, rendering), done: false };
      return run(part, inner, rendering);
    };
  }

  #case(part: Part, { text, offset }: Statement): Part {
    const expression = this.#tales(text, offset);
    return (scope, rendering) => {
      const state = scope['switch value'] as { value: unknown; done: boolean } | undefined;
      if (state === undefined)
        throw new TemplateError('tal:case without tal:switch', this.#filename, this.#source, offset);
      if (state.done) return '';
      const value = expression(scope, rendering);
      if (value !== DEFAULT && value !== state.value) return '';
      state.done = true;
      return run(part, scope, rendering);
    };
  }

  #define(part: Part, { text, offset }: Statement): Part {
    const definitions = splitStatements(text).map(({ text: definition, at }) => {
      const match = /^\s*(?:(global|local)\s+)?(\([^)]*\)|[a-zA-Z_]\w*)\s+(\S[\s\S]*)$/.exec(definition);
      if (match === null) this.#fail(`invalid define syntax: ${definition.trim()}`, offset + at);
      const names = match[2]!.startsWith('(')
        ? match[2]!
            .slice(1, -1)
            .split(',')
            .map((name) => name.trim())
            .filter(Boolean)
        : undefined;
      return {
        global: match[1] === 'global',
        name: match[2]!,
        names,
        expression: this.#tales(match[3]!, offset + at),
      };
    });
    return (scope, rendering) => {
      const inner = newScope(scope);
      for (const { global, name, names, expression } of definitions) {
        const value = expression(inner, rendering);
        const target = global ? rendering.globals : inner;
        if (names === undefined) {
          target[`$${name}`] = value;
          if (global) inner[`$${name}`] = value;
        } else unpack(names, value, target);
      }
      return run(part, inner, rendering);
    };
  }

  #repeat(part: Part, { text, offset }: Statement): Part {
    const match = /^\s*(\([^)]*\)|[a-zA-Z_]\w*)\s+(\S[\s\S]*)$/.exec(text);
    if (match === null) this.#fail(`invalid repeat syntax: ${text.trim()}`, offset);
    const names = match[1]!.startsWith('(')
      ? match[1]!
          .slice(1, -1)
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean)
      : undefined;
    const name = names?.[0] ?? match[1]!;
    const key = `$${name}`;
    const expression = this.#tales(match[2]!, offset);
    return (scope, rendering) => {
      const value = expression(scope, rendering);
      if (value === DEFAULT) return run(part, scope, rendering);
      if (value === null) return '';
      const items = Array.isArray(value)
        ? (value as unknown[])
        : [...{ [Symbol.iterator]: () => iterate(value) }];
      const item = new RepeatItem(items);
      const before = rendering.repeats.get(name);
      rendering.repeats.set(name, item);
      let result = '';
      try {
        for (let i = 0; i < items.length; i++) {
          item.position = i;
          const inner = newScope(scope);
          if (names === undefined) inner[key] = items[i];
          else unpack(names, items[i], inner);
          result += run(part, inner, rendering);
        }
      } finally {
        if (before === undefined) rendering.repeats.delete(name);
        else rendering.repeats.set(name, before);
      }
      return result;
    };
  }

  #onError(
    part: Part,
    statement: Statement,
    element: Element,
    attributes: readonly Attribute[],
    bare: boolean,
  ): Part {
    const plain = attributes.filter(({ value }) => !value.includes('${'));
    const start = bare
      ? ''
      : `<${element.name}${plain.map(({ space, name, equals, quote, value }) => space + name + equals + quote + value + quote).join('')}>`;
    const fallback = joined([
      start,
      this.#content(statement, ''),
      bare ? '' : element.endTag || `</${element.name}>`,
    ]);
    return (scope, rendering) => {
      try {
        return run(part, scope, rendering);
      } catch (error) {
        if (
          (error as { transient?: boolean }).transient === true ||
          (error as { code?: string }).code === 'BUDGET'
        )
          throw error;
        const inner = newScope(scope);
        const { pyType, name, message } = error as { pyType?: string; name?: string; message?: string };
        inner.$error = new Map<string, unknown>([
          ['type', pyType ?? name ?? 'Error'],
          ['value', message ?? String(error)],
        ]);
        return run(fallback, inner, rendering);
      }
    };
  }
}

const TYPED = /^\s*[a-zA-Z_][\w-]*:/;
const KNOWN = new Set([
  ...[
    'define',
    'condition',
    'repeat',
    'content',
    'replace',
    'attributes',
    'omit-tag',
    'on-error',
    'switch',
    'case',
    'block',
  ].map((name) => `tal:${name}`),
  ...['define-macro', 'use-macro', 'extend-macro', 'define-slot', 'fill-slot'].map((name) => `metal:${name}`),
  ...[
    'translate',
    'domain',
    'context',
    'name',
    'attributes',
    'data',
    'target',
    'source',
    'comment',
    'ignore',
    'ignore-attributes',
  ].map((name) => `i18n:${name}`),
]);

/** Parts at `;`; `;;` is one in the text. */
function splitStatements(text: string): { text: string; at: number }[] {
  const parts: { text: string; at: number }[] = [];
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && text[i] !== ';') continue;
    if (text[i] === ';' && text[i + 1] === ';') {
      i++;
      continue;
    }
    const part = text.slice(start, i);
    if (part.trim() !== '')
      parts.push({ text: part.replaceAll(';;', ';'), at: start + (part.length - part.trimStart().length) });
    start = i + 1;
  }
  return parts;
}

function unpack(names: readonly string[], value: unknown, scope: Scope): void {
  const items = Array.isArray(value)
    ? (value as unknown[])
    : [...{ [Symbol.iterator]: () => iterate(value) }];
  if (items.length !== names.length) throw new RangeError(`${names.length} names for ${items.length} values`);
  for (const [i, name] of names.entries()) scope[`$${name}`] = items[i];
}

function defineSlot(name: string, original: Part): Part {
  return (scope, rendering) => {
    const slot = rendering.slots?.get(name);
    return slot === undefined ? run(original, scope, rendering) : slot();
  };
}

function attributeDictionary(expression: Expression): Part {
  return (scope, rendering) => {
    const value = expression(scope, rendering);
    if (!(value instanceof Map)) return '';
    let text = '';
    for (const [name, item] of value)
      if (item !== null && item !== undefined)
        text += ` ${textOf(name)}="${escapeAttribute(textOf(item), '"')}"`;
    return text;
  };
}

/** Runs of constant text become one. */
function joined(parts: readonly Part[]): Part {
  const merged: Part[] = [];
  for (const part of parts) {
    if (part === '') continue;
    if (typeof part === 'string' && typeof merged.at(-1) === 'string')
      merged[merged.length - 1] = (merged.at(-1) as string) + part;
    else merged.push(part);
  }
  if (merged.length === 0) return '';
  if (merged.length === 1) return merged[0]!;
  return (scope, rendering) => {
    let text = '';
    for (let i = 0; i < merged.length; i++) {
      const part = merged[i]!;
      text += typeof part === 'string' ? part : part(scope, rendering);
    }
    return text;
  };
}

const unwrapped = (value: unknown): unknown => (value instanceof Structure ? value.value : value);
const SPECIAL = /[&<>]/;

function escapeText(text: string): string {
  return SPECIAL.test(text)
    ? text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    : text;
}

function escapeAttribute(text: string, quote: string): string {
  const escaped = escapeText(text);
  if (quote === "'") return escaped.replaceAll("'", '&#x27;');
  return escaped.includes('"') ? escaped.replaceAll('"', '&quot;') : escaped;
}

/** A value as content; undefined for none. */
function content(value: unknown, structure: boolean): string | undefined {
  if (typeof value === 'string') return structure ? value : escapeText(value);
  if (value === null || value === undefined) return undefined;
  if (value instanceof Structure) return content(value.value, true);
  if (typeof value === 'number' && Number.isInteger(value)) return String(value);
  const html = (value as { __html__?: unknown }).__html__;
  if (typeof html === 'function') return textOf(html.call(value));
  const text = textOf(value);
  return structure ? text : escapeText(text);
}

/** A compiled template's body. */
export const runPart = run;
