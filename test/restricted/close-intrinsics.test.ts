import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

const PROGRAM = `
import { closeIntrinsics, compileFunction, compileTypeScript } from './src/restricted/index.ts';
import { DtmlProgram, PageTemplateProgram } from './src/templates/index.ts';
closeIntrinsics();
closeIntrinsics();
const changes = {
  'a property for all objects': () => { Object.prototype.x = 1; },
  'a getter for all objects': () => Object.defineProperty(Object.prototype, 'x', { get: () => 1 }),
  'a property for all functions': () => { Function.prototype.x = 1; },
  'a property for all errors': () => { Error.prototype.x = 1; },
  'a new method of lists': () => { Array.prototype.x = () => 1; },
  'an item for all lists': () => { Array.prototype[0] = 1; },
  'the iterator of lists': () => { Object.getPrototypeOf([].values()).next = () => 1; },
  'a method of maps': () => { Map.prototype.get = () => 1; },
  'then': () => { Promise.prototype.then = () => 1; },
  'next of generators': () => { Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())).next = () => 1; },
  'a method of texts': () => { String.prototype.replace = () => 1; },
  'a new method of bytes': () => { Uint8Array.prototype.x = () => 1; },
  'a new method of typed arrays': () => { Object.getPrototypeOf(Uint8Array.prototype).x = () => 1; },
  'JSON.parse': () => { JSON.parse = () => 1; },
  'the prototype of lists': () => Object.setPrototypeOf(Array.prototype, {}),
};
const ends = {};
for (const [name, change] of Object.entries(changes))
  try { change(); ends[name] = 'changed'; } catch (error) { ends[name] = error.name; }
// What ordinary code does.
const o = {};
o.toString = () => 'own';
o.hasOwnProperty = 1;
o.constructor = 2;
const e = new Error('x');
e.name = 'Own';
function F() {}
F.prototype.toString = () => 'F';
F.toString = () => 'function';
class List extends Array { push() { return 5; } }
const page = PageTemplateProgram.compile('<p tal:repeat="i python:(1, 2)" tal:content="i"/>', { filename: 'a' });
console.log(JSON.stringify([ends, [
  String(o), o.hasOwnProperty, o.constructor, e.name, String(new F()), String(F), new List().push(),
  compileFunction({ name: 'a', params: '', body: 'return sorted(set([x * 2 for x in range(3)]))', filename: 'a' }).call([]),
  compileTypeScript({ name: 'a', params: '', body: 'return [...new Set([1, 2].map((x) => x * 2))]', filename: 'a' }).call([]),
  page.render({}),
  DtmlProgram.compile('<dtml-in "[2, 1]" sort><dtml-var sequence-item></dtml-in>', { name: 'a' }).render({}),
  // V8 stores items a hundred times slower where these are frozen.
  [Array, Uint8Array, Object.getPrototypeOf(Uint8Array)].some((cls) => Object.isFrozen(cls.prototype)),
]]));
`;

it('prototypes are closed in a thread that serves a site, and ordinary code works as before', () => {
  const out = execFileSync(
    process.execPath,
    ['--import', './scripts/register-ts.js', '--input-type=module', '--eval', PROGRAM],
    { cwd: root, encoding: 'utf8' },
  );
  const [ends, ordinary] = JSON.parse(out) as [Record<string, string>, unknown[]];
  expect(Object.entries(ends).filter(([, end]) => end !== 'TypeError')).toEqual([]);
  expect(Object.keys(ends)).toHaveLength(15);
  expect(ordinary).toEqual([
    'own',
    1,
    2,
    'Own',
    'F',
    'function',
    5,
    [0, 2, 4],
    [2, 4],
    '<p>1</p>\n<p>2</p>',
    '12',
    false,
  ]);
});
