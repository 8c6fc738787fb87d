/** Exceptions between scripts and the gateway: answers are Python exceptions for scripts, and those are answers again. */
import {
  foreignError,
  PyError,
  registerForeignError,
  TypeError,
  typeOf,
  Unauthorized as GuardUnauthorized,
} from '../restricted/index.ts';
import { HTTP_EXCEPTIONS, httpExceptionByName } from '../paste/index.ts';
import { HTTPException, Unauthorized } from './errors.ts';

// Scripts know the exceptions of answers by their names in zExceptions. As there, they can be called by a gateway only.
const base = registerForeignError(HTTPException, 'HTTPException');
const needsGateway = () => {
  throw new TypeError(
    "HTTPException.__call__() missing 2 required positional arguments: 'environ' and 'start_response'",
  );
};
base.operators.call = needsGateway;
// What the guards throw is an answer as well.
typeOf(new GuardUnauthorized()).operators.call = needsGateway;
const registered = new Set<unknown>();
for (const [name, cls] of HTTP_EXCEPTIONS) {
  if (registered.has(cls)) continue;
  registered.add(cls);
  registerForeignError(cls, name, base.cls as new () => PyError);
}

/** What an error is as an answer: an exception that a script let through counts as the answer that it came from. */
export function normalise(error: unknown): unknown {
  if (error instanceof GuardUnauthorized)
    return Object.assign(new Unauthorized(error.message), { cause: error });
  if (!(error instanceof PyError)) return error;
  if (error.cause instanceof HTTPException) return error.cause;
  // A script's own class counts by its name.
  const answer = HTTP_EXCEPTIONS.has(error.name) ? httpExceptionByName(error.name, error.message) : undefined;
  return answer === undefined ? error : Object.assign(answer, { cause: error });
}

/** The name of an error's class, in Python's words. */
export function errorName(error: unknown): string {
  if (error instanceof HTTPException) return error.pyType;
  if (error instanceof PyError) return error.name;
  if (error instanceof Error) {
    const { pyName } = error as { pyName?: string };
    return pyName ?? foreignError(error).name;
  }
  return 'Exception';
}

/** The error as guarded code may see it. */
export function asPython(error: unknown): PyError {
  return error instanceof PyError ? error : foreignError(error);
}
