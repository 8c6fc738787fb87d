import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHead } from './frames.ts';

/** How the parts of a body are asked for. */
export interface BodySource {
  /** The reader takes so many bytes more; 0 for the first time. */
  want(bytes: number): void;
}

interface HeaderLines {
  _addHeaderLines(rawHeaders: readonly string[], count: number): void;
}

interface ReadingAhead {
  readonly _readableState: { readingMore: boolean };
}

/**
 * A request without a body, as far as the gateway asks for it: most requests are such, and need no stream.
 */
export class BodilessIncoming {
  readonly method: string;
  readonly url: string;
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor: number;
  readonly rawHeaders: readonly string[];
  readonly complete = true;
  readonly destroyed = false;
  readonly #head: RequestHead;
  #headers: IncomingMessage['headers'] | undefined;

  constructor(head: RequestHead) {
    this.#head = head;
    this.method = head.method;
    this.url = head.environ.rawTarget;
    this.httpVersionMinor = head.environ.serverProtocol === 'HTTP/1.0' ? 0 : 1;
    this.rawHeaders = head.rawHeaders;
  }

  get headers(): IncomingMessage['headers'] {
    return (this.#headers ??= new RemoteIncoming(this.#head, undefined).headers);
  }
}

/** A request whose socket another thread has. Its body, if there is one, is pushed into it as it comes. */
export class RemoteIncoming extends IncomingMessage {
  #source: BodySource | undefined;
  #taken = 0;

  constructor({ method, environ, rawHeaders }: RequestHead, source: BodySource | undefined) {
    // There is no socket, and nothing here asks for one.
    super(undefined as unknown as Socket);
    this.method = method;
    this.url = environ.rawTarget;
    this.httpVersionMajor = 1;
    this.httpVersionMinor = environ.serverProtocol === 'HTTP/1.0' ? 0 : 1;
    this.httpVersion = `1.${this.httpVersionMinor}`;
    // What Node's parser calls: `headers` is then made of them when it is asked for.
    (this as unknown as HeaderLines)._addHeaderLines(rawHeaders, rawHeaders.length);
    this.#source = source;
    if (source === undefined) {
      this.complete = true;
      this.push(null);
    }
  }

  override _read(): void {
    // As IncomingMessage does at the first time: until then it keeps itself from reading ahead.
    (this as unknown as ReadingAhead)._readableState.readingMore = false;
    const taken = this.#taken;
    this.#taken = 0;
    this.#source?.want(taken);
  }

  /** A part of the body. */
  add(bytes: Uint8Array): void {
    this.#taken += bytes.length;
    this.push(bytes);
  }

  /** The body is complete. */
  finish(): void {
    this.complete = true;
    this.#source = undefined;
    this.push(null);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source = undefined;
    callback(error);
  }
}
