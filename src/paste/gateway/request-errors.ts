/** What reading a request can fail with. */
import { HTTPException } from './http-exception.ts';

/** The client closed its connection. */
export class ClientGoneError extends Error {
  readonly code = 'CLIENT_GONE';

  constructor() {
    super('the client has left');
  }
}

/** A body that is too long for memory could not be kept in a file, or is not there any more. */
export class BodyFileError extends Error {
  readonly code = 'BODY_FILE';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
  }
}

/** A body grew beyond the limit while it was read. */
export class BodyTooLargeError extends HTTPException {
  override readonly code = 'BODY_TOO_LARGE';
  override readonly pyType = 'HTTPRequestEntityTooLarge';
  readonly limit: number;

  constructor(limit: number) {
    super(413, `exceeds max_body of ${limit}`);
    this.limit = limit;
  }
}

/** A body broke off with something that is no HTTP. */
export class MalformedBodyError extends HTTPException {
  override readonly code = 'BODY_MALFORMED';
  override readonly pyType = 'BadRequest';

  constructor() {
    super(400, 'the body of the request is malformed');
  }
}
