/** What the policy of a real site has to be asked about, so that nobody gets more through code than he may have himself. */
import { describe, expect, it } from 'vitest';
import { call, getattr } from '../../src/restricted/index.ts';
import { TypeScriptScript, ZopePageTemplate } from '../../src/zope/ofs/index.ts';
import { type SiteInput, type TestSite, withSite } from '../conformance/suites/lib/site.ts';

/** Eve manages a folder of her own, and nothing else. */
const SITE: SiteInput = {
  user: { name: 'eve', roles: ['Member'] },
  here: 'mine',
  root: [
    { $obj: { class: 'Folder', id: 'mine', local_roles: { Manager: ['eve'], Owner: ['eve'] } } },
    {
      $obj: {
        class: 'DTML Method',
        id: 'secretdoc',
        source: 'SECRET SOURCE',
        permissions: { View: ['Manager'] },
      },
    },
    { $obj: { class: 'DTML Method', id: 'opendoc', source: 'OPEN SOURCE' } },
    { $obj: { class: 'Script (Python)', id: 'tool', body: 'return 1' } },
    {
      $obj: {
        class: 'Script (Python)',
        id: 'privscript',
        body: 'return "RAN"',
        permissions: { View: ['Manager'] },
      },
    },
    {
      $obj: {
        class: 'Folder',
        id: 'closed',
        title: 'Closed',
        permissions: { View: ['Manager'], 'Access contents information': ['Manager'] },
        children: [{ $obj: { class: 'Script (Python)', id: 'bound', body: 'return str(context.object)' } }],
      },
    },
  ],
};

type Kind = 'python' | 'typescript' | 'dtml' | 'page';

function make(kind: Kind, source: string): object {
  if (kind === 'page') return new ZopePageTemplate('work', source, 'text/html');
  const script = new TypeScriptScript('work');
  script.manage_edit('', source);
  return script;
}

/** What eve's code of a kind ends with in her folder. */
function run(kind: Kind, source: string, after: (site: TestSite) => void = () => {}): string {
  return withSite(SITE, (site) => {
    if (kind === 'python') site.add(site.here, { class: 'Script (Python)', id: 'work', body: source });
    else if (kind === 'dtml') site.add(site.here, { class: 'DTML Method', id: 'work', source });
    else {
      const folder = site.here as { _setObject(id: string, object: object, options: object): void };
      folder._setObject('work', make(kind, source), { setOwner: false });
    }
    try {
      const args = kind === 'dtml' ? [site.here, site.request] : [];
      return String(call(getattr(site.here, 'work'), args));
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    } finally {
      after(site);
    }
  });
}
const refused = (name: string) => `Unauthorized: You are not allowed to access '${name}' in this context`;

describe('a method that is acquired', () => {
  it.each([
    ['python', 'return context.tool.manage_delObjects(["opendoc"])'],
    ['python', 'return getattr(context.tool, "manage_delObjects")(["opendoc"])'],
    ['python', 'return context.restrictedTraverse("tool/manage_delObjects")(["opendoc"])'],
    ['typescript', "return (context as any).tool.manage_delObjects(['opendoc'])"],
    ['dtml', '<dtml-var "tool.manage_delObjects([\'opendoc\'])">'],
    ['page', '<p tal:content="python:here.tool.manage_delObjects([\'opendoc\'])"/>'],
  ] as const)('is that of the object it is found in, whose roles count: %s %s', (kind, source) => {
    const end = run(kind, source, (site) => {
      // It was not deleted.
      expect((site.app as unknown as { objectIds(): string[] }).objectIds()).toContain('opendoc');
    });
    expect(end).toMatch(/^Unauthorized: You are not allowed to access '(?:manage_delObjects|tool)'/);
  });
});

