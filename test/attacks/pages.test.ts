import { describe, expect, it } from 'vitest';
import { renderPage } from '../templates/lib/render.ts';
import { type Attempt, SECRET, untouched } from './lab.ts';
import { PAGES } from './pages.ts';

const options = { text: 'text', fn: () => 'called', name: 'constructor' };

/** What a page shows, or the name of its error and, where one can still be made of it, the message. */
function run(source: string): string {
  try {
    return renderPage(source, { options });
  } catch (error) {
    const { name } = error as Error;
    try {
      return `${name}: ${(error as Error).message}`;
    } catch {
      // It shows objects of the site, which is gone.
      return `${name}: `;
    }
  }
}

describe('a page template', () => {
  it.each(PAGES.map(([name, code, ends]) => [name, code, ends] as const))(
    'gets nowhere with %s',
    (_name: Attempt[0], code: Attempt[1], ends: Attempt[2]) => {
      const end = run(code);
      if (ends instanceof RegExp) expect(end).toMatch(ends);
      else expect(end).toBe(ends);
      expect(end).not.toContain(SECRET);
      expect(end).not.toMatch(/>(?:Secret|ran)</);
      untouched();
    },
  );
});
