/**
 * Hooks that run before a container is traversed (INVENTORY P-040): kept in the container's `__before_traverse__`, run by the object
 * in its `__before_publishing_traverse__`.
 */
import { getLogger } from '@logtape/logtape';
import { aqBase, classOf, getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, GlobalRef, Instance, Tuple, tuple } from '../../pickle/index.ts';
import { call, PyError, typeName } from '../../restricted/index.ts';
import type { HTTPRequest } from '../../publisher/index.ts';
import { noteOnce } from '../threads/process-services.ts';

const logger = getLogger(['ZPublisher']);
const HOOK = '__before_publishing_traverse__';

interface Hook {
  __call__(container: object, request: HTTPRequest): unknown;
}

/** Calls the container class's own hook, the hook that was there before, then those in its list. Replaced, never changed. */
export class MultiHook implements Hook {
  readonly _hookname: string;
  readonly _prior: Hook | null;
  readonly _defined_in_class: unknown;
  readonly _list: readonly Hook[];

  constructor(prior: Hook | null, definedInClass: boolean, hooks: readonly Hook[]) {
    this._hookname = HOOK;
    this._prior = prior;
    this._defined_in_class = definedInClass;
    this._list = hooks;
  }

  __call__(container: object, request: HTTPRequest): void {
    if (this._defined_in_class) {
      const { prototype } = classOf(container) as { prototype: Record<string, unknown> };
      const own = prototype[this._hookname];
      if (typeof own === 'function') own.call(container, container, request);
    }
    this._prior?.__call__(container, request);
    for (const hook of this._list) {
      if (typeof hook.__call__ === 'function') hook.__call__(container, request);
      else reportUnknown(hook);
    }
  }
}

const reported = new Set<string>();

/** Warns, once for each class in all threads, that a hook is left out because its class is not there and nobody knows what it would do. */
function reportUnknown(hook: object): void {
  const name = hook instanceof Instance && hook.cls instanceof GlobalRef ? hook.cls.name : typeName(hook);
  if (reported.has(name)) return;
  reported.add(name);
  noteOnce(`${HOOK}: a hook of the unknown class ${name} is not called`);
}

/** Calls what the container has, or acquires, under a name; a container that has nothing of this name goes on without. */
export class NameCaller implements Hook {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  __call__(container: object, request: HTTPRequest): void {
    const method = (container as Record<string, unknown>)[this.name];
    if (method === undefined || method === null) return;
    try {
      if (typeof method === 'function') method.call(container, container, request);
      else if (typeof getOwn(method, '__traverse_hook__') === 'function')
        (method as unknown as { __traverse_hook__(c: object, r: HTTPRequest): void }).__traverse_hook__(
          container,
          request,
        );
      else call(method, [container, request, null].slice(0, argumentCount(method)));
    } catch (error) {
      // A site with a faulty rule must stay reachable, or nobody could repair it. Exceptions that are raised on purpose go on.
      if (!(error instanceof PyError) || !LOGIC_ERRORS.has(error.name)) throw error;
      logger.error(`BeforeTraverse: Error while invoking hook: "${this.name}": {error}`, { error });
    }
  }
}

const LOGIC_ERRORS = new Set([
  'ArithmeticError',
  'AttributeError',
  'FloatingPointError',
  'OSError',
  'ImportError',
  'IndexError',
  'KeyError',
  'OverflowError',
  'TypeError',
  'ValueError',
  'ZeroDivisionError',
]);

/** How many arguments a script in the database takes; it tells by its stored `__code__`. */
function argumentCount(method: object): number {
  const code = getOwn(aqBase(method) as object, '__code__') as { co_argcount?: unknown } | undefined;
  return typeof code?.co_argcount === 'number' ? code.co_argcount : 2;
}

for (const [cls, name] of [
  [MultiHook, 'MultiHook'],
  [NameCaller, 'NameCaller'],
] as const)
  registerClass(cls, `ZPublisher.BeforeTraverse.${name}`, { python: true, immutable: true });

type Hooks = Dict<Tuple<unknown>, Hook>;

function hooksOf(container: object): Hooks {
  const hooks = getOwn(container, '__before_traverse__');
  return new Dict((hooks as Hooks | undefined) ?? []);
}

function setHooks(container: object, hooks: Hooks): void {
  const attributes = container as Record<string, unknown>;
  const sorted = [...hooks].sort(
    ([a], [b]) => Number(a[0]) - Number(b[0]) || (String(a[1]) < String(b[1]) ? -1 : 1),
  );
  const before = Object.getOwnPropertyDescriptor(container, HOOK)?.value as Hook | undefined;
  const prior = before instanceof MultiHook ? before._prior : (before ?? null);
  const { prototype } = classOf(container) as { prototype: object };
  attributes.__before_traverse__ = hooks;
  attributes[HOOK] = new MultiHook(
    prior,
    HOOK in prototype,
    sorted.map(([, hook]) => hook),
  );
}

/** Has `hook` called before `container` is traversed, in the order of priorities. `handle` names who registered it. */
export function registerBeforeTraverse(container: object, hook: Hook, handle: string, priority = 99): void {
  const hooks = hooksOf(container);
  hooks.set(tuple<unknown[]>(priority, handle) as Tuple<unknown>, hook);
  setHooks(container, hooks);
}

export function unregisterBeforeTraverse(container: object, handle: string): void {
  const hooks = hooksOf(container);
  const found = [...hooks.keys()].filter((key) => key[1] === handle);
  if (found.length === 0) return;
  for (const key of found) hooks.delete(key);
  setHooks(container, hooks);
}

/** Whether something is registered under `handle`. */
export function hasBeforeTraverse(container: object, handle: string): boolean {
  return [...hooksOf(container).keys()].some((key) => key[1] === handle);
}
