/** Exceptions that are answers: one class a status code, under the names of zExceptions (INVENTORY P-148 to P-151). */
import { STATUS_CODES } from 'node:http';
import { errorPage, escapeText } from './error-page.ts';
import { GatewayResponse, isBodiless } from './response.ts';

/** Where Python's phrases are not Node's. */
const REASONS: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
  422: 'Unprocessable Entity',
  451: 'Unavailable for Legal Reasons',
};

/** The reason phrase of a status. */
export const reasonOf = (status: number): string => REASONS[status] ?? STATUS_CODES[status] ?? 'Unknown';

export interface ExceptionDetails {
  /** Heading of the stock page. */
  readonly title?: string;
  /** HTML for the stock page; whoever gives it has escaped what came from outside. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The names are Python's, also of the methods: scripts call them. */
export class HTTPException extends Error {
  readonly code: string = 'HTTP';
  /** The name that Python code and error pages know it by. */
  readonly pyType: string = 'HTTPException';
  status: number;
  title: string;
  detail: string | undefined;
  headers: Record<string, string>;
  /** A whole body instead of the stock page. */
  body: string | undefined;
  #reason: string | undefined;

  constructor(status: number, message = '', details: ExceptionDetails = {}) {
    super(message);
    this.status = status;
    this.title = details.title ?? 'Sorry, a site error occurred.';
    this.detail = details.detail;
    this.headers = { ...details.headers };
  }

  override get name(): string {
    return this.pyType;
  }

  get errmsg(): string {
    return this.#reason ?? reasonOf(this.status);
  }

  setBody(body: string): void {
    this.body = body;
  }

  getStatus(): number {
    return this.status;
  }

  setStatus(status: number, reason?: string): void {
    this.status = status;
    this.#reason = reason;
  }

  setHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  /** The answer. The message is escaped, a detail and a body are not. */
  toResponse(): Response {
    const headers = Object.entries(this.headers).flat();
    const init = { status: this.status, statusText: reasonOf(this.status), headers };
    if (isBodiless(this.status)) return new GatewayResponse(null, init);
    if (!Object.keys(this.headers).some((name) => name.toLowerCase() === 'content-type')) {
      headers.push('Content-Type', 'text/html;charset=utf-8');
    }
    const detail = this.detail ?? escapeText(this.message);
    const page =
      this.title !== '' && detail !== ''
        ? errorPage(escapeText(this.title), detail)
        : escapeText(this.message);
    return new GatewayResponse(this.body ?? page, init);
  }
}

type ExceptionClass = new (message?: string, details?: ExceptionDetails) => HTTPException;

function define(pyType: string, status: number): ExceptionClass {
  const named = class extends HTTPException {
    override readonly pyType: string = pyType;

    constructor(message = '', details: ExceptionDetails = {}) {
      super(status, message, details);
    }
  };
  Object.defineProperty(named, 'name', { value: pyType });
  return named;
}

/** A class of answers that lead elsewhere: the message is the location. */
function defineMove(pyType: string, status: number): ExceptionClass {
  return class extends define(pyType, status) {
    constructor(location = '', details: ExceptionDetails = {}) {
      super(location, { ...details, headers: { ...details.headers, Location: headerUrl(location) } });
    }
  };
}

/** A URL as a header can have it: what is not ASCII, and what would end the header, is percent-encoded. */
const headerUrl = (location: string): string =>
  location.replaceAll(/[^\x21-\x7e]/gu, (char) =>
    encodeURIComponent(/\p{Surrogate}/u.test(char) ? '\ufffd' : char),
  );

/** 302 to a location, or another status. */
export class Redirect extends defineMove('Redirect', 302) {
  constructor(location: string, status = 302) {
    super(location);
    this.status = status;
  }
}

export interface UnauthorizedDetails extends ExceptionDetails {
  /** What the user may not have. */
  readonly name?: string;
  readonly value?: unknown;
  /** What would be needed, such as `{ permission: 'View' }`. */
  readonly needed?: Readonly<Record<string, unknown>>;
  /** Makes the browser ask for a login. */
  readonly realm?: string;
}

/** 401: the user may not have it. A message of one word is the name of what was asked for. */
export class Unauthorized extends define('Unauthorized', 401) {
  readonly deniedName: string | undefined;
  readonly value: unknown;
  readonly needed: Readonly<Record<string, unknown>> | undefined;
  realm: string | undefined;

