import { Hono } from 'hono';
import { serve } from 'srvx';
import { toFetchHandler } from 'zope-ts/paste';
import { app, port } from './app.ts';

const handler = toFetchHandler(app);
const site = new Hono<{ Bindings: { ip: string } }>();
site.all('*', (context) => handler(context.req.raw, { remoteAddr: context.env.ip }));
const server = serve({
  port,
  hostname: '127.0.0.1',
  silent: true,
  fetch: (request) => site.fetch(request, { ip: request.ip ?? '' }),
});
await server.ready();
console.log(server.url);
