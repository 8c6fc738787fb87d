/** Finds the tags of a DTML source, in all its notations, and makes a template of them. */
import type { PySyntaxError } from '../../restricted/index.ts';
import { ParseError } from './errors.ts';
import { takeRefusals } from './expression.ts';
import { type BlockTag, type Part, type Section, setPlace, type Tag } from './render.ts';

interface Found {
  readonly text: string;
  readonly start: number;
  readonly closing: boolean;
  readonly name: string;
  readonly args: string;
}

// oxlint-disable no-control-regex -- white space is what is not above a blank, as in Python
const NAME = /[\u0000- ]*[a-zA-Z]+[\u0000- ]*/y;
const OLD_END = /[\u0000- ]*(?:\/|end)/iy;
// oxlint-enable no-control-regex
const ENTITY = /^[-a-zA-Z0-9_.]+$/;

/** The next tag from `from` on: `<dtml-NAME …>`, `</dtml-NAME>`, `<!--#NAME …-->`, `&dtml-NAME;`, `&dtml.MODIFIER-NAME;`. */
function nextTag(source: string, from: number): Found | undefined {
  for (let at = from; ;) {
    at = indexOfStart(source, at);
    if (at < 0) return undefined;
    let [begin, end, length, closing] = [0, 0, 1, false];
    if (source.startsWith('<!--#', at)) {
      begin = at + 5;
      end = source.indexOf('-->', begin);
      if (end < 0) return undefined;
      length = 3;
      OLD_END.lastIndex = begin;
      const match = OLD_END.exec(source);
      if (match !== null) {
        closing = true;
        begin += match[0].length;
      }
    } else if (source.startsWith('<dtml-', at) || source.startsWith('</dtml-', at)) {
      closing = source[at + 1] === '/';
      begin = at + (closing ? 7 : 6);
      end = tagEnd(source, begin);
      if (end < 0) return undefined;
    } else {
      const entity = source.startsWith('&dtml', at) ? entityAt(source, at) : undefined;
      if (entity !== undefined) return entity;
      at++;
      continue;
    }
    NAME.lastIndex = begin;
    const match = NAME.exec(source);
    if (match === null) return undefined;
    const after = begin + match[0].length;
    return {
      text: source.slice(at, end + length),
      start: at,
      closing,
      name: match[0].trim(),
      args: source.slice(after, Math.max(after, end)).trim(),
    };
  }
}

function indexOfStart(source: string, from: number): number {
  const tag = source.indexOf('<', from);
  const entity = source.indexOf('&', from);
  return tag < 0 ? entity : entity < 0 ? tag : Math.min(tag, entity);
}

/** The `>` that is in no quotes. */
function tagEnd(source: string, begin: number): number {
  let quotes = 0;
  for (let at = begin; at < source.length; at++) {
    const char = source.charCodeAt(at);
    if (char === 34) quotes++;
    else if (char === 62 && at > begin && quotes % 2 === 0) return at;
  }
  return -1;
}

function entityAt(source: string, start: number): Found | undefined {
  const mark = source[start + 5];
  if (mark !== '-' && mark !== '.') return undefined;
  const end = source.indexOf(';', start + 6);
  if (end < 0) return undefined;
  const inner = source.slice(start + 6, end);
  if (!ENTITY.test(inner)) return undefined;
  const text = source.slice(start, end + 1);
  const tag = { text, start, closing: false, name: 'var' };
  if (mark === '-') return { ...tag, args: `${inner} html_quote` };
  const dash = inner.indexOf('-');
  if (dash < 0 || dash === inner.length - 1) return undefined;
  return { ...tag, args: `${inner.slice(dash + 1)} ${inner.slice(0, dash).replaceAll('.', ' ')}` };
}

/** How a tag stands to the block it is found in. */
type Role =
  | { readonly kind: 'open'; readonly tag: Tag }
  | { readonly kind: 'continuation' }
  | { readonly kind: 'end' };

interface Block {
  readonly name: string;
  readonly tag: BlockTag;
  readonly args: string;
}

const isBlock = (tag: Tag): tag is BlockTag => typeof tag !== 'function';

/** Hears of an expression that is Python and may not run. */
export type Refused = (error: PySyntaxError, tag: string, offset: number) => void;

class Parser {
  readonly #source: string;
  readonly #names: TemplateNames;
  readonly #tags: ReadonlyMap<string, Tag>;
  readonly #shown: (text: string) => string;
  readonly #refused: Refused | undefined;
  readonly #ends = new Map<number, number>();
  #countedTo = 0;
  #line = 1;

  constructor(
    source: string,
    names: TemplateNames,
    tags: ReadonlyMap<string, Tag>,
    quoted: boolean,
    refused: Refused | undefined,
  ) {
    this.#refused = refused;
    this.#source = source;
    this.#names = names;
    this.#tags = tags;
    this.#shown = quoted ? quotedTag : (text) => text;
  }

  /** The parts of the source from `from` to `until`. */
  parse(from: number, until: number): Part[] {
    const parts: Part[] = [];
    const text = (start: number, end: number) => {
      if (end > start) parts.push(this.#source.slice(start, end));
    };
    let start = from;
    for (;;) {
      const found = nextTag(this.#source, start);
      if (found === undefined || found.start >= until) break;
      const role = this.#role(found, undefined);
      const tag = (role as { tag: Tag }).tag;
      text(start, found.start);
      const after = found.start + found.text.length;
      if (isBlock(tag)) start = this.#block(parts, found, tag, after);
      else {
        parts.push(
          this.#placed(
            found,
            this.#made(found, () => tag(found.args, 's')),
          ),
        );
        start = after;
      }
    }
    text(start, until);
    return parts;
  }

  #placed(found: Found, part: Part): Part {
    const line = this.#lineOf(found.start);
    setPlace(part, {
      filename: this.#names.filename,
      line,
      function: `dtml-${found.name}`,
      source: this.#source,
      offset: found.start,
      tag: found.text,
    });
    return part;
  }

