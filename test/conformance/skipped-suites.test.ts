import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const corpus = path.join(root, 'test/corpus');
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const skipped: Record<string, string> = readJson(path.join(import.meta.dirname, 'skipped-suites.json'));

/** What is still to be built, and where it will be. */
const MISSING: Record<string, string> = {
  catalog: 'src/catalog',
  sessions: 'src/zope/sessions',
  webdav: 'src/zope/webdav',
  xmlrpc: 'src/zope/xmlrpc',
  zeo: 'src/zeo',
};

test('only what needs a room that is not there yet is skipped', () => {
  for (const [entry, room] of Object.entries(skipped)) {
    expect(MISSING, entry).toHaveProperty(room);
    expect(
      existsSync(path.join(root, MISSING[room]!)),
      `${MISSING[room]} is there: ${entry} is to pass`,
    ).toBe(false);
  }
});

/** Names of the steps of the recorded sites: `GROUP/STEP`. */
function stepsOf(suite: string): Set<string> {
  const names = new Set<string>();
  for (const file of jsonFilesIn(path.join(corpus, suite)))
    for (const { name, steps } of readJson(file).groups ?? [])
      for (const step of steps) names.add(`${name}/${step.name}`);
  return names;
}

function jsonFilesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(folder, name));
}

test('every entry names a suite, a file or a step that there is', () => {
  const steps = stepsOf('http');
  for (const entry of Object.keys(skipped)) {
    const rest = entry.replace(/^http\//, '');
    expect(existsSync(path.join(corpus, entry)) || steps.has(rest), entry).toBe(true);
  }
});
