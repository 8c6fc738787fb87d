/**
 * Sockets on which several threads accept connections. The main thread binds them; each thread listens on a duplicate of its own,
 * which only another process can make: a child that is started with the socket, and sends it back.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Endpoint, endpointsOf } from './endpoints.ts';
import { AddressError, listenError } from './errors.ts';
import { bindSocket, type Handle, heldSocket } from './held-sockets.ts';
import type { ServerSettings } from './settings.ts';

/** A bound socket; it can be posted to a thread. */
export interface SharedSocket {
  readonly endpoint: Endpoint;
  /** Its number in this process. */
  readonly fd: number;
}

export interface SharedSockets {
  readonly sockets: readonly SharedSocket[];
  readonly urls: readonly string[];
  /** New threads cannot listen any more; those that do go on. */
  close(): void;
}

/** Binds the sockets of a server. Throws an AddressError. */
export async function bindSockets(settings: ServerSettings): Promise<SharedSockets> {
  const handles: Handle[] = [];
  const sockets: SharedSocket[] = [];
  const urls: string[] = [];
  const close = () => {
    for (const handle of handles.splice(0)) handle.close();
  };
  for (const endpoint of await endpointsOf(settings)) {
    if ('path' in endpoint) {
      close();
      throw new AddressError(
        endpoint.path,
        `threads cannot accept on the Unix socket ${endpoint.path} themselves`,
      );
    }
    const { host, port, ipv6Only, optional } = endpoint;
    // oxlint-disable-next-line no-await-in-loop -- the first address that fails is told
    const handle = ((await heldSocket(endpoint)) as Handle | undefined) ?? bindSocket(host, port, ipv6Only);
    if (typeof handle === 'string') {
      if (optional && (handle === 'EAFNOSUPPORT' || handle === 'EADDRNOTAVAIL')) continue;
      close();
      throw listenError(`${host}:${port}`, Object.assign(new Error(handle), { code: handle }));
    }
    handles.push(handle);
    const bound: { port?: number } = {};
    handle.getsockname(bound);
    const actual = bound.port ?? port;
    sockets.push({ endpoint: { ...endpoint, port: actual }, fd: handle.fd });
    urls.push(`${settings.url_scheme}://${host.includes(':') ? `[${host}]` : host}:${actual}`);
  }
  return { sockets, urls, close };
}

/** Compiled, or as source. */
const CHILD = new URL(
  import.meta.url.endsWith('.ts') ? './socket-child.ts' : '../paste/servers/socket-child.cjs',
  import.meta.url,
);

/** In a thread: a duplicate of a socket, to listen on. */
export function duplicateSocket({ fd }: SharedSocket): Promise<object> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(CHILD), { stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd] });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the process that opens a socket ended with ${code}`)));
    child.once('message', (_message, handle) => {
      child.removeAllListeners('exit');
      child.disconnect();
      resolve(handle as object);
    });
  });
}
