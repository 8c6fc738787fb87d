/** The body of a request that came over a socket: read once, in the form that is asked for first, never faster than its reader. */
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { Readable } from 'node:stream';
import { BODY_IN_MEMORY, BodyFile, BodyKeeper, type KeptBody, keepStream } from './body-file.ts';
import { BodyTooLargeError, ClientGoneError } from './request-errors.ts';

/** What the server knows about a request's body. */
export interface BodyContext {
  /** Bytes beyond which reading fails. */
  readonly bodyLimit: number;
  /** Bytes that `kept` keeps in memory; 512 KiB unless told. */
  readonly bodyInMemory?: number | undefined;
  /** Tells a client that waits for it (`Expect: 100-continue`) to send the body; called when it is first read. */
  sendContinue?(): void;
}

/** Takes what a body gives. */
interface Sink {
  /** False when the sink is full: the body waits until `resume`. */
  chunk(bytes: Uint8Array): boolean;
  end(): void;
  fail(error: Error): void;
}

const EMPTY = new Uint8Array(0);

export class RequestBody {
  readonly #incoming: IncomingMessage;
  readonly #context: BodyContext | undefined;
  #bytes: Promise<Uint8Array> | undefined;
  #kept: Promise<KeptBody> | undefined;
  #stream: ReadableStream<Uint8Array> | undefined;
  #node: Readable | undefined;
  #failure: Error | undefined;
  #fail: ((error: Error) => void) | undefined;
  #stop: (() => void) | undefined;
  #given: Uint8Array | undefined;

  constructor(incoming: IncomingMessage, context: BodyContext | undefined) {
    this.#incoming = incoming;
    this.#context = context;
  }

