import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

function filesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .sort();
}

// The recorded answers are kept outside of the project as well; where that folder lies beside it, ours must be equal.
for (const [ours, theirs] of [
  ['test/corpus', '../shared/conformance'],
  ['bench/site', '../shared/bench'],
]) {
  test.skipIf(!existsSync(path.join(root, theirs!)))(`${ours} equals the recorded original`, () => {
    const [copy, original] = [path.join(root, ours!), path.join(root, theirs!)];
    expect(filesOf(copy)).toEqual(filesOf(original));
    const different = filesOf(copy).filter(
      (file) => !readFileSync(path.join(copy, file)).equals(readFileSync(path.join(original, file))),
    );
    expect(different).toEqual([]);
  });
}
