import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/pickle/index.ts';
import { call, getattr } from '../../src/restricted/index.ts';
import { TypeScriptScript } from '../../src/zope/ofs/index.ts';
import { type SiteInput, type TestSite, withSite } from '../conformance/suites/lib/site.ts';

const FOLDER = {
  $obj: {
    class: 'Folder',
    id: 'docs',
    title: 'Documents',
    children: [
      { $obj: { class: 'File', id: 'a.txt', data: 'text', title: 'A' } },
      {
        $obj: {
          class: 'Folder',
          id: 'closed',
          title: 'Closed',
          permissions: { View: ['Manager'], 'Access contents information': ['Manager'] },
        },
      },
    ],
  },
};

function inSite<T>(input: SiteInput, work: (site: TestSite) => T): T {
  return withSite({ root: [FOLDER], here: 'docs', ...input }, work);
}

function script(site: TestSite, body: string, params = ''): TypeScriptScript {
  const made = new TypeScriptScript('work');
  made.manage_edit(params, body);
  (site.here as { _setObject(id: string, o: object, options: object): void })._setObject('work', made, {
    setOwner: false,
  });
  return made;
}

const run = (site: TestSite, body: string, args: unknown[] = [], params = ''): unknown => {
  expect([...script(site, body, params).errors]).toEqual([]);
  return call(getattr(site.here, 'work'), args);
};

describe('Script (TypeScript)', () => {
  it('finds its bindings, the request and the user', () => {
    const body = `return [context.getId(), container.title, script.getId(), traverse_subpath, request.form.q, request.get('n'), user.getId()] as unknown[]`;
    expect(inSite({ form: { q: 'x', n: 5 } }, (site) => run(site, body))).toEqual([
      'docs',
      'Documents',
      'work',
      [],
      'x',
      5,
      null,
    ]);
  });

  it('takes arguments by place and by name, with defaults', () => {
    inSite({}, (site) => {
      const body = 'return `${a}-${b}-${rest.length}`';
      expect(run(site, body, [1], 'a: number, b: string = "d", ...rest: string[]')).toBe('1-d-0');
      const work = getattr(site.here, 'work');
      expect(call(work, [1, 'x', 'y'])).toBe('1-x-1');
      expect(
        call(
          work,
          [],
          new Dict([
            ['b', 'n'],
            ['a', 2],
          ] as [string, unknown][]),
        ),
      ).toBe('2-n-0');
      expect(() => call(work, [])).toThrow('missing required argument');
      expect((getattr(site.here, 'work') as TypeScriptScript).__signature__).toBe('a, b=None, *rest');
    });
  });

  it('works on the values of the database and on objects with their permissions', () => {
    inSite({}, (site) => {
      expect(run(site, "return context['a.txt'].title + '/' + context.objectIds().join()")).toBe(
        'A/a.txt,closed,work',
      );
    });
    inSite({}, (site) => {
      expect(() => run(site, 'return context.closed.title')).toThrow('You are not allowed to access');
    });
    const manager = { name: 'boss', roles: ['Manager'] };
    inSite({ user: manager }, (site) => {
      expect(
        run(
          site,
          "context.manage_changeProperties(keywords({title: 'New'})); return [context.closed.title, context.title]",
        ),
      ).toEqual(['Closed', 'New']);
    });
  });

  it('keeps its errors with their places and refuses to run', () => {
    inSite({}, (site) => {
      const made = script(site, 'const a = 1;\n  return eval("a");\n');
      expect([...made.errors]).toEqual([
        "Line 2, column 10: 'eval' is not defined, or not available in scripts",
      ]);
      expect(() => call(getattr(site.here, 'work'), [])).toThrow('Script (TypeScript) work has errors.');
    });
  });

  it('reads and writes its source with header lines', () => {
    inSite({}, (site) => {
      const made = script(site, 'return a;\n', 'a: number');
      expect(made.read()).toBe(
        '//# Script (TypeScript) "work"\n//#bind container=container\n//#bind context=context\n//#bind namespace=\n//#bind script=script\n//#bind subpath=traverse_subpath\n//#parameters=a: number\n//#title=\n//#\nreturn a;\n',
      );
      made.write('//#title=Doubles\n//#parameters=n: number\nreturn n * 2;\n');
      expect([made.title, made.params(), made.body()]).toEqual(['Doubles', 'n: number', 'return n * 2;\n']);
      expect(call(getattr(site.here, 'work'), [4])).toBe(8);
    });
  });

  it('tells the line of the source where it failed', () => {
    inSite({}, (site) => {
      let traceback: unknown;
      try {
        run(site, 'function inner(v: string | null) {\n  return v!.length;\n}\n\nreturn inner(null);\n');
      } catch (error) {
        ({ traceback } = error as { traceback: unknown });
      }
      expect(traceback).toEqual([
        { filename: 'Script (TypeScript):/docs/work', line: 5, function: 'work' },
        { filename: 'Script (TypeScript):/docs/work', line: 2, function: 'inner' },
      ]);
    });
  });
});
