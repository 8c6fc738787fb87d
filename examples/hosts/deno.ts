import { toFetchHandler } from 'zope-ts/paste';
import { app, port } from './app.ts';

interface Address {
  readonly hostname: string;
  readonly port: number;
}
interface ServeOptions {
  readonly port: number;
  readonly hostname: string;
  onListen(address: Address): void;
}
type Handler = (request: Request, info: { readonly remoteAddr: Address }) => Promise<Response>;
declare const Deno: { serve(options: ServeOptions, handler: Handler): unknown };

const handler = toFetchHandler(app);
Deno.serve(
  {
    port,
    hostname: '127.0.0.1',
    onListen: ({ hostname, port: bound }) => console.log(`http://${hostname}:${bound}`),
  },
  (request, { remoteAddr }) => handler(request, { remoteAddr: remoteAddr.hostname }),
);
