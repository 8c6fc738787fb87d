/**
 * Security declarations of classes: what of a class may be reached from untrusted code and from a URL, and how its
 * methods are called by keyword. Default deny: a name that no class of the chain declares is out of reach.
 *
 * A declaration says only *which permission* guards a name; who has the permission is decided by the security policy
 * for the object at hand (roles are acquired).
 */

/** `'public'`: anybody; `'private'`: nobody but trusted code; `'object'`: whoever may have the object; otherwise `{ permission }`. */
export type Declaration = 'public' | 'private' | 'object' | { readonly permission: string };

export interface ClassDeclarations {
  /** Guards the object itself when it is published or reached as a value. Inherited; without one: default deny. */
  readonly object?: Declaration;
  /**
   * For names that the object has and nothing declares: `'deny'` unless told. `'allow'` gives every name that does not
   * begin with an underscore (Python's `__allow_access_to_unprotected_subobjects__ = 1`).
   */
  readonly default?: 'deny' | 'allow';
  readonly names?: Readonly<Record<string, Declaration>>;
  /** Roles that have a permission where no object of the chain says otherwise; default `['Manager']`. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** Names that a URL may call; everything else of the class is no page. Inherited names add up. */
  readonly published?: readonly string[];
  /** Inherited names that a URL may not call here. */
  readonly unpublished?: readonly string[];
  /** Published names that change something: only a POST from the site itself may call them. */
  readonly postOnly?: readonly string[];
  /** Published names that change something and are called by links too: never by a page of another site. */
  readonly changes?: readonly string[];
  /** Whether a URL may lead to, or through, instances. Inherited; false unless told. */
  readonly publishable?: boolean;
  /** Python parameter lists without `self`, e.g. `{ manage_addFolder: "id, title='', REQUEST=None" }`. */
  readonly signatures?: Readonly<Record<string, string>>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- any class, whatever its constructor takes
export type Class = abstract new (...args: any[]) => object;

const table = new WeakMap<Class, ClassDeclarations>();
const permissions = new Set<string>();
let generation = 0;

/** Declares a class once, next to its definition. A second declaration of the same class is an error. */
export function declareClass(cls: Class, declarations: ClassDeclarations): void {
  if (table.has(cls)) throw new Error(`${cls.name} has been declared before`);
  table.set(cls, declarations);
  for (const name of permissionsIn(declarations)) permissions.add(name);
  chains = new WeakMap();
  generation++;
}

/** The names of the permissions that one declaration speaks of. */
export function permissionsIn({ names, object, roles }: ClassDeclarations): Set<string> {
  const found = new Set(Object.keys(roles ?? {}));
  for (const guard of [object, ...Object.values(names ?? {})])
    if (typeof guard === 'object') found.add(guard.permission);
  return found;
}

/** The names of all permissions that any class has declared so far. */
export function declaredPermissions(): ReadonlySet<string> {
  return permissions;
}

/** Counts declarations made: caches that hold an answer of this file compare it. */
export function declarationGeneration(): number {
  return generation;
}

/** Chains of classes, made once: they are asked for with every guarded access. */
let chains = new WeakMap<Class, readonly ClassDeclarations[]>();

/** The declarations of a class and its bases, nearest first. */
export function declarationsOf(cls: Class): readonly ClassDeclarations[] {
  let chain = chains.get(cls);
  if (chain === undefined) {
    const found: ClassDeclarations[] = [];
    for (
      let at: Class | null = cls;
      at !== null && at !== Function.prototype;
      at = Object.getPrototypeOf(at)
    ) {
      const own = table.get(at);
      if (own !== undefined) found.push(own);
    }
    chains.set(cls, (chain = found));
  }
  return chain;
}

/** What guards `name` on instances of `cls`; undefined when nothing declares it (deny). */
export function declarationOf(cls: Class, name: string): Declaration | undefined {
  for (const { names, default: fallback } of declarationsOf(cls)) {
    if (names !== undefined && Object.hasOwn(names, name)) return names[name];
    if (fallback === 'deny') return undefined;
    if (fallback === 'allow') return name.startsWith('_') ? undefined : 'public';
  }
  return undefined;
}

/** What guards instances of `cls` themselves. */
export function objectDeclarationOf(cls: Class): Declaration | undefined {
  for (const { object } of declarationsOf(cls)) if (object !== undefined) return object;
  return undefined;
}

/** The Python parameter list of a method, without `self`. */
export function signatureTextOf(cls: Class, method: string): string | undefined {
  for (const { signatures } of declarationsOf(cls)) {
    if (signatures !== undefined && Object.hasOwn(signatures, method)) return signatures[method];
  }
  return undefined;
}

/** Answers of `namedDeclarationOf`, dropped when a class is declared: it is asked for every guarded access. */
let named = new WeakMap<Class, Map<string, Declaration | undefined>>();
let namedGeneration = -1;

/** What guards `name` where a class of the chain declares that very name; defaults do not count. */
export function namedDeclarationOf(cls: Class, name: string): Declaration | undefined {
  if (namedGeneration !== generation) {
    named = new WeakMap();
    namedGeneration = generation;
  }
  let known = named.get(cls);
  if (known === undefined) named.set(cls, (known = new Map()));
  const found = known.get(name);
  if (found !== undefined || known.has(name)) return found;
  const declaration = findNamedDeclaration(cls, name);
  // Names may come from untrusted code: no more than a class could have.
  if (known.size < MAX_NAMES) known.set(name, declaration);
  return declaration;
}

const MAX_NAMES = 1000;

function findNamedDeclaration(cls: Class, name: string): Declaration | undefined {
  for (const { names } of declarationsOf(cls)) {
    if (names !== undefined && Object.hasOwn(names, name)) return names[name];
  }
  return undefined;
}

/** Whether instances of `cls` give their data attributes that nothing declares. */
export function allowsUndeclared(cls: Class): boolean {
  for (const { default: fallback } of declarationsOf(cls))
    if (fallback !== undefined) return fallback === 'allow';
  return false;
}

/** Whether a URL may call the method `name` of instances of `cls`. */
export function isPublishedName(cls: Class, name: string): boolean {
  for (const { published, unpublished, postOnly, changes } of declarationsOf(cls)) {
    if (unpublished?.includes(name)) return false;
    if (published?.includes(name) || postOnly?.includes(name) || changes?.includes(name)) return true;
  }
  return false;
}

/** Whether the published method `name` changes something, so that a page of another site may not call it. */
export function isChanging(cls: Class, name: string): boolean {
  for (const { postOnly, changes } of declarationsOf(cls))
    if (postOnly?.includes(name) || changes?.includes(name)) return true;
  return false;
}

/** Whether only a POST may call the method `name`. */
export function isPostOnly(cls: Class, name: string): boolean {
  for (const { postOnly } of declarationsOf(cls)) if (postOnly?.includes(name)) return true;
  return false;
}

/** Whether a URL may lead to, or through, instances of `cls`. */
export function isPublishable(cls: Class): boolean {
  for (const { publishable } of declarationsOf(cls)) if (publishable !== undefined) return publishable;
  return false;
}
