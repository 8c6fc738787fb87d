/** Reads gettext's text catalogs (GNU gettext manual, "The Format of PO Files"). Fuzzy and obsolete entries are left out. */
import type { CatalogEntry } from './catalogs.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
};

/** Throws an Error that names the line. */
export function readPo(source: string): CatalogEntry[] {
  const entries: CatalogEntry[] = [];
  let fields = new Map<string, string>();
  let field = '';
  let fuzzy = false;
  const finish = () => {
    const id = fields.get('msgid');
    if (id !== undefined && !fuzzy) {
      const plural = [...fields].filter(([name]) => name.startsWith('msgstr['));
      entries.push({
        context: fields.get('msgctxt') ?? null,
        id,
        translations: plural.length > 0 ? plural.map(([, text]) => text) : [fields.get('msgstr') ?? ''],
      });
    }
    fields = new Map();
    field = '';
    fuzzy = false;
  };
  for (const [index, whole] of source.split(/\r\n?|\n/).entries()) {
    // A byte order mark at the beginning goes as well.
    const line = whole.trim();
    if (line === '') continue;
    if (line.startsWith('#')) {
      // Comments stand before their entry.
      if (fields.has('msgstr') || fields.has('msgstr[0]')) finish();
      if (line.startsWith('#,') && /\bfuzzy\b/.test(line)) fuzzy = true;
      continue;
    }
    const match = /^(?:(msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*)?"((?:[^"\\]|\\.)*)"$/.exec(line);
    if (match === null) throw new Error(`line ${index + 1}: this is no line of a catalog: ${line}`);
    const [, keyword, text] = match as unknown as [string, string?, string?];
    if (keyword !== undefined) {
      const begins = keyword === 'msgctxt' || (keyword === 'msgid' && field !== 'msgctxt');
      if (begins && fields.size > 0) {
        finish();
      }
      if (fields.has(keyword)) throw new Error(`line ${index + 1}: ${keyword} stands twice in one entry`);
      field = keyword;
      fields.set(field, '');
    } else if (field === '') throw new Error(`line ${index + 1}: a text without msgid or msgstr before it`);
    fields.set(field, fields.get(field)! + unescaped(text!));
  }
  finish();
  return entries;
}

function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[^])/g, (_whole, escape: string) => {
    if (/^[0-7]/.test(escape)) return String.fromCharCode(Number.parseInt(escape, 8));
    if (/^x./.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return ESCAPES[escape] ?? escape;
  });
}
