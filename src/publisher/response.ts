/** RESPONSE: what a published object sets about its answer (INVENTORY 3.8). */
import { gzipSync } from 'node:zlib';
import { discardBody } from '../paste/index.ts';
import { htmlQuote, repr, truth, TypeError, typeName } from '../restricted/index.ts';
import { decodeStrictly, encodeReplacing } from './charsets.ts';
import { asText } from './text.ts';
import { BadRequest, HTTPException, InternalError, NotFound } from './errors.ts';
import { type CookieParameters, convertParameter, cookieHeader } from './cookies.ts';
import { encodeHeader } from './header-encoding.ts';
import { quoteLocation } from './location.ts';
import { reasonOf, statusOf } from './status.ts';
import { Written } from './written.ts';

/** A body that is sent while it is read; its length must be set as a header, or the answer is sent in chunks. */
export type StreamBody = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

const CHARSET = /^(?:application|text)\/[-+0-9a-z]+\s*;\s*charset=([-_0-9a-z]+)(?:\s*;|$)/i;
const HEAD = /<head[^>]*>/i;
const BASE = /<base.*?>/i;
/** What Python shows for an object without a text of its own: publishing one says that nothing is there. */
const BARE_OBJECT = / 0x[a-fA-F0-9]+>$/;
/** Major types that are compressed already. */
const UNCOMPRESSED = new Set([
  'image',
  ...(process.env.DONT_GZIP_MAJOR_MIME_TYPES?.toLowerCase().split(',').filter(Boolean) ?? []),
]);

/** Part of the language that the types of the oldest supported Node lack. */
type WellFormed = string & { isWellFormed(): boolean };

const LINE_END = /[\r\n]/;
const LINE_ENDS = /[\r\n]/g;
const UTF8 = /^utf-?8$/i;

function scrub(given: unknown): string {
  // Headers are Latin-1 as they go over the wire.
  const text = given instanceof Uint8Array ? Buffer.from(given).toString('latin1') : asText(given);
  return LINE_END.test(text) ? text.replaceAll(LINE_ENDS, '') : text;
}

const lowered = new Map<string, string>();

/** Header names are few: a table is quicker than making them anew. */
function lowerCase(name: string): string {
  let key = lowered.get(name);
  if (key === undefined) {
    key = name.toLowerCase();
    if (lowered.size < 1000) lowered.set(name, key);
  }
  return key;
}

export class HTTPResponse {
  status = 200;
  errmsg = 'OK';
  charset: string;
  realm: string;
  base = '';
  /** Lower-case names, unless they were set literally. */
  readonly headers = new Map<string, string>();
  body: string | Uint8Array | StreamBody = '';
  /** What `write` was given before the body. */
  written: Written | undefined = undefined;
  debugMode = false;
  #accumulated: [string, string][] | undefined;
  #cookies: Map<string, CookieParameters> | undefined;
  #statusLocked = false;
  #bodyLocked = false;
  #compression = 0;

  constructor(options: { readonly charset?: string; readonly realm?: string } = {}) {
    this.charset = options.charset ?? 'utf-8';
    this.realm = options.realm ?? 'Zope';
  }

