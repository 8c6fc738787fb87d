/** Calls from a thread to the main thread that wait for their answer, for what has to be there before anything else is done. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** What a thread needs to call. The port is to be transferred. */
export interface CallLine {
  readonly port: MessagePort;
  /** One word: becomes 1 when an answer is there. */
  readonly signal: SharedArrayBuffer;
}

interface Call {
  readonly id: number;
  readonly request: unknown;
}

interface Answer {
  /** That of the call. */
  readonly id: number;
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
  port1.on('message', async ({ id, request }: Call) => {
    let answer: Answer;
    try {
      answer = { id, value: await handle(request as T) };
    } catch (error) {
      const { name, message, code, path } = error as Error & { code?: unknown; path?: unknown };
      answer = {
        id,
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

let calls = 0;

/**
 * In a thread: calls the main thread and waits. Throws what it throws.
 * @param patience Milliseconds.
 */
export function call<T>({ port, signal }: CallLine, request: unknown, patience = PATIENCE_MS): T {
  const words = new Int32Array(signal);
  const id = ++calls;
  Atomics.store(words, 0, 0);
  port.postMessage({ id, request } satisfies Call);
  for (const until = performance.now() + patience; ;) {
    if (Atomics.wait(words, 0, 0, Math.max(0, until - performance.now())) === 'timed-out')
      throw new CallTimeoutError('the main thread does not answer');
    Atomics.store(words, 0, 0);
    for (let received = receiveMessageOnPort(port); received !== undefined;) {
      const answer = received.message as Answer;
      // One to a call that was given up comes late.
      if (answer.id === id) {
        if (answer.error !== undefined) throw new CallError(answer.error);
        return answer.value as T;
      }
      received = receiveMessageOnPort(port);
    }
  }
}
