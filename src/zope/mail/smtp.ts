/** SMTP for code that cannot await: each call waits until the mail server has answered. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { SmtpAnswer, SmtpRequest, SmtpServer, SmtpThreadData } from './smtp-thread.ts';

export type { SmtpServer } from './smtp-thread.ts';

/** A mail server could not be reached, or refused something. */
export class SmtpError extends Error {
  /** Of nodemailer: `ECONNECTION`, `EAUTH`, `EENVELOPE`, `ETIMEDOUT` … */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Compiled, or as source, which older Node has to be told how to read. */
const fromSource = import.meta.url.endsWith('.ts');
const MODULE = new URL(fromSource ? './smtp-thread.ts' : '../zope/mail/smtp-thread.cjs', import.meta.url);
/** Milliseconds after which the thread itself is taken for hung: more than all its own time-outs. */
const LONGEST = 120_000;

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly flag: Int32Array;
}

let thread: Thread | undefined;
let lastId = 0;

function start(): Thread {
  const { port1, port2 } = new MessageChannel();
  const done = new SharedArrayBuffer(4);
  const data: SmtpThreadData = { port: port2, done };
  const worker = new Worker(MODULE, {
    workerData: data,
    transferList: [port2],
    name: 'zope-smtp',
    ...(fromSource && {
      execArgv: ['--import', new URL('../../../scripts/register-ts.js', import.meta.url).href],
    }),
  });
  worker.unref();
  // It may end while nobody waits; the next call starts another one.
  worker.on('error', () => (thread = undefined));
  port1.unref();
  return { worker, port: port1, flag: new Int32Array(done) };
}

function ask(request: SmtpRequest): void {
  thread ??= start();
  const { worker, port, flag } = thread;
  Atomics.store(flag, 0, 0);
  port.postMessage(request);
  if (Atomics.wait(flag, 0, 0, LONGEST) === 'timed-out') {
    thread = undefined;
    void worker.terminate();
    throw new SmtpError('the mail server did not answer', 'ETIMEDOUT');
  }
  const { error } = receiveMessageOnPort(port)!.message as SmtpAnswer;
  if (error !== undefined) throw new SmtpError(error.message, error.code);
}

/** A connection over which mail can go; opened, greeted and logged in. */
export class SmtpSession {
  readonly #id: number;

  /** Throws an `SmtpError` when the server cannot be reached or refuses the login. */
  constructor(server: SmtpServer) {
    this.#id = ++lastId;
    ask({ kind: 'open', id: this.#id, server });
  }

  /** Hands a message over. Throws an `SmtpError` when the server does not take it. */
  send(from: string, to: readonly string[], message: Uint8Array): void {
    ask({ kind: 'send', id: this.#id, from, to, message });
  }

  close(): void {
    ask({ kind: 'close', id: this.#id });
  }
}
