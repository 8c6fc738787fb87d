import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import { PageTemplateProgram } from '../../src/templates/index.ts';

const render = (source: string, names: Record<string, unknown> = {}) =>
  PageTemplateProgram.compile(source, { filename: 'page' }).render(names);

it('takes a dict’s item by a path of one step, whatever kind of value it is', () => {
  const row = Dict.from<unknown>({ id: 'a<b', price: 3, none: null, list: ['x', 'y'], no: false, zero: 0 });
  expect(render('${row/id} ${row/price} ${row/none} ${row/list} ${row/no} ${row/zero}', { row })).toBe(
    "a&lt;b 3  ['x', 'y'] False 0",
  );
});

it('looks at the methods of a dict before its keys, and names the key that is missing', () => {
  const row = Dict.from<unknown>({ keys: 'a key', id: 1 });
  expect(render('${row/keys}', { row })).not.toContain('a key');
  expect(() => render('${row/missing}', { row })).toThrow(/missing/);
});

it('refuses private names of a dict', () => {
  expect(() => render('${row/_id}', { row: Dict.from<unknown>({ _id: 'secret' }) })).toThrow();
});

it('takes a variable anew in each turn of a loop, also where it was a dict before', () => {
  const rows = [Dict.from<unknown>({ id: 1 }), { nothing: 1 }, Dict.from<unknown>({ id: 3 })];
  expect(render('<i tal:repeat="row rows">${row/id | string:none}</i>', { rows })).toBe(
    '<i>1</i>\n<i>none</i>\n<i>3</i>',
  );
});

it('computes a deferred value when a path begins with its name, also when it is a dict', () => {
  const source = '<p tal:define="row defer:python:{\'id\': n}; n python:5">${row/id}</p>';
  expect(render(source, { n: 4 })).toBe('<p>5</p>');
  expect(render('<p tal:define="row lazy:python:{\'id\': 7}">${row/id}${row/id}</p>')).toBe('<p>77</p>');
});

it('finds what to quote in texts of every length', () => {
  for (const length of [0, 1, 23, 24, 25, 60]) {
    const text = `${'x'.repeat(length)}<&>`;
    expect(render('${t}', { t: text })).toBe(`${'x'.repeat(length)}&lt;&amp;&gt;`);
    expect(render('${t}', { t: 'x'.repeat(length) })).toBe('x'.repeat(length));
  }
});

it('reads bytes as UTF-8: a byte order mark stays, and what is no text is left out, or an error inside of string:', () => {
  const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61);
  expect(render('${b}', { b: bytes })).toBe('\ufeffa');
  expect(render('<i tal:content="string:${b}"/>', { b: bytes })).toBe('<i>\ufeffa</i>');
  // The bytes of U+FFFD itself are text.
  const broken = Uint8Array.of(0xef, 0xbf, 0xbd, 0xff, 0x62);
  expect(render('${b}', { b: broken })).toBe('\ufffdb');
  expect(() => render('<i tal:content="string:${b}"/>', { b: broken })).toThrow(/can't decode byte 0xff/);
});

describe('the place of a loop inside of one of the same name', () => {
  it('is that of the inner loop, once that is over, too (T-032)', () => {
    const page = (inner: string) =>
      `<tal:x repeat="x python:(1, 2)">\${repeat/x/end}\${repeat/x/length}<tal:y repeat="x ${inner}"/> </tal:x>`;
    expect(render(page('python:(1, 2, 3)'))).toBe('False2 True3 ');
    expect(render(page('string:'))).toBe('False2 False0 ');
  });

  it('is after the last item, that is the one before itself', () => {
    expect(
      render('<tal:x repeat="x python:(1, 2)">${repeat/x/first}</tal:x> ${repeat/x/first} ${repeat/x/last}'),
    ).toBe('TrueTrue False True');
  });
});
