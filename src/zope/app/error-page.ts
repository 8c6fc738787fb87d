/** The site's own page for an exception: the `standard_error_message` in reach of where it happened (INVENTORY P-152 to P-157). */
import { getLogger } from '@logtape/logtape';
import { aqAcquire, aqParent, getOwn, isPersistent } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import { asPython, errorName, type HTTPRequest } from '../../publisher/index.ts';
import { BrokenItem } from '../ofs/broken.ts';
import { call, htmlQuote, PyError, repr, str } from '../../restricted/index.ts';

const logger = getLogger(['OFS.SimpleItem']);
const NAME = 'standard_error_message';

/** What the page gives; undefined when there is none in reach. A page that fails itself gives a line that says so. */
export function standardErrorMessage(error: unknown, request: HTTPRequest): unknown {
  const [start] = request.parents;
  if (start === undefined || !isPersistent(start)) return undefined;
  const { published } = request;
  const at =
    isPersistent(published) && aqParent(published as object) !== null ? (published as object) : start;
  // An object of an unknown class gets no error page of the site, as in Python, which cannot look one up there.
  if (at instanceof BrokenItem) return undefined;
  const page = aqAcquire(at, NAME, { default: undefined }) ?? aqAcquire(start, NAME, { default: undefined });
  if (typeof page !== 'object' || page === null) return undefined;
  // The page is told of a refusal by a guard as Python would word it.
  const { cause } = error as { cause?: unknown };
  const exception = cause instanceof PyError ? cause : asPython(error);
  const text = str(exception);
  const traceback = `${exception.name}: ${text}`;
  const fields = new Dict<string, unknown>([
    ['error_type', errorName(error)],
    ['error_value', exception],
    ['error_tb', traceback],
    ['error_traceback', traceback],
    ['error_message', /[a-zA-Z]>/.test(shown(exception)) ? exception : ''],
    ['error_log_url', ''],
  ]);
  try {
    return call(page, getOwn(page, 'isDocTemp') ? [at, request] : [], fields);
  } catch (failure) {
    logger.error('Exception while rendering an error message: {failure}', { failure });
    return (
      `${repr(exception)} (Also, the following error occurred while attempting to render the standard error ` +
      `message, please see the event log for full details: ${htmlQuote((failure as Error).message)})`
    );
  }
}

/** An exception as DTML shows it: several arguments as they are. */
const shown = ({ args }: PyError): string =>
  args.length > 1 ? repr(args) : args.map((each) => str(each)).join('');
