import { discardBody, GatewayResponse } from '../paste/index.ts';
import type { HTTPResponse, StreamBody } from './response.ts';

/** RESPONSE as the gateway sends it. */
export function toGateway(response: HTTPResponse, method: string): Response {
  const { headers, written } = response;
  let body: string | Uint8Array | StreamBody | null = response.body;
  if (written !== undefined && written.size > 0) {
    if (typeof body === 'string' || body instanceof Uint8Array) {
      if (body !== '') written.add(body);
      if (!headers.has('content-length')) headers.set('content-length', String(written.size));
      body = written.body();
    } else body = written.before(body);
  }
  const sized = typeof body === 'string' || body instanceof Uint8Array;
  if (
    !headers.has('content-type') &&
    !headers.has('content-length') &&
    response.status === 200 &&
    body === ''
  ) {
    response.setStatus(204);
  }
  if (sized && !headers.has('content-length')) {
    headers.set('content-length', String(Buffer.byteLength(body as string | Uint8Array)));
  }
  if (method === 'HEAD') {
    discardBody(body as StreamBody);
    body = null;
  }
  return new GatewayResponse(body as string | null, {
    status: response.status,
    statusText: response.errmsg,
    headers: response.headerList(),
  });
}

/** Lets whoever made the body of an answer clean up: the answer is not sent. */
export function discardAnswer(answer: Response): void {
  discardBody(answer instanceof GatewayResponse ? answer.sentBody : answer.body);
}
