/** Forwarded headers of trusted proxies (INVENTORY W-097 to W-101; RFC 7239). */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { getLogger } from '@logtape/logtape';
import { SettingError } from './errors.ts';
import type { ServerSettings } from './settings.ts';

const logger = getLogger(['waitress']);
const NAMES = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-by',
  'forwarded',
];

/** What cannot stand in `host:port`: it would become part of a URL that the site makes. */
export const BAD_HOST = /[^\x21-\x7e]|[/?#@\\<>"^`{|}]/;
const NONE: ReadonlySet<string> = new Set();

/** What a proxy told about the request that it took. */
export interface ForwardedFacts {
  scheme?: string;
  serverName?: string;
  serverPort?: string;
  remoteAddr?: string;
  remotePort?: string;
}

/** A header of a trusted proxy that cannot be read; answered with 400. */
export class MalformedProxyHeader extends Error {
  readonly code = 'PROXY_HEADER';
  readonly header: string;

  constructor(header: string, reason: string) {
    super(reason);
    this.header = header;
  }
}

/** Whether a header can be one of a proxy, in any case of letters. Most requests have none, and this is cheap to see. */
export function maybeOfProxy(name: string): boolean {
  const first = name.charCodeAt(0) | 0x20;
  return (first === 0x78 && name.length >= 14 && name.length <= 17) || (first === 0x66 && name.length === 9);
}

/** Tells of addresses of peers whether they are among addresses, networks (`10.0.0.0/8`) and names, or any are (`*`). */
export function peersOf(list: string | undefined): (peer: string) => boolean {
  const items = (list ?? '').split(/[\s,]+/).filter(Boolean);
  if (items.includes('*')) return () => true;
  const networks = new BlockList();
  for (const item of items) {
    const [address, bits] = item.split('/') as [string, string?];
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) {
      if (bits !== undefined)
        throw new SettingError('trusted_proxy', `trusted_proxy: '${item}' is no network`);
    } else if (bits === undefined) networks.addAddress(address, family);
    else if (/^\d+$/.test(bits) && Number(bits) <= (family === 'ipv6' ? 128 : 32))
      networks.addSubnet(address, Number(bits), family);
    else throw new SettingError('trusted_proxy', `trusted_proxy: '${item}' is no network`);
  }
  return (peer) => {
    const version = isIP(peer);
    return version === 0 ? items.includes(peer) : networks.check(peer, version === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Reads what trusted headers say, and takes the others out of the request. Throws a MalformedProxyHeader. */
export function applyProxyHeaders(
  incoming: IncomingMessage,
  trusted: boolean,
  settings: ServerSettings,
): ForwardedFacts | undefined {
  const known = trusted ? settings.trusted_proxy_headers : NONE;
  const facts = trusted
    ? readFacts(incoming, known, settings.trusted_proxy_count ?? 1, settings.url_scheme)
    : undefined;
  if (settings.clear_untrusted_proxy_headers) {
    const untrusted = NAMES.filter((name) => !known.has(name) && incoming.headers[name] !== undefined);
    if (untrusted.length > 0) {
      for (const name of untrusted) delete incoming.headers[name];
      removeRaw(incoming, untrusted);
      if (settings.log_untrusted_proxy_headers) {
        const names = untrusted.map((name) => name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()));
        logger.warn(`Removed untrusted headers (${names.join(', ')}); the proxy should remove them`);
      }
    }
  }
  return facts;
}

function removeRaw({ rawHeaders }: IncomingMessage, names: readonly string[]): void {
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2)
    if (names.includes(rawHeaders[i]!.toLowerCase())) rawHeaders.splice(i, 2);
}

function setHeader(incoming: IncomingMessage, name: string, value: string): void {
  incoming.headers[name] = value;
  removeRaw(incoming, [name]);
  incoming.rawHeaders.push(name, value);
}

const QUOTED = /^"(?:[^"\\]|\\.)*"$/;

function unquote(header: string, text: string): string {
  const value = text.trim();
  if (QUOTED.test(value)) return value.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  if (value.startsWith('"') || value.endsWith('"'))
    throw new MalformedProxyHeader(header, 'Invalid quoting in value');
  return value;
}

interface Told {
  for: string;
  host: string;
  proto: string;
  port: string;
}

