/** Attempts to leave the guards from page templates. Each must fail in the expected way, whoever wrote the page. */
import { describe, expect, it } from 'vitest';
import { Budget, type BudgetLimits, withBudget } from '../../src/restricted/index.ts';
import { errorOfPage, renderPage } from './lib/render.ts';

const content = (expression: string) => `<p tal:content="${expression.replaceAll('"', '&quot;')}">-</p>`;

/** Ways in which an attempt may fail. */
const REFUSED =
  /^(?:Unauthorized|ExpressionError|NotFound|NameError|LocationError|AttributeError|KeyError|TypeError|PTRuntimeError|ValueError|CompilerError|IndexError)$/;

const options = { text: 'text', fn: () => 'called', name: 'constructor' };

describe('paths', () => {
  it('does not tell apart what is refused and what is not there, except for objects of the site', () => {
    expect(renderPage('<p>${exists:options/constructor}</p><p>${exists:options/none}</p>')).toBe(
      '<p>0</p><p>0</p>',
    );
  });

  it('refuses a variable step that leads into what is protected', () => {
    expect(errorOfPage('<p tal:define="n string:safe" tal:content="here/?n/title"/>').name).toBe(
      'Unauthorized',
    );
  });
});

describe('Python expressions', () => {
  it('never run when only looked for an end of the interpolation', () => {
    expect(() => renderPage("<p>${python:options['fn']()} }</p>", { options })).not.toThrow();
  });
});

describe('loops', () => {
  it.each(['_items', 'constructor', '__class__', '__proto__', 'toString', 'at'])(
    'repeat/x/%s is refused',
    (name) => {
      const page = `<p tal:repeat="x python:(1, 2)" tal:content="repeat/x/${name}">-</p>`;
      expect(errorOfPage(page).name).toMatch(REFUSED);
    },
  );

  it('compare by paths only with the rights of the user', () => {
    const page = '<p tal:repeat="x python:(here, here)" tal:content="repeat/x/first/safe/title">-</p>';
    expect(renderPage(page)).toBe('<p>True</p>\n<p>True</p>');
    const called = `<p tal:repeat="x python:(here, here)" tal:content="python:repeat['x'].first('safe/title')">-</p>`;
    expect(renderPage(called)).toBe('<p>True</p>\n<p>True</p>');
  });

  it('end when the budget does', () => {
    const nested = (depth: number): string =>
      depth === 0 ? 'x' : `<tal:x repeat="a${depth} python:range(2000)">${nested(depth - 1)}</tal:x>`;
    const limited = (limits: Partial<BudgetLimits>) =>
      withBudget(new Budget(limits), () => errorOfPage(nested(3)) as { code?: string });
    expect(limited({ steps: 100_000 }).code).toBe('BUDGET_STEPS');
    expect(limited({ memory: 1_000_000 }).code).toBe('BUDGET_MEMORY');
  });

  it('that ran out of budget are not caught by on-error', () => {
    const page = '<p tal:on-error="string:caught"><b tal:repeat="x python:range(10000)">x</b></p>';
    const error = withBudget(new Budget({ steps: 100 }), () => errorOfPage(page)) as { code?: string };
    expect(error.code).toBe('BUDGET_STEPS');
  });
});

describe('macros', () => {
  it.each([
    '<p metal:use-macro="here/safe"/>',
    '<p metal:use-macro="nocall:here/safe"/>',
    '<p metal:use-macro="options/fn"/>',
    '<p metal:use-macro="python:template.macros"/>',
    '<p metal:use-macro="nothing"/>',
    '<p metal:use-macro="string:x"/>',
    '<p metal:use-macro="default"/>',
    '<p metal:use-macro="python:options"/>',
    '<p metal:use-macro="template/macros/constructor"/>',
  ])('%s is no macro', (page) => {
    expect(errorOfPage(page, { options }).name).toMatch(REFUSED);
  });

  it('run with the rights of the user, wherever they come from', () => {
    const pages = { lib: '<b metal:define-macro="m" tal:content="here/safe/title"/>' };
    expect(errorOfPage('<p metal:use-macro="here/lib/macros/m"/>', { pages }).name).toBe('Unauthorized');
  });

  it('that call themselves forever end in an error that names no internals', () => {
    const page = '<p metal:define-macro="m"><b metal:use-macro="template/macros/m"/></p>';
    expect(errorOfPage(page).name).toBe('RecursionError');
  });

  it('keep names of slots out of reach', () => {
    const pages = {
      lib: '<b metal:define-macro="m"><i metal:define-slot="s"/>${CONTEXTS/__slot_s | string:none}</b>',
    };
    const page = '<p metal:use-macro="here/lib/macros/m"><u metal:fill-slot="s">S</u></p>';
    expect(renderPage(page, { pages })).toBe('<b><u>S</u>none</b>');
  });
});

describe('types of expressions that a page must not have', () => {
  it.each(['load: /etc/passwd', 'import: os', 'perl: 1', 'provider: x'])('%s is refused', (expression) => {
    expect(errorOfPage(content(expression)).message).toMatch(/Unknown expression type|not available/);
  });

  it('says what to use instead of load:', () => {
    expect(errorOfPage(content('load: x.pt')).message).toContain('metal:use-macro uses those of the site');
  });
});

describe('code in the source', () => {
  it('is never run', () => {
    expect(renderPage('<?python import os ?><p>x</p>')).toBe('<p>x</p>');
    expect(renderPage('<p>`${1}`</p>'.replace('1', "python:'`'"))).toBe('<p>```</p>');
  });

  it.each(['"', "'", '`', '\\', '\n', '\u2028', '*/', ');process.exit();('])(
    'text with %j stays text',
    (text) => {
      expect(renderPage(`<p a="${text.replaceAll('"', '&quot;')}">x${text}y</p>`)).toContain(`x${text}y`);
    },
  );

  it.each(['");throw 1;("', '\\")', "k0'", '`', '${'])('names with %j are no names', (name) => {
    expect(errorOfPage(`<p tal:content='options/${name}|here/none'>x</p>`).name).toMatch(REFUSED);
  });
});

describe('what comes out', () => {
  const bad = '<script>alert("1")</script>&\'';

  it('is escaped in content, attributes and text', () => {
    const page =
      '<p tal:content="options/v" tal:attributes="a options/v">-</p>${options/v}<i b="${options/v}" c=\'${options/v}\'/>';
    const html = renderPage(page, { options: { v: bad } });
    expect(html).not.toContain('<script>');
    expect(html).toContain('b="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\'"');
    expect(html).toContain('c=\'&lt;script&gt;alert("1")&lt;/script&gt;&amp;&#39;\'');
  });

  it('is escaped in the named parts of a translation', () => {
    const page = '<p i18n:translate="">Hello <b i18n:name="n" tal:replace="options/v"/></p>';
    expect(renderPage(page, { options: { v: bad } })).not.toContain('<script>');
  });
});
