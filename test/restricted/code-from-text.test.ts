import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

const PROGRAM = `
import { compileExpression, compileFunction, compileTypeScript, forbidCodeFromText } from './src/restricted/index.ts';
import { PageTemplateProgram } from './src/templates/index.ts';
const kinds = [() => {}, async () => {}, function* () {}, async function* () {}];
forbidCodeFromText();
forbidCodeFromText();
const ways = {
  eval: () => eval('1'),
  'eval by another name': () => (0, eval)('1'),
  Function: () => new Function('return 1'),
  'a call of Function': () => Function('return 1'),
  Reflect: () => Reflect.construct(Function, ['return 1']),
  ...Object.fromEntries(kinds.map((kind, i) => ['constructor ' + i, () => kind.constructor('return 1')])),
  'a constructor by its prototype': () => Object.getPrototypeOf(kinds[1]).constructor('return 1'),
  'a new constructor': () => { Object.getPrototypeOf(kinds[0]).constructor = 1; return kinds[0].constructor; },
};
const ends = {};
for (const [name, way] of Object.entries(ways))
  try { ends[name] = 'gave ' + typeof way(); } catch (error) { ends[name] = error.name; }
ends.instance = [(() => 1) instanceof Function, class {} instanceof Function, (() => 1).constructor === Function];
ends.python = compileFunction({ name: 'a', params: '', body: 'return [x * 2 for x in range(3)]', filename: 'a' }).call([]);
ends.typescript = compileTypeScript({ name: 'a', params: '', body: 'return [1, 2].map((x) => x * 2)', filename: 'a' }).call([]);
ends.expression = compileExpression('1 + 1', { filename: 'a' }).evaluate(() => undefined);
ends.page = PageTemplateProgram.compile('<p tal:content="python:1 + 1"/>', { filename: 'a' }).render(new Map());
console.log(JSON.stringify(ends));
`;

it('makes no code of texts in a thread that serves a site, while templates and scripts are compiled as before', () => {
  const out = execFileSync(
    process.execPath,
    ['--import', './scripts/register-ts.js', '--input-type=module', '--eval', PROGRAM],
    { cwd: root, encoding: 'utf8' },
  );
  const { instance, python, typescript, expression, page, ...ways } = JSON.parse(out) as Record<
    string,
    unknown
  >;
  expect(Object.entries(ways).filter(([, end]) => end !== 'EvalError' && end !== 'TypeError')).toEqual([]);
  expect(Object.keys(ways)).toHaveLength(11);
  expect([instance, python, typescript, expression, page]).toEqual([
    [true, true, true],
    [0, 2, 4],
    [2, 4],
    2,
    '<p>2</p>',
  ]);
});
