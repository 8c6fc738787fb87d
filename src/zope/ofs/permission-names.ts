/**
 * The permissions that can be set on an object (INVENTORY S-010): those that its class declares, and on a container all that there are,
 * since what it holds acquires the setting.
 */
import { classOf, getOwn } from '../../persistent/index.ts';
import { type Class, declarationsOf, declaredPermissions, permissionsIn } from '../../restricted/index.ts';
import { products } from './products.ts';

const ofClasses = new WeakMap<Class, readonly string[]>();

/** Names of the permissions that the declarations of a class and its bases use. */
function permissionsOfClass(cls: Class): readonly string[] {
  let names = ofClasses.get(cls);
  if (names === undefined) {
    const found = new Set<string>();
    const seen = new Set<string>();
    for (const declarations of declarationsOf(cls)) {
      // What a class guards anew is guarded by no permission of its bases.
      const own = Object.entries(declarations.names ?? {}).filter(([name]) => !seen.has(name));
      for (const [name] of own) seen.add(name);
      for (const permission of permissionsIn({ ...declarations, names: Object.fromEntries(own) }))
        found.add(permission);
    }
    ofClasses.set(cls, (names = [...found]));
  }
  return names;
}

/** Names of all permissions that classes declare, or that adding a product takes; sorted. */
export function allPermissions(): string[] {
  return [...new Set([...declaredPermissions(), ...products().map(({ permission }) => permission)])].sort();
}

/** What WebDAV's PROPPATCH takes, which any item has in Python, so that folders' settings and records name it. */
const OF_ALL_ITEMS = 'Manage properties';

/** Names of the permissions that can be set on an object; sorted. */
export function permissionsOf(object: object): string[] {
  return getOwn(object, 'isAnObjectManager') === undefined
    ? [...new Set([...permissionsOfClass(classOf(object) as Class), OF_ALL_ITEMS])].sort()
    : allPermissions();
}
