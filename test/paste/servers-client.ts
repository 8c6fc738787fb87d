/** A client that sends any bytes and reads answers by the letter. */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import type { RunningServer } from '../../src/paste/index.ts';

export interface Answer {
  readonly status: number;
  readonly statusLine: string;
  /** Lower-case names; several values of one name are joined with a line feed. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Whether the body came to its end. */
  readonly complete: boolean;
}

interface Head {
  readonly statusLine: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly length: number;
}

export class RawClient {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;
  /** Resolves when the server has closed its side, or the connection broke. */
  readonly ended: Promise<void>;

  constructor(server: RunningServer, url = server.urls[0]!) {
    this.socket = url.startsWith('unix:')
      ? net.connect({ path: url.slice('unix:'.length), allowHalfOpen: true })
      : net.connect({
          port: Number(new URL(url).port),
          host: new URL(url).hostname.replace(/^\[|\]$/g, ''),
          allowHalfOpen: true,
        });
    let ended!: () => void;
    this.ended = new Promise((resolve) => {
      ended = resolve;
    });
    const end = () => {
      ended();
      this.#ended = true;
      this.#wake?.();
    };
    this.socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake?.();
    });
    this.socket.on('end', end).on('close', end).on('error', end);
  }

  /** Strings are Latin-1. */
  send(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** Ends this side only. */
  end(): this {
    this.socket.end();
    return this;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Goes away so that the other side notices at once. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async connected(): Promise<this> {
    if (this.socket.connecting) await once(this.socket, 'connect');
    return this;
  }

  /** The next answer; undefined when the connection ended before one began. */
  async answer(method = 'GET'): Promise<Answer | undefined> {
    const head = await this.#head();
    if (head === undefined) return undefined;
    const { statusLine, headers } = head;
    const status = Number(statusLine.split(' ')[1]);
    const base = { status, statusLine, headers };
    this.#bytes = this.#bytes.subarray(head.length);
    const length = headers.get('content-length');
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304)
      return { ...base, body: '', complete: true };
    if (headers.get('transfer-encoding') === 'chunked') return { ...base, ...(await this.#chunks()) };
    const wanted = length === undefined ? Infinity : Number(length);
    await this.#until(() => this.#bytes.length >= wanted);
    const body = this.#take(Math.min(wanted, this.#bytes.length));
    return { ...base, body, complete: length === undefined || body.length === wanted };
  }

  /** All that comes until the connection ends. */
  async rest(): Promise<string> {
    await this.#until(() => false);
    return this.#take(this.#bytes.length);
  }

  async #head(): Promise<Head | undefined> {
    await this.#until(() => this.#bytes.includes('\r\n\r\n'));
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine, ...lines] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n') as [
      string,
      ...string[],
    ];
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value);
    }
    return { statusLine, headers, length: end + 4 };
  }

  async #chunks(): Promise<{ body: string; complete: boolean }> {
    let body = '';
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- bytes come in their order
      await this.#until(() => this.#bytes.includes('\r\n'));
      const line = this.#bytes.indexOf('\r\n');
      if (line < 0) return { body, complete: false };
      const size = Number.parseInt(this.#bytes.subarray(0, line).toString('latin1'), 16);
      // oxlint-disable-next-line no-await-in-loop
      await this.#until(() => this.#bytes.length >= line + 2 + size + 2);
      if (this.#bytes.length < line + 2 + size + 2) return { body, complete: false };
      this.#take(line + 2);
      body += this.#take(size);
      this.#take(2);
      if (size === 0) return { body, complete: true };
    }
  }

  #take(count: number): string {
    const text = this.#bytes.subarray(0, count).toString('latin1');
    this.#bytes = this.#bytes.subarray(count);
    return text;
  }

  async #until(enough: () => boolean): Promise<void> {
    while (!enough() && !this.#ended) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
  }
}

/** The text of a request; a body brings its Content-Length. */
export function request(
  target: string,
  headers: readonly string[] = [],
  body?: string,
  method = body === undefined ? 'GET' : 'POST',
): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: site.test', ...headers];
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** Lets everything happen that can happen without anybody waiting for it. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    // oxlint-disable-next-line no-await-in-loop
    await new Promise<void>((resolve) => void setImmediate(() => resolve()));
  }
}

/** A promise and its ends. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
