import fastify from 'fastify';
import { toNodeListener } from 'zope-ts/paste';
import { app, port } from './app.ts';

const listener = toNodeListener(app);
const site = fastify();
// The site reads bodies itself.
site.removeAllContentTypeParsers();
site.addContentTypeParser('*', (_request, _body, done) => done(null));
site.all('/*', (request, reply) => {
  reply.hijack();
  listener(request.raw, reply.raw);
});
console.log(await site.listen({ port, host: '127.0.0.1' }));