function readFacts(
  incoming: IncomingMessage,
  known: ReadonlySet<string>,
  count: number,
  scheme: string,
): ForwardedFacts {
  const told: Told = { for: '', host: '', proto: '', port: '' };
  const headerOf = (name: string) =>
    known.has(name) ? (incoming.headers[name] as string | undefined) : undefined;
  const last = (name: string, label: string): string | undefined => {
    const value = headerOf(name);
    if (value === undefined) return undefined;
    const items = value
      .split(',')
      .map((item) => unquote(label, item))
      .slice(-count);
    setHeader(incoming, name, value.split(',').slice(-count).join(',').trim());
    return items[0];
  };
  const single = (name: string, label: string): string => {
    const value = headerOf(name);
    if (value === undefined) return '';
    if (value.includes(','))
      throw new MalformedProxyHeader(label, 'Unspecified behavior for multiple values found in header');
    return unquote(label, value);
  };
  const hop = last('x-forwarded-for', 'X-Forwarded-For');
  if (hop !== undefined)
    told.for = !hop.includes('.') && hop.includes(':') && !hop.endsWith(']') ? `[${hop}]` : hop;
  told.host = last('x-forwarded-host', 'X-Forwarded-Host') ?? '';
  told.proto = single('x-forwarded-proto', 'X-Forwarded-Proto');
  told.port = single('x-forwarded-port', 'X-Forwarded-Port');
  const forwarded = headerOf('forwarded');
  if (forwarded) readForwarded(incoming, forwarded, count, told);
  return factsOf(incoming, told, Boolean(forwarded), scheme);
}

function readForwarded(incoming: IncomingMessage, header: string, count: number, told: Told): void {
  const elements = header.split(',');
  const proxies = elements.map((element) => {
    const proxy = { for: '', host: '', proto: '' };
    for (const pair of element.trim().toLowerCase().split(';')) {
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      if (equals < 0) throw new MalformedProxyHeader('Forwarded', 'Invalid forwarded-pair missing "="');
      const [token, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
      if (token.trim() !== token)
        throw new MalformedProxyHeader('Forwarded', 'Token may not be surrounded by whitespace');
      if (value.trim() !== value)
        throw new MalformedProxyHeader('Forwarded', 'Value may not be surrounded by whitespace');
      if (token === 'for' || token === 'host' || token === 'proto')
        proxy[token] = unquote('Forwarded', value);
      else if (token !== 'by') logger.warn(`Unknown Forwarded token: ${token}`);
    }
    return proxy;
  });
  setHeader(incoming, 'forwarded', elements.slice(-count).join(',').trim());
  for (const proxy of proxies.slice(-count).toReversed()) {
    told.for = proxy.for || told.for;
    told.host = proxy.host || told.host;
    told.proto = proxy.proto || told.proto;
  }
}

function factsOf(
  incoming: IncomingMessage,
  told: Told,
  forwarded: boolean,
  ownScheme: string,
): ForwardedFacts {
  const facts: ForwardedFacts = {};
  let { port } = told;
  const scheme = told.proto.toLowerCase();
  if (scheme !== '') {
    if (scheme !== 'http' && scheme !== 'https') {
      throw new MalformedProxyHeader(
        forwarded ? 'Forwarded Proto=' : 'X-Forwarded-Proto',
        'unsupported proto value',
      );
    }
    facts.scheme = scheme;
    port ||= scheme === 'http' ? '80' : '443';
  }
  if (told.host !== '') {
    if (BAD_HOST.test(told.host))
      throw new MalformedProxyHeader(forwarded ? 'Forwarded Host=' : 'X-Forwarded-Host', 'invalid host');
    const colon = told.host.lastIndexOf(':');
    if (colon >= 0 && !told.host.endsWith(']')) {
      facts.serverName = told.host.slice(0, colon).trim();
      port = told.host.slice(colon + 1);
      setHeader(incoming, 'host', told.host);
    } else {
      facts.serverName = told.host;
      const standard = (facts.scheme ?? ownScheme) === 'https' ? '443' : '80';
      setHeader(incoming, 'host', port !== '' && port !== standard ? `${told.host}:${port}` : told.host);
    }
  }
  if (port !== '') facts.serverPort = port;
  if (told.for !== '') {
    const colon = told.for.lastIndexOf(':');
    const withPort = colon >= 0 && !told.for.endsWith(']');
    facts.remoteAddr = (withPort ? told.for.slice(0, colon) : told.for).trim().replace(/^\[(.*)\]$/, '$1');
    if (withPort) facts.remotePort = told.for.slice(colon + 1).trim();
  }
  return facts;
}
