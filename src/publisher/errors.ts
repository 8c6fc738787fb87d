/** Exceptions that the publisher answers with a status of their own come from the gateway. */
export {
  BadRequest,
  Forbidden,
  HTTPException,
  InternalError,
  MethodNotAllowed,
  NotFound,
  Redirect,
  Unauthorized,
} from '../paste/index.ts';
