/** What an instance's folder holds, in the notation of the suite `instance`. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { zopeOptions } from './zope-options.ts';

/** No path has it: paths are shown in full, and masked by the suite. */
const NOWHERE = '\0';

/** `path`, `type`, `mode`, and what the file says in the notation of its kind. */
export type Entry = Readonly<Record<string, unknown>> & { readonly path: string };

/** Every file and folder below `folder`, sorted by path; null when there is no such folder. */
export function readTree(folder: string): Entry[] | null {
  if (!existsSync(folder)) return null;
  return (readdirSync(folder, { recursive: true }) as string[]).sort().map((name) => {
    const file = path.join(folder, name);
    const stat = statSync(file);
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
    return stat.isDirectory()
      ? { path: name, type: 'dir', mode }
      : { path: name, type: 'file', mode, ...contentOf(file) };
  });
}

function contentOf(file: string): Record<string, unknown> {
  const text = readFileSync(file, 'utf8');
  const name = path.basename(file);
  if (name === 'inituser') {
    const [, user, scheme, hash = ''] = /^([^:]*):(?:\{(\w+)\})?(.*)\n/.exec(text) ?? [];
    return { user, scheme, hash_length: hash.length, lines: text.split('\n').length - 1, text };
  }
  const common = { text, text_of_any_kind: true };
  if (name.endsWith('.ini')) return { ...common, sections: sectionsOf(text) };
  if (name.endsWith('.zcml')) return { ...common, elements: elementsOf(text) };
  // Only a whole instance has options that can be read.
  return name === 'zope.conf' && text.includes('instancehome')
    ? { ...common, options: zopeOptions(file, NOWHERE, '') }
    : common;
}

function sectionsOf(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section: Record<string, string> = {};
  let option: string | undefined;
  for (const line of text.split('\n')) {
    if (/^\s*(?:[#;].*)?$/.test(line)) continue;
    const title = /^\[(.*)\]$/.exec(line);
    const pair = /^(\S[^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (title !== null) section = sections[title[1]!] = {};
    else if (/^\s/.test(line) && option !== undefined) section[option] += `\n${line.trim()}`;
    else if (pair !== null) section[(option = pair[1]!)] = pair[2]!.trim();
    else throw new Error(`no line of an .ini: ${line}`);
  }
  return sections;
}

interface Element {
  readonly tag: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
}

function elementsOf(text: string): Element {
  const root: Element = { tag: '', attributes: {}, children: [] };
  const open = [root];
  for (const [, closed, tag, attributes, single] of text
    .replaceAll(/<!--[^]*?-->/g, '')
    .matchAll(/<(?:(\/)[\w:]+|([\w:]+)((?:\s+[\w:]+\s*=\s*"[^"]*")*)\s*(\/?))>/g)) {
    if (closed !== undefined) {
      open.pop();
      continue;
    }
    const element: Element = { tag: tag!, attributes: {}, children: [] };
    for (const [, name, value] of attributes!.matchAll(/([\w:]+)\s*=\s*"([^"]*)"/g))
      element.attributes[name!] = value!;
    open.at(-1)!.children.push(element);
    if (single === '') open.push(element);
  }
  return root.children[0]!;
}
