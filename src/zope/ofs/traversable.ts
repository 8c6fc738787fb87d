/** The place of an object in its site: ids, paths and URLs (INVENTORY O-022, O-023). */
import {
  aqChain,
  aqInner,
  aqParent,
  getOwn,
  objectAt,
  ownAt,
  Persistent,
  type Place,
  placeAround,
  placeOf,
} from '../../persistent/index.ts';
import { type Tuple, tupleFrom } from '../../pickle/index.ts';
import {
  getRequest,
  type HTTPRequest,
  type HTTPResponse,
  MethodNotAllowed,
  quote,
  restrictedTraverse,
  unrestrictedTraverse,
} from '../../publisher/index.ts';
import { declareClass, declareTraversal } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { head, options } from './resource.ts';

function idAt(place: Place): string {
  if (ownAt(place, 'getId') !== Traversable.prototype.getId) return (objectAt(place) as Traversable).getId();
  const own = ownAt(place, 'id') as string;
  return own === '' ? ((ownAt(place, '__name__') as string | undefined) ?? '') : own;
}

export class Traversable extends Persistent {
  declare id: string;
  declare title: string;

  HEAD(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    return head(this, request, response);
  }

  OPTIONS(request: HTTPRequest, response: HTTPResponse): HTTPResponse {
    return options(this, request, response);
  }

  /** Nothing can be made where something is. */
  MKCOL(): never {
    throw new MethodNotAllowed('The resource already exists.');
  }

  getId(): string {
    const own = getOwn(this, 'id') as string;
    return own === '' ? ((getOwn(this, '__name__') as string | undefined) ?? '') : own;
  }

  title_or_id(): string {
    return this.title || this.getId();
  }

  title_and_id(): string {
    return this.title ? `${this.title} (${this.getId()})` : this.getId();
  }

  this(): this {
    return this;
  }

  /** The names from the root to here; the first is empty. */
  getPhysicalPath(): Tuple<string> {
    const names = [this.getId()];
    // Templates ask for it all the time: one walk, not a tuple for each container, and no object of the site but for other classes.
    for (let place = placeAround(placeOf(this)); place !== null; place = placeAround(place)) {
      if (ownAt(place, 'getPhysicalPath') === Traversable.prototype.getPhysicalPath) {
        names.push(idAt(place));
        continue;
      }
      const at = objectAt(place) as Traversable;
      const { getPhysicalPath } = at;
      if (typeof getPhysicalPath !== 'function') break;
      names.push(...[...at.getPhysicalPath()].reverse());
      break;
    }
    return tupleFrom(names.reverse());
  }

  getPhysicalRoot(): object {
    return aqChain(aqInner(this)).at(-1) as object;
  }

  absolute_url(relative: unknown = 0): string {
    if (relative) return this.virtual_url_path();
    const request = getRequest();
    const path = this.getPhysicalPath();
    return request === undefined ? path.map(quote).join('/') : request.physicalPathToURL(path);
  }

  absolute_url_path(): string {
    const path = this.getPhysicalPath();
    return getRequest()?.physicalPathToURL(path, true) || path.map(quote).join('/') || '/';
  }

  virtual_url_path(): string {
    const path = this.getPhysicalPath();
    const names = getRequest()?.physicalPathToVirtualPath(path) ?? path;
    return names.map(quote).join('/');
  }

  tpURL(): string {
    return quote(this.getId());
  }

  tpValues(): unknown[] {
    return [];
  }

  getParentNode(): unknown {
    return aqParent(aqInner(this));
  }

  restrictedTraverse(path: string | readonly string[], ...fallback: [unknown?]): unknown {
    return restrictedTraverse(this, path, ...fallback);
  }

  unrestrictedTraverse(path: string | readonly string[], ...fallback: [unknown?]): unknown {
    return unrestrictedTraverse(this, path, ...fallback);
  }

  get REQUEST(): HTTPRequest | undefined {
    return getRequest();
  }
}

declareTraversal(Traversable.prototype.restrictedTraverse);

const view = { permission: Permissions.view };
declareClass(Traversable, {
  published: [
    'getParentNode',
    'absolute_url',
    'absolute_url_path',
    'virtual_url_path',
    'getId',
    'title_or_id',
    'title_and_id',
    'HEAD',
    'OPTIONS',
    'MKCOL',
  ],
  names: {
    getId: 'public',
    HEAD: view,
    OPTIONS: 'public',
    MKCOL: 'object',
    title_or_id: 'object',
    title_and_id: 'object',
    this: 'object',
    tpURL: 'object',
    tpValues: 'object',
    absolute_url: 'public',
    absolute_url_path: 'public',
    virtual_url_path: 'public',
    getPhysicalPath: 'public',
    getPhysicalRoot: 'private',
    getParentNode: { permission: Permissions.accessContentsInformation },
    restrictedTraverse: 'public',
    unrestrictedTraverse: 'private',
    REQUEST: 'public',
    title: 'object',
  },
  signatures: {
    HEAD: 'REQUEST, RESPONSE',
    OPTIONS: 'REQUEST, RESPONSE',
    absolute_url: 'relative=0',
    restrictedTraverse: 'path, default=None',
  },
});
