/** What happens around a request, for a site's own code (INVENTORY P-018, P-020). Nobody listening costs nothing. */
import type { HTTPRequest } from './request.ts';

export interface PublicationEvents {
  /** The transaction has begun; form and path were not looked at. */
  pubStart: { readonly request: HTTPRequest };
  /** What the URL names was found, and the user may have it. */
  pubAfterTraversal: { readonly request: HTTPRequest };
  /** The answer is made. What is raised here makes the request fail. */
  pubBeforeCommit: { readonly request: HTTPRequest };
  pubSuccess: { readonly request: HTTPRequest };
  /** An attempt has failed, and the error's page is made; the transaction is still there, and what is written in it is lost. */
  pubBeforeAbort: { readonly request: HTTPRequest; readonly error: unknown; readonly retry: boolean };
  pubFailure: { readonly request: HTTPRequest; readonly error: unknown; readonly retry: boolean };
  /** After everything else of an attempt. */
  endRequest: { readonly request: HTTPRequest };
}

type Name = keyof PublicationEvents;
type Handlers = { [K in Name]?: ((event: PublicationEvents[K]) => void)[] };

const handlers: Handlers = {};

/** Has `handler` called at every event of a kind, in the order of registration. Returns how to end that. */
export function onPublication<K extends Name>(
  name: K,
  handler: (event: PublicationEvents[K]) => void,
): () => void {
  const list = (handlers[name] ??= []) as ((event: PublicationEvents[K]) => void)[];
  list.push(handler);
  return () => {
    const index = list.indexOf(handler);
    if (index >= 0) list.splice(index, 1);
  };
}

export function notify<K extends Name>(name: K, event: () => PublicationEvents[K]): void {
  const list = handlers[name];
  if (list === undefined || list.length === 0) return;
  const told = event();
  for (const handler of list.slice() as ((event: PublicationEvents[K]) => void)[]) handler(told);
}
