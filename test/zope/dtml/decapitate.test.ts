import { afterAll, expect, it } from 'vitest';
import { DTMLMethod, type Item } from '../../../src/zope/ofs/index.ts';
import { TestSite } from '../ofs/test-site.ts';

const site = new TestSite();
afterAll(() => site.close());

async function shown(source: string) {
  site.change((app) => app._setObject('page', new DTMLMethod('page', source) as unknown as Item));
  const { headers, body } = await site.request('/page');
  site.change((app) => app._delObject('page'));
  return { mark: headers.get('x-mark'), body };
}

it.each([
  ['X-Mark: one\n\nbody', { mark: 'one', body: 'body' }],
  ['X-Mark: one\n  two\n\nbody', { mark: 'one two', body: 'body' }],
  ['X-Mark: one\nbody', { mark: null, body: 'X-Mark: one\nbody' }],
  ['X-Mark: one\n', { mark: null, body: 'X-Mark: one\n' }],
  ['body\nX-Mark: one\n\n', { mark: null, body: 'body\nX-Mark: one\n\n' }],
])(
  'takes header lines from the start of a page where an empty line ends them: %j',
  async (source, answer) => {
    expect(await shown(source)).toEqual(answer);
  },
);
