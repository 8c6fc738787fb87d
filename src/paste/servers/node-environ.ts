import type { IncomingMessage } from 'node:http';
import type { Environ } from '../gateway/environ.ts';
import { splitTarget } from '../gateway/target.ts';
import type { Channel } from './channel.ts';
import type { ForwardedFacts } from './proxy-headers.ts';
import type { ServerSettings } from './settings.ts';

/** The facts of a request that came over a socket. */
export function environOfIncoming(
  incoming: IncomingMessage,
  channel: Channel,
  settings: ServerSettings,
  facts: ForwardedFacts | undefined,
): Environ {
  const rawTarget = incoming.url ?? '/';
  const { path, query } = splitTarget(rawTarget);
  const prefix = settings.url_prefix;
  let pathInfo = path;
  if (prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`)))
    pathInfo = path.slice(prefix.length);
  return {
    scriptName: prefix,
    pathInfo,
    queryString: query,
    rawTarget,
    serverName: facts?.serverName ?? settings.server_name,
    serverPort: facts?.serverPort ?? channel.serverPort,
    scheme: facts?.scheme ?? settings.url_scheme,
    remoteAddr: facts?.remoteAddr ?? channel.remoteAddr,
    remotePort: facts?.remotePort ?? channel.remotePort,
    serverProtocol: incoming.httpVersionMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1',
    remoteUser: '',
    extra: new Map(),
  };
}
