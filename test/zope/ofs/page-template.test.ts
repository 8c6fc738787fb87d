import { expect, it } from 'vitest';
import { ZopePageTemplate } from '../../../src/zope/ofs/index.ts';

it('keeps a byte order mark at the start of a page template, and strips what Python takes for white space', () => {
  expect(new ZopePageTemplate('a', ' \ufeff<p/>\n').read()).toBe('\ufeff<p/>');
  expect(new ZopePageTemplate('a', '\x1c\x85<p/>\x1f').read()).toBe('<p/>');
});
