/** The addresses of `trusted-proxy` in a zope.conf (INVENTORY 2.1). */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { ConfigurationError, type ZopeConfig } from '../../zconfig/index.ts';

/** How long a start waits for the addresses of all names; a resolver that does not answer would hold it up for half a minute. */
const PATIENCE = 5000;

export type Resolve = (name: string) => Promise<readonly { readonly address: string }[]>;
const resolveName: Resolve = (name) => lookup(name, { all: true });

/** Addresses as they are, names by all addresses that they have now. Throws a ConfigurationError for a name that has none, or none in time. */
export async function trustedProxiesOf(
  { trustedProxies, raw, file }: Pick<ZopeConfig, 'trustedProxies' | 'raw' | 'file'>,
  { resolve = resolveName, patience = PATIENCE }: { resolve?: Resolve; patience?: number } = {},
): Promise<ReadonlySet<string>> {
  const refusal = (name: string, why: string, cause?: unknown) =>
    new ConfigurationError(
      `trusted-proxy ${name} has no address: ${why}`,
      raw.given.get('trusted_proxies') ?? { file, line: undefined },
      { cause },
    );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), patience);
  });
  const addressesOf = async (name: string): Promise<readonly string[]> => {
    if (net.isIP(name) !== 0) return [name];
    let found;
    try {
      found = await Promise.race([resolve(name), late]);
    } catch (error) {
      throw refusal(name, (error as Error).message, error);
    }
    if (found === undefined)
      throw refusal(
        name,
        `the resolver did not answer within ${patience / 1000} s (an address needs no resolver)`,
      );
    return found.map(({ address }) => address);
  };
  try {
    return new Set((await Promise.all(trustedProxies.map(addressesOf))).flat());
  } finally {
    clearTimeout(timer);
  }
}
