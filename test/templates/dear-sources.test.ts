/** Sources that a careless pattern or search reads for minutes, or for ever: they are compiled, or refused, at once. */
import { describe, expect, it } from 'vitest';
import { DtmlProgram, PageTemplateProgram } from '../../src/templates/index.ts';

const N = 200_000;
const many = (text: string, n = N): string => text.repeat(n);

const PAGES: Record<string, string> = {
  'blanks in a document type': `<!DOCTYPE html [${many(' ')}x`,
  'a declaration without an end': `<!DOCTYPE html [<!ENTITY ${many('a')}`,
  'CDATA without an end': many('<![CDATA[', 30_000),
  'CDATA with brackets': `<![CDATA[${many(']a')}`,
  'instructions without an end': many('<?a ', 50_000),
  'an instruction of question marks': `<?a ${many('?a')}`,
  'comments without an end': many('<!-- ', 50_000),
  'blanks in a tag': `<p ${many(' ')}\n${many(' ')}a="1">x</p>`,
  'blanks in front of meta': `${many(' ')}<meta`,
  'meta without an end': many('<meta http-equiv="Content-Type" content="', 10_000),
  attributes: `<p ${many('a ', 50_000)}>`,
  'interpolations of paths': many('${x}', 20_000),
  'interpolations of Python': many('${python:1}', 2000),
  'an interpolation with braces': `\${x${many('}')}`,
  'braces that open': many('${', 50_000),
  'line breaks': many('\n'),
  'a deep path': `<p tal:content="a${many('/b', 20_000)}"/>`,
  'many alternatives': `<p tal:content="a${many('|b', 20_000)}"/>`,
  'many negations': `<p tal:content="${many('not:', 5000)}a"/>`,
  semicolons: `<p tal:define="${many(';')}"/>`,
  'brackets in Python': `<p tal:content="python:${many('(')}"/>`,
};

const DOCUMENTS: Record<string, string> = {
  'deep blocks': many('<dtml-if x>', 3000) + many('</dtml-if>', 3000),
  'blocks without an end': many('<dtml-if x>', 20_000),
  'blocks in a row': many('<dtml-if x></dtml-if>', 20_000),
  'entities without an end': many('&dtml-', 50_000),
  'tags without an end': many('<dtml-var ', 50_000),
  'old tags without an end': many('<!--#', 50_000),
  'blanks in a tag': `<dtml-var x${many(' ')}>`,
  'quotes in a tag': `<dtml-var ${many('"')}>`,
  'equal signs in a tag': `<dtml-var ${many('=')}>`,
  'brackets in an expression': `<dtml-var expr="${many('(')}">`,
};

describe('a page template of', () => {
  it.each(Object.entries(PAGES))('%s is compiled or refused', (_name, source) => {
    let end = 'compiled';
    try {
      PageTemplateProgram.compile(source, { filename: 'page' });
    } catch (error) {
      end = (error as { code: string }).code;
    }
    expect(['compiled', 'TEMPLATE']).toContain(end);
  });
});

describe('a DTML source of', () => {
  it.each(Object.entries(DOCUMENTS))('%s is compiled or refused', (_name, source) => {
    let end = 'compiled';
    try {
      DtmlProgram.compile(source, { name: 'page' });
    } catch (error) {
      end = (error as { code: string }).code;
    }
    expect(['compiled', 'DTML_PARSE']).toContain(end);
  });
});

it('a query string of ampersands is read at once by a loop in batches', () => {
  const program = DtmlProgram.compile(
    '<dtml-in "[1, 2, 3]" start=at size=1><dtml-var sequence-query></dtml-in>',
    { name: 'page' },
  );
  const show = (query: string) =>
    program.render({
      values: new Map<string, unknown>([
        ['QUERY_STRING', query],
        ['at', 1],
      ]),
    });
  expect(show('a=1&at=2&b=3')).toBe('?a=1&b=3&');
  expect(show(`${many('&')}x${many('&')}`)).toMatch(/^\?x?&*x&/);
});
