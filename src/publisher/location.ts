/** The targets of redirections: taken apart, quoted and put together as Python's `urllib.parse` does. */
import { AttributeError, TypeError, typeName, ValueError } from '../restricted/index.ts';

/** Schemes whose paths may have parameters, and those that stand before a server; '': none is given. */
const WITH_PARAMETERS = new Set(
  ' ftp hdl prospero http imap https shttp rtsp rtsps rtspu sip sips mms sftp tel'.split(' '),
);
const WITH_SERVER = new Set(
  ' ftp http gopher nntp telnet imap wais file mms https shttp snews prospero rtsp rtsps rtspu rsync svn svn+ssh sftp nfs git git+ssh ws wss'.split(
    ' ',
  ),
);

// oxlint-disable-next-line no-control-regex
const LEADING = /^[\u0000-\u0020]+/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s;
/** What each part may have beside letters and digits. */
const AUTHORITY = /[^A-Za-z0-9\-_.!~*'()[\];:@?/&=+$,]/gu;
const PATH = /[^A-Za-z0-9\-_.!~*'()/;:@&=+$,]/gu;
const QUERY = /[^A-Za-z0-9\-_.!~*'();/?:@&=+,$]/gu;

/** Plain targets need none of it. */
const PLAIN =
  /^(?:https?:\/\/[A-Za-z0-9.-]+(?::\d+)?)?\/(?:(?!\/)[A-Za-z0-9\-_.!~*'()/:@&=+$,]+)?(?:\?[A-Za-z0-9\-_.!~*'();/?:@&=+,$]+)?$/;

/**
 * The location with what a URL cannot have quoted, part by part; a part that has a `%` counts as quoted. Throws a ValueError, or what
 * Python says of a value that is no text.
 */
export function quoteLocation(location: unknown): string {
  if (typeof location !== 'string') {
    if (location === null || location === undefined || location === 0 || location === false)
      throw new TypeError("a bytes-like object is required, not 'str'");
    throw new AttributeError(`'${typeName(location)}' object has no attribute 'decode'`);
  }
  if (PLAIN.test(location)) return location;
  let url = location.replace(LEADING, '').replaceAll(/[\t\r\n]/g, '');
  let scheme = '';
  let authority = '';
  let fragment = '';
  let query = '';
  let parameters = '';
  const named = SCHEME.exec(url);
  if (named !== null) {
    scheme = named[1]!.toLowerCase();
    url = named[2]!;
  }
  if (url.startsWith('//')) {
    const end = /[/?#]/.exec(url.slice(2));
    authority = end === null ? url.slice(2) : url.slice(2, end.index + 2);
    url = end === null ? '' : url.slice(end.index + 2);
    checkAuthority(authority);
  }
  [url, fragment] = cut(url, '#');
  [url, query] = cut(url, '?');
  if (WITH_PARAMETERS.has(scheme)) {
    const at = url.indexOf(';', url.lastIndexOf('/') + 1);
    if (at >= 0) [url, parameters] = [url.slice(0, at), url.slice(at + 1)];
  }
  authority = quoted(authority, AUTHORITY);
  url = quoted(url, PATH);
  if (parameters !== '') url += `;${quoted(parameters, PATH)}`;
  if (authority !== '' || (scheme !== '' && WITH_SERVER.has(scheme) && !url.startsWith('//')))
    url = `//${authority}${url !== '' && !url.startsWith('/') ? '/' : ''}${url}`;
  if (scheme !== '') url = `${scheme}:${url}`;
  if (query !== '') url += `?${quoted(query, QUERY)}`;
  if (fragment !== '') url += `#${quoted(fragment, QUERY)}`;
  return url;
}

function checkAuthority(authority: string): void {
  if (authority.includes('[') !== authority.includes(']')) throw new ValueError('Invalid IPv6 URL');
  const plain = authority.replaceAll(/[@:#?]/g, '');
  const normal = plain.normalize('NFKC');
  if (normal !== plain && /[/?#@:]/.test(normal))
    throw new ValueError(`netloc '${authority}' contains invalid characters under NFKC normalization`);
}

function cut(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function quoted(part: string, unsafe: RegExp): string {
  if (part.includes('%')) return part;
  return part.replaceAll(unsafe, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
