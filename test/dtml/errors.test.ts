import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import { DtmlProgram, renderPlacesOf } from '../../src/templates/index.ts';

function failure(source: string, values: Record<string, unknown> = {}): Error {
  const program = DtmlProgram.compile(source, { name: 'page' });
  try {
    program.render({ values: new Dict(Object.entries(values)) });
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing failed');
}

describe('an error in DTML', () => {
  it('knows its innermost tag, with the line of source and a caret', () => {
    const error = failure('a\n<dtml-if x>\n  <dtml-in x>b <dtml-var "1 / z"></dtml-in>\n</dtml-if>', {
      x: [1],
      z: 0,
    });
    expect(renderPlacesOf(error)).toEqual([
      {
        filename: 'page',
        expression: '<dtml-var "1 / z">',
        line: 3,
        column: 15,
        excerpt: `  <dtml-in x>b <dtml-var "1 / z"></dtml-in>\n${' '.repeat(15)}^`,
      },
    ]);
  });

  it('names the tag in its stack, and those of the templates that it went through', () => {
    const inner = DtmlProgram.compile('x\n<dtml-var nope>', { name: 'inner' });
    const error = failure('<dtml-let y=s>\n\n<dtml-call inner></dtml-let>', {
      s: 1,
      inner: () => inner.render({}),
    });
    const places = (error.stack ?? '').split('\n').filter((line) => line.includes('dtml-'));
    expect(places.slice(0, 2)).toEqual([
      '    at <dtml-var nope> (inner:2:1)',
      '    at <dtml-call inner> (page:3:1)',
    ]);
  });

  it('in a handled part is forgotten', () => {
    const source = '<dtml-try><dtml-var nope><dtml-except>E:<dtml-var error_value></dtml-try>';
    expect(DtmlProgram.compile(source, { name: 'page' }).render({})).toBe('E:nope');
  });
});
