/** What comes with a request: its body, and the fields of a form. */
import { BODY_IN_MEMORY, BodyFile, GatewayRequest, keepStream, type KeptBody } from '../paste/index.ts';
import { type ByteSource, sourceOfBody } from './byte-source.ts';
import { type Field, readFields } from './form.ts';
import type { FormLimits } from './multipart.ts';
import type { RequestSource } from './request.ts';

/** A request's body, read once for all attempts; a form that cannot be read fails each of them. */
export interface Content {
  readonly body: ByteSource | null;
  readonly fields: readonly Field[];
  readonly failure?: unknown;
  /** What is to be closed when the request is over. */
  readonly file?: BodyFile;
}

export const NO_CONTENT: Content = { body: null, fields: [] };
export const FORM_LIMITS: FormLimits = { memory: 2 ** 20, disk: 2 ** 30, memfile: 4096, parts: 1024 };

export async function readContent(
  request: Request,
  source: RequestSource,
  limits: FormLimits,
  inMemory?: number,
): Promise<Content> {
  const kept =
    request instanceof GatewayRequest
      ? await request.keepBody()
      : await keepForeign(request, source.header('content-length'), inMemory);
  const file = kept instanceof BodyFile ? { file: kept } : {};
  const body = sourceOfBody(kept);
  try {
    return {
      body,
      fields: readFields(source.method, body, source.header('content-type') ?? '', limits),
      ...file,
    };
  } catch (failure) {
    return { body, fields: [], failure, ...file };
  }
}

/** The body of another host's request. */
async function keepForeign(
  request: Request,
  length: string | null | undefined,
  inMemory = BODY_IN_MEMORY,
): Promise<KeptBody> {
  // In one piece where it is short.
  if ((length && Number(length) <= inMemory) || request.body === null)
    return new Uint8Array(await request.arrayBuffer());
  return keepStream(request.body, inMemory);
}

/** Whether there is a body to read. Requests of other hosts need not tell how long it is. */
export function hasBody(request: Request, source: RequestSource): boolean {
  if (!(request instanceof GatewayRequest)) return request.body !== null;
  const length = source.header('content-length');
  return (length !== undefined && length !== '0') || source.header('transfer-encoding') !== undefined;
}
