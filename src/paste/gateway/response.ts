/** The answer of the hot path: what a global `Response` holds, without making one. */

export type ResponseBody =
  | string
  | Uint8Array
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | null;

export interface GatewayResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  /** Names and values in turn, in the order and case in which they are sent; a name may come again. */
  readonly headers?: readonly string[];
}

export class GatewayResponse {
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: readonly string[];
  readonly rawBody: ResponseBody;
  readonly type = 'default' as const;
  readonly url = '';
  readonly redirected = false;
  bodyUsed = false;
  #headers: Headers | undefined;
  #standard: Response | undefined;

  constructor(body: ResponseBody = null, init: GatewayResponseInit = {}) {
    this.rawBody = body;
    this.status = init.status ?? 200;
    this.statusText = init.statusText ?? '';
    this.rawHeaders = init.headers ?? [];
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      const headers = new Headers();
      for (let i = 0; i < this.rawHeaders.length; i += 2)
        headers.append(this.rawHeaders[i]!, this.rawHeaders[i + 1]!);
      this.#headers = headers;
    }
    return this.#headers;
  }

  /** Headers as they are sent: those given, or those of `headers` once somebody asked for it and may have changed it. */
  flatHeaders(): readonly string[] {
    return this.#headers === undefined ? this.rawHeaders : flatten(this.#headers);
  }

  /** A header by lower-case name, without making `headers`. */
  header(name: string): string | null {
    if (this.#headers !== undefined) return this.#headers.get(name);
    const { rawHeaders } = this;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const key = rawHeaders[i]!;
      if (key.length === name.length && key.toLowerCase() === name) return rawHeaders[i + 1]!;
    }
    return null;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#real().body;
  }

  #real(): Response {
    const empty = this.status === 204 || this.status === 205 || this.status === 304;
    return (this.#standard ??= new Response(empty ? null : (this.rawBody as string | null), {
      status: this.status,
      statusText: this.statusText,
      headers: this.headers,
    }));
  }

  text(): Promise<string> {
    return this.#real().text();
  }

  json(): Promise<unknown> {
    return this.#real().json();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#real().arrayBuffer();
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer());
  }

  blob(): Promise<Blob> {
    return this.#real().blob();
  }

  formData(): Promise<FormData> {
    return this.#real().formData();
  }

  clone(): Response {
    return this.#real().clone();
  }

  /** A global `Response` of the same content, for hosts that insist on one. */
  toStandard(): Response {
    return this.#real();
  }
}

/** Names and values in turn; each cookie is a header of its own. */
export function flatten(headers: Headers): string[] {
  const list: string[] = [];
  for (const [name, value] of headers) if (name !== 'set-cookie') list.push(name, value);
  for (const cookie of headers.getSetCookie()) list.push('set-cookie', cookie);
  return list;
}

Object.setPrototypeOf(GatewayResponse.prototype, Response.prototype);
