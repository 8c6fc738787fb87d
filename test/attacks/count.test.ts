/** That no suite of attempts loses any: each language has at least 150, of all classes of advisories that are about code of the web. */
import { describe, expect, it } from 'vitest';
import { TABLES } from './tables.ts';

/** Fewer than these are a loss; what is added is written down here. */
const COUNTS: Readonly<Record<keyof typeof TABLES, number>> = {
  DTML: 252,
  'Script (Python)': 465,
  'Script (TypeScript)': 550,
  'TALES and TAL': 433,
};

/** Classes of INVENTORY 4.8 that code of every language could be one of. */
const EVERY = ['S-071', 'S-072', 'S-074', 'S-075', 'S-076'];
/** TypeScript has no formats with fields. Users and their data are reached from pages in a site, as DTML's tainted values are from DTML. */
const MORE: Readonly<Record<keyof typeof TABLES, readonly string[]>> = {
  DTML: ['S-070', 'S-073', 'S-082', 'S-092'],
  'Script (Python)': ['S-073'],
  'Script (TypeScript)': [],
  'TALES and TAL': ['S-070', 'S-073', 'S-077', 'S-078', 'S-081', 'S-090'],
};

describe.each(Object.entries(TABLES))('attempts in %s', (language, attempts) => {
  it('are at least 150, each with a name and code of its own, and none was lost', () => {
    const codes = new Set(attempts.map(([, code]) => code));
    const names = new Set(attempts.map(([name]) => name));
    expect(codes.size).toBe(attempts.length);
    expect(names.size).toBe(attempts.length);
    expect(codes.size).toBeGreaterThanOrEqual(150);
    expect(codes.size).toBe(COUNTS[language as keyof typeof TABLES]);
  });

  it('end each in a way of their own: none may end in just any error', () => {
    for (const [name, , ends] of attempts)
      if (ends instanceof RegExp)
        expect([name, ends.source]).toEqual([name, expect.stringMatching(/^\^.{6}/)]);
  });

  it('are of all classes of advisories', () => {
    const found = new Set(attempts.map(([, , , advisory]) => advisory));
    for (const advisory of [...EVERY, ...MORE[language as keyof typeof TABLES]])
      expect(found).toContain(advisory);
  });
});
