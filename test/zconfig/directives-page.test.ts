import { expect, test } from 'vitest';
import { directivesPage } from './directives-page.ts';

test('docs/zope-conf.md tells what the schemas have', async () => {
  await expect(directivesPage()).toMatchFileSnapshot('../../docs/zope-conf.md');
});
