import { request as httpRequest } from 'node:http';
import { createRequire } from 'node:module';
import { pythonError } from '../errors.ts';
import { str } from '../python-text.ts';
import type { LogRecord } from '../record.ts';
import { RemoteHandler } from './remote.ts';

// Python waits for ever; a receiver that hangs must not hold the process at its end.
const TIMEOUT_MS = 5000;

/** Loaded when it is needed: all of TLS comes along. */
const secureRequest = () =>
  (createRequire(import.meta.url)('node:https') as typeof import('node:https')).request;

/** `handlers.HTTPHandler`: the fields of a record as a form, by GET or POST. */
export class HTTPHandler extends RemoteHandler {
  readonly pythonClass = 'HTTPHandler';
  readonly #host: string;
  readonly #url: string;
  readonly #method: 'GET' | 'POST';
  readonly #secure: boolean;
  readonly #credentials: readonly [string, string] | null;

  constructor({
    host,
    url,
    method = 'GET',
    secure = false,
    credentials = null,
  }: {
    readonly host: string;
    readonly url: string;
    readonly method?: string;
    readonly secure?: boolean;
    readonly credentials?: readonly [string, string] | null;
  }) {
    super();
    const name = method.toUpperCase();
    if (name !== 'GET' && name !== 'POST') throw pythonError('ValueError', 'method must be GET or POST');
    this.#host = host;
    this.#url = url;
    this.#method = name;
    this.#secure = secure;
    this.#credentials = credentials;
  }

  protected override async send(record: LogRecord): Promise<void> {
    const form = new URLSearchParams();
    for (const [field, value] of Object.entries(record.fields())) form.append(field, str(value));
    const data = form.toString();
    const get = this.#method === 'GET';
    const path = get ? `${this.#url}${this.#url.includes('?') ? '&' : '?'}${data}` : this.#url;
    const request = (this.#secure ? secureRequest() : httpRequest)(
      new URL(path, `${this.#secure ? 'https' : 'http'}://${this.#host}`),
      {
        method: this.#method,
        timeout: TIMEOUT_MS,
        ...(this.#credentials && { auth: this.#credentials.join(':') }),
        headers: get
          ? {}
          : {
              'Content-Type': 'application/x-www-form-urlencoded',
              'Content-Length': Buffer.byteLength(data),
            },
      },
    );
    await new Promise<void>((resolve, reject) => {
      request.on('response', (response) => {
        response.resume();
        response.on('end', resolve).on('error', reject);
      });
      request.on('timeout', () =>
        request.destroy(new Error(`${this.#host} did not answer in ${TIMEOUT_MS} ms`)),
      );
      request.on('error', reject);
      request.end(get ? undefined : data);
    });
  }

  protected override describeSettings(): Record<string, unknown> {
    return { secure: this.#secure, host: this.#host, url: this.#url, method: this.#method };
  }
}
