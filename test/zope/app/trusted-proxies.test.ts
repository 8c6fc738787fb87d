import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseZopeConf } from '../../../src/zconfig/index.ts';
import { trustedProxiesOf } from '../../../src/zope/app/trusted-proxies.ts';

let home: string;
beforeEach(() => (home = mkdtempSync(path.join(os.tmpdir(), 'proxies-'))));
afterEach(() => rmSync(home, { recursive: true }));

const config = (...proxies: string[]) =>
  parseZopeConf(
    `instancehome ${home}\n${proxies.map((name) => `trusted-proxy ${name}\n`).join('')}` +
      '<zodb_db main>\n  <mappingstorage/>\n  mount-point /\n</zodb_db>\n',
    'zope.conf',
  );

describe('trusted-proxy', () => {
  it('means an address itself, and a name all its addresses', async () => {
    const resolve = async (name: string) => [{ address: `${name}-a` }, { address: `${name}-b` }];
    expect(await trustedProxiesOf(config('192.0.2.1', 'front', '2001:db8::1'), { resolve })).toEqual(
      new Set(['192.0.2.1', 'front-a', 'front-b', '2001:db8::1']),
    );
  });

  it('with a name that nobody knows is refused', async () => {
    const resolve = () => Promise.reject(new Error('getaddrinfo ENOTFOUND front'));
    await expect(trustedProxiesOf(config('front'), { resolve })).rejects.toThrow(
      'zope.conf, line 2: trusted-proxy front has no address: getaddrinfo ENOTFOUND front',
    );
  });

  it('does not wait for a resolver that does not answer', async () => {
    const resolve = () => new Promise<never>(() => undefined);
    await expect(trustedProxiesOf(config('front'), { resolve, patience: 10 })).rejects.toThrow(
      'zope.conf, line 2: trusted-proxy front has no address: the resolver did not answer within 0.01 s',
    );
  });
});
