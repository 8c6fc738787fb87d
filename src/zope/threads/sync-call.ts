/** Calls from a thread to the main thread that wait for their answer, for what has to be there before anything else is done. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** What a thread needs to call. The port is to be transferred. */
export interface CallLine {
  readonly port: MessagePort;
  /** One word: becomes 1 when an answer is there. */
  readonly signal: SharedArrayBuffer;
}

interface Answer {
  readonly value?: unknown;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly code?: unknown;
    readonly path?: unknown;
  };
}

/** The main thread does what it is asked for in a turn of its own; it may be busy for a moment, not for so long. */
const PATIENCE_MS = 60_000;

/** The main thread did not answer. */
class CallTimeoutError extends Error {
  readonly code = 'CALL_TIMEOUT';
}

/** An error that the main thread has thrown. */
class CallError extends Error {
  readonly code: unknown;
  /** Of an error of the file system. */
  readonly path: unknown;

  constructor({ name, message, code, path }: NonNullable<Answer['error']>) {
    super(message);
    this.name = name;
    this.code = code;
    this.path = path;
  }
}

/** In the main thread: answers the calls of a thread until its end. */
export function answerCalls<T>(handle: (request: T) => unknown | Promise<unknown>): CallLine {
  const { port1, port2 } = new MessageChannel();
  const signal = new SharedArrayBuffer(4);
  const words = new Int32Array(signal);
  port1.on('message', async (request: T) => {
    let answer: Answer;
    try {
      answer = { value: await handle(request) };
    } catch (error) {
      const { name, message, code, path } = error as Error & { code?: unknown; path?: unknown };
      answer = {
        error: {
          name,
          message,
          code: typeof code === 'string' ? code : undefined,
          path: typeof path === 'string' ? path : undefined,
        },
      };
    }
    port1.postMessage(answer);
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
  });
  port1.unref();
  return { port: port2, signal };
}

/** In a thread: calls the main thread and waits. Throws what it throws. */
export function call<T>({ port, signal }: CallLine, request: unknown): T {
  const words = new Int32Array(signal);
  Atomics.store(words, 0, 0);
  port.postMessage(request);
  if (Atomics.wait(words, 0, 0, PATIENCE_MS) === 'timed-out')
    throw new CallTimeoutError('the main thread does not answer');
  const { value, error } = receiveMessageOnPort(port)!.message as Answer;
  if (error !== undefined) throw new CallError(error);
  return value as T;
}
