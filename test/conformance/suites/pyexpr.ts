import { aqParent } from '../../../src/persistent/index.ts';
import { getSecurityManager } from '../../../src/access/index.ts';
import { moduleItem, registerType } from '../../../src/restricted/index.ts';
import { evaluateExpression } from '../../../src/templates/index.ts';
import type { ZopePageTemplate } from '../../../src/zope/ofs/index.ts';
import type { Case, Suite } from '../suite.ts';
import { check } from './lib/pycases.ts';
import { fromTagged } from './lib/pyvalues.ts';
import { type TestSite, withSite } from './lib/site.ts';

class Modules {}
registerType(Modules, {
  attributes: 'all',
  operators: { getitem: (_self, name) => moduleItem(name as string) },
});

function run(testCase: Case): void {
  const { input } = testCase;
  withSite(input, (site) => check(testCase, () => evaluate(testCase, site), site.values));
}

function evaluate({ input }: Case, site: TestSite): unknown {
  const page = site.add(site.here, { class: 'Page Template', id: 'page' }) as ZopePageTemplate;
  const vars = Object.fromEntries(
    Object.entries(input.vars ?? {}).map(([key, value]) => [key, fromTagged(value, site.values)]),
  );
  const manager = getSecurityManager();
  const names: Record<string, unknown> = {
    here: site.here,
    context: site.here,
    container: aqParent(page),
    root: site.app,
    template: page,
    request: site.request,
    user: manager.getUser(),
    options: fromTagged(input.options ?? {}, site.values),
    modules: new Modules(),
    ...vars,
  };
  manager.addContext(page);
  try {
    return evaluateExpression('python', input.expr, names);
  } finally {
    manager.removeContext(page);
  }
}

const suite: Suite = { run };
export default suite;
