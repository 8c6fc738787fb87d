/**
 * Zope's security policy (INVENTORY S-019 to S-032): may the current user, and the code that acts for him, reach a value.
 */
import { aqBase, aqInner, aqParent, classOf, getOwn, isPersistent } from '../persistent/index.ts';
import type { Class, Declaration, SecurityPolicy } from '../restricted/index.ts';
import { type ClassFacts, factsOf } from './class-facts.ts';
import { type Roles, rolesForPermissionOn } from './roles.ts';
import { getSecurityManager } from './security-manager.ts';

const VALID_AQ = new Set(['aq_parent', 'aq_inner', 'aq_explicit']);
const NOBODY: Roles = [];
const PUBLIC = ['Anonymous'];

/** Roles that a declaration demands on an object. */
export function declaredRoles(declaration: Declaration, object: unknown): Roles {
  if (declaration === 'public') return null;
  if (declaration === 'private') return NOBODY;
  if (declaration === 'object') return rolesAround(object);
  return rolesForPermissionOn(declaration.permission, object);
}

function factsAbout(object: unknown): ClassFacts | undefined {
  return object !== null && typeof object === 'object' ? factsOf(classOf(object) as Class) : undefined;
}

/** Roles that `object` itself demands; undefined when its class declares nothing. */
export function objectRoles(object: unknown): Roles | undefined {
  const declaration = factsAbout(object)?.object;
  return declaration === undefined ? undefined : declaredRoles(declaration, object);
}

/** Roles needed for a value found as `name` in `container`; undefined: out of reach for everybody. */
export function requiredRoles(
  container: unknown,
  name: string | number | undefined,
  value: unknown,
): Roles | undefined {
  if (value !== null && typeof value === 'object' && isPersistent(value)) {
    const own = objectRoles(value);
    if (own !== undefined) return own;
  }
  const facts = factsAbout(container);
  if (facts === undefined) return undefined;
  if (typeof name === 'string') {
    const declared = facts.of(name).declaration;
    if (declared !== undefined) return declaredRoles(declared, container);
  }
  // A method that nothing declares is an implementation detail, whatever the class says of its data.
  if (typeof value === 'function') return undefined;
  return facts.allowsUndeclared ? rolesAround(container) : undefined;
}

/** Roles that an object demands, or the first around it that demands any. */
function rolesAround(object: unknown): Roles {
  let at = object as object | null;
  while (at !== null && typeof at === 'object') {
    const declaration = factsAbout(at)?.object;
    if (declaration !== undefined && declaration !== 'object') return declaredRoles(declaration, at);
    at = aqParent(aqInner(at)) as object | null;
  }
  return null;
}

/** The policy of Zope, with the settings that `zope.conf` gives it. */
export class ZopeSecurityPolicy implements SecurityPolicy {
  /** Whether code may do no more than its owner may (`skip-ownership-checking` is off). Default true. */
  readonly ownerous: boolean;
  /** Whether the roles of a user who has logged in count at all (`skip-authentication-checking` is off). Default true. */
  readonly authenticated: boolean;

  constructor(options: { ownerous?: boolean; authenticated?: boolean } = {}) {
    this.ownerous = options.ownerous ?? true;
    this.authenticated = options.authenticated ?? true;
  }

  validate(
    _accessed: unknown,
    container: unknown,
    name: string | number | undefined,
    value: unknown,
  ): boolean {
    if (typeof name === 'string' && name.startsWith('aq_') && !VALID_AQ.has(name)) return false;
    const roles = requiredRoles(container, name, value);
    if (roles === undefined) return false;
    return this.allows(roles, isWrappable(value) ? value : container, container);
  }

  checkPermission(permission: string, object: unknown): boolean {
    const roles = rolesForPermissionOn(permission, object);
    // Other than for a value, what the code may comes first: proxy roles that lack the permission lack it also where everybody has it.
    const verdict = this.#ofExecutable(roles ?? PUBLIC, object, object);
    if (verdict !== undefined) return verdict;
    return (
      this.#isPublic(roles) || (this.authenticated && getSecurityManager().getUser().allowed(object, roles))
    );
  }

  /** The checks that follow once the roles are known: the code's owner, its proxy roles, the user. */
  allows(roles: Roles, object: unknown, container: unknown): boolean {
    if (this.#isPublic(roles)) return true;
    const verdict = this.#ofExecutable(roles!, object, container);
    if (verdict !== undefined) return verdict;
    return this.authenticated && getSecurityManager().getUser().allowed(object, roles);
  }

  #isPublic(roles: Roles): boolean {
    return roles === null || roles.includes('Anonymous');
  }

  /** What the code that runs says: its owner and its proxy roles; undefined: it is up to the user. */
  #ofExecutable(roles: readonly string[], object: unknown, container: unknown): boolean | undefined {
    const executable = getSecurityManager().stack.at(-1);
    if (executable === undefined) return undefined;
    if (this.ownerous) {
      const owner = executable.getOwner();
      if (owner !== null && !owner.allowed(object, roles)) return false;
    }
    const proxyRoles = executable._proxy_roles;
    if (proxyRoles === undefined || proxyRoles.length === 0) return undefined;
    const owner = executable.getWrappedOwner();
    const wrapped = container !== null && typeof container === 'object' && isPlaced(container);
    if (owner !== null && wrapped && !owner._check_context(container)) return false;
    return proxyRoles.some((role) => roles.includes(role));
  }
}

/** Whether an object is in a place: the root of a site is, which has no wrapper of its own here. */
const isPlaced = (object: object): boolean =>
  aqBase(object) !== object ||
  (isPersistent(object) && getOwn(object, 'isTopLevelPrincipiaApplicationObject') !== undefined);

function isWrappable(value: unknown): boolean {
  return value !== null && typeof value === 'object' && isPersistent(value);
}
