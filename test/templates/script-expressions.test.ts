import { describe, expect, it } from 'vitest';
import { TemplateError } from '../../src/templates/errors.ts';
import { PageTemplateProgram } from '../../src/templates/index.ts';
import { errorOfPage, renderPage } from './lib/render.ts';

const options = { name: 'Ada', items: [3, 1, 2], none: null };
const attribute = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
const shown = (expression: string): string =>
  renderPage(`<p tal:content="${attribute(expression)}">-</p>`, { options }).slice(3, -4);

describe('js: expressions', () => {
  it.each([
    ['js: 1 + 1', '2'],
    ['js: options.name', 'Ada'],
    ['js: options["name"].toLowerCase()', 'ada'],
    ['js: options.items.map((n) => n * 2).join("-")', '6-2-4'],
    ['js: options.items.filter(n => n > 1).length', '2'],
    ['js: options.none?.title ?? "none"', 'none'],
    ['js: options.name === "Ada" ? "yes" : "no"', 'yes'],
    ['js: `Hello, ${options.name}!`', 'Hello, Ada!'],
    ['js: ({ a: [1, { b: 2 }] }).a[1].b', '2'],
    ['js: Math.max(...options.items)', '3'],
    ['js: [...options.items].sort().join()', '1,2,3'],
    ['js: JSON.stringify({ a: 1 })', '{"a":1}'],
    ['js: (() => { let sum = 0; for (const n of options.items) sum += n; return sum; })()', '6'],
    ['js: 1 // a comment', '1'],
    ['js: void 0', ''],
    ['js: null', ''],
    ['js: nothing === null', 'True'],
    ['js: path("options/name")', 'Ada'],
    ['js: here.title', 'Zope'],
    ['not: js: options.items.length', '0'],
    ['structure: js: "<b>"', '<b>'],
    ['options/absent | js: "instead"', 'instead'],
    ['ts: (options.name as string).length', '3'],
    ['ts: options.items.map((n: number): string => `${n}`).join<string>("")', '312'],
    ['ts: options.name! satisfies string', 'Ada'],
  ])('%s gives %j', (expression, expected) => {
    expect(shown(expression)).toBe(expected);
  });

  it('work in every statement, with loops and variables of the page', () => {
    // The condition is asked before the loop begins.
    const page =
      '<ul tal:define="min js: 1; all js: options.items"><li tal:repeat="n js: all.filter((n) => n > min)"' +
      ` tal:condition="js: all.length > min" tal:attributes="class js: repeat.n.even() ? 'a' : 'b'; id js: 'i' + n">` +
      '${js: n + min}</li></ul>';
    expect(renderPage(page, { options })).toBe(
      '<ul><li class="a" id="i3">4</li>\n<li class="b" id="i2">3</li></ul>',
    );
  });

  it('escape what they give', () => {
    expect(shown('js: "<script>"')).toBe('&lt;script&gt;');
  });

  it('have the errors of JavaScript with the place inside of the expression', () => {
    const [problem] = PageTemplateProgram.compile('<p>\n<b tal:content="js: [1, 2 + ].length">x</b></p>', {
      filename: 'page.pt',
    }).problems;
    expect(problem).toBeInstanceOf(TemplateError);
    expect(problem).toMatchObject({
      place: { line: 2, column: 28 },
      expression: '[1, 2 + ].length',
      reason: 'JavaScript expression error: Unexpected token',
      excerpt: `<b tal:content="js: [1, 2 + ].length">x</b></p>\n${' '.repeat(28)}^`,
    });
  });

  it.each([
    ['js: 1; 2', 'this is no single expression'],
    ['js: 1) + (1', 'this is no single expression'],
    ['ts: 1) + (1', 'this is no single expression'],
    ['js: a: 1', 'this is no single expression'],
    ['js: x = 1', "'x' is not declared"],
    ['js: x as string', 'this is no single expression'],
    ['js: async () => 1', "'async' is not available in scripts"],
    ['js: /x/.test("x")', 'regular expressions are not available in scripts'],
    ['js: class {}', 'classes are not available in scripts'],
    ['js: this', "'this' is not available in scripts"],
    ['js: import("fs")', "'import' is not available in scripts"],
    ['js: here.constructor', '"constructor" is an invalid attribute name'],
    ['js: here._p_jar', '"_p_jar" is an invalid attribute name'],
    ['js:', 'Unexpected token'],
  ])('%s is refused: %s', (expression, message) => {
    const [problem] = PageTemplateProgram.compile(`<p tal:content='${expression}'>x</p>`, {
      filename: 'page.pt',
    }).problems;
    expect(problem?.message).toContain(message);
  });

  it('fail with the error and its place when a name is not there', () => {
    const error = errorOfPage('<p>\n${js: absent.title}</p>');
    expect(error.name).toBe('NameError');
    expect(error.message).toContain("name 'absent' is not defined");
  });

  it('obey permissions', () => {
    expect(errorOfPage('<p>${js: here.safe.title}</p>').name).toBe('Unauthorized');
    expect(errorOfPage("<p>${js: here['safe'].title}</p>").name).toBe('Unauthorized');
  });
});
