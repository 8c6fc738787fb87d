import { afterEach, describe, expect, it } from 'vitest';
import { getRequest } from '../../src/publisher/index.ts';
import {
  Budget,
  BudgetError,
  call,
  DEFAULT_LIMITS,
  getattr,
  setBudgetSource,
  setDefaultLimits,
} from '../../src/restricted/index.ts';
import { ZopePageTemplate } from '../../src/zope/ofs/index.ts';
import { withSite } from '../conformance/suites/lib/site.ts';

afterEach(() => {
  setDefaultLimits(DEFAULT_LIMITS);
  setBudgetSource(() => undefined);
});

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error instanceof BudgetError ? [error.code, error.traceback.at(-1)?.line] : error;
  }
  return 'ended';
};

describe('the budget of a request', () => {
  it('is shared by its scripts and templates, and the next request has its own', () => {
    setDefaultLimits({ steps: 100_000 });
    const budgets = new WeakMap<object, Budget>();
    setBudgetSource(() => {
      const request = getRequest();
      if (request === undefined) return undefined;
      let budget = budgets.get(request);
      if (budget === undefined) budgets.set(request, (budget = new Budget()));
      return budget;
    });
    for (let request = 0; request < 2; request++) {
      withSite({}, (site) => {
        site.add(site.app, {
          class: 'Script (Python)',
          id: 'count',
          body: 'for i in range(30000): pass\nreturn 1',
        });
        site.add(site.app, {
          class: 'DTML Method',
          id: 'page',
          source: '<dtml-in "_.range(10000)"></dtml-in>',
        });
        const [count, page] = ['count', 'page'].map((id) => getattr(site.app, id));
        expect(call(count, [])).toBe(1);
        expect(call(page, [site.app, site.request])).toBe('');
        expect(call(count, [])).toBe(1);
        expect(codeOf(() => call(count, []))).toEqual(['BUDGET_STEPS', 1]);
        expect(codeOf(() => call(page, [site.app, site.request]))).toEqual([
          'BUDGET_STEPS',
          expect.anything(),
        ]);
      });
    }
  });

  it('ends a script that waits for the end of time, with its line', () => {
    setDefaultLimits({ time: 50 });
    withSite({}, (site) => {
      site.add(site.app, { class: 'Script (Python)', id: 'endless', body: 'x = 1\ny = 2\nwhile x: pass' });
      expect(codeOf(() => call(getattr(site.app, 'endless'), []))).toEqual(['BUDGET_TIME', 3]);
    });
  });

  it('ends bombs in expressions of page templates', () => {
    setDefaultLimits({ memory: 8 * 2 ** 20, steps: 200_000 });
    withSite({}, (site) => {
      for (const [n, expression] of [
        "'x' * 10**9",
        'list(range(10**9))',
        '[a for a in range(10**6)]',
        "'%1000000000d' % 1",
      ].entries()) {
        const id = `page${n}`;
        (site.app as unknown as { _setObject(id: string, o: object): void })._setObject(
          id,
          new ZopePageTemplate(id, `<p tal:content="python:len(${expression})"></p>`, 'text/html'),
        );
        let error: unknown;
        try {
          call(getattr(site.app, id), []);
        } catch (thrown) {
          error = thrown;
        }
        const codes = [error, (error as { cause?: unknown }).cause].map(
          (each) => (each as { code?: string } | undefined)?.code,
        );
        expect(codes).toContainEqual(expect.stringMatching(/^BUDGET_/));
      }
    });
  });
});
