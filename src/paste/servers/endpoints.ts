/** Where a server listens: from settings to addresses of sockets. */
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { AddressError, listenError } from './errors.ts';
import type { ServerSettings } from './settings.ts';

export type Endpoint =
  | { readonly path: string; readonly mode: number }
  | {
      readonly host: string;
      readonly port: number;
      readonly ipv6Only: boolean;
      /** Whether the server starts without it: `*` on a machine that has IPv4 only. */
      readonly optional: boolean;
    };

type Families = Pick<ServerSettings, 'ipv4' | 'ipv6'>;

const DEFAULT_PORT = '8080';

/** Throws an AddressError for an address that cannot be read or a name that is none. */
export async function endpointsOf(settings: ServerSettings): Promise<Endpoint[]> {
  if (settings.unix_socket !== undefined)
    return [{ path: settings.unix_socket, mode: settings.unix_socket_perms }];
  const { host, port } = settings;
  const pairs = settings.listen ?? [
    `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`,
  ];
  const found: Endpoint[] = [];
  for (const pair of pairs) {
    // oxlint-disable-next-line no-await-in-loop -- names are few, and the first bad one is to be told
    for (const endpoint of await endpointsOfPair(pair, settings)) {
      if (!found.some((other) => sameAddress(other, endpoint))) found.push(endpoint);
    }
  }
  return found;
}

const sameAddress = (a: Endpoint, b: Endpoint): boolean =>
  'host' in a && 'host' in b && a.host === b.host && a.port === b.port && a.port !== 0;

async function endpointsOfPair(pair: string, families: Families): Promise<Endpoint[]> {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/.exec(pair);
  if (match === null)
    throw new AddressError(
      pair,
      `'${pair}' is no HOST:PORT (an IPv6 address stands in brackets: [::1]:8080)`,
    );
  const port = portOf(match[3] ?? DEFAULT_PORT, pair);
  const name = match[1] ?? match[2]!;
  if (name === '*' || name === '') {
    const any: Endpoint[] = [];
    if (families.ipv4) any.push({ host: '0.0.0.0', port, ipv6Only: false, optional: false });
    if (families.ipv6) any.push({ host: '::', port, ipv6Only: true, optional: families.ipv4 });
    return any;
  }
  const family = families.ipv4 && families.ipv6 ? 0 : families.ipv4 ? 4 : 6;
  let addresses;
  try {
    addresses = await lookup(name, { all: true, family });
  } catch (error) {
    throw listenError(pair, error as NodeJS.ErrnoException);
  }
  return addresses.map(({ address, family: kind }, index) => ({
    host: address,
    port,
    ipv6Only: kind === 6,
    // `localhost` is often both, on a machine that has no IPv6.
    optional: index > 0 && kind === 6,
  }));
}

function portOf(text: string, pair: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : servicePort(text);
  if (port === undefined)
    throw new AddressError(pair, `'${text}' in '${pair}' is no port and no service of /etc/services`);
  if (port > 65_535) throw new AddressError(pair, `'${pair}': a port is at most 65535`);
  return port;
}

/** The port of a service by its name, as getservbyname(3) finds it. */
function servicePort(name: string): number | undefined {
  let table;
  try {
    table = readFileSync('/etc/services', 'utf8');
  } catch {
    return undefined;
  }
  for (const line of table.split('\n')) {
    const [service, port, ...aliases] = line.replace(/#.*/, '').split(/\s+/);
    if ((service === name || aliases.includes(name)) && port?.endsWith('/tcp') === true)
      return Number.parseInt(port, 10);
  }
  return undefined;
}
