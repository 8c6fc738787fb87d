/** Proxy roles: the rights that code has instead of those of who calls it (INVENTORY S-026). */
import { getSecurityManager } from '../../access/index.ts';
import { Forbidden } from '../../publisher/index.ts';
import { tupleFrom } from '../../pickle/index.ts';
import { namesOf } from './names.ts';

interface Executable {
  _proxy_roles: readonly string[];
  getId(): string;
}

/** Throws Forbidden unless the current user has one of `roles` (of the code's proxy roles): he could use them through it. */
export function validateProxy(code: Executable & object, roles: readonly string[] = code._proxy_roles): void {
  if (roles.length === 0) return;
  if (getSecurityManager().getUser().allowed(code, roles)) return;
  throw new Forbidden(
    `You are not authorized to change ${code.getId()} because you do not have its proxy roles.`,
  );
}

/** Gives code the proxy roles of a form. Throws Forbidden for roles that the current user, being no Manager, does not have. */
export function setProxyRoles(code: Executable & object, roles: unknown): void {
  const names = namesOf(roles).filter((role) => role !== '');
  if (!getSecurityManager().getUser().getRolesInContext(code).includes('Manager')) {
    for (const role of names) validateProxy(code, [role]);
    validateProxy(code);
  }
  code._proxy_roles = tupleFrom(names);
}
