/**
 * Sockets that outlive the server behind them: a supervisor binds them, each of its children in turn listens on a duplicate. Between two
 * children the system keeps the connections of clients, and none is refused.
 */
import type { ChildProcess } from 'node:child_process';
import net from 'node:net';
import { constants } from 'node:os';
import type { Endpoint } from './endpoints.ts';

/** A bound socket that nobody accepts from here: what Node's own `cluster` hands to its workers. */
export interface Handle {
  readonly fd: number;
  getsockname(into: { address?: string; port?: number }): number;
  close(): void;
}
type CreateHandle = (
  address: string | null,
  port: number | null,
  type: 4 | 6 | -1 | null,
  fd: number | undefined,
  flags: number,
) => Handle | number;
const { _createServerHandle: createHandle } = net as typeof net & {
  readonly _createServerHandle?: CreateHandle;
};

const ASK = 'zope-ts:socket';
/** Set for a child that may ask; an IPC channel alone does not say so. */
const VARIABLE = 'ZOPE_HELD_SOCKETS';
const IPV6_ONLY = 1;

interface Question {
  readonly type: typeof ASK;
  readonly endpoint: { readonly host: string; readonly port: number; readonly ipv6Only: boolean };
}
interface Answer {
  readonly type: typeof ASK;
  readonly code?: string;
}

/** Holds the sockets that its children listen on. */
export class SocketHolder {
  readonly #handles = new Map<string, Handle>();
  /** For the environment of a child; empty where this version of Node cannot hand sockets over, and children listen themselves. */
  readonly environment: Readonly<Record<string, string>> =
    typeof createHandle === 'function' && process.platform !== 'win32' ? { [VARIABLE]: '1' } : {};

  /** Answers a child. */
  serve(child: ChildProcess): void {
    child.on('message', (message: Partial<Question>) => {
      if (message?.type !== ASK) return;
      const handle = this.#handleOf((message as Question).endpoint);
      const answer: Answer = typeof handle === 'string' ? { type: ASK, code: handle } : { type: ASK };
      if (child.connected)
        child.send(answer, typeof handle === 'string' ? undefined : (handle as unknown as net.Server));
    });
  }

  #handleOf({ host, port, ipv6Only }: Question['endpoint']): Handle | string {
    const key = `${host} ${port}`;
    const known = this.#handles.get(key);
    if (known !== undefined) return known;
    const handle = bindSocket(host, port, ipv6Only);
    if (typeof handle !== 'string') this.#handles.set(key, handle);
    return handle;
  }

  /** Lets the sockets go: clients are refused from now on. */
  close(): void {
    for (const handle of this.#handles.values()) handle.close();
    this.#handles.clear();
  }
}

/** Binds a socket on which nobody listens yet; the code of the error where that cannot be. */
export function bindSocket(host: string, port: number, ipv6Only: boolean): Handle | string {
  if (createHandle === undefined) return 'ENOTSUP';
  const handle = createHandle(host, port, host.includes(':') ? 6 : 4, undefined, ipv6Only ? IPV6_ONLY : 0);
  if (typeof handle === 'number') return codeOf(handle);
  // An address that is in use shows only here: listening on such a socket would take any port.
  const bound: { port?: number } = {};
  if (handle.getsockname(bound) === 0 && bound.port && (port === 0 || bound.port === port)) return handle;
  handle.close();
  return 'EADDRINUSE';
}

/** A socket that another process or thread has opened, by its number in this process. */
export function openSocket(fd: number): Handle {
  const handle = createHandle?.(null, null, null, fd, 0);
  if (handle === undefined || typeof handle === 'number')
    throw new Error(
      `the socket ${fd} cannot be opened: ${handle === undefined ? 'ENOTSUP' : codeOf(handle)}`,
    );
  return handle;
}

/** Node tells errors of handles by their negative numbers. */
function codeOf(errno: number): string {
  return new Map(ERRNO).get(-errno) ?? `errno ${-errno}`;
}
const ERRNO: readonly (readonly [number, string])[] = Object.entries(constants.errno).map(([name, value]) => [
  value,
  name,
]);

/** A site does not stay behind when its supervisor was killed. */
function withoutSupervisor(): void {
  process.kill(process.pid, 'SIGTERM');
}

/** In a child: the socket that the supervisor holds for an endpoint; undefined where nobody holds any. */
export async function heldSocket(endpoint: Endpoint): Promise<object | undefined> {
  if (process.env[VARIABLE] !== '1' || process.send === undefined || !('host' in endpoint)) return undefined;
  const { host, port, ipv6Only } = endpoint;
  return new Promise((resolve, reject) => {
    const listener = (message: Partial<Answer>, handle: unknown) => {
      if (message?.type !== ASK) return;
      process.off('message', listener);
      process.channel?.unref();
      if (message.code !== undefined) reject(Object.assign(new Error(message.code), { code: message.code }));
      else resolve(handle as object);
    };
    process.on('message', listener);
    if (process.listenerCount('disconnect') === 0) process.on('disconnect', withoutSupervisor);
    process.send!({ type: ASK, endpoint: { host, port, ipv6Only } } satisfies Question);
  });
}
