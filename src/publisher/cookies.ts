/** Cookies of requests and answers (INVENTORY P-124, P-131, P-132). */
import { domainToASCII } from 'node:url';
import { DateTime, PyDatetime, PyFloat } from '../pickle/index.ts';
import {
  builtinValue,
  call,
  decodeBytes,
  KeyError,
  repr,
  truth,
  typeOf,
  UnicodeError,
  ValueError,
} from '../restricted/index.ts';
import { asText } from './text.ts';

/** In the order in which they are sent. */
export interface CookieParameters {
  value?: string | Uint8Array;
  expires?: string | undefined;
  max_age?: number | undefined;
  domain?: string | undefined;
  path?: string | undefined;
  secure?: unknown;
  http_only?: unknown;
  same_site?: string | undefined;
  comment?: string | undefined;
}

/** Python's `quote`: everything but letters, digits, `_.-~` and `/`; of bytes each that is none of these. */
function quoteValue(value: string | Uint8Array): string {
  if (value instanceof Uint8Array)
    return Buffer.from(value)
      .toString('latin1')
      .replaceAll(/[^\w.\-~/]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return encodeURIComponent(value)
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const NEVER = 'Wed, 31 Dec 1997 23:59:59 GMT';
const SAME_SITE = ['None', 'Lax', 'Strict'];

/** Puts a parameter, given by any of its names, among the others; None takes one away. Throws a KeyError or ValueError for one that is wrong. */
export function convertParameter(into: CookieParameters, name: string, value: unknown): void {
  const key = name.toLowerCase().replace(/^max-age$/, 'max_age');
  const nothing = value === null || value === undefined;
  switch (key) {
    case 'expires':
      into.expires = nothing ? undefined : expiresOf(value);
      return;
    case 'max_age':
      into.max_age = nothing ? undefined : wholeNumber(value);
      return;
    case 'domain':
      into.domain = nothing
        ? undefined
        : domainOf(value instanceof Uint8Array ? decodeBytes(value, 'utf-8') : asText(value));
      return;
    case 'path':
      into.path = nothing ? undefined : pathOf(value);
      return;
    case 'secure':
      into.secure = !nothing && truth(value);
      return;
    case 'httponly':
    case 'http_only':
      into.http_only = !nothing && truth(value);
      return;
    case 'samesite':
    case 'same_site': {
      into.same_site = undefined;
      if (nothing) return;
      const valid = SAME_SITE.find((each) => each.toLowerCase() === asText(value).toLowerCase());
      if (valid === undefined) throw new ValueError(`${repr(value)} is not in list`);
      into.same_site = valid;
      return;
    }
    case 'comment':
      into.comment = undefined;
      if (nothing) return;
      // oxlint-disable-next-line no-control-regex
      if (/[\u0000-\u001f;]/.test(asText(value)))
        throw new ValueError('``;`` and controls are not allowed in cookie parameters');
      into.comment = asText(value);
      return;
    default:
      throw new KeyError(name);
  }
}

function wholeNumber(value: unknown): number {
  const number = Number(call(builtinValue('int'), [value]));
  if (!Number.isSafeInteger(number)) throw new ValueError(`${repr(value)} is no age of a cookie`);
  return number;
}

function expiresOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || value instanceof PyFloat)
    return new Date(Number(value) * 1000).toUTCString();
  if (value instanceof DateTime) return new Date(Number(value.timeTime()) * 1000).toUTCString();
  if (value instanceof PyDatetime) {
    const zoned = value.tzinfo === null ? `${value.isoformat()}Z` : value.isoformat();
    return new Date(zoned).toUTCString();
  }
  throw new ValueError(`unsupported type: ${repr(typeOf(value))}`);
}

/** An internationalised domain name in its ASCII form. */
function domainOf(domain: string): string {
  if (domain.includes('xn--')) return domain;
  const plain = domain.replace(/^\.+/, '');
  const ascii = domainToASCII(plain);
  if (ascii === '' && plain !== '') throw new ValueError(`${repr(domain)} is no domain`);
  if (ascii.split('.').some((label) => label === '' || label.length > 63))
    throw new UnicodeError('label empty or too long');
  return ascii;
}

function pathOf(value: unknown): string {
  const located = value as { absolute_url_path?(): string };
  if (typeof value === 'object' && value !== null && typeof located.absolute_url_path === 'function')
    return located.absolute_url_path();
  const path = asText(value);
  return path.includes('%') || /^[-_.!~*'()a-zA-Z0-9/:@&=+$,]*$/.test(path) ? path : quoteValue(path);
}

/** The value of a `Set-Cookie` header. */
export function cookieHeader(name: string, parameters: CookieParameters): string {
  let header = `${name}=${quoteValue(parameters.value ?? '')}`;
  for (const [key, value] of Object.entries(parameters)) {
    const word = WORDS[key];
    if (word === undefined || value === undefined || value === false) continue;
    header += value === true ? `; ${word}` : `; ${word}=${String(value)}`;
  }
  const { max_age: age, expires } = parameters;
  if (age !== undefined && expires === undefined) {
    header += `; Expires=${age <= 0 ? NEVER : new Date(Date.now() + age * 1000).toUTCString()}`;
  }
  return header.replaceAll(/[\r\n]/g, '');
}

const WORDS: Readonly<Record<string, string>> = {
  expires: 'Expires',
  max_age: 'Max-Age',
  domain: 'Domain',
  path: 'Path',
  secure: 'Secure',
  http_only: 'HttpOnly',
  same_site: 'SameSite',
  comment: 'Comment',
};

// oxlint-disable-next-line no-control-regex
const QUOTED = /[\u0000- ]*([^\u0000- ;,="]+)="([^"]*)"(?:[\u0000- ]*[;,])?[\u0000- ]*/y;
// oxlint-disable-next-line no-control-regex
const PLAIN = /[\u0000- ]*([^\u0000- ;,="]+)=([^;]*)(?:[\u0000- ]*[;,])?[\u0000- ]*/y;
// oxlint-disable-next-line no-control-regex
const VALUELESS = /[\u0000- ]*([^\u0000- ;,="]+)[\u0000- ]*[;,][\u0000- ]*/y;

/** The cookies of a `Cookie` header; the first of a name counts, values are unquoted. */
export function parseCookies(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (let at = 0; at < header.length;) {
    let match: RegExpExecArray | null = null;
    for (const shape of [QUOTED, PLAIN, VALUELESS]) {
      shape.lastIndex = at;
      match = shape.exec(header);
      if (match !== null) break;
    }
    if (match === null || match[0] === '') break;
    at += match[0].length;
    if (!cookies.has(match[1]!)) cookies.set(match[1]!, unquote(match[2] ?? ''));
  }
  return cookies;
}

const decoder = new TextDecoder('utf-8');

/** Percent-decoding that never fails: bad escapes stay, bad UTF-8 becomes U+FFFD. */
export function unquote(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let i = 0; i < source.length; i++) {
    const hex = source[i] === 0x25 ? source.toString('latin1', i + 1, i + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else bytes.push(source[i]!);
  }
  return decoder.decode(Uint8Array.from(bytes));
}
