// Compiles src/ to dist/ and copies the files that are read at run time (templates, skeletons, style sheets).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
if (!existsSync(path.join(root, 'dist'))) {
  // Without its output the incremental state of the compiler would make it emit nothing.
  rmSync(path.join(root, 'node_modules/.cache/tsc/build.tsbuildinfo'), { force: true });
}
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
cpSync(path.join(root, 'src'), path.join(root, 'dist'), {
  recursive: true,
  filter: (source) => !/\.(ts|md)$/.test(source),
});
process.exitCode = status ?? 1;