describe('an object that the user may not have', () => {
  it.each([
    ['python', 'return "%(secretdoc)s" % container.aq_parent'],
    ['python', 'return "{0[secretdoc]}".format(container.aq_parent)'],
    ['python', 'return "{secretdoc}".format_map(container.aq_parent)'],
    ['python', 'return sorted(container.aq_parent.objectValues(), key=lambda o: o.getId())'],
    ['python', 'l = container.aq_parent.objectValues()\nl.sort(key=lambda o: str(o))'],
    [
      'python',
      'class A:\n    def __eq__(self, other): return str(other)\nreturn A() in container.aq_parent.objectValues("DTML Method")',
    ],
    ['typescript', "return String((container as any).aq_parent.objectValues('DTML Method'))"],
    ['dtml', '<dtml-with "aq_parent" mapping><dtml-var secretdoc></dtml-with>'],
    ['dtml', '<dtml-in "[aq_parent]" mapping><dtml-var secretdoc></dtml-in>'],
    ['dtml', '<dtml-in "aq_parent.objectItems()"><dtml-var sequence-item></dtml-in>'],
    ['page', '<b tal:repeat="o root/objectValues" tal:content="o"/>'],
    ['page', '<b tal:repeat="o python:root.objectValues(\'DTML Method\')" tal:content="nocall:o"/>'],
    ['page', '<b tal:repeat="o python:root.objectValues(\'DTML Method\')" tal:content="python:str(o)"/>'],
  ] as const)('is not shown by %s %s', (kind, source) => {
    expect(run(kind, source)).toBe(refused('secretdoc'));
  });

  it.each([
    ['page', '<b tal:repeat="o python:root.objectValues(\'Script (Python)\')" tal:content="python:o()"/>'],
    ['page', '<b tal:repeat="o python:root.objectValues(\'Script (Python)\')" tal:content="js:o()"/>'],
    ['page', '<b tal:repeat="o python:root.objectValues(\'Script (Python)\')" tal:content="o"/>'],
  ] as const)('is not called by %s %s', (kind, source) => {
    expect(run(kind, source)).toBe(refused('privscript'));
  });

  it('is not called to sort a mapping by what it gives, nor shown as an item of it', () => {
    for (const source of [
      '<dtml-in "[aq_parent]" mapping sort=privscript>x</dtml-in>',
      '<dtml-in "[aq_parent]" mapping><dtml-var sequence-var-privscript missing=x></dtml-in>',
    ])
      expect(run('dtml', source)).toBe('x');
  });

  it('is listed by its id, as a page that lists what there is does', () => {
    expect(
      run('page', '<b tal:repeat="o python:root.objectValues(\'DTML Method\')" tal:content="o/getId"/>'),
    ).toBe('<b>secretdoc</b>\n<b>opendoc</b>');
    expect(
      run('dtml', '<dtml-in "aq_parent.objectItems(\'DTML Method\')"><dtml-var sequence-key>.</dtml-in>'),
    ).toBe('secretdoc.opendoc.');
  });
});

describe('what all share', () => {
  it.each([
    ['container.manage_options.append(1)', "AttributeError: 'tuple' object has no attribute 'append'"],
    ["container.propdict()['title']['mode'] = ''\nreturn container.propdict()['title']['mode']", 'wd'],
    [
      "from Products.PythonScripts.standard import special_formats as a\na['html-quote'] = 1\nfrom Products.PythonScripts.standard import special_formats as b\nreturn b['html-quote'] == 1",
      'false',
    ],
  ])('is not changed by %s', (body, end) => {
    expect(run('python', body)).toBe(end);
  });

  it('is not reached through a binding that the user may not have', () => {
    expect(
      withSite(SITE, (site) => {
        const closed = (site.app as unknown as { _getOb(id: string): { _getOb(id: string): object } })._getOb(
          'closed',
        );
        try {
          return call(closed._getOb('bound'), []);
        } catch (error) {
          return `${(error as Error).name}: ${(error as Error).message}`;
        }
      }),
    ).toMatch(/^(?:Unauthorized|AttributeError): /);
  });
});

it('an attribute of a mapping does not end its tag', () => {
  expect(run('page', '<b tal:attributes="python:{\'a&quot;b&gt;&lt;script\': 1}"/>')).toMatch(
    /^ValueError: .* is no name of an attribute$/,
  );
});
