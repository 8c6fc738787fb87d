import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  acceptedLanguages,
  CatalogError,
  Message,
  PageTemplateProgram,
  readLocales,
  setCatalogs,
} from '../../src/templates/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'locales-'));
});
afterEach(() => {
  setCatalogs(new Map());
  rmSync(folder, { recursive: true });
});

function write(language: string, name: string, data: string | Buffer): void {
  const messages = path.join(folder, language, 'LC_MESSAGES');
  mkdirSync(messages, { recursive: true });
  writeFileSync(path.join(messages, name), data);
}

/** A binary catalog in either order of bytes. */
function mo(entries: readonly (readonly [string, string])[], little: boolean): Buffer {
  const texts = [...entries.map(([id]) => id), ...entries.map(([, text]) => text)].map((text) =>
    Buffer.from(text),
  );
  const tables = 28 + texts.length * 8;
  const head = Buffer.alloc(tables);
  const word = (value: number, at: number) =>
    little ? head.writeUInt32LE(value, at) : head.writeUInt32BE(value, at);
  for (const [i, value] of [0x950412de, 0, entries.length, 28, 28 + entries.length * 8, 0, 0].entries())
    word(value, i * 4);
  let offset = tables;
  for (const [i, text] of texts.entries()) {
    word(text.length, 28 + i * 8);
    word(offset, 28 + i * 8 + 4);
    offset += text.length + 1;
  }
  return Buffer.concat([head, ...texts.map((text) => Buffer.concat([text, Buffer.from([0])]))]);
}

const PO = `# A comment
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

#: page.pt:1
msgid "Hello \${name}"
msgstr "Hallo "
"\${name}!"

msgctxt "menu"
msgid "Open"
msgstr "Öffnen"

msgid "Open"
msgstr "Offen"

#, fuzzy
msgid "Unsure"
msgstr "Unsicher"

msgid "quote"
msgstr "sagt \\"ja\\"\\tund\\n\\\\"

msgid "boat"
msgid_plural "boats"
msgstr[0] "одна \${number}"
msgstr[1] "две \${number}"
msgstr[2] "пять \${number}"

#~ msgid "old"
#~ msgstr "alt"
`;

function render(source: string, languages: string, names: Record<string, unknown> = {}): string {
  setCatalogs(readLocales(folder));
  return PageTemplateProgram.compile(source, { filename: '/page' }).render(names, {
    languages: () => acceptedLanguages(languages),
  });
}

describe('catalogs', () => {
  it('translate text with named parts into the preferred language', () => {
    write('de', 'd.po', PO);
    const page = '<p i18n:domain="d" i18n:translate="">Hello <b i18n:name="name">Ann</b></p>';
    expect(render(page, 'fr, de-AT;q=0.8, en;q=0.5')).toBe('<p>Hallo <b>Ann</b>!</p>');
    expect(render(page, 'fr')).toBe('<p>Hello <b>Ann</b></p>');
    expect(render(page.replace('i18n:domain="d" ', ''), 'de')).toBe('<p>Hello <b>Ann</b></p>');
  });

  it('may begin with a byte order mark, as some editors write it', () => {
    write('de', 'd.po', `\ufeffmsgid "a"\nmsgstr "b"\n`);
    expect(render('<p i18n:domain="d" i18n:translate="">a</p>', 'de')).toBe('<p>b</p>');
  });

  it('tell contexts apart, and leave out what is fuzzy or obsolete', () => {
    write('de', 'd.po', PO);
    const page =
      '<p i18n:domain="d"><a i18n:context="menu" i18n:translate="">Open</a><b i18n:translate="">Open</b><i i18n:translate="">Unsure</i><u i18n:translate="">old</u></p>';
    expect(render(page, 'de')).toBe('<p><a>Öffnen</a><b>Offen</b><i>Unsure</i><u>old</u></p>');
  });

  it('translate attributes, and the language can be set by the page', () => {
    write('de', 'd.po', PO);
    const page = '<p i18n:domain="d" i18n:target="string:de"><a title="x" i18n:attributes="title Open"/></p>';
    expect(render(page, 'fr')).toBe('<p><a title="Offen"/></p>');
  });

  it('choose the plural form by the rule of the catalog', () => {
    write('ru', 'd.po', PO);
    const boats = (number: number) => new Message('boat', { domain: 'd', plural: 'boats', number });
    const shown = (n: number, languages = 'ru') => render('${m}', languages, { m: boats(n) });
    expect([1, 2, 5, 11, 21, 22, 25].map((n) => shown(n))).toEqual([
      'одна 1',
      'две 2',
      'пять 5',
      'пять 11',
      'одна 21',
      'две 22',
      'пять 25',
    ]);
    expect([shown(1, 'en'), shown(2, 'en')]).toEqual(['boat', 'boats']);
  });

  it('read escapes of texts', () => {
    write('de', 'd.po', PO);
    expect(render('<p i18n:domain="d" i18n:translate="quote">x</p>', 'de')).toBe('<p>sagt "ja"\tund\n\\</p>');
  });

  it.each([true, false])('are read from binary files (little endian: %s)', (little) => {
    write(
      'pt_BR',
      'd.mo',
      mo(
        [
          ['', 'Plural-Forms: nplurals=2; plural=(n > 1);\n'],
          ['Yes', 'Sim'],
          ['menu\u0004Yes', 'Claro'],
        ],
        little,
      ),
    );
    const page =
      '<p i18n:domain="d"><a i18n:translate="">Yes</a><b i18n:context="menu" i18n:translate="">Yes</b></p>';
    expect(render(page, 'pt-br')).toBe('<p><a>Sim</a><b>Claro</b></p>');
  });

  it.each([
    ['d.po', 'msgid "a"\nmsgstr "b\n', /d\.po: line 2: this is no line of a catalog/],
    ['d.po', '"stray"\n', /d\.po: line 1: a text without msgid/],
    [
      'd.po',
      'msgid ""\nmsgstr "Plural-Forms: nplurals=1; plural=process.exit();\\n"\n',
      /plural rule .* cannot be read/,
    ],
    ['d.mo', 'nonsense that is long enough to be read', /no binary catalog/],
    ['d.mo', 'short', /too short/],
  ])('that are broken (%s) are errors with the file and the line', (name, text, message) => {
    write('de', name, text);
    expect(() => readLocales(folder)).toThrow(CatalogError);
    expect(() => readLocales(folder)).toThrow(message);
  });

  it('are none where there is no folder', () => {
    expect(readLocales(path.join(folder, 'absent')).size).toBe(0);
  });
});

describe('Accept-Language', () => {
  it.each([
    ['de', ['de']],
    ['en;q=0.5, de, fr;q=0', ['de', 'en']],
    ['da, en-gb;q=0.8, en;q=0.7, *;q=0.1', ['da', 'en-gb', 'en']],
    ['', []],
    ['de;q=x', []],
  ])('%s', (header, languages) => {
    expect(acceptedLanguages(header)).toEqual(languages);
  });
});
