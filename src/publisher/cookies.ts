/** Cookies of requests and answers (INVENTORY P-124, P-131, P-132). */

export interface CookieParameters {
  value?: string;
  expires?: string;
  max_age?: number;
  domain?: string;
  path?: string;
  secure?: unknown;
  http_only?: unknown;
  same_site?: string;
  comment?: string;
}

const quoteValue = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The value of a `Set-Cookie` header. */
export function cookieHeader(name: string, parameters: CookieParameters): string {
  let header = `${name}=${quoteValue(parameters.value ?? '')}`;
  const max = parameters.max_age;
  let { expires } = parameters;
  if (max !== undefined && expires === undefined) {
    expires = max <= 0 ? 'Wed, 31 Dec 1997 23:59:59 GMT' : new Date(Date.now() + max * 1000).toUTCString();
  }
  if (expires !== undefined) header += `; Expires=${expires}`;
  if (max !== undefined) header += `; Max-Age=${max}`;
  if (parameters.domain) header += `; Domain=${parameters.domain.replace(/^\./, '')}`;
  if (parameters.path) header += `; Path=${parameters.path}`;
  if (parameters.secure) header += '; Secure';
  if (parameters.http_only) header += '; HttpOnly';
  if (parameters.same_site) header += `; SameSite=${parameters.same_site}`;
  if (parameters.comment) header += `; Comment=${parameters.comment}`;
  return header.replaceAll(/[\r\n]/g, '');
}

/** The cookies of a `Cookie` header; the first of a name counts, values are unquoted. */
export function parseCookies(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const match of header.matchAll(/\s*([^\s=;,]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))\s*;?/g)) {
    const name = match[1]!;
    if (cookies.has(name)) continue;
    const raw = match[2] ?? match[3]!.trimEnd();
    cookies.set(name, unquote(raw));
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
