/**
 * The thread that speaks SMTP. A transaction commits without awaiting promises, so the committing thread blocks until this one
 * has answered. It keeps the connections over which mail is about to go.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import SMTPConnection from 'nodemailer/lib/smtp-connection';

/** What the thread is started with. */
export interface SmtpThreadData {
  readonly port: MessagePort;
  /** One number: 0 while a request is worked on. */
  readonly done: SharedArrayBuffer;
}

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly forceTls: boolean;
  readonly implicitTls: boolean;
}

export type SmtpRequest =
  /** Opens a connection, greets the server and logs in. */
  | { readonly kind: 'open'; readonly id: number; readonly server: SmtpServer }
  | {
      readonly kind: 'send';
      readonly id: number;
      readonly from: string;
      readonly to: readonly string[];
      readonly message: Uint8Array;
    }
  | { readonly kind: 'close'; readonly id: number };

export interface SmtpAnswer {
  readonly error?: { readonly message: string; readonly code: string };
}

/** Milliseconds for each step of a conversation. */
const PATIENCE = 20_000;

const { port, done } = workerData as SmtpThreadData;
const flag = new Int32Array(done);
const open = new Map<number, SMTPConnection>();

function connect(server: SmtpServer): Promise<SMTPConnection> {
  const connection = new SMTPConnection({
    host: server.host,
    port: server.port,
    secure: server.implicitTls,
    requireTLS: server.forceTls && !server.implicitTls,
    connectionTimeout: PATIENCE,
    greetingTimeout: PATIENCE,
    socketTimeout: PATIENCE,
  });
  return new Promise((resolve, reject) => {
    connection.on('error', reject);
    connection.connect((error) => {
      if (error) reject(error);
      else if (server.user === '') resolve(connection);
      else
        connection.login({ credentials: { user: server.user, pass: server.password } }, (refused) => {
          if (refused) reject(refused);
          else resolve(connection);
        });
    });
  });
}

async function work(request: SmtpRequest): Promise<void> {
  if (request.kind === 'open') {
    open.set(request.id, await connect(request.server));
    return;
  }
  const connection = open.get(request.id);
  if (connection === undefined) throw new Error('the connection is closed');
  if (request.kind === 'close') {
    open.delete(request.id);
    connection.quit();
    return;
  }
  await new Promise<void>((resolve, reject) => {
    connection.on('error', reject);
    connection.send({ from: request.from, to: [...request.to] }, Buffer.from(request.message), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

port.on('message', (request: SmtpRequest) => {
  work(request)
    .then(
      (): SmtpAnswer => ({}),
      (error: Error & { code?: string }): SmtpAnswer => ({
        error: { message: error.message, code: error.code ?? 'ESMTP' },
      }),
    )
    .then((answer) => {
      port.postMessage(answer);
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    });
});
