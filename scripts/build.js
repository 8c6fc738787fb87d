// Makes dist/ of src/: one bundle in chunks (Node loads a few files far quicker than six hundred) with what the engine has compiled of
// them, small modules for those who import it, declarations, and copies of the files that are read at run time (templates, skeletons,
// style sheets). What is there of an earlier build and not made again is removed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { checkCircles, loadable, moduleFor, programFor } from './loadable.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const src = path.join(root, 'src');
const dist = path.join(root, 'dist');
/** Beside what other packages import: the commands and what threads start with. */
const PROGRAMS = [
  'zope/cli/main.ts',
  'zope/cli/signal-watch-thread.ts',
  'zope/threads/thread-main.ts',
  'paste/threads/entry.ts',
  'paste/servers/socket-child.ts',
  'zope/mail/smtp-thread.ts',
];
/** These are small and loaded by each start; files of many modules in packages are slow to load. */
const BUNDLED = /^(?:@logtape\/logtape|mrmime)$/;
const PUBLIC = /^[^/]+\/(?:[^/]+\/)?index\.ts$/;

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
const sources = filesIn(src);
const withoutEnding = (file) => file.slice(0, -path.extname(file).length);
const copied = sources.filter((file) => !/\.(ts|md)$/.test(file));

/** Declarations; resolves with the exit code. */
async function declare() {
  if (!existsSync(path.join(dist, 'zope/index.d.ts'))) {
    // Without its output the incremental state of the compiler would make it emit nothing.
    rmSync(path.join(root, 'node_modules/.cache/tsc/build.tsbuildinfo'), { force: true });
  }
  return run('node_modules/typescript/bin/tsc', '-p', path.join(root, 'tsconfig.build.json'));
}

/** Runs a script of the project; resolves with its exit code. */
async function run(script, ...args) {
  const child = spawn(process.execPath, [path.join(root, script), ...args], { stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  return status ?? 1;
}

/** The code; resolves with the names of the files. A module is in one chunk only, so that all entries share its classes. */
async function bundle() {
  const entries = sources.filter((file) => PUBLIC.test(file) || PROGRAMS.includes(file)).map(withoutEnding);
  const build = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, path.join(src, `${name}.ts`)])),
    platform: 'node',
    external: (id, importer) =>
      !id.startsWith('.') && !path.isAbsolute(id) && !BUNDLED.test(id) && !importer?.includes('node_modules'),
    preserveEntrySignatures: 'strict',
    plugins: [loadable],
    // A busy machine would fail the build.
    checks: { bundlerTimings: false },
    onLog(level, log, handle) {
      // What one entry loads late another may load at once.
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handle(level === 'warn' ? 'error' : level, log);
    },
  });
  const { output } = await build.write({
    dir: dist,
    format: 'esm',
    // All in one folder: what some modules are looked for from is where their chunk lies (paste/threads/pool.ts).
    entryFileNames: ({ name }) => `code/${name.replaceAll('/', '.')}.cjs`,
    chunkFileNames: 'code/[name].cjs',
    keepNames: true,
    comments: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await build.close();
  const chunks = output.filter(({ type }) => type === 'chunk');
  checkCircles(chunks);
  const files = output.map((file) => file.fileName);
  for (const { name, exports } of chunks.filter((chunk) => chunk.isEntry && entries.includes(chunk.name))) {
    const program = PROGRAMS.includes(`${name}.ts`);
    const file = `${name}.${program ? 'cjs' : 'js'}`;
    mkdirSync(path.dirname(path.join(dist, file)), { recursive: true });
    writeFileSync(path.join(dist, file), program ? programFor(name) : moduleFor(name, exports));
    files.push(file);
  }
  return files;
}

const began = performance.now();
mkdirSync(dist, { recursive: true });
for (const cache of ['main.cache', 'threads.cache']) rmSync(path.join(dist, 'code', cache), { force: true });
const [status, made] = await Promise.all([declare(), bundle()]);
for (const file of copied) cpSync(path.join(src, file), path.join(dist, file));
const wanted = new Set([
  ...made,
  ...copied,
  ...sources.filter((file) => file.endsWith('.ts')).map((file) => `${withoutEnding(file)}.d.ts`),
]);
for (const file of filesIn(dist)) if (!wanted.has(file)) rmSync(path.join(dist, file));
await run('scripts/code-cache.js');
console.log(`built dist/ in ${((performance.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = status;
