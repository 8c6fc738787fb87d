/** Exceptions that are answers: one class a status code, under the names of zExceptions (INVENTORY P-148 to P-151). */
import { STATUS_CODES } from 'node:http';
import { GatewayResponse } from './response.ts';

const REASONS: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
  422: 'Unprocessable Entity',
  451: 'Unavailable for Legal Reasons',
};

export const reasonOf = (status: number): string => REASONS[status] ?? STATUS_CODES[status] ?? 'Unknown';

const page = (title: string, detail: string) => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>Site Error</title>
<style>:root{color-scheme:light dark}body{font:17px/1.6 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1.5rem}</style>
</head>
<body>
<h2>Site Error</h2>
<p>An error was encountered while publishing this resource.</p>
<p><strong>${title}</strong></p>

${detail}
</body></html>`;

export interface ExceptionDetails {
  readonly title?: string;
  /** HTML; whoever gives it has escaped what came from outside. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Statuses whose answers have no body. */
const EMPTY = new Set([204, 205, 304]);

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
    return reasonOf(this.status);
  }

  setBody(body: string): void {
    this.body = body;
  }

  getStatus(): number {
    return this.status;
  }

  setStatus(status: number): void {
    this.status = status;
  }

  setHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  /** The answer; the message is escaped, a detail is not. */
  toResponse(): Response {
    const headers = Object.entries(this.headers).flat();
    if (EMPTY.has(this.status))
      return new GatewayResponse(null, { status: this.status, statusText: this.errmsg, headers });
    if (!Object.keys(this.headers).some((name) => name.toLowerCase() === 'content-type')) {
      headers.push('content-type', 'text/html;charset=utf-8');
    }
    const detail = this.detail ?? escapeHtml(this.message);
    const body = this.body ?? (this.title !== '' && detail !== '' ? page(this.title, detail) : detail);
    return new GatewayResponse(body, { status: this.status, statusText: this.errmsg, headers });
  }
}

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#x27;');

type ExceptionClass = new (message?: string, details?: ExceptionDetails) => HTTPException;

function define(pyType: string, status: number): ExceptionClass {
  return class extends HTTPException {
    override readonly pyType: string = pyType;

    constructor(message = '', details: ExceptionDetails = {}) {
      super(status, message, details);
    }
  };
}

/** 302 to a location. */
export class Redirect extends HTTPException {
  override readonly pyType = 'Redirect';

  constructor(location: string, status = 302) {
    super(status, location, { headers: { Location: location } });
  }
}

/** 401: the user may not have it; the browser asks for a login. */
export class Unauthorized extends HTTPException {
  override readonly pyType = 'Unauthorized';
  realm = 'Zope';

  constructor(message = '', details: ExceptionDetails = {}) {
    super(401, message, details);
  }

  setRealm(realm: string): void {
    this.realm = realm;
  }

  override toResponse(): Response {
    const known = Object.keys(this.headers).some((name) => name.toLowerCase() === 'www-authenticate');
    if (!known && this.realm !== '')
      this.setHeader('WWW-Authenticate', `basic realm="${this.realm}", charset="UTF-8"`);
    return super.toResponse();
  }
}

export class BadRequest extends define('BadRequest', 400) {}
export class Forbidden extends define('Forbidden', 403) {}
export class NotFound extends define('NotFound', 404) {}
export class MethodNotAllowed extends define('MethodNotAllowed', 405) {}
export class ResourceLockedError extends define('ResourceLockedError', 423) {}
export class InternalError extends define('InternalError', 500) {}

const named: Readonly<Record<string, ExceptionClass>> = {
  BadRequest,
  Forbidden,
  NotFound,
  MethodNotAllowed,
  ResourceLockedError,
  InternalError,
  Unauthorized,
};
const STATUS_OF_NAME: Record<string, number> = {};
for (const status of Object.keys(STATUS_CODES)) {
  STATUS_OF_NAME[`HTTP${reasonOf(Number(status)).replaceAll(/[^A-Za-z]/g, '')}`] = Number(status);
}

/** An exception by its zExceptions name; undefined for a name that is none. */
export function httpExceptionByName(name: string, message: string): HTTPException | undefined {
  if (name === 'Redirect') return new Redirect(message);
  if (Object.hasOwn(named, name)) return new named[name]!(message);
  const status = Object.hasOwn(STATUS_OF_NAME, name) ? STATUS_OF_NAME[name] : undefined;
  return status === undefined ? undefined : new HTTPException(status, message);
}
