/** Builds the tree of elements of a source. Elements that nothing closes have no content: what follows them are siblings. */
import { CompilationFailure } from '../errors.ts';
import { type Attribute, kindOf, parseTag, type Tag, type Token, tokens } from './tokens.ts';
import { DEFAULT_PREFIXES, XML_SPACE } from './namespaces.ts';

export interface Element {
  readonly kind: 'element';
  readonly start: Tag;
  /** The namespace of the element. */
  readonly space: string;
  /** The namespace and local name of each attribute, in the order of `start.attributes`. */
  readonly names: readonly AttributeName[];
  readonly end: Tag | undefined;
  readonly children: readonly Node[];
}

export interface AttributeName {
  readonly space: string;
  readonly local: string;
}

export interface Text extends Token {
  readonly kind: 'text' | 'comment' | 'cdata' | 'other';
}

export interface Instruction extends Token {
  readonly kind: 'instruction';
  readonly name: string;
}

export type Node = Element | Text | Instruction;

type Prefixes = ReadonlyMap<string, string>;

const DOUBLE_HYPHEN = /--(?!-*>)/;

export function parseMarkup(source: string): readonly Node[] {
  const parser = new Parser();
  for (const token of tokens(source)) parser.add(token);
  return parser.nodes;
}

class Parser {
  readonly nodes: Node[] = [];
  /** Start tags that wait for their end: name and position in `nodes`. */
  readonly #open: { name: string; at: number }[] = [];
  readonly #prefixes: Prefixes[] = [DEFAULT_PREFIXES];

  add(token: Token): void {
    const kind = kindOf(token.text);
    switch (kind) {
      case 'start': {
        const element = this.#element(parseTag(token), this.#prefixes.at(-1)!, true);
        this.#open.push({ name: element.start.name, at: this.nodes.length });
        this.nodes.push(element);
        return;
      }
      case 'empty':
        this.nodes.push(this.#element(parseTag(token), this.#prefixes.at(-1)!, false));
        return;
      case 'end':
        this.#close(token);
        return;
      case 'instruction': {
        const name = /^<\?(\w+)[^]*\?>/.exec(token.text)?.[1];
        this.nodes.push(
          name === undefined ? { kind: 'other', ...token } : { kind: 'instruction', name, ...token },
        );
        return;
      }
      case 'comment': {
        const bad = DOUBLE_HYPHEN.exec(token.text.slice(4));
        if (bad !== null)
          throw new CompilationFailure(
            'ParseError',
            "The string '--' is not allowed in a comment.",
            token.offset + 4 + bad.index,
            '--',
          );
        this.nodes.push({ kind, ...token });
        return;
      }
      default:
        this.nodes.push({ kind, ...token });
    }
  }

  #element(start: Tag, outer: Prefixes, opens: boolean): Element {
    const prefixes = declared(start.attributes, outer);
    if (opens) this.#prefixes.push(prefixes);
    const colon = start.name.indexOf(':');
    const space = prefixes.get(colon < 0 ? '' : start.name.slice(0, colon)) ?? XML_SPACE;
    const names = start.attributes.map(({ name, nameOffset }): AttributeName => {
      const at = name.indexOf(':');
      if (at < 0) return { space, local: name };
      const prefix = name.slice(0, at);
      const found = prefixes.get(prefix);
      if (found === undefined)
        throw new CompilationFailure(
          'KeyError',
          `'Undefined namespace prefix: ${prefix}.'`,
          nameOffset,
          name,
        );
      return { space: found, local: name.slice(at + 1) };
    });
    return { kind: 'element', start, space, names, end: undefined, children: [] };
  }

  #close(token: Token): void {
    const unexpected = () =>
      new CompilationFailure('ParseError', 'Unexpected end tag.', token.offset, token.text);
    if (this.#prefixes.pop() === undefined) throw unexpected();
    const end = parseTag(token);
    for (;;) {
      const open = this.#open.pop();
      if (open === undefined) throw unexpected();
      if (open.name !== end.name) continue;
      const [start, ...children] = this.nodes.splice(open.at) as [Element, ...Node[]];
      this.nodes.push({ ...start, end, children });
      return;
    }
  }
}

/** The prefixes that are known inside of a tag. */
function declared(attributes: readonly Attribute[], outer: Prefixes): Prefixes {
  let inner: Map<string, string> | undefined;
  for (const { name, value } of attributes) {
    if (name === 'xmlns') (inner ??= new Map(outer)).set('', value);
    else if (name.startsWith('xmlns:')) (inner ??= new Map(outer)).set(name.slice(6), value);
  }
  return inner ?? outer;
}
