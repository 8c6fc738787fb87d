import { describe, expect, it } from 'vitest';
import { formatException } from '../../src/paste/index.ts';
import { Budget, BudgetError, DEFAULT_LIMITS, withBudget } from '../../src/restricted/index.ts';
import { PageTemplateProgram, renderPlacesOf, TemplateError } from '../../src/templates/index.ts';
import { errorOfPage } from './lib/render.ts';

function compileError(source: string): TemplateError {
  try {
    PageTemplateProgram.compile(source, { filename: '/site/page' });
  } catch (error) {
    if (error instanceof TemplateError) return error;
  }
  throw new Error('the template was compiled');
}

describe('a template that cannot be compiled', () => {
  it('names file, line, column and rule, and shows the line with a caret', () => {
    const error = compileError('<p>\n  <b tal:contents="string:x">y</b>\n</p>');
    expect(error.message).toBe(
      [
        "/site/page, line 2, column 9: CompilationError: Bad attribute for namespace 'http://xml.zope.org/namespaces/tal'",
        '  <b tal:contents="string:x">y</b>',
        '         ^',
      ].join('\n'),
    );
    expect(error).toMatchObject({
      code: 'TEMPLATE',
      kind: 'CompilationError',
      filename: '/site/page',
      place: { line: 2, column: 9 },
      expression: 'contents',
    });
  });

  it.each([
    ['<p>x</b>', 'ParseError', 'Unexpected end tag.'],
    ['<!-- a -- b -->', 'ParseError', "The string '--' is not allowed in a comment."],
    ['<p x:y="1"/>', 'KeyError', "'Undefined namespace prefix: x.'"],
    ['<p tal:define="x"/>', 'LanguageError', 'Invalid define syntax'],
    ['<p tal:repeat="a b; c d"/>', 'LanguageError', 'Invalid define syntax'],
    [
      '<p tal:define="__x string:1"/>',
      'TranslationError',
      'Name disallowed by compiler (double underscore).',
    ],
    ['<p tal:attributes="a x; a y"/>', 'LanguageError', 'Duplicate attribute name in attributes.'],
    ['<p tal:case="x"/>', 'LanguageError', 'Must define switch on a parent element.'],
    ['<p metal:fill-slot="x"/>', 'LanguageError', 'Cannot use metal:fill-slot without metal:use-macro.'],
    ['<p tal:script="x"/>', 'LanguageError', 'The script attribute is unsupported.'],
    ['<p meta:interpolation="maybe"/>', 'LanguageError', 'Bad interpolation setting.'],
    ['<p i18n:attributes="a b c"/>', 'CompilationError', 'Illegal i18n:attributes specification.'],
    ['<p tal:content="perl:1"/>', 'LookupError', "Unknown expression type: 'perl'."],
  ])('%s: %s', (source, kind, reason) => {
    expect(compileError(source)).toMatchObject({ kind, reason });
  });

  it('is an error of the language, not of the stack, when elements are nested without end', () => {
    expect(compileError('<b tal:omit-tag="x">'.repeat(30000) + '</b>'.repeat(30000)).kind).toBe('ParseError');
  });
});

describe('an expression that fails', () => {
  it('keeps its class, and says where it stands', () => {
    const error = errorOfPage('<p>\n  <b tal:content="options/none/x">y</b></p>');
    expect(error.name).toBe('LocationError');
    expect(renderPlacesOf(error)).toEqual([
      {
        filename: '/page',
        expression: 'options/none/x',
        line: 2,
        column: 18,
        excerpt: '  <b tal:content="options/none/x">y</b></p>\n                  ^',
      },
    ]);
  });

  it('in a macro says from where the macro was used', () => {
    const pages = { lib: '<i>\n<b metal:define-macro="m">${options/none}</b></i>' };
    const error = errorOfPage('<p metal:use-macro="here/lib/macros/m"/>', { pages });
    expect(
      renderPlacesOf(error).map(({ filename, line, expression }) => [filename, line, expression]),
    ).toEqual([
      ['/lib', 2, 'options/none'],
      ['/page', 1, 'here/lib/macros/m'],
    ]);
  });

  it('shows the path of the template and its line in a log, and no name of generated code', () => {
    const error = errorOfPage('<p>\n\n<b tal:content="python:options[\'none\'] + 1"/></p>');
    const text = formatException(error);
    expect(text).toContain('File "/page", line 3, in ${python:options[\'none\'] + 1}');
    expect(text).toContain('File "/page", line 3, in <expression>');
    expect(text).not.toMatch(/zope-(?:template|script)-\d/);
  });

  it('that is no expression is an error only where it is used', () => {
    const program = PageTemplateProgram.compile('<p tal:condition="nothing" tal:content="python:1 +"/>ok', {
      filename: '/page',
    });
    expect(program.render({})).toBe('ok');
    expect(program.problems.map(({ kind, place }) => [kind, place.line, place.column])).toEqual([
      ['ExpressionError', 1, 47],
    ]);
  });
});

it('lets no page handle that its budget has run out', () => {
  const program = PageTemplateProgram.compile(
    '<p tal:content="python:[n for n in range(100000)]" tal:on-error="string:handled"/>',
    { filename: '/site/page' },
  );
  const budget = new Budget({ ...DEFAULT_LIMITS, steps: 1000 });
  expect(() => withBudget(budget, () => program.render({}))).toThrow(BudgetError);
});
