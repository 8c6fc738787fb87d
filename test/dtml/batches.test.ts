import { describe, expect, it } from 'vitest';
import { Dict, PyFloat } from '../../src/pickle/index.ts';
import { DtmlProgram } from '../../src/templates/index.ts';

const render = (source: string, values: Record<string, unknown> = {}): unknown =>
  DtmlProgram.compile(source, { name: 'page' }).render({
    values: new Dict<string, unknown>(
      Object.entries({ l: [1, 2, 3, 4, 5], half: 2.5, two: new PyFloat(2), none: null, ...values }),
    ),
  });

describe('numbers of batches in DTML', () => {
  it('may be floats where none is a place in the sequence (T-067)', () => {
    expect(render('<dtml-in l size=half><dtml-var sequence-item></dtml-in>')).toBe('12345');
    expect(render('<dtml-in l size=3 overlap=two><dtml-var sequence-step-overlap>,</dtml-in>')).toBe(
      '2.0,2.0,2.0,',
    );
    expect(render('<dtml-in l start=half size=2><dtml-var sequence-item></dtml-in>')).toBe('5');
  });

  it('are no places where they are floats', () => {
    expect(() => render('<dtml-in l start=1 end=half>x</dtml-in>')).toThrow(
      "'float' object cannot be interpreted as an integer",
    );
    expect(() => render('<dtml-in l start=1 end=half next>x</dtml-in>')).toThrow(
      'list indices must be integers',
    );
  });

  it('are asked for only where they count', () => {
    expect(render('<dtml-in l size=9 overlap=none><dtml-var sequence-item></dtml-in>')).toBe('12345');
    expect(() => render('<dtml-in l size=none>x</dtml-in>')).toThrow(
      "'<' not supported between instances of 'NoneType' and 'int'",
    );
  });

  it('that do not let a next batch be told of leave it out', () => {
    expect(
      render(
        '<dtml-in l size=2 overlap=none><dtml-if next-sequence>N</dtml-if><dtml-var sequence-item></dtml-in>',
      ),
    ).toBe('12');
  });
});

it('what `sort_expr` gives is a text (T-066)', () => {
  const rows = [new Dict([['n', 2]]), new Dict([['n', 1]])];
  expect(render('<dtml-in rows mapping sort_expr="key"><dtml-var n></dtml-in>', { rows, key: 'n' })).toBe(
    '12',
  );
  expect(() => render('<dtml-in rows mapping sort_expr="3"><dtml-var n></dtml-in>', { rows })).toThrow(
    "'int' object has no attribute 'find'",
  );
});
