/** Calls what was published, with arguments from the request (INVENTORY P-047 to P-051). */
import { classOf, getOwn } from '../persistent/index.ts';
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
    if (facts.postOnly) refuseForgery(request, name);
    return method.apply(self, argumentsFor(request, facts.signature ?? ''));
  }
  const object = value as object;
  if (typeof getOwn(object, '__call__') !== 'function') return object;
  const callable = object as Callable;
  const signature = getOwn(object, '__signature__') === undefined ? '' : (callable.__signature__ ?? '');
  return callable.__call__(...argumentsFor(request, signature));
}

/** Changing methods are for forms of this site: a link, another method or another site's form is refused (INVENTORY P-173). */
function refuseForgery(request: HTTPRequest, name: string): void {
  if (request.method !== 'POST') throw new Forbidden(`${name} may be called by POST only`);
  const site = request.source.header('sec-fetch-site');
  const origin = request.source.header('origin');
  const foreign = site
    ? site === 'cross-site'
    : Boolean(origin) && origin !== 'null' && withoutPort(origin!) !== withoutPort(request.SERVER_URL);
  if (foreign || origin === 'null') throw new Forbidden(`${name} was called by a form of another site`);
}

/** An origin without its scheme's default port. */
const withoutPort = (origin: string) =>
  origin.replace(origin.startsWith('https:') ? /:443$/ : /:80$/, '').toLowerCase();

function argumentsFor(request: HTTPRequest, signature: string): unknown[] {
  return parametersOf(signature).map(({ name, required }) => {
    const value = request.lookup(name);
    if (value !== undefined) return value;
    if (name === 'self') return request.parents[0];
    if (!required) return undefined;
    return request.response.badRequestError(name);
  });
}
