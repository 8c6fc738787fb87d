/** The modules of a site's own, which register its classes: those that `siteModules` in its package.json names. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { importSource } from '../../paste/index.ts';
import { packageRoot } from '../package-files.ts';

/** The site's package.json, or a module that it names, is not as it must be. */
export class SiteModuleError extends Error {
  readonly code = 'SITE_MODULE';
  readonly file: string;

  /** @param line Where the reason is, if that is known. */
  constructor(file: string, reason: string, options?: ErrorOptions & { line?: string | undefined }) {
    super(`${file}${options?.line === undefined ? '' : `, line ${options.line}`}: ${reason}`, options);
    this.file = file;
  }
}

/** What `importSource` says of TypeScript that is none, in a module or in another one that it imports. */
function brokenSource(error: SyntaxError): SiteModuleError | undefined {
  const found = /^(\/.*?)(?:, line (\d+))?: (.*)$/s.exec(error.message);
  if (found === null) return undefined;
  const [, file, line, reason] = found as unknown as [string, string, string | undefined, string];
  return new SiteModuleError(file, reason, { cause: error, line });
}

const ownManifest = path.join(packageRoot, 'package.json');

/** Imports the modules one after the other. Throws a SiteModuleError, or what a module throws. */
export async function loadSiteModules(instanceHome: string): Promise<void> {
  const manifest = path.join(instanceHome, 'package.json');
  if (!existsSync(manifest)) return;
  const names = namesIn(manifest);
  if (names.length === 0) return;
  checkCopy(manifest);
  for (const name of names) {
    const file = path.resolve(instanceHome, name);
    if (!existsSync(file))
      throw new SiteModuleError(manifest, `siteModules names ${name}, and there is no ${file}`);
    try {
      // oxlint-disable-next-line no-await-in-loop -- in their order
      await importSource(file);
    } catch (error) {
      const broken = error instanceof SyntaxError ? brokenSource(error) : undefined;
      if (broken !== undefined) throw broken;
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
      throw new SiteModuleError(file, `${message}; is "npm install" still to be run?`, { cause: error });
    }
  }
}

function namesIn(manifest: string): readonly string[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(manifest, 'utf8'));
  } catch (error) {
    throw new SiteModuleError(manifest, (error as Error).message, { cause: error });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new SiteModuleError(manifest, 'it must hold a JSON object, { … }');
  const { siteModules = [] } = content as { siteModules?: unknown };
  if (!Array.isArray(siteModules) || siteModules.some((name) => typeof name !== 'string'))
    throw new SiteModuleError(manifest, 'siteModules must be a list of paths');
  return siteModules as string[];
}

/** Classes that are registered with another copy of this package would not be known here. */
function checkCopy(manifest: string): void {
  let other: string;
  try {
    other = createRequire(manifest).resolve('zope-ts/package.json');
  } catch {
    return;
  }
  if (realpathSync(other) === realpathSync(ownManifest)) return;
  throw new SiteModuleError(
    manifest,
    `the site has zope-ts in ${path.dirname(other)}, but this command is of ${path.dirname(ownManifest)}; ` +
      'start it with "npm start" or "npx" in the folder of the site',
  );
}