  constructor(message = '', details: UnauthorizedDetails = {}) {
    const isName = details.name === undefined && message !== '' && !/\S\s+\S/.test(message);
    const name = isName ? message.trim() : details.name;
    super(isName || (message === '' && name !== undefined) ? notAllowed(name!) : message, details);
    this.deniedName = name;
    this.value = details.value;
    this.needed = details.needed;
    if (details.realm !== undefined) this.setRealm(details.realm);
  }

  setRealm(realm: string): void {
    this.realm = realm;
    if (realm !== '')
      this.setHeader('WWW-Authenticate', `basic realm="${realm.replaceAll(/["\\\r\n]/g, '')}"`);
  }
}

const notAllowed = (name: string) => `You are not allowed to access '${name}' in this context`;

export class BadRequest extends define('BadRequest', 400) {}
export class Forbidden extends define('Forbidden', 403) {}
export class NotFound extends define('NotFound', 404) {}
export class MethodNotAllowed extends define('MethodNotAllowed', 405) {}
export class ResourceLockedError extends define('ResourceLockedError', 423) {}
export class InternalError extends define('InternalError', 500) {}

const STATUSES: Readonly<Record<string, number>> = {
  HTTPException: 500,
  HTTPOk: 200,
  HTTPCreated: 201,
  HTTPAccepted: 202,
  HTTPNonAuthoritativeInformation: 203,
  HTTPNoContent: 204,
  HTTPResetContent: 205,
  HTTPPartialContent: 206,
  HTTPMultiStatus: 207,
  HTTPIMUsed: 226,
  HTTPRedirection: 500,
  HTTPNotModified: 304,
  HTTPError: 500,
  HTTPClientError: 400,
  HTTPPaymentRequired: 402,
  HTTPNotAcceptable: 406,
  HTTPProxyAuthenticationRequired: 407,
  HTTPRequestTimeout: 408,
  HTTPConflict: 409,
  HTTPGone: 410,
  HTTPLengthRequired: 411,
  HTTPPreconditionFailed: 412,
  HTTPRequestEntityTooLarge: 413,
  HTTPRequestURITooLong: 414,
  HTTPUnsupportedMediaType: 415,
  HTTPRequestRangeNotSatisfiable: 416,
  HTTPExpectationFailed: 417,
  HTTPImATeapot: 418,
  HTTPUnprocessableEntity: 422,
  HTTPFailedDependency: 424,
  HTTPUpgradeRequired: 426,
  HTTPPreconditionRequired: 428,
  HTTPTooManyRequests: 429,
  HTTPRequestHeaderFieldsTooLarge: 431,
  HTTPUnavailableForLegalReasons: 451,
  HTTPServerError: 500,
  HTTPNotImplemented: 501,
  HTTPBadGateway: 502,
  HTTPServiceUnavailable: 503,
  HTTPGatewayTimeout: 504,
  HTTPVersionNotSupported: 505,
  HTTPInsufficientStorage: 507,
  HTTPNotExtended: 510,
  HTTPNetworkAuthenticationRequired: 511,
};

const MOVES: Readonly<Record<string, number>> = {
  HTTPMultipleChoices: 300,
  HTTPMovedPermanently: 301,
  HTTPSeeOther: 303,
  HTTPUseProxy: 305,
  HTTPTemporaryRedirect: 307,
  HTTPPermanentRedirect: 308,
};

/** All classes by their names in zExceptions, those as well that are another name of the same class. */
export const HTTP_EXCEPTIONS: ReadonlyMap<string, ExceptionClass> = new Map<string, ExceptionClass>([
  ...Object.entries(STATUSES).map(([name, status]) => [name, define(name, status)] as const),
  ...Object.entries(MOVES).map(([name, status]) => [name, defineMove(name, status)] as const),
  ...(
    [
      ['Redirect', 'HTTPFound', Redirect as unknown as ExceptionClass],
      ['BadRequest', 'HTTPBadRequest', BadRequest],
      ['Unauthorized', 'HTTPUnauthorized', Unauthorized],
      ['Forbidden', 'HTTPForbidden', Forbidden],
      ['NotFound', 'HTTPNotFound', NotFound],
      ['MethodNotAllowed', 'HTTPMethodNotAllowed', MethodNotAllowed],
      ['ResourceLockedError', 'HTTPLocked', ResourceLockedError],
      ['InternalError', 'HTTPInternalServerError', InternalError],
    ] as const
  ).flatMap(([name, alias, cls]) => [[name, cls] as const, [alias, cls] as const]),
]);

/** An exception by its zExceptions name; undefined for a name that is none. */
export function httpExceptionByName(name: string, message: string): HTTPException | undefined {
  const cls = HTTP_EXCEPTIONS.get(name);
  return cls === undefined ? undefined : new cls(message);
}
