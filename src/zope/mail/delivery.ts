/** Mail that goes when the transaction in which it was written commits, and not otherwise. */
import { getLogger } from '@logtape/logtape';
import {
  type DataManager,
  type DataManagerSavepoint,
  transaction,
  type Transaction,
} from '../../transaction/index.ts';
import type { Mail } from './message.ts';
import { type SmtpServer, SmtpSession } from './smtp.ts';

const logger = getLogger(['MailDataManager']);

interface Waiting {
  readonly server: SmtpServer;
  readonly mail: Mail;
}

class MailDelivery implements DataManager {
  readonly #waiting: Waiting[] = [];
  #sessions: { readonly session: SmtpSession; readonly mails: readonly Mail[] }[] = [];

  add(server: SmtpServer, mail: Mail): void {
    this.#waiting.push({ server, mail });
  }

  abort(): void {
    this.#forget();
  }

  tpcBegin(): void {}

  commit(): void {}

  /** Reaches the servers: a mail that cannot go makes the transaction fail. */
  tpcVote(): void {
    const byServer = new Map<string, Waiting[]>();
    for (const waiting of this.#waiting) {
      const key = JSON.stringify(waiting.server);
      const known = byServer.get(key);
      if (known === undefined) byServer.set(key, [waiting]);
      else known.push(waiting);
    }
    for (const waiting of byServer.values())
      this.#sessions.push({
        session: new SmtpSession(waiting[0]!.server),
        mails: waiting.map(({ mail }) => mail),
      });
  }

  tpcFinish(): void {
    // The transaction is stored by now, so a server that refuses a mail can only be reported in the log.
    for (const { session, mails } of this.#sessions)
      for (const { from, to, bytes } of mails)
        try {
          session.send(from, to, bytes);
        } catch (error) {
          logger.error(`a mail from ${from} to ${to.join(', ')} was not taken: ${(error as Error).message}`);
        }
    this.#forget();
  }

  tpcAbort(): void {
    this.#forget();
  }

  /** Comes after every data manager that could still fail. */
  sortKey(): string {
    return '~mail';
  }

  savepoint(): DataManagerSavepoint {
    const { length } = this.#waiting;
    return { rollback: () => void this.#waiting.splice(length) };
  }

  #forget(): void {
    this.#waiting.length = 0;
    const sessions = this.#sessions;
    this.#sessions = [];
    for (const { session } of sessions) hangUp(session);
  }
}

function hangUp(session: SmtpSession): void {
  try {
    session.close();
  } catch (error) {
    logger.debug(`a connection was closed by the mail server: ${(error as Error).message}`);
  }
}

const deliveries = new WeakMap<Transaction, MailDelivery>();

/** Sends a mail when the current transaction commits. */
export function sendAtCommit(server: SmtpServer, mail: Mail): void {
  const current = transaction.get();
  let delivery = deliveries.get(current);
  if (delivery === undefined) {
    delivery = new MailDelivery();
    current.join(delivery);
    deliveries.set(current, delivery);
  }
  delivery.add(server, mail);
}

/** Sends a mail whatever becomes of the transaction. Throws an `SmtpError` when it is not taken. */
export function sendNow(server: SmtpServer, mail: Mail): void {
  const session = new SmtpSession(server);
  try {
    session.send(mail.from, mail.to, mail.bytes);
  } finally {
    hangUp(session);
  }
}
