/** Comparing XML by its meaning: names with namespaces, attributes, text without white space around it. */

interface Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly content: (Element | string)[];
}

const TOKEN =
  /<!\[CDATA\[([\s\S]*?)\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<![^>]*>|<\/([^\s>]+)\s*>|<([^\s/>]+)((?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replaceAll(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}

function parse(source: string): Element {
  const root: Element = { name: '', attributes: {}, content: [] };
  const stack: { element: Element; raw: string; spaces: Map<string, string> }[] = [
    { element: root, raw: '', spaces: new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]) },
  ];
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    if (match.index !== end) throw new Error(`no XML at ${source.slice(end, end + 40)}`);
    end = match.index + match[0].length;
    const [, cdata, closed, opened, attributeText = '', single, text] = match;
    const top = stack.at(-1)!;
    if (cdata !== undefined || text !== undefined) {
      const piece = cdata ?? decode(text!);
      const { content } = top.element;
      if (typeof content.at(-1) === 'string') content.push((content.pop() as string) + piece);
      else content.push(piece);
    } else if (closed !== undefined) {
      if (top.raw !== closed) throw new Error(`</${closed}> closes <${top.raw}>`);
      stack.pop();
    } else if (opened !== undefined) {
      const spaces = new Map(top.spaces);
      const pairs: [string, string][] = [];
      for (const [, name, double, simple] of attributeText.matchAll(
        /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
      )) {
        const value = decode(double ?? simple!);
        if (name === 'xmlns') spaces.set('', value);
        else if (name!.startsWith('xmlns:')) spaces.set(name!.slice('xmlns:'.length), value);
        else pairs.push([name!, value]);
      }
      const expand = (name: string, useDefault: boolean) => {
        const [prefix, local] = name.includes(':') ? name.split(':') : ['', name];
        const space = prefix === '' && !useDefault ? '' : (spaces.get(prefix!) ?? prefix!);
        return space === '' ? local! : `{${space}}${local}`;
      };
      const element: Element = {
        name: expand(opened, true),
        attributes: Object.fromEntries(pairs.map(([name, value]) => [expand(name, false), value])),
        content: [],
      };
      top.element.content.push(element);
      if (!single) stack.push({ element, raw: opened, spaces });
    }
  }
  if (end !== source.length || stack.length !== 1) throw new Error('the XML does not end well');
  return root;
}

function plain(element: Element): unknown {
  const content = element.content
    .map((item) => (typeof item === 'string' ? item.trim() : plain(item)))
    .filter((item) => item !== '');
  return [element.name, Object.entries(element.attributes).sort(([a], [b]) => (a < b ? -1 : 1)), content];
}

/** Whether both texts are XML of the same meaning. */
export function sameXml(actual: string, expected: string): boolean {
  try {
    return JSON.stringify(plain(parse(actual))) === JSON.stringify(plain(parse(expected)));
  } catch {
    return false;
  }
}
