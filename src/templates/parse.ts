/** Splits the text of a template into elements and text. What is not touched by a statement comes out as it went in. */
import { TemplateError } from './errors.ts';

export interface Attribute {
  /** White space before it. */
  readonly space: string;
  readonly name: string;
  /** The `=` with white space around it; empty for a name alone. */
  readonly equals: string;
  readonly quote: string;
  readonly value: string;
  /** Offset of the value. */
  readonly offset: number;
}

export interface Element {
  readonly kind: 'element';
  readonly name: string;
  readonly attributes: readonly Attribute[];
  /** What ends the start tag: `>`, ` />`. */
  readonly suffix: string;
  readonly selfClosing: boolean;
  /** The end tag as it stands; empty when there is none. */
  endTag: string;
  children: Node[];
  readonly offset: number;
}

export interface Text {
  readonly kind: 'text' | 'comment' | 'markup';
  readonly text: string;
  readonly offset: number;
}

export type Node = Element | Text;

const TAG = /<(\/?)([a-zA-Z_:][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*?)(\s*\/?)>/y;
const ATTRIBUTE = /(\s*)([^\s=/>"']+)(?:(\s*=\s*)(?:(["'])([\s\S]*?)\4|([^\s>"']*)))?/y;
/** Elements whose content is no markup. */
const RAW = new Set(['script', 'style']);

export function parseMarkup(source: string, filename: string): Node[] {
  const root: Node[] = [];
  const open: Element[] = [];
  const add = (node: Node) => (open.at(-1)?.children ?? root).push(node);
  let at = 0;
  const addText = (end: number) => {
    if (end > at) add({ kind: 'text', text: source.slice(at, end), offset: at });
  };
  let search = 0;
  while (search < source.length) {
    const start = source.indexOf('<', search);
    if (start < 0) break;
    const special = specialEnd(source, start);
    if (special !== undefined) {
      if (special.end < 0)
        throw new TemplateError(`the ${special.what} is not closed`, filename, source, start);
      addText(start);
      add({
        kind: special.what === 'comment' ? 'comment' : 'markup',
        text: source.slice(start, special.end),
        offset: start,
      });
      at = search = special.end;
      continue;
    }
    TAG.lastIndex = start;
    const tag = TAG.exec(source);
    if (tag === null) {
      if (/[a-zA-Z/]/.test(source[start + 1] ?? '') && !source.includes('>', start)) {
        throw new TemplateError('the tag is not closed', filename, source, start);
      }
      search = start + 1;
      continue;
    }
    const [whole, slash, name, rest, tail] = tag as unknown as [string, string, string, string, string];
    addText(start);
    at = search = start + whole.length;
    if (slash === '/') {
      closeElement(source, filename, root, open, name, whole, start);
      continue;
    }
    const selfClosing = tail.endsWith('/');
    const element: Element = {
      kind: 'element',
      name,
      attributes: parseAttributes(source, filename, start + 1 + name.length, rest),
      suffix: `${tail}>`,
      selfClosing,
      endTag: '',
      children: [],
      offset: start,
    };
    add(element);
    if (selfClosing) continue;
    open.push(element);
    if (RAW.has(name.toLowerCase())) {
      const end = new RegExp(`</${name}\\s*>`, 'i').exec(source.slice(at));
      if (end !== null) search = at + end.index;
    }
  }
  addText(source.length);
  while (open.length > 0) unclose(root, open);
  return root;
}

function specialEnd(source: string, start: number): { what: string; end: number } | undefined {
  const after = (text: string, from: number) => {
    const index = source.indexOf(text, from);
    return index < 0 ? -1 : index + text.length;
  };
  if (source.startsWith('<!--', start)) return { what: 'comment', end: after('-->', start + 4) };
  if (source.startsWith('<![CDATA[', start)) return { what: 'CDATA section', end: after(']]>', start) };
  if (source.startsWith('<?', start)) return { what: 'processing instruction', end: after('?>', start) };
  if (source.startsWith('<!', start)) {
    const bracket = source.indexOf('[', start);
    const end = after('>', start);
    if (bracket >= 0 && bracket < end) return { what: 'declaration', end: after('>', after(']', bracket)) };
    return { what: 'declaration', end };
  }
  return undefined;
}

function parseAttributes(source: string, filename: string, offset: number, text: string): Attribute[] {
  const attributes: Attribute[] = [];
  let at = 0;
  while (at < text.length && text.slice(at).trim() !== '') {
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(text);
    if (match === null || match[0] === '')
      throw new TemplateError('the attributes of the tag cannot be read', filename, source, offset + at);
    const [whole, space, name, equals = '', quote = '', quoted, bare] = match;
    const value = quoted ?? bare ?? '';
    attributes.push({
      space: space!,
      name: name!,
      equals,
      quote,
      value,
      offset: offset + at + whole.length - value.length - quote.length,
    });
    at += whole.length;
  }
  return attributes;
}

function closeElement(
  source: string,
  filename: string,
  root: Node[],
  open: Element[],
  name: string,
  tag: string,
  offset: number,
): void {
  const index = open.findLastIndex((element) => element.name === name);
  if (index < 0) throw new TemplateError(`there is no open <${name}> to close`, filename, source, offset);
  while (open.length > index + 1) unclose(root, open);
  open.pop()!.endTag = tag;
}

/** An element without an end tag has no content: what follows it are its siblings. */
function unclose(root: Node[], open: Element[]): void {
  const element = open.pop()!;
  const parent = open.at(-1)?.children ?? root;
  parent.push(...element.children);
  element.children = [];
}
