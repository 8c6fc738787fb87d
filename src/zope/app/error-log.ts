/** What becomes of a request that failed: a number for the visitor, and under it the whole story for who looks after the site. */
import { getLogger } from '@logtape/logtape';
import { aqAcquire, isPersistent, metaOf } from '../../persistent/index.ts';
import { errorName, type HTTPRequest } from '../../publisher/index.ts';
import { logError, newErrorNumber, SiteErrorLog } from '../errorlog/site-error-log.ts';

const logger = getLogger(['Zope', 'SiteErrorLog']);
/** Exceptions that every site has all the time and that nobody has to act on. */
const ORDINARY = new Set(['Unauthorized', 'NotFound', 'Redirect']);

const numbers = new WeakMap<object, string>();

/** The number under which the log has an error; undefined for one that was not logged. */
export function errorNumberOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? numbers.get(error) : undefined;
}

/** Logs a failed attempt: in full where it is the last one, in a line where it is tried again. */
export function reportFailure(error: unknown, request: HTTPRequest, retry: boolean): void {
  if (retry) {
    const { message } = error as Error;
    logger.info(
      `${errorName(error)} at ${request.get('PATH_INFO') as string}: ${message}. Request will be retried.`,
    );
    return;
  }
  const number = newErrorNumber();
  const log = errorLogFor(request);
  if (log === undefined) {
    if (ORDINARY.has(errorName(error))) return;
    logError(error, request.ACTUAL_URL === '' ? null : request.URL, number);
  } else {
    if (log._ignores(error)) return;
    log._raising(error, request, number);
  }
  if (typeof error === 'object' && error !== null) numbers.set(error, number);
}

/** The log that is responsible for what was published, or reached until then. */
function errorLogFor(request: HTTPRequest): SiteErrorLog | undefined {
  const { published, parents } = request;
  const places = [published, ...parents];
  for (const place of places) {
    if (typeof place !== 'object' || place === null || !isPersistent(place)) continue;
    const found = aqAcquire(place, '__error_log__', { containment: true, default: undefined });
    return typeof found === 'object' && found !== null && metaOf(found)?.info.cls === SiteErrorLog
      ? (found as SiteErrorLog)
      : undefined;
  }
  return undefined;
}
