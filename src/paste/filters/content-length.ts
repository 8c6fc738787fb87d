/**
 * `egg:Zope#content_length`: for servers that hand an application more than its request's body (INVENTORY W-006). The servers here end a
 * body where it ends and throw away what nobody reads, so requests pass as they are.
 */
import type { Application } from '../gateway/types.ts';
import type { Settings } from '../loader/factories.ts';
import { readOptions } from '../loader/options.ts';

/** Has no options. */
export function contentLength(app: Application, _globalConf: Settings, localConf: Settings): Application {
  readOptions(localConf, {});
  return app;
}
