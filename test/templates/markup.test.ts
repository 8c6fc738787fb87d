import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageTemplateProgram } from '../../src/templates/index.ts';

const render = (source: string, names: Record<string, unknown> = {}): string =>
  PageTemplateProgram.compile(source, { filename: '/page' }).render(names);

describe('what no statement touches', () => {
  const element = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        'text',
        ' a &amp; b ',
        '<br>',
        '<hr/>',
        '<!-- c -->',
        '<![CDATA[x < y]]>',
        '&copy;',
        '\n  ',
      ),
      tie('element'),
    ),
    element: fc
      .tuple(
        fc.constantFrom('p', 'div', 'B', 'x-y'),
        fc.array(fc.constantFrom(' a="1"', " b='2'", ' c', ' d = "e"', ' F="&lt;"'), { maxLength: 3 }),
        fc.array(tie('node'), { maxLength: 4 }),
      )
      .map(([name, attributes, children]) => `<${name}${attributes.join('')}>${children.join('')}</${name}>`),
  })).node as fc.Arbitrary<string>;

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(element, (source) => {
        expect(render(source)).toBe(source);
      }),
    );
  });

  it('comes out as it went in when it is no markup at all', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 30 }).filter((text) => !/[$<\r]/.test(text)),
        (text) => {
          expect(render(text)).toBe(text);
        },
      ),
    );
  });

  it('is never lost, whatever is between the brackets', () => {
    // Broken tags become text; only an end tag without a start is refused.
    for (const source of [
      '<p',
      '< p>',
      '<>',
      '<!',
      '<!DOCTYPE',
      '<?',
      '<?php',
      '<![CDATA[',
      '<!-- x',
      'a < b > c',
    ])
      expect(render(source)).toBe(source);
  });

  it.each(['<p a=">', '<p a = >x</p>', '</>', '<?xml version="1.0"?'])('%s is refused', (source) => {
    expect(() => render(source)).toThrow(/ParseError/);
  });
});

describe('XML mode', () => {
  const declaration = '<?xml version="1.0" encoding="utf-8"?>\n';

  it('begins with an XML declaration and knows no boolean attributes', () => {
    const element = '<i tal:attributes="checked python:True; selected python:False"/>';
    expect(render(declaration + element)).toBe(`${declaration}<i checked="True" selected="False"/>`);
    expect(render(element)).toBe('<i checked="checked"/>');
  });

  it('keeps line endings, which HTML mode makes line feeds', () => {
    expect(render(`${declaration}<r>\r\n</r>`)).toBe(`${declaration}<r>\r\n</r>`);
    expect(render('<r>\r\n</r>\r')).toBe('<r>\n</r>\n');
  });

  it('keeps namespaces of others and drops those of the languages under whatever prefix', () => {
    const source =
      '<r xmlns="urn:r" xmlns:t="http://xml.zope.org/namespaces/tal" xmlns:q="urn:q"><t:block repeat="n python:(1, 2)"><q:e q:a="1" t:content="n"/></t:block></r>';
    expect(render(declaration + source)).toBe(
      `${declaration}<r xmlns="urn:r" xmlns:q="urn:q"><q:e q:a="1">1</q:e><q:e q:a="1">2</q:e></r>`,
    );
  });

  it('is told apart from HTML by a meta element as well', () => {
    const meta = '<meta http-equiv="Content-Type" content="text/xml; charset=utf-8">';
    expect(render(`${meta}<i tal:attributes="checked python:True"/>`)).toBe(`${meta}<i checked="True"/>`);
  });
});

describe('large templates', () => {
  it('are compiled without deep recursion over siblings', () => {
    const rows = Array.from({ length: 3000 }, (_none, i) => `<li tal:content="string:${i}"/>`).join('');
    expect(render(`<ul>${rows}</ul>`)).toContain('<li>2999</li></ul>');
  });
});
