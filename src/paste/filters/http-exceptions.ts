/** `egg:Zope#httpexceptions`: an HTTPException that escapes the application becomes its answer (INVENTORY W-005). */
import { environOf } from '../gateway/environ.ts';
import { HTTPException } from '../gateway/http-exception.ts';
import type { Application } from '../gateway/types.ts';
import type { Settings } from '../loader/factories.ts';
import { readOptions } from '../loader/options.ts';

/** A key of `environ.extra`: an application may look whether its exceptions will be answered. */
export const HTTP_EXCEPTIONS = 'Zope2.httpexceptions';

/** Answers the HTTPExceptions of an application; has no options. */
export function httpExceptions(
  app: Application,
  _globalConf: Settings = {},
  localConf: Settings = {},
): Application {
  readOptions(localConf, {});
  const answer = (error: unknown): Response => {
    if (error instanceof HTTPException) return error.toResponse();
    throw error;
  };
  const filter: Application = (request) => {
    environOf(request).extra.set(HTTP_EXCEPTIONS, filter);
    let response: Response | Promise<Response>;
    try {
      response = app(request);
    } catch (error) {
      return answer(error);
    }
    return response instanceof Promise ? response.catch(answer) : response;
  };
  return filter;
}
