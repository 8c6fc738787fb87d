// Runs after `npm ci`: builds, and links this package's own commands into node_modules/.bin and the package itself into
// node_modules, which npm does only for dependencies: so the examples import it by its name.
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

await import('./build.js');
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { bin } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const folder = path.join(root, 'node_modules/.bin');
mkdirSync(folder, { recursive: true });
for (const [name, target] of Object.entries(bin)) {
  const link = path.join(folder, name);
  rmSync(link, { force: true });
  symlinkSync(path.relative(folder, path.join(root, target)), link);
}
const self = path.join(root, 'node_modules/zope-ts');
rmSync(self, { force: true, recursive: true });
symlinkSync('..', self, 'junction');
