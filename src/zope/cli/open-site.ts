/** A site for a command, opened with the environment that its configuration sets. */
import { applyEnvironment } from '../app/environment.ts';
import type { Site } from '../app/site.ts';
import { loadModule } from '../load-module.ts';

/** Throws a ConfigurationError, or what opening the databases throws. */
export async function openSite(file: string): Promise<Site> {
  applyEnvironment(file);
  const site = await loadModule(import.meta.url, '../app/site', () => import('../app/site.ts'));
  return site.openSite(file);
}
