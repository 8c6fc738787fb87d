import { toFetchHandler } from 'zope-ts/paste';
import { app, port } from './app.ts';

interface Server {
  readonly url: URL;
  requestIP(request: Request): { readonly address: string } | null;
}
interface ServeOptions {
  readonly port: number;
  readonly hostname: string;
  fetch(request: Request, server: Server): Promise<Response>;
}
declare const Bun: { serve(options: ServeOptions): Server };

const handler = toFetchHandler(app);
const server = Bun.serve({
  port,
  hostname: '127.0.0.1',
  fetch: (request, host) => handler(request, { remoteAddr: host.requestIP(request)?.address ?? '' }),
});
console.log(server.url.href);
