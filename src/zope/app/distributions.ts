/** The entry points of an `.ini` that this room has: the application. */
import { registerDistribution, registerGatewayDistributions, type Settings } from '../../paste/index.ts';
import { CommandError } from '../cli/command-line.ts';

let registered = false;

/** Makes Python's names known to the loader of `.ini` files: `egg:Zope#main`, servers, filters. */
export function registerDistributions(): void {
  if (registered) return;
  registered = true;
  registerGatewayDistributions();
  registerDistribution('Zope', { 'paste.app_factory': { main: applicationFactory } });
  // The name of the package before Zope 4.
  registerDistribution('Zope2', { 'paste.app_factory': { main: applicationFactory } });
}

async function applicationFactory(globalConf: Settings, localConf: Settings) {
  const { zope_conf: file, ...others } = localConf;
  const unexpected = Object.keys(others);
  if (unexpected.length > 0)
    throw new CommandError(`egg:Zope#main takes no option '${unexpected[0]}'; its one option is zope_conf`);
  if (file === undefined)
    throw new CommandError("egg:Zope#main needs the option zope_conf, the path of the site's configuration");
  // The main thread of a site with several threads needs none of this.
  const { applyEnvironment } = await import('./environment.ts');
  applyEnvironment(file);
  const { makeApplication } = await import('./make-application.ts');
  return makeApplication(globalConf, file);
}
