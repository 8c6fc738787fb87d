import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { FloatValue, str } from '../python-text.ts';
import type { LogRecord } from '../record.ts';
import { runtime } from '../runtime.ts';
import { RemoteHandler } from './remote.ts';

export interface SocketSettings {
  /** A host, or with port null the path of a socket. */
  readonly host: string;
  readonly port: number | null;
}

// As Python: after a failure wait 1 s, then 2 s … up to 30 s before the next attempt.
const FIRST_RETRY = 1;
const LONGEST_RETRY = 30;

/** `handlers.SocketHandler`: pickled records, each after its length, to a program that reads them with `logging.makeLogRecord`. */
export class SocketHandler extends RemoteHandler {
  readonly pythonClass = 'SocketHandler';
  readonly #settings: SocketSettings;
  #connection: Promise<Socket> | undefined;
  #retryAt = 0;
  #retryAfter = FIRST_RETRY;

  constructor(settings: SocketSettings) {
    super();
    this.#settings = settings;
  }

  protected override async send(record: LogRecord): Promise<void> {
    const message = framed(record);
    if (!this.#connection) {
      // Between attempts records are lost, as in Python; the failed attempt has been reported.
      if (runtime.now() < this.#retryAt) return;
      this.#connection = this.#connect();
    }
    let socket: Socket;
    try {
      socket = await this.#connection;
    } catch (error) {
      this.#connection = undefined;
      this.#retryAt = runtime.now() + this.#retryAfter;
      this.#retryAfter = Math.min(this.#retryAfter * 2, LONGEST_RETRY);
      throw error;
    }
    await new Promise<void>((resolve, reject) => {
      socket.write(message, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #connect(): Promise<Socket> {
    const { host, port } = this.#settings;
    const socket = port === null ? connect(host) : connect(port, host);
    socket.unref();
    await once(socket, 'connect');
    this.#retryAfter = FIRST_RETRY;
    const lost = () => (this.#connection = undefined);
    socket.on('error', lost).on('close', lost);
    return socket;
  }

  override close(): void {
    void this.#connection?.then(
      (socket) => socket.end(),
      () => {},
    );
    this.#connection = undefined;
  }

  protected override describeSettings(): Record<string, unknown> {
    return { ...this.#settings };
  }
}

/** `handlers.DatagramHandler`: the same by UDP. */
export class DatagramHandler extends RemoteHandler {
  readonly pythonClass = 'DatagramHandler';
  readonly #settings: { readonly host: string; readonly port: number };
  #socket: DatagramSocket | undefined;

  constructor(settings: { readonly host: string; readonly port: number }) {
    super();
    this.#settings = settings;
  }

  protected override async send(record: LogRecord): Promise<void> {
    const message = framed(record);
    const { host, port } = this.#settings;
    this.#socket ??= createSocket(isIPv6(host) ? 'udp6' : 'udp4').unref();
    const socket = this.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.send(message, port, host, (error) => (error ? reject(error) : resolve()));
    });
  }

  override close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  protected override describeSettings(): Record<string, unknown> {
    return { ...this.#settings };
  }
}

/** The length in four bytes, then the pickled fields; the message is put together and the exception is text. */
function framed(record: LogRecord): Buffer {
  const fields = { ...record.fields(), msg: record.message, args: null, exc_info: null };
  const body = pickled(fields);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/**
 * A flat dict of text, numbers, booleans and None in pickle protocol 2 (PEP 307). Anything else goes as its text: a receiver
 * need not know our classes.
 */
function pickled(fields: Readonly<Record<string, unknown>>): Buffer {
  const parts: Buffer[] = [Buffer.from([0x80, 2, ...Buffer.from('}(')])];
  for (const [name, value] of Object.entries(fields)) parts.push(pickledText(name), pickledValue(value));
  parts.push(Buffer.from('u.'));
  return Buffer.concat(parts);
}

function pickledValue(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.from('N');
  if (typeof value === 'boolean') return Buffer.from([value ? 0x88 : 0x89]);
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    const bytes = Buffer.from('J\0\0\0\0');
    bytes.writeInt32LE(value, 1);
    return bytes;
  }
  if (typeof value === 'number' || value instanceof FloatValue) {
    const bytes = Buffer.from('G\0\0\0\0\0\0\0\0');
    bytes.writeDoubleBE(typeof value === 'number' ? value : value.value, 1);
    return bytes;
  }
  return pickledText(str(value));
}

function pickledText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const head = Buffer.from('X\0\0\0\0');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
