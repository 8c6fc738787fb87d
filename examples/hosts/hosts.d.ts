/** What the examples use of their hosts, so that they are checked where a host is not installed. */
declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http';

  interface Express {
    disable(setting: string): void;
    use(listener: (request: IncomingMessage, response: ServerResponse) => void): void;
    listen(port: number, host: string, listening: () => void): Server;
  }
  export default function express(): Express;
}

declare module 'fastify' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Reply {
    readonly raw: ServerResponse;
    hijack(): void;
  }
  interface Fastify {
    removeAllContentTypeParsers(): void;
    addContentTypeParser(
      type: string,
      parse: (request: unknown, body: unknown, done: (error: null) => void) => void,
    ): void;
    all(path: string, handler: (request: { readonly raw: IncomingMessage }, reply: Reply) => void): void;
    listen(options: { port: number; host: string }): Promise<string>;
  }
  export default function fastify(): Fastify;
}

declare module 'hono' {
  interface Context<Env> {
    readonly req: { readonly raw: Request };
    readonly env: Env;
  }
  export class Hono<Types extends { Bindings: unknown }> {
    all(path: string, handler: (context: Context<Types['Bindings']>) => Promise<Response>): void;
    fetch(request: Request, env: Types['Bindings']): Response | Promise<Response>;
  }
}

declare module 'srvx' {
  interface Options {
    readonly port: number;
    readonly hostname: string;
    readonly silent: boolean;
    fetch(request: Request & { readonly ip?: string }): Response | Promise<Response>;
  }
  export function serve(options: Options): { readonly url: string; ready(): Promise<unknown> };
}
