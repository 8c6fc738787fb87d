import { beforeAll, describe, expect, it } from 'vitest';
import { checkSource, DtmlProgram } from '../../../src/templates/index.ts';
import { addMimeTags } from '../../../src/zope/index.ts';
import { composeMail } from '../../../src/zope/mail/message.ts';

const rendered = (source: string, values: Readonly<Record<string, unknown>> = {}): string =>
  DtmlProgram.compile(source, { name: 'page' }).render({
    mapping: new Map(Object.entries(values)),
  }) as string;
/** What a tag gives, with the boundary as `=`. */
const made = (source: string, values?: Readonly<Record<string, unknown>>): string =>
  rendered(source, values).replaceAll(/={15}\d{19}==/g, '=');
const HEAD = 'Content-Type: multipart/mixed; boundary="="\nMIME-Version: 1.0\n\n';

it('is no tag of Zope by itself', () => {
  expect(() => rendered('<dtml-mime>a</dtml-mime>')).toThrow(
    'Unexpected tag, for tag <dtml-mime>, on line 1 of page',
  );
});

describe('dtml-mime, once it is added', () => {
  beforeAll(addMimeTags);

  it('makes a part of each section', () => {
    expect(
      made(
        '<dtml-mime type="text/plain">\nHello\n<dtml-boundary type="application/pdf" disposition="attachment" filename="a.pdf" cid="x" name="n">\nABC\n</dtml-mime>',
      ),
    ).toBe(
      `${HEAD}--=\nContent-Type: text/plain; charset="us-ascii"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\n\nHello\n\n` +
        '--=\nContent-Type: application/pdf;\n name="n"\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\nContent-ID: <x>\n' +
        'Content-Disposition: attachment;\n filename="a.pdf"\n\nQUJDCg==\n\n--=--\n',
    );
  });

  it.each([
    ['utf-8', 'Grüße €\nx', 'base64', 'R3LDvMOfZSDigqwKeA==\n'],
    ['iso-8859-1', 'Grüße = x\n', 'quoted-printable', 'Gr=FC=DFe =3D x\n'],
    ['iso-8859-15', '€\n', 'quoted-printable', '=A4\n'],
    ['koi8-r', 'ж\n', 'base64', '1go=\n'],
  ])('encodes text of %s as Python does', (charset, text, encoding, encoded) => {
    expect(
      made(`<dtml-mime type="text/html" charset="${charset}"><dtml-var t></dtml-mime>`, { t: text }),
    ).toBe(
      `${HEAD}--=\nContent-Type: text/html; charset="${charset}"\nMIME-Version: 1.0\nContent-Transfer-Encoding: ${encoding}\n\n${encoded}\n--=--\n`,
    );
  });

  it.each([
    ['7bit', 'a', '7bit', 'a'],
    ['7bit', 'aü', '8bit', 'aü'],
    ['base64', 'aü', 'base64', 'Yfw=\n'],
    ['quoted-printable', 'ü=', 'quoted-printable', '=FC=3D'],
  ])('encodes other types as %s', (encode, text, encoding, encoded) => {
    expect(made(`<dtml-mime type="image/png" encode="${encode}">${text}</dtml-mime>`)).toBe(
      `${HEAD}--=\nContent-Type: image/png\nMIME-Version: 1.0\nContent-Transfer-Encoding: ${encoding}\n\n${encoded}\n--=--\n`,
    );
  });

  it('takes all from expressions, leaves out parts and tells the kind of multipart', () => {
    const text = made(
      '<dtml-mime multipart="alternative" skip_expr="skipped">lost<dtml-boundary type_expr="t" encode_expr="e" disposition_expr="d" filename_expr="f" cid_expr="c" charset_expr="s">kept</dtml-mime>',
      { skipped: 1, t: 'TEXT/Plain', e: '8bit', d: 'inline', f: 'Grüße "1".txt', c: 'id', s: 'utf-8' },
    );
    expect(text).toContain('multipart/alternative');
    expect(text).not.toContain('lost');
    expect(text).toContain('Content-Type: text/plain; charset="utf-8"\n');
    expect(text).toContain('Content-ID: <id>\n');
    expect(text).toContain("Content-Disposition: inline;\n filename*=utf-8''Gr%C3%BC%C3%9Fe%20%221%22.txt\n");
    expect(made('<dtml-mime skip_expr="1">a</dtml-mime>')).toBe(`${HEAD}--=\n\n--=--\n`);
  });

  it.each(['type', 'disposition', 'name', 'filename', 'cid', 'charset'])(
    'lets no line end into the headers by %s',
    (name) => {
      const value = `${name === 'type' ? 'text/plain' : 'a'}\nBcc: victim@site.example`;
      expect(() => made(`<dtml-mime ${name}_expr="v">a</dtml-mime>`, { v: value })).toThrow(
        `the ${name} of a part of a mail has one line`,
      );
    },
  );

  it('refuses types that are none and encodings that only an expression tells', () => {
    expect(() => made('<dtml-mime type="image">a</dtml-mime>')).toThrow(/"image" is no type/);
    expect(() => made('<dtml-mime encode_expr="e">a</dtml-mime>', { e: 'x' })).toThrow(
      /unsupported encoding/,
    );
  });

  it.each([
    ['<dtml-mime encode="x">a</dtml-mime>', 'An unsupported encoding was specified in tag'],
    ['<dtml-mime type="a/b" type_expr="e">a</dtml-mime>', 'dtml-mime: type and type_expr given'],
    ['<dtml-mime foo="1">a</dtml-mime>', 'Invalid attribute name, "foo"'],
    ['<dtml-mime>a<dtml-boundary multipart="x">b</dtml-mime>', 'Invalid attribute name, "multipart"'],
    ['<dtml-boundary>', 'Unexpected tag'],
  ])('refuses %s', (source, problem) => {
    expect(() => rendered(source)).toThrow(new RegExp(`^${problem}, for tag <dtml-.*, on line 1 of page$`));
  });

  it('goes as the body of a mail', () => {
    const text = rendered(
      '<dtml-mime type="text/plain">\nHello\n<dtml-boundary type="image/png" disposition="attachment" filename="a.png">\nABC</dtml-mime>',
    );
    const parts = {
      to: ['to@site.example'],
      from: 'from@site.example',
      subject: null,
      encode: null,
      type: null,
    };
    const mail = Buffer.from(composeMail({ ...parts, text: `Subject: Parts\n${text}` }).bytes).toString();
    const boundary = /^Content-Type: multipart\/mixed; boundary="(.*)"\r$/m.exec(mail)![1]!;
    const [head, ...sent] = mail.split(`--${boundary}`);
    expect(head).toContain('Subject: Parts\r\n');
    expect(sent).toHaveLength(3);
    expect(sent[0]).toContain('\r\n\r\nHello\r\n');
    expect(sent[1]).toContain('filename="a.png"\r\n\r\nQUJD\r\n');
  });

  it('is known to who checks templates', () => {
    const check = (text: string) => checkSource({ kind: 'DTML', name: 'page', text });
    expect(check('<dtml-mime>a<dtml-boundary type="text/plain">b</dtml-mime>')).toEqual([]);
    expect(check('\n<dtml-mime encode="x"></dtml-mime>')).toEqual([
      expect.objectContaining({
        line: 2,
        reason: expect.stringContaining('An unsupported encoding') as string,
      }),
    ]);
  });
});
