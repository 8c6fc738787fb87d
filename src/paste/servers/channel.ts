/** What a server knows about one connection. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GatewayRequest } from '../gateway/request.ts';
import type { RequestBody } from '../gateway/request-body.ts';

const CHANNEL: unique symbol = Symbol('channel');
type ChannelSocket = Socket & { [CHANNEL]?: Channel };

export class Channel {
  readonly socket: Socket;
  // Asked for once: each is a system call, and the same for every request of the connection.
  readonly remoteAddr: string;
  readonly remotePort: string;
  readonly serverPort: string;
  /** Requests whose answers are not complete yet. */
  readonly pending: GatewayRequest[] = [];
  /** Requests that came before the answer to an earlier one was complete: each sees what the one before has done. */
  readonly waiting: (() => void)[] = [];
  /** The newest request of all. */
  received: IncomingMessage | undefined = undefined;
  /** The newest request that was begun, and what it is answered with. */
  incoming: IncomingMessage | undefined = undefined;
  outgoing: ServerResponse | undefined = undefined;
  /** The connection ends with an answer to something that is no HTTP, or because the server stops. */
  ending = false;
  /** The connection ends with its first answer. */
  once = false;
  #idle: (() => void) | undefined = undefined;
  #moved = -1;

  constructor(socket: Socket) {
    this.socket = socket;
    (socket as ChannelSocket)[CHANNEL] = this;
    this.remoteAddr = socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'localhost';
    this.remotePort = socket.remotePort === undefined ? '' : String(socket.remotePort);
    this.serverPort = socket.localPort === undefined ? '' : String(socket.localPort);
  }

  static of(socket: Socket): Channel | undefined {
    return (socket as ChannelSocket)[CHANNEL];
  }

  /** Whether a request is being handled, or its answer is on its way. */
  get busy(): boolean {
    return (
      this.pending.length > 0 ||
      this.waiting.length > 0 ||
      (this.outgoing !== undefined && !this.outgoing.writableFinished && !this.outgoing.destroyed)
    );
  }

  /** Whether a part of a body has come or gone since it was last asked, the first time whether one is on its way. */
  hasMoved(): boolean {
    const moved = this.socket.bytesRead + this.socket.bytesWritten;
    const before = this.#moved;
    this.#moved = moved;
    const { incoming, outgoing } = this;
    const isOnItsWay =
      incoming?.complete === false || (outgoing?.headersSent === true && !outgoing.writableFinished);
    return isOnItsWay && moved !== before;
  }

  /** The newest request's body while it is not there completely. */
  get openBody(): RequestBody | undefined {
    return this.incoming?.complete === false ? this.pending.at(-1)?._content : undefined;
  }

  begin(request: GatewayRequest, incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.pending.push(request);
  }

  end(request: GatewayRequest): void {
    const { pending } = this;
    if (pending.length === 1) pending.pop();
    else pending.splice(pending.indexOf(request), 1);
    if (pending.length === 0 && this.waiting.length === 0 && this.#idle !== undefined) {
      const idle = this.#idle;
      this.#idle = undefined;
      this.whenSent(idle);
    }
  }

  /** The client has closed its side. */
  left(): void {
    for (const request of this.pending) request._left();
  }

  /** Takes no further requests, and runs `done` once all answers that were begun are with the system. */
  whenSent(done: () => void): void {
    this.ending = true;
    if (this.pending.length > 0 || this.waiting.length > 0) this.#idle = done;
    // With requests in a row, Node takes up an answer when the one before is finished, so the newest one is the last.
    else if (this.busy) this.outgoing!.once('close', done);
    else done();
  }
}
