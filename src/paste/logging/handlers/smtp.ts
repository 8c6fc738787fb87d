import { pythonError } from '../errors.ts';
import type { LogRecord } from '../record.ts';
import { RemoteHandler } from './remote.ts';

export interface SmtpSettings {
  readonly mailhost: string | readonly [host: string, port: number];
  readonly fromaddr: string;
  readonly toaddrs: string | readonly string[];
  readonly subject: string;
  readonly credentials?: readonly [username: string, password: string] | null;
  /** Not null: STARTTLS, with a key file and a certificate file when given; used with credentials only, as in Python. */
  readonly secure?: readonly string[] | null;
  /** Seconds. */
  readonly timeout?: number;
}

interface Transport {
  sendMail(mail: { from: string; to: string[]; subject: string; text: string }): Promise<unknown>;
  close(): void;
}

/** `handlers.SMTPHandler`: a mail for every record. */
export class SMTPHandler extends RemoteHandler {
  readonly pythonClass = 'SMTPHandler';
  readonly #settings: SmtpSettings;
  readonly #host: string;
  readonly #port: number | null;
  readonly #recipients: readonly string[];
  #transport: Promise<Transport> | undefined;

  constructor(settings: SmtpSettings) {
    super();
    const { mailhost, toaddrs } = settings;
    this.#settings = settings;
    this.#host = typeof mailhost === 'string' ? mailhost : mailhost[0];
    this.#port = typeof mailhost === 'string' ? null : mailhost[1];
    this.#recipients = typeof toaddrs === 'string' ? [toaddrs] : toaddrs;
    if (/[\r\n]/.test(settings.subject))
      throw pythonError('ValueError', 'the subject has more than one line');
  }

  protected override async send(record: LogRecord): Promise<void> {
    const text = this.format(record);
    this.#transport ??= this.#open();
    const transport = await this.#transport;
    await transport.sendMail({
      from: this.#settings.fromaddr,
      to: [...this.#recipients],
      subject: this.#settings.subject,
      text: `${text}\n`,
    });
  }

  async #open(): Promise<Transport> {
    const { credentials, secure, timeout = 5 } = this.#settings;
    // Imported when the first mail is due: few sites send any.
    const { createTransport } = await import('nodemailer');
    const milliseconds = timeout * 1000;
    return createTransport({
      host: this.#host,
      port: this.#port || 25,
      secure: false,
      ignoreTLS: !(credentials && secure),
      requireTLS: !!(credentials && secure),
      ...(credentials && { auth: { user: credentials[0], pass: credentials[1] } }),
      ...(secure?.length && { tls: await certificate(secure) }),
      connectionTimeout: milliseconds,
      greetingTimeout: milliseconds,
      socketTimeout: milliseconds,
    });
  }

  override close(): void {
    void this.#transport?.then(
      (transport) => transport.close(),
      () => {},
    );
    this.#transport = undefined;
  }

  protected override describeSettings(): Record<string, unknown> {
    const { fromaddr, subject, credentials, secure = null, timeout = 5 } = this.#settings;
    return {
      mailhost: this.#host,
      mailport: this.#port,
      fromaddr,
      toaddrs: this.#recipients,
      subject,
      username: credentials?.[0] ?? null,
      secure,
      timeout,
    };
  }
}

async function certificate(files: readonly string[]): Promise<Record<string, Buffer>> {
  const { readFile } = await import('node:fs/promises');
  const [key, cert] = await Promise.all(files.slice(0, 2).map((file) => readFile(file)));
  return { ...(key && { key }), ...(cert && { cert }) };
}
