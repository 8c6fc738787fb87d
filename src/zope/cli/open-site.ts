/** A site for a command, opened with the environment that its configuration sets. */
import { applyEnvironment } from '../app/environment.ts';
import type { Site } from '../app/site.ts';
import { loadExtensions } from '../external/extensions.ts';
import { loadSiteModules } from '../app/site-modules.ts';

/** Throws a ConfigurationError, or what opening the databases throws. */
export async function openSite(file: string): Promise<Site> {
  const { instanceHome } = applyEnvironment(file);
  const site = await import('../app/site.ts');
  await loadSiteModules(instanceHome);
  await loadExtensions(instanceHome);
  return site.openSite(file);
}
