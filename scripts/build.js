// Makes dist/ of src/: one bundle in chunks (Node loads a few files far quicker than six hundred), declarations, and copies of the
// files that are read at run time (templates, skeletons, style sheets). What is there of an earlier build and not made again is removed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { quickToLoad } from './quick-to-load.js';

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
const PUBLIC = /^[^/]+\/(?:[^/]+\/)?index\.ts$/;

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
const sources = filesIn(src);
const copied = sources.filter((file) => !/\.(ts|md)$/.test(file));

/** Declarations; resolves with the exit code. */
async function declare() {
  if (!existsSync(path.join(dist, 'zope/index.d.ts'))) {
    // Without its output the incremental state of the compiler would make it emit nothing.
    rmSync(path.join(root, 'node_modules/.cache/tsc/build.tsbuildinfo'), { force: true });
  }
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const child = spawn(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  const [status] = await once(child, 'exit');
  return status ?? 1;
}

/** The code; resolves with the names of the files. A module is in one chunk only, so that all entries share its classes. */
async function bundle() {
  const entries = sources.filter((file) => PUBLIC.test(file) || PROGRAMS.includes(file));
  const build = await rolldown({
    input: Object.fromEntries(entries.map((file) => [file.slice(0, -'.ts'.length), path.join(src, file)])),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
    preserveEntrySignatures: 'strict',
    plugins: [quickToLoad],
    onLog(level, log, handle) {
      // What one entry loads late another may load at once.
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handle(level === 'warn' ? 'error' : level, log);
    },
  });
  const { output } = await build.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    // In one folder: paste/threads/pool.ts finds its entry from there.
    chunkFileNames: 'chunks/[name].js',
    keepNames: true,
    comments: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await build.close();
  return output.map((file) => file.fileName);
}

const began = performance.now();
mkdirSync(dist, { recursive: true });
const [status, made] = await Promise.all([declare(), bundle()]);
for (const file of copied) cpSync(path.join(src, file), path.join(dist, file));
const wanted = new Set([
  ...made,
  ...copied,
  ...sources.filter((file) => file.endsWith('.ts')).map((file) => `${file.slice(0, -'.ts'.length)}.d.ts`),
]);
for (const file of filesIn(dist)) if (!wanted.has(file)) rmSync(path.join(dist, file));
console.log(`built dist/ in ${((performance.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = status;
