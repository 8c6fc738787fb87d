/** Imports the modules that an `.ini` names by path or package, TypeScript included. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { quoted } from './config-parser.ts';
import { LoadError } from './errors.ts';

/** `./x.ts`, `../x.js` or an absolute path: a file rather than a package or a Python module. */
export const isFilePath = (specifier: string): boolean =>
  /^\.{0,2}\//.test(specifier) || path.isAbsolute(specifier);

/** Imports a file or a package as seen from `folder`. */
export async function importFrom(
  specifier: string,
  folder: string,
): Promise<Readonly<Record<string, unknown>>> {
  const file = isFilePath(specifier) ? path.resolve(folder, specifier) : findPackageFile(specifier, folder);
  if (!existsSync(file))
    throw new LoadError('module-missing', `no module ${quoted(specifier)}: ${file} does not exist`);
  try {
    return await importSource(file);
  } catch (error) {
    throw new LoadError(
      'module-broken',
      `importing ${quoted(specifier)} failed: ${error instanceof Error ? error.message : String(error)}`,
      {},
      { cause: error },
    );
  }
}

/** Imports a JavaScript or TypeScript file; what it imports may be TypeScript too. What it throws comes through. */
export async function importSource(file: string): Promise<Readonly<Record<string, unknown>>> {
  // The real path: a linked package is the site's own code, whose types may be stripped.
  const real = realpathSync(file);
  allowTypeScript();
  return (await import(/* @vite-ignore */ pathToFileURL(real).href)) as Readonly<Record<string, unknown>>;
}

/** TypeScript as JavaScript, every character in its place. Throws a `SyntaxError` for what is not erasable. */
export function stripTypes(source: string): string {
  const amaro = createRequire(import.meta.url)('amaro') as {
    transformSync(source: string, options: { mode: 'strip-only' }): { code: string };
  };
  try {
    return amaro.transformSync(source, { mode: 'strip-only' }).code;
  } catch (error) {
    // The compiler throws texts.
    throw typeof error === 'string' ? new SyntaxError(error) : error;
  }
}

let stripping = false;

/** Lets this thread import TypeScript where Node itself does not strip types (before 22.18). */
function allowTypeScript(): void {
  // `features.typescript` came with type stripping; the types of Node 20 lack it.
  if (stripping || (process.features as { typescript?: unknown }).typescript) return;
  stripping = true;
  const amaro = pathToFileURL(createRequire(import.meta.url).resolve('amaro')).href;
  // Inline, so that the hook is JavaScript whether this module runs from source or was built.
  const hook = `
    import { readFile } from 'node:fs/promises';
    import { fileURLToPath } from 'node:url';
    import amaro from ${JSON.stringify(amaro)};
    export async function load(url, context, nextLoad) {
      if (!url.startsWith('file:') || !/\\.m?ts$/.test(url)) return nextLoad(url, context);
      const file = fileURLToPath(url);
      const source = await readFile(file, 'utf8');
      return { format: 'module', shortCircuit: true, source: strip(source, file) };
    }
    // The compiler throws texts, which show the place but do not name the file.
    function strip(source, file) {
      try {
        return amaro.transformSync(source, { mode: 'strip-only' }).code;
      } catch (error) {
        const text = typeof error === 'string' ? error : error.message;
        const line = /^ *(\\d+) \\|.*\\n *:/m.exec(text);
        const reason = /^\\s*(?:x|\u00d7)\\s*(.*)$/m.exec(text);
        const place = line === null ? file : file + ', line ' + line[1];
        throw new SyntaxError(place + ': ' + (reason === null ? text : reason[1]));
      }
    }`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`, import.meta.url);
}

/** Node's resolution of a package for `import`, from a folder that need not be the importing module's. */
function findPackageFile(specifier: string, folder: string): string {
  const match = /^((?:@[^/]+\/)?[^/@][^/]*)(\/.*)?$/.exec(specifier);
  if (!match) throw new LoadError('uri-malformed', `${quoted(specifier)} is no name of a package`);
  const [, name, rest = ''] = match as unknown as [string, string, string?];
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const own = readManifest(at);
    if (own?.name === name && own.exports !== undefined) return packageFile(at, own, `.${rest}`, specifier);
    const root = path.join(at, 'node_modules', name);
    if (existsSync(root)) return packageFile(root, readManifest(root) ?? {}, `.${rest}`, specifier);
    if (path.dirname(at) === at) break;
  }
  throw new LoadError('module-missing', `no package ${quoted(name)} is installed in ${folder} or above it`);
}

interface Manifest {
  name?: string;
  main?: string;
  exports?: unknown;
}

function readManifest(folder: string): Manifest | undefined {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch (error) {
    throw new LoadError(
      'module-broken',
      `${file} is not valid: ${(error as Error).message}`,
      {},
      { cause: error },
    );
  }
}

function packageFile(root: string, manifest: Manifest, subpath: string, specifier: string): string {
  if (manifest.exports === undefined) {
    if (subpath !== '.') return path.join(root, subpath);
    return createRequire(path.join(root, 'package.json')).resolve('./');
  }
  const target = exportTarget(manifest.exports, subpath);
  if (target !== undefined && target.startsWith('./') && !target.split('/').includes('..')) {
    return path.join(root, target);
  }
  throw new LoadError(
    'module-missing',
    `the package of ${quoted(specifier)} does not export ${quoted(subpath)}`,
  );
}

function exportTarget(exports: unknown, subpath: string): string | undefined {
  const table = exports as Record<string, unknown>;
  const isTable =
    typeof exports === 'object' && exports !== null && Object.keys(table).some((key) => key[0] === '.');
  if (!isTable) return subpath === '.' ? conditional(exports) : undefined;
  if (Object.hasOwn(table, subpath)) return conditional(table[subpath]);
  const patterns = Object.keys(table).filter((key) => key.includes('*'));
  for (const pattern of patterns.sort((a, b) => b.indexOf('*') - a.indexOf('*'))) {
    const [before, after] = pattern.split('*') as [string, string];
    if (subpath.length < pattern.length || !subpath.startsWith(before) || !subpath.endsWith(after)) continue;
    const matched = subpath.slice(before.length, subpath.length - after.length);
    return conditional(table[pattern])?.replaceAll('*', () => matched);
  }
  return undefined;
}

function conditional(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (Array.isArray(target)) {
    for (const item of target) {
      const found = conditional(item);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    if (!['node', 'import', 'module-sync', 'default'].includes(condition)) continue;
    const found = conditional(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
