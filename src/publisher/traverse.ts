/** From a URL to the object it names (INVENTORY 3.3). */
import {
  aqAcquire,
  aqBase,
  aqParent,
  classOf,
  hereOf,
  isPersistent,
  objectAt,
  ownAt,
  parentPlace,
  type Place,
  wasAcquired,
} from '../persistent/index.ts';
import { declaredRoles, factsOf, objectRoles, type Roles, requiredRoles } from '../access/index.ts';
import { type Class, type Declaration, KeyError } from '../restricted/index.ts';
import { NotFound } from './errors.ts';
import { type HTTPRequest, quote } from './request.ts';
import { resourceAt } from './resources.ts';
import { viewOf } from './views.ts';

/** What a URL leads to: an object, or a method of one. */
export interface Published {
  /** The object itself, or the method. */
  readonly value: unknown;
  /** The object whose method `value` is; undefined when `value` is no method. */
  readonly self: object | undefined;
  /** The name by which it was found. */
  readonly name: string;
  /** Roles that are needed; undefined: nothing was declared, so nobody may have it. */
  readonly roles: Roles | undefined;
}

/** A method, or an object that stands in for one. */
type TraversalHook =
  | ((object: object, request: HTTPRequest) => void)
  | { __call__(object: object, request: HTTPRequest): void };

/** Objects may take part in traversal with these methods. */
interface TraversalHooks {
  __before_publishing_traverse__?: TraversalHook;
  __bobo_traverse__?(request: HTTPRequest, name: string): unknown;
  __browser_default__?(request: HTTPRequest): readonly [object, readonly string[]];
  __getitem__?(name: string): unknown;
}

const UNREACHABLE = new Set(['REQUEST', 'aq_self', 'aq_base']);
/** Methods that end at the object's default page. */
const PAGE_METHODS = new Set(['GET', 'POST', 'PURGE']);

/** The names of a decoded path; `.` and empty ones count nothing, `..` goes back. Throws NotFound above the root. */
export function pathNames(path: string): string[] {
  const names: string[] = [];
  if (path === '/' || path === '') return names;
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (UNREACHABLE.has(name)) throw new NotFound(trimmed(path));
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) throw new NotFound(trimmed(path));
  }
  return names;
}

const trimmed = (path: string) => path.replaceAll(/^\/|\/$/g, '');

/** A method found by name, with the object it belongs to. */
interface Step {
  readonly value: unknown;
  readonly self: object | undefined;
  readonly container: object;
  /** Of a view, which tells itself who may see it. */
  readonly declaration?: Declaration;
  /** There is nothing of the name; what a HEAD names below is acquired through where it would be. */
  readonly nothing?: true;
}

const hooksOf = (object: object) => object as TraversalHooks;
const hasHook = (here: Place, name: keyof TraversalHooks) => typeof ownAt(here, name) === 'function';
const factsAbout = (object: object) => factsOf(classOf(object) as Class);

/**
 * An attribute of the object itself or of what it acquires from, as the publisher may see it. A method counts only
 * where its class declares it as published; `mayRefuse`: one that is declared and not published ends the search.
 */
export function findPublishable(object: object, name: string, mayRefuse = false): Step | undefined {
  const own = hereOf(object);
  for (let here: Place | null = own; here !== null; here = parentPlace(here)) {
    if (wasAcquired(here)) return acquirePublishable(object, name, mayRefuse);
    const value = ownAt(here, name);
    if (value === undefined) continue;
    const container = here === own ? object : objectAt(here);
    if (typeof value === 'function') {
      if (isPublished(container, name, mayRefuse)) return { value, self: container, container };
      continue;
    }
    return {
      // Read through the object, so that the value is wrapped in the context that the URL names.
      value: value === null || here === own ? value : (object as Record<string, unknown>)[name],
      self: undefined,
      container,
    };
  }
  return undefined;
}

/** The same where there is more than one way to the root: in the order in which attributes are acquired. */
function acquirePublishable(object: object, name: string, mayRefuse: boolean): Step | undefined {
  let step: Step | undefined;
  const filter = (_original: unknown, found: unknown, _name: string, value: unknown): boolean => {
    // A method of the object itself is called on it as the URL names it.
    const container = aqBase(found as object) === aqBase(object) ? object : (found as object);
    const isMethod = typeof value === 'function';
    if (isMethod && !isPublished(container, name, mayRefuse)) return false;
    step = { value, self: isMethod ? container : undefined, container };
    return true;
  };
  const value = aqAcquire(object, name, { filter, default: undefined });
  return step === undefined || step.self !== undefined ? step : { ...step, value };
}

