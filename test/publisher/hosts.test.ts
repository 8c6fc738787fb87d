import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { expect, it } from 'vitest';
import { createPrefixFilter, serve } from '../../src/paste/index.ts';
import { Folder } from '../../src/zope/index.ts';
import { makeSite } from './site.ts';

const site = makeSite((app) => {
  const NewFolder = Folder as unknown as new (id: string) => never;
  app._setObject('box', new NewFolder('box'));
});
const settings = { prefix: '/mounted', translateForwarded: true, forcePort: null, scheme: null };

it('makes URLs of the host and the prefix that a filter has set, for requests of any host', async () => {
  const app = createPrefixFilter((request) => site.publish(request), settings);
  const response = await app(
    new Request('http://inside.test/mounted/box/absolute_url', {
      headers: { 'X-Forwarded-Host': 'outside.test', 'X-Forwarded-Proto': 'https' },
    }),
  );
  expect(await response.text()).toBe('https://outside.test/mounted/box');
});

it('makes the same URLs for requests that came over a socket', async () => {
  const app = createPrefixFilter((request) => site.publish(request), settings);
  const server = await serve(app, { host: '127.0.0.1', port: '0', clear_untrusted_proxy_headers: 'false' });
  try {
    const outgoing = httpRequest(`${server.urls[0]!}/mounted/box/absolute_url`, {
      headers: { Host: 'inside.test', 'X-Forwarded-Host': 'outside.test' },
    }).end();
    const [incoming] = (await once(outgoing, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const part of incoming) text += part.toString();
    expect(text).toBe('http://outside.test/mounted/box');
  } finally {
    await server.close(0);
  }
});

it('keeps a port that the client names, and leaves out one that the site is told (P-067)', async () => {
  const at = async (host: string, path = '/box/absolute_url') =>
    (await site.get(path, { headers: { Host: host } }))[1];
  expect(await at('shop.test:80')).toBe('http://shop.test:80/box');
  expect(await at('shop.test:8080')).toBe('http://shop.test:8080/box');
  expect(await at('[::1]:8080')).toBe('http://[::1]:8080/box');
});