  /** Whether the request has a body at all (RFC 9112, 6). */
  get exists(): boolean {
    const { headers, httpVersionMajor } = this.#incoming;
    if (httpVersionMajor > 1)
      return !(this.#incoming as unknown as Http2ServerRequest).stream.endAfterHeaders;
    const length = headers['content-length'];
    return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined;
  }

  get used(): boolean {
    return (
      this.#bytes !== undefined ||
      this.#kept !== undefined ||
      this.#node !== undefined ||
      this.#stream?.locked === true
    );
  }

  /** The whole body; the same promise however often it is asked for. */
  bytes(): Promise<Uint8Array> {
    if (this.#bytes !== undefined) return this.#bytes;
    if (!this.exists) return (this.#bytes = Promise.resolve(EMPTY));
    if (this.#kept !== undefined)
      return (this.#bytes = this.#kept.then((body) => (body instanceof BodyFile ? body.bytes() : body)));
    if (this.#stream !== undefined)
      return (this.#bytes = new Response(this.#stream).arrayBuffer().then((all) => new Uint8Array(all)));
    if (this.#node !== undefined)
      return Promise.reject(new TypeError('Body is unusable: it is being read as a stream'));
    return (this.#bytes = new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      this.#read({
        chunk: (bytes) => chunks.push(bytes) > 0,
        end: () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)),
        fail: reject,
      });
    }));
  }

  /**
   * The whole body: in memory when it is short, in a file when it is long. The file is the caller's to close; afterwards the body cannot
   * be read again.
   */
  kept(): Promise<KeptBody> {
    const inMemory = this.#context?.bodyInMemory ?? BODY_IN_MEMORY;
    if (this.#kept !== undefined) return this.#kept;
    if (this.#bytes !== undefined || this.#given !== undefined || this.#node !== undefined || !this.exists)
      return this.bytes();
    const length = this.#incoming.headers['content-length'];
    if (length !== undefined && Number(length) <= inMemory) return this.bytes();
    if (this.#stream !== undefined) return (this.#kept = keepStream(this.#stream, inMemory));
    return (this.#kept = new Promise((resolve, reject) => {
      this.#read(new BodyKeeper(inMemory, () => this.#incoming.resume(), resolve, reject));
    }));
  }

  /** The body as a stream of the web; null when there is none. */
  stream(): ReadableStream<Uint8Array> | null {
    if (!this.exists) return null;
    if (this.#stream !== undefined) return this.#stream;
    const bytes = this.#kept === undefined ? this.#bytes : this.bytes();
    if (bytes !== undefined) {
      return (this.#stream = new ReadableStream({
        async start(controller) {
          controller.enqueue(await bytes);
          controller.close();
        },
      }));
    }
    if (this.#node !== undefined)
      throw new TypeError('Body is unusable: it is being read as a stream of Node');
    const incoming = this.#incoming;
    let started = false;
    return (this.#stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (started) {
            incoming.resume();
            return;
          }
          started = true;
          this.#read({
            chunk: (bytes) => {
              controller.enqueue(bytes);
              return (controller.desiredSize ?? 0) > 0;
            },
            end: () => controller.close(),
            fail: (error) => controller.error(error),
          });
        },
        cancel: () => this.#drop(),
      },
      { highWaterMark: 65_536, size: (chunk) => chunk?.byteLength ?? 0 },
    ));
  }

  /** Two streams of the same body; the first takes the place of `stream()`. */
  tee(): ReadableStream<Uint8Array> | null {
    const stream = this.stream();
    if (stream === null) return null;
    const [kept, given] = stream.tee();
    this.#stream = kept;
    return given;
  }

  /** The body as a stream of Node, the cheapest form for large uploads. */
  node(): Readable {
    if (this.#node !== undefined) return this.#node;
    if (!this.exists) return (this.#node = Readable.from([]));
    if (this.#bytes !== undefined || this.#kept !== undefined || this.#stream !== undefined)
      throw new TypeError('Body is unusable: it was read in another form');
    let started = false;
    const stream: Readable = new Readable({
      read: () => {
        if (started) {
          this.#incoming.resume();
          return;
        }
        started = true;
        this.#read({
          chunk: (bytes) => stream.push(bytes),
          end: () => stream.push(null),
          fail: (error) => stream.destroy(error),
        });
      },
      destroy: (error, callback) => {
        this.#drop();
        callback(error);
      },
    });
    // Whoever listens is told; where nobody does, a client that leaves must not end the process.
    stream.on('error', () => undefined);
    return (this.#node = stream);
  }

  /** The whole body, which has been read by somebody else. */
  given(bytes: Uint8Array): void {
    this.#given = bytes;
  }

  /** Ends reading, now or later, with an error. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#fail?.(this.#failure);
  }

  /** The reader wants no more; what comes is thrown away. */
  #drop(): void {
    this.#stop?.();
    this.#incoming.resume();
  }

  #read(sink: Sink): void {
    if (this.#failure !== undefined) {
      sink.fail(this.#failure);
      return;
    }
    if (this.#given !== undefined) {
      sink.chunk(this.#given);
      sink.end();
      return;
    }
    const incoming = this.#incoming;
    const limit = this.#context?.bodyLimit ?? Infinity;
    let size = 0;
    const done = () => {
      this.#fail = undefined;
      this.#stop = undefined;
      incoming.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const fail = (error: Error) => {
      done();
      sink.fail(error);
    };
    const onData = (bytes: Uint8Array) => {
      size += bytes.length;
      if (size > limit) {
        this.#failure = new BodyTooLargeError(limit);
        incoming.pause();
        fail(this.#failure);
      } else if (!sink.chunk(bytes)) incoming.pause();
    };
    const onEnd = () => {
      done();
      sink.end();
    };
    const onClose = () => fail(new ClientGoneError());
    this.#fail = fail;
    this.#stop = done;
    if (incoming.destroyed) {
      queueMicrotask(onClose);
      return;
    }
    this.#context?.sendContinue?.();
    // Without a listener Node does not report errors; 'close' tells what matters.
    incoming.on('data', onData).on('end', onEnd).on('close', onClose);
  }
}