/** Whether a method is published. What is declared is there and no page; of anything else of a class nobody outside knows. */
function isPublished(container: object, name: string, mayRefuse: boolean): boolean {
  const { published, declaration } = factsAbout(container).of(name);
  if (!published && declaration !== undefined && mayRefuse) throw new Hidden(`${name} is not publishable`);
  return published;
}

function ensurePublishable(step: Step, request: HTTPRequest): Step {
  if (step.self !== undefined) return step;
  const { value } = step;
  if (value === null || typeof value !== 'object' || !isPersistent(value) || !factsAbout(value).publishable)
    throw new Hidden(`The object at ${request.URL} is not publishable.`);
  return step;
}

/** Thrown for a name that may not be reached: the answer does not say that there is anything. */
class Hidden extends Error {
  readonly code = 'HIDDEN';
}

/** Whether a name belongs to a namespace: `@@view`, `++resource++name`. */
const isNamespaceName = (name: string) => name.startsWith('@@') || name.startsWith('++');

/** A view of an object (`@@name`, `++view++name`): called in place of a method. */
function findView(object: object, request: HTTPRequest, name: string): Step | undefined {
  const view = viewOf(name);
  if (view === undefined) return undefined;
  const render = () => view.render(object, request);
  return { value: render, self: object, container: object, declaration: view.declaration };
}

/** A file of the program's (`++resource++name/path`), which is named by all that is left of the path. */
function findResource(object: object, request: HTTPRequest, name: string): Step | undefined {
  const names = request.path.toReversed();
  const resource = resourceAt(name, names);
  if (resource === undefined) return undefined;
  request.path = [];
  // Between the site and the file: the site's error page is for what is in the site.
  request.parents.push(resource);
  for (const each of names) {
    const quoted = quote(each);
    request.URL += `/${quoted}`;
    request.quotedSteps.push(quoted);
  }
  const render = () => resource.render(request);
  return { value: render, self: object, container: object, declaration: resource.declaration };
}

/** `page`: the object's default page under this name, where it is known already. */
function traverseName(
  request: HTTPRequest,
  object: object,
  name: string,
  page?: Step,
  belowNothing?: boolean,
): Step {
  if (name === '.') return { value: object, self: undefined, container: object };
  if (name.startsWith('_')) throw new Hidden(`Object name begins with an underscore at: ${request.URL}`);
  if (isNamespaceName(name)) {
    const view = findView(object, request, name) ?? findResource(object, request, name);
    if (view === undefined) throw new NotFound(request.URL);
    return view;
  }
  if (belowNothing) {
    const acquired = findPublishable(object, name, true);
    if (acquired === undefined) throw new NotFound('The requested resource was not found.');
    return ensurePublishable(acquired, request);
  }
  const here = hereOf(object);
  if (hasHook(here, '__bobo_traverse__')) {
    const value = hooksOf(object).__bobo_traverse__!(request, name);
    if (value !== undefined) return ensurePublishable({ value, self: undefined, container: object }, request);
  }
  const found = page ?? findPublishable(object, name, true);
  if (found !== undefined) return ensurePublishable(found, request);
  if (hasHook(here, '__getitem__')) {
    const value = itemOf(object, name);
    if (value !== undefined) return ensurePublishable({ value, self: undefined, container: object }, request);
    if (request.method === 'HEAD') return nothing(request, object);
  }
  throw missing(request, object, name);
}

function itemOf(object: object, name: string): unknown {
  try {
    return hooksOf(object).__getitem__!(name);
  } catch (error) {
    if (error instanceof KeyError) return undefined;
    throw error;
  }
}

/**
 * What a HEAD finds where nothing is in a folder, as a resource that could be made there answers: who may see the folder learns that there is
 * nothing, by an answer without a body.
 */
function nothing(request: HTTPRequest, object: object): Step {
  if (request.path.length > 0) return { value: object, self: undefined, container: object, nothing: true };
  const { response } = request;
  const render = () => {
    response.setHeader('Accept-Ranges', 'none');
    response.setHeader('Content-Length', 0);
    response.setHeader('Content-Type', `text/html; charset=${response.charset}`);
    response.setBody('', '', false, true);
    throw new NotFound('The requested resource does not exist.');
  };
  return { value: render, self: object, container: object, declaration: { permission: 'View' } };
}

function missing(request: HTTPRequest, object: object, name: string): Error {
  const { response } = request;
  // The root says what it was asked for, as Python's does.
  const atRoot = aqParent(object) === null;
  try {
    if (response.debugMode && !atRoot) return response.debugError(`Cannot locate object at: ${request.URL}`);
    return response.notFoundError(atRoot ? `${name}\n${request.method}` : request.URL);
  } catch (error) {
    return error as Error;
  }
}

