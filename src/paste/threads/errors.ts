import { BodyTooLargeError, ClientGoneError, MalformedBodyError } from '../gateway/request-errors.ts';
import { setFailurePage } from '../gateway/failure-page.ts';
import type { PostedError } from './wire.ts';

/** A thread ended while it handled a request. */
export class ThreadDiedError extends Error {
  readonly code = 'THREAD_DIED';
}

/** What an application threw in another thread. */
class ForeignError extends Error {
  readonly code: string | undefined;

  constructor({ name, code, message, stack }: PostedError) {
    super(message);
    this.name = name;
    this.code = code;
    if (stack !== undefined) this.stack = stack;
  }
}

/** The error of another thread; those that servers tell apart are of their classes again. */
export function decodeError(posted: PostedError): Error {
  switch (posted.code) {
    case 'CLIENT_GONE':
      return new ClientGoneError();
    case 'BODY_TOO_LARGE':
      return new BodyTooLargeError(posted.limit!);
    case 'BODY_MALFORMED':
      return new MalformedBodyError();
    default: {
      const error = new ForeignError(posted);
      const { page } = posted;
      if (page !== undefined) setFailurePage(error, { text: page.text, html: () => page.html });
      return error;
    }
  }
}
