import { AsyncLocalStorage } from 'node:async_hooks';
import { environOf, withEnviron } from '../gateway/environ.ts';
import type { FilterAppFactory, Settings } from './factories.ts';

const current = new AsyncLocalStorage<Settings>();

/** `egg:PasteDeploy#config`: makes the settings of its section known to everything that a request runs through. */
export const makeConfigFilter: FilterAppFactory = (app, globalConf, localConf) => {
  const config: Settings = Object.freeze({ ...globalConf, ...localConf });
  return (request) => {
    const extra = new Map(environOf(request).extra).set('paste.config', config);
    return current.run(config, () => app(withEnviron(request, { extra })));
  };
};

/** The settings of the innermost `egg:PasteDeploy#config` that the running request came through; Python's `CONFIG`. */
export const currentConfig = (): Settings | undefined => current.getStore();
