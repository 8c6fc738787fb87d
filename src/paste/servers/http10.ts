import type { ServerResponse } from 'node:http';

type WithHeader = ServerResponse & { _storeHeader(firstLine: string, headers: unknown): void };

/** A client that speaks HTTP/1.0 is answered in HTTP/1.0, as waitress does; Node always says 1.1. */
export function answerInKind(outgoing: ServerResponse): void {
  const own = outgoing as WithHeader;
  const store = own._storeHeader;
  own._storeHeader = function storeHeader(firstLine, headers) {
    store.call(this, firstLine.replace('HTTP/1.1', 'HTTP/1.0'), headers);
  };
}
