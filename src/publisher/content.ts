/** What comes with a request: its body, and the fields of a form. */
import { GatewayRequest } from '../paste/index.ts';
import { type Field, readFields } from './form.ts';
import type { FormLimits } from './multipart.ts';
import type { RequestSource } from './request.ts';

/** A request's body, read once for all attempts; a form that cannot be read fails each of them. */
export interface Content {
  readonly body: Uint8Array | null;
  readonly fields: readonly Field[];
  readonly failure?: unknown;
}

export const NO_CONTENT: Content = { body: null, fields: [] };
export const FORM_LIMITS: FormLimits = { memory: 2 ** 20, disk: 2 ** 30, memfile: 4096, parts: 1024 };

export async function readContent(
  request: Request,
  source: RequestSource,
  limits: FormLimits,
): Promise<Content> {
  const body =
    request instanceof GatewayRequest
      ? await request.readBody()
      : new Uint8Array(await request.arrayBuffer());
  try {
    return {
      body,
      fields: readFields(source.method, body, source.header('content-type') ?? '', limits),
    };
  } catch (failure) {
    return { body, fields: [], failure };
  }
}

/** Whether there is a body to read. Requests of other hosts need not tell how long it is. */
export function hasBody(request: Request, source: RequestSource): boolean {
  if (!(request instanceof GatewayRequest)) return request.body !== null;
  const length = source.header('content-length');
  return (length !== undefined && length !== '0') || source.header('transfer-encoding') !== undefined;
}
