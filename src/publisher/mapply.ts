/** Calls what was published, with arguments from the request (INVENTORY P-047 to P-051). */
import { classOf, hereOf, ownAt } from '../persistent/index.ts';
import { factsOf } from '../access/index.ts';
import type { Class } from '../restricted/index.ts';
import { Forbidden } from './errors.ts';
import type { HTTPRequest } from './request.ts';
import { parametersOf } from './signature.ts';
import type { Published } from './traverse.ts';

/** Objects that are called when published give their parameters here. */
interface Callable {
  __call__(...args: unknown[]): unknown;
  /** A Python parameter list; without one the object is called without arguments. */
  readonly __signature__?: string;
}

export function callPublished(request: HTTPRequest, published: Published): unknown {
  const { self, value, name } = published;
  if (self !== undefined) {
    const method = value as (...args: unknown[]) => unknown;
    const facts = factsOf(classOf(self) as Class).of(name);
    if (facts.changing) refuseForgery(request, name);
    return method.apply(self, argumentsFor(request, facts.signature ?? ''));
  }
  const object = value as object;
  const here = hereOf(object);
  if (typeof ownAt(here, '__call__') !== 'function') return object;
  const callable = object as Callable;
  const signature = ownAt(here, '__signature__') === undefined ? '' : (callable.__signature__ ?? '');
  return callable.__call__(...argumentsFor(request, signature));
}

/**
 * Methods that change something are for forms and links of this site: what a browser sends because a page of another site told
 * it to is refused (INVENTORY P-173). Browsers say where a request comes from; other clients are told by nobody.
 */
function refuseForgery(request: HTTPRequest, name: string): void {
  const header = (key: string) => request.source.header(key) ?? '';
  const site = header('sec-fetch-site');
  const origin = header('origin');
  let foreign: boolean;
  if (site !== '') foreign = site !== 'same-origin' && !(request.method === 'POST' && site === 'none');
  else if (origin !== '') foreign = withoutPort(origin) !== withoutPort(request.SERVER_URL);
  else if (request.method === 'POST') foreign = false;
  // Over plain HTTP browsers send no `Sec-Fetch-Site`, and a link none but the referrer.
  else if (header('referer') !== '') foreign = !header('referer').startsWith(`${request.SERVER_URL}/`);
  else foreign = header('user-agent').startsWith('Mozilla/');
  if (foreign) throw new Forbidden(`${name} was called by a page of another site`);
}

/** An origin without its scheme's default port. */
const withoutPort = (origin: string) =>
  origin.replace(origin.startsWith('https:') ? /:443$/ : /:80$/, '').toLowerCase();

function argumentsFor(request: HTTPRequest, signature: string): unknown[] {
  return parametersOf(signature).map(({ name, required }, index) => {
    // Whatever the form says.
    if (index === 0 && name === 'self') return request.parents[0];
    const value = request.lookup(name);
    if (value !== undefined) return value;
    if (name === 'self') return request.parents[0];
    if (!required) return undefined;
    return request.response.badRequestError(name);
  });
}