  #lineOf(at: number): number {
    // Tags come in the order of the source, nested ones first: count on from the last one where that is possible.
    if (at < this.#countedTo) [this.#countedTo, this.#line] = [0, 1];
    for (
      let i = this.#source.indexOf('\n', this.#countedTo);
      i >= 0 && i < at;
      i = this.#source.indexOf('\n', i + 1)
    )
      this.#line++;
    this.#countedTo = at;
    return this.#line;
  }

  /** `begin`: where the tag itself is, of which `found` may tell the end. */
  #made<T>(found: Found, make: () => T, begin = found.start): T {
    try {
      const made = make();
      for (const refusal of takeRefusals()) this.#refused?.(refusal, found.text, begin);
      return made;
    } catch (error) {
      if (!(error instanceof ParseError) || error.line > 0) throw error;
      throw this.#error(
        error.problem,
        found.text,
        found.start,
        error.constructor as typeof ParseError,
        begin,
      );
    }
  }

  #error(
    problem: string,
    tag: string,
    at: number,
    kind: typeof ParseError = ParseError,
    begin = at,
  ): ParseError {
    const line = this.#source.slice(0, at).split('\n').length;
    const error = new kind(problem, this.#shown(tag), line, this.#shown(this.#names.name));
    error.offset = begin;
    return error;
  }

  #role(found: Found, block: Block | undefined): Role {
    const { name, args, closing, text, start } = found;
    if (closing) {
      if (block === undefined || name !== block.name) throw this.#error('unexpected end tag', text, start);
      return { kind: 'end' };
    }
    if (block !== undefined && block.tag.continuations.includes(name)) {
      // An old `else` may be a tag of its own: then its arguments are not those of the block.
      const own =
        name === 'else' &&
        args !== '' &&
        args !== block.args &&
        !(block.args.startsWith(args) && ' \t\n'.includes(block.args.charAt(args.length)));
      if (!own) return { kind: 'continuation' };
    }
    const tag = this.#tags.get(name);
    if (tag === undefined) throw this.#error('Unexpected tag', text, start);
    return { kind: 'open', tag };
  }

  /** After a tag that begins a section, a line end is left out. */
  #skipLineEnd(at: number): number {
    const match = /[ \t]*\n/y;
    match.lastIndex = at;
    return match.test(this.#source) ? match.lastIndex : at;
  }

  #block(parts: Part[], opening: Found, tag: BlockTag, after: number): number {
    const block: Block = { name: opening.name, tag, args: opening.args };
    const sections: Section[] = [];
    let section = { tag: opening.name, args: opening.args };
    let begin = this.#skipLineEnd(after);
    let at = begin;
    for (;;) {
      const found = nextTag(this.#source, at);
      if (found === undefined) throw this.#error('No closing tag', opening.text, opening.start);
      const role = this.#role(found, block);
      const end = found.start + found.text.length;
      if (role.kind === 'open') {
        at = isBlock(role.tag) ? this.#close(found, role.tag, end) : end;
        continue;
      }
      sections.push({ ...section, parts: this.parse(begin, found.start) });
      at = this.#skipLineEnd(end);
      begin = at;
      if (role.kind === 'end') {
        // As in Python, the line is that of the end tag.
        parts.push(
          this.#placed(
            opening,
            this.#made({ ...opening, start: found.start }, () => tag.make(sections), opening.start),
          ),
        );
        return at;
      }
      section = { tag: found.name, args: found.args };
    }
  }

  /** Where the block ends that `opening` begins: asked once for each block around it. */
  #close(opening: Found, tag: BlockTag, after: number): number {
    let end = this.#ends.get(opening.start);
    if (end === undefined) this.#ends.set(opening.start, (end = this.#findClose(opening, tag, after)));
    return end;
  }

  #findClose(opening: Found, tag: BlockTag, after: number): number {
    const block: Block = { name: opening.name, tag, args: opening.args };
    for (let at = after; ;) {
      const found = nextTag(this.#source, at);
      if (found === undefined) throw this.#error('No closing tag', opening.text, opening.start);
      const role = this.#role(found, block);
      at = found.start + found.text.length;
      if (role.kind === 'end') return at;
      if (role.kind === 'open' && isBlock(role.tag)) at = this.#close(found, role.tag, at);
    }
  }
}

const quotedTag = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** What a template is called in what is said of its source, and in the places of what fails later. */
export interface TemplateNames {
  readonly name: string;
  readonly filename: string;
}

/** The parts of a source. Throws a ParseError with the tag (as HTML when `quoted`), its line and the name of the template. */
export function parseDtml(
  source: string,
  names: TemplateNames,
  tags: ReadonlyMap<string, Tag>,
  quoted = false,
  refused?: Refused,
): Part[] {
  try {
    return new Parser(source, names, tags, quoted, refused).parse(0, source.length);
  } catch (error) {
    if (error instanceof RangeError)
      throw new ParseError('the template is nested too deeply', '', 1, names.name);
    throw error;
  }
}