/** What was reached so far, for the roles of an object that says nothing of its own: those of the one before it hold. */
interface Reached {
  readonly step: Step;
  readonly name: string;
  readonly before: Reached | undefined;
}

function rolesOfReached(reached: Reached | undefined, root: object): Roles | undefined {
  for (let at = reached; at !== undefined; at = at.before) {
    const { step, name } = at;
    if (step.declaration !== undefined) return declaredRoles(step.declaration, step.container);
    if (step.self !== undefined) return requiredRoles(step.self, name, step.value);
    const roles = objectRoles(step.value) ?? requiredRoles(step.container, name, step.value);
    if (roles !== undefined) return roles;
  }
  return objectRoles(root);
}

/**
 * Traverses a decoded path from the root; fills in the request's steps, URL and parents (innermost first). `redirected`: a button
 * of a form has named the end of the path.
 */
export function traverse(request: HTTPRequest, root: object, path: string, redirected = false): Published {
  const names = pathNames(path);
  request.ACTUAL_URL = request.URL + quote(path);
  // Hooks see, and may change, the objects so far: the root first.
  const parents: object[] = [root];
  request.parents = parents;
  request.beginTraversal();
  request.path = names.reverse();
  let object = root;
  let self: object | undefined;
  let value: unknown = root;
  let name = '';
  let reached: Reached | undefined;
  let defaultName = PAGE_METHODS.has(request.method) ? 'index_html' : request.method;
  let atDefault = redirected;
  try {
    for (;;) {
      if (self === undefined && !reached?.step.nothing) callBeforeTraversal(object, request);
      let next: string;
      let page: Step | undefined;
      if (request.path.length > 0) {
        next = request.path.pop()!;
        // A button on a page of the management interface names a method of the object that the page is of.
        if (self !== undefined && !(redirected && request.path.length === 0))
          return request.response.notFoundError(`${request.URL}/${quote(next)}`);
      } else {
        if (self !== undefined) break;
        let more: readonly string[] = NO_NAMES;
        if (hasHook(hereOf(object), '__browser_default__')) {
          [object, more] = hooksOf(object).__browser_default__!(request);
        }
        if (more.length > 1) {
          request.path = more.slice(0, -1).reverse();
          defaultName = more.at(-1)!;
          atDefault = true;
          continue;
        }
        if (more.length === 1) next = more[0]!;
        else {
          if (defaultName === '' || name === defaultName) break;
          page = findPublishable(object, defaultName);
          if (page === undefined || page.value === null) break;
          next = defaultName;
          defaultName = 'index_html';
        }
        atDefault = true;
      }
      const quoted = quote(next);
      request.URL += `/${quoted}`;
      request.quotedSteps.push(quoted);
      let step: Step;
      try {
        step = traverseName(request, object, next, page, reached?.step.nothing);
      } catch (error) {
        if (!(error instanceof Hidden)) throw error;
        if (request.response.debugMode) return request.response.debugError(`('${error.message}',)`, true);
        return request.response.notFoundError(next);
      }
      name = next;
      ({ value, self } = step);
      reached = { step, name, before: reached };
      if (self === undefined) object = value as object;
      parents.push((value ?? object) as object);
      request.steps.push(name);
    }
  } finally {
    // From here on the innermost comes first, also for who looks for an error page.
    parents.reverse();
  }
  if (self === undefined) value = object;
  else if (request.method !== 'POST' && factsAbout(self).of(name).postOnly) {
    // As if it were no page, whoever asks.
    return request.response.notFoundError(name);
  }
  if (atDefault) request.response.setBase(request.URL.slice(0, request.URL.lastIndexOf('/')));
  parents.shift();
  if (self !== undefined && request.parents.length === 0) request.parents = [root];
  request.published = value;
  return { value, self, name, roles: rolesOfReached(reached, root) };
}

const NO_NAMES: readonly string[] = [];

function callBeforeTraversal(object: object, request: HTTPRequest): void {
  const hook = ownAt(hereOf(object), '__before_publishing_traverse__') as TraversalHook | undefined;
  if (hook === undefined) return;
  if (typeof hook === 'function') hook.call(object, object, request);
  else hook.__call__(object, request);
}

/** The object that a user folder is asked about, and the one that physically contains it. */
export function accessContext(
  request: HTTPRequest,
  published: Published,
): { object: object; container: object } {
  if (published.self !== undefined) return { object: published.self, container: published.self };
  const object = published.value as object;
  const parent = aqParent(object) as object | null;
  return { object, container: parent ?? request.parents[0] ?? object };
}