  /** Headers that come beside others of their name, in order. */
  get accumulatedHeaders(): [string, string][] {
    return (this.#accumulated ??= []);
  }

  get cookies(): Map<string, CookieParameters> {
    return (this.#cookies ??= new Map());
  }

  setStatus(status: unknown, reason?: string | null, lock?: unknown): void {
    if (this.#statusLocked) return;
    this.status = statusOf(status);
    this.errmsg = reason ?? reasonOf(this.status);
    if (lock) this.#statusLocked = true;
  }

  getStatus(): number {
    return this.status;
  }

  getHeader(name: string, literal?: unknown): string | null {
    return this.headers.get(literal ? name : name.toLowerCase()) ?? null;
  }

  setHeader(name: unknown, value: unknown, literal?: unknown): void {
    const scrubbed = scrub(name);
    const key = lowerCase(scrubbed);
    let text = scrub(value);
    if (key === 'content-type') {
      if (text.includes('charset')) this.charset = CHARSET.exec(text)?.[1] ?? this.charset;
      else if (text.startsWith('text/')) text += `; charset=${this.charset}`;
    }
    this.headers.set(literal ? scrubbed : key, text);
  }

  appendHeader(name: unknown, value: unknown, delimiter = ', '): void {
    const key = scrub(name).toLowerCase();
    const before = this.headers.get(key);
    this.setHeader(key, before === undefined ? value : `${before}${delimiter}${scrub(value)}`);
  }

  addHeader(name: unknown, value: unknown): void {
    this.accumulatedHeaders.push([scrub(name), scrub(value)]);
  }

  /** Parameters by any of their names: `path`, `max_age`, `Max-Age`, `httpOnly` … Throws for one that is none. */
  setCookie(name: string, value: unknown, parameters: Readonly<Record<string, unknown>> = {}): void {
    const converted: CookieParameters = {};
    for (const [key, given] of Object.entries(parameters)) convertParameter(converted, key, given);
    if (typeof value !== 'string' && !(value instanceof Uint8Array))
      throw new TypeError(`the value of a cookie must be str or bytes, not ${typeName(value)}`);
    this.cookies.set(name, { ...this.cookies.get(name), ...converted, value });
  }

  appendCookie(name: string, value: unknown): void {
    const before = this.cookies.get(name)?.value;
    this.setCookie(name, before === undefined ? value : `${asText(before)}:${asText(value)}`);
  }

  expireCookie(name: string, parameters: Readonly<Record<string, unknown>> = {}): void {
    const { value: _value, quoted: _quoted, ...rest } = parameters;
    this.setCookie(name, 'deleted', { ...rest, max_age: 0, expires: 'Wed, 31 Dec 1997 23:59:59 GMT' });
  }

  /** Makes the answer a redirection; characters that a URL cannot have are quoted. Returns the location. */
  redirect(location: unknown, status: unknown = 302, lock?: unknown): string {
    let [target, code] = [location, status];
    if (target instanceof HTTPException && target.headers.Location !== undefined) {
      code = target.getStatus();
      target = target.headers.Location;
    }
    if (target instanceof Uint8Array)
      target = decodeStrictly(Buffer.from(target).toString('latin1'), this.charset);
    const quoted = quoteLocation(target);
    this.setStatus(code, null, lock);
    this.setHeader('Location', quoted);
    return quoted;
  }

  /** Throws the NotFound of an answer 404. */
  notFoundError(entry = 'Unknown'): never {
    this.setStatus(404);
    throw new NotFound(entry, {
      title: 'Resource not found',
      detail:
        'Sorry, the requested resource does not exist.<p>Check the URL and try again.</p>' +
        `<p><b>Resource:</b> ${htmlQuote(entry)}</p>`,
    });
  }

  /** Throws the NotFound of a site that is being debugged: it says why. `shown`: the text is a Python value already. */
  debugError(entry: string, shown = false): never {
    this.setStatus(404);
    throw new NotFound(entry, {
      title: 'Debugging Notice',
      detail: `Zope has encountered a problem publishing your object. <p>${htmlQuote(shown ? entry : repr(entry))}</p>`,
    });
  }

  /** Throws for a parameter that the request lacks. */
  badRequestError(name: string): never {
    if (/^[A-Z_0-9]+$/.test(name)) {
      this.setStatus(500);
      throw new InternalError(name, {
        title: 'Internal Error',
        detail: 'Sorry, an internal error occurred in this resource.',
      });
    }
    this.setStatus(400);
    throw new BadRequest(name, {
      title: 'Invalid request',
      detail:
        `The parameter, <em>${htmlQuote(name)}</em>, was omitted from the request.<p>` +
        'Make sure to specify all required parameters, and try the request again.</p>',
    });
  }

  /** Whether a text looks like a page. */
  isHTML(text: string | Uint8Array): boolean {
    const start = (typeof text === 'string' ? text : Buffer.from(text).toString('utf8')).trimStart();
    return /^(?:<html>|<!doctype html)/i.test(start) || start.indexOf('</') > 0;
  }

  /** Lets whoever made a stream clean up: the answer becomes another one. */
  dropStream(): void {
    const { body } = this;
    if (typeof body === 'string' || body instanceof Uint8Array) return;
    this.body = '';
    discardBody(body);
  }

  /** The body as text; of a stream nothing. */
  get text(): string {
    const { body } = this;
    if (typeof body === 'string') return body;
    return body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : '';
  }

  bytes(): Uint8Array {
    return this.body instanceof Uint8Array ? this.body : new Uint8Array(Buffer.from(this.text));
  }

  setBase(base: string | null): void {
    this.base = base === null || base.endsWith('/') ? (base ?? '') : `${base}/`;
  }

  /** Sets the answer's body; an empty one leaves what was set before. */
  setBody(body: unknown, title = '', _isError = false, lock?: unknown): this {
    if (this.#bodyLocked) return this;
    this.#setBody(body, title);
    if (lock) this.#bodyLocked = true;
    return this;
  }

  #setBody(body: unknown, title: string): this {
    if (body === undefined || body === '' || (typeof body !== 'string' && !isStream(body) && !truth(body)))
      return this;
    if (isStream(body)) {
      this.body = body;
      return this;
    }
    let contentType = this.headers.get('content-type');
    // What was said of another body.
    this.headers.delete('content-length');
    if (body instanceof Uint8Array && body.length < 200) refuseBare(Buffer.from(body).toString('latin1'));
    if (body instanceof Uint8Array && title === '' && !this.#takesBase(contentType))
      this.body = this.#compressed(body);
    else {
      let text =
        body instanceof Uint8Array
          ? decodeStrictly(Buffer.from(body).toString('latin1'), this.charset)
          : asText(body);
      refuseBare(text);
      if (text.startsWith('<?xml')) {
        text = `<?xml version="1.0" encoding="${this.charset}" ?>${text.slice(text.indexOf('?>') + 2)}`;
      }
      if (title !== '') {
        contentType = 'text/html';
        text = `<html>\n<head>\n<title>${title}</title>\n</head>\n<body>\n${text}\n</body>\n</html>\n`;
      }
      this.body = this.#encoded(this.#takesBase(contentType) ? this.#withBase(text) : text);
    }
    if (contentType === undefined) this.headers.set('content-type', `text/plain; charset=${this.charset}`);
    else if (contentType.startsWith('text/') && !contentType.includes('charset=')) {
      this.headers.set('content-type', `${contentType}; charset=${this.charset}`);
    }
    return this;
  }

  /** The text, or its bytes where they are not those of UTF-8. */
  #encoded(text: string): string | Uint8Array {
    if (UTF8.test(this.charset) && (text as WellFormed).isWellFormed()) return this.#compressed(text);
    return this.#compressed(encodeReplacing(text, this.charset));
  }

  /** The body as it was asked to be sent: compressed, unless its type says that it is already or it would not be smaller. */
  #compressed(body: string | Uint8Array): string | Uint8Array {
    if (this.#compression === 0 || this.headers.has('content-encoding')) return body;
    const major = (this.headers.get('content-type') ?? '').split('/')[0]!;
    if (UNCOMPRESSED.has(major)) return body;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const packed = gzipSync(bytes);
    // As Python's says of itself: slowest algorithm, unknown system.
    packed[8] = 2;
    packed[9] = 255;
    if (packed.length >= bytes.length) return body;
    this.setHeader('Content-Encoding', 'gzip');
    // Forced compression does not look at what the client accepts.
    if (this.#compression === 1 && !this.getHeader('Vary')?.includes('Accept-Encoding'))
      this.appendHeader('Vary', 'Accept-Encoding');
    return new Uint8Array(packed);
  }

  /** Compresses the body if the client accepts it, or in any case. Returns 1 or 2 then, 0 for no compression. */
  enableHTTPCompression(
    accepts: string,
    options: { force?: boolean; disable?: boolean; query?: boolean },
  ): number {
    if (options.query) return this.#compression;
    if (options.disable) this.#compression = 0;
    else if (options.force) this.#compression = 2;
    else if (accepts.includes('gzip')) this.#compression = 1;
    return this.#compression;
  }

  /** Whether a body of this type is a page that relative addresses may stand in. */
  #takesBase(contentType: string | undefined): boolean {
    if (this.base === '' || contentType === undefined) return false;
    return contentType === '' || /^(?:text\/html)?(?:;|$)/.test(contentType);
  }

  #withBase(text: string): string {
    const head = HEAD.exec(text);
    if (head === null || BASE.test(text)) return text;
    const at = head.index + head[0].length;
    const base = this.base
      .replaceAll('&', '&amp;')
      .replaceAll('"', '&quot;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;');
    return `${text.slice(0, at)}\n<base href="${base}" />\n${text.slice(at)}`;
  }

  /** Adds to what is sent before the body. */
  write(data: string | Uint8Array): void {
    this.written ??= new Written();
    this.written.add(data);
  }

  /** Adds the challenge of an answer 401. */
  _unauthorized(): void {
    if (this.realm !== '')
      this.setHeader('WWW-Authenticate', `basic realm="${this.realm}", charset="UTF-8"`, 1);
  }

  /** All headers as a flat list of names and values, in the order in which they were set. */
  headerList(): string[] {
    const list: string[] = [];
    for (const [key, value] of this.headers) addTo(list, capitalised(key), encodeHeader(key, value));
    if (this.#cookies !== undefined)
      for (const [name, parameters] of this.#cookies) list.push('Set-Cookie', cookieHeader(name, parameters));
    if (this.#accumulated !== undefined)
      for (const [name, value] of this.#accumulated) addTo(list, name, encodeHeader(name, value));
    return list;
  }
}

const DISPOSITION = /^content-disposition$/i;
// oxlint-disable-next-line no-control-regex
const NOT_ASCII = /[^\u0000-\u007f]/;

/** Node refuses a Content-Disposition beyond ASCII, unlike any other header, where it stands after the length. */
function addTo(list: string[], name: string, value: string): void {
  if (name.length === 19 && DISPOSITION.test(name) && NOT_ASCII.test(value)) list.unshift(name, value);
  else list.push(name, value);
}

function refuseBare(text: string): void {
  if (
    text.length < 200 &&
    text.startsWith('<') &&
    text.indexOf('>') === text.length - 1 &&
    BARE_OBJECT.test(text)
  )
    throw new BareObjectError(text.slice(1, -1));
}

/** The body was the text of an object that has none: there is nothing to see at this address. */
export class BareObjectError extends Error {
  readonly code = 'BARE_OBJECT';
}

function isStream(body: unknown): body is StreamBody {
  if (typeof body !== 'object' || body === null) return false;
  return body instanceof ReadableStream || (Symbol.asyncIterator in body && !(body instanceof Uint8Array));
}

const names = new Map<string, string>();

function capitalised(key: string): string {
  let name = names.get(key);
  if (name === undefined) {
    // A name that was set literally keeps its case.
    name =
      key === key.toLowerCase()
        ? key.replaceAll(/(^|-)([a-z])/g, (_all, dash, letter) => dash + letter.toUpperCase())
        : key;
    if (names.size < 1000) names.set(key, name);
  }
  return name;
}
