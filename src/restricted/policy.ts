/** Decides what untrusted code may reach. `access/` installs Zope's policy; without one everything is denied. */
export interface SecurityPolicy {
  /**
   * Whether the current user and the code that runs may reach `value`, which was found as `name` in `container`
   * (`name` undefined or a number: an item). `accessed` is the object through which it was found.
   * Returns false to deny; may throw an `Unauthorized` of its own that says more.
   */
  validate(accessed: unknown, container: unknown, name: string | number | undefined, value: unknown): boolean;
  /** Whether the current user has a permission on an object. */
  checkPermission(permission: string, object: unknown): boolean;
}

const denyAll: SecurityPolicy = { validate: () => false, checkPermission: () => false };
let current: SecurityPolicy = denyAll;

/** Installs the policy of this thread and returns the one before. */
export function setSecurityPolicy(policy: SecurityPolicy): SecurityPolicy {
  const before = current;
  current = policy;
  return before;
}

export function getSecurityPolicy(): SecurityPolicy {
  return current;
}
