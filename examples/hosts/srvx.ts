import { serve } from 'srvx';
import { toFetchHandler } from 'zope-ts/paste';
import { app, port } from './app.ts';

const handler = toFetchHandler(app);
const server = serve({
  port,
  hostname: '127.0.0.1',
  silent: true,
  fetch: (request) => handler(request, { remoteAddr: request.ip ?? '' }),
});
await server.ready();
console.log(server.url);
