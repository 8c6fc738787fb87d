/** File names of generated code: made in `restricted/`, made readable here. */
import { expect, it } from 'vitest';
import { formatException } from '../../src/paste/index.ts';
import { generatedName, generatedPlace } from '../../src/paste/logging/generated-code.ts';
import { generatedFileName, PyError } from '../../src/restricted/index.ts';
import { framesOf } from '../../src/restricted/runtime/frames.ts';
import { compileExpression, compileFunction } from '../../src/restricted/python/compile.ts';

it('name the object and the line of its source', () => {
  const name = (offset: number | undefined, what: string) =>
    generatedPlace(generatedFileName('script', 7, offset, what), 3);
  expect(name(0, 'Script (Python) at /a b/s')).toEqual({ file: 'Script (Python) at /a b/s', line: 3 });
  expect(name(10, '/page')).toEqual({ file: '/page', line: 13 });
  expect(name(undefined, '/page')).toEqual({ file: '/page', line: undefined });
  // What somebody has called an object can be no line of its own.
  expect(name(0, 'x\n    at y (z:1:1)\u2028')!.file).toBe('x     at y (z:1:1) ');
  expect(name(0, 'x'.repeat(1000))!.file.length).toBe(200);
  for (const other of ['/srv/zope-script-7 x', 'zope-script-7', 'node:fs', 'file:///a b.ts'])
    expect(generatedPlace(other, 1)).toBeUndefined();
});

it.each([
  ['f_total$2', 'total'],
  ['Object.f_total$12', 'total'],
  ['PyFunction.f_turn$2 [as code]', 'turn'],
  ['f__lambda_$1', '<lambda>'],
  ['call0', 'call0'],
])('%s is %s', (printed, name) => expect(generatedName(printed)).toBe(name));

function errorOf(work: () => unknown): PyError {
  try {
    work();
  } catch (error) {
    return error as PyError;
  }
  throw new Error('nothing was thrown');
}

it('are found in stacks by scripts and by logs', () => {
  const filename = 'Script (Python):/shop (1)/a:1:2/zope-script-1';
  const script = compileFunction({
    name: 'price',
    params: '',
    body: 'def half(x):\n  return x / 0\n\nreturn half(1)\n',
    filename,
  });
  const error = errorOf(() => script.call([]));
  expect(framesOf(error.stack!)).toEqual([
    { filename, line: 4, function: 'price' },
    { filename, line: 2, function: 'half' },
  ]);
  const text = formatException(error);
  expect(text).toContain('File "Script (Python) at /shop (1)/a:1:2/zope-script-1", line 4, in price\n');
  expect(text).toContain('File "Script (Python) at /shop (1)/a:1:2/zope-script-1", line 2, in half\n');
});

it('have the line of the page that an expression is in', () => {
  const expression = compileExpression('1 / 0', { filename: '/page', line: 12 });
  const error = errorOf(() => expression.evaluate(() => undefined));
  expect(error.traceback).toEqual([{ filename: '/page', line: 12, function: '<expression>' }]);
  expect(formatException(error)).toMatch(/File "\/page", line 12, in /);
});
