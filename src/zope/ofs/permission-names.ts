/** Which permissions mean something on an object: those that its class declares, and for containers those of what can be added. */
import { classOf, getOwn } from '../../persistent/index.ts';
import { type Class, declarationsOf } from '../../restricted/index.ts';
import { products } from './products.ts';

const known = new WeakMap<Class, readonly string[]>();

/** Names of the permissions that the declarations of a class and its bases use. */
function declared(cls: Class): readonly string[] {
  let names = known.get(cls);
  if (names === undefined) {
    const found = new Set<string>();
    for (const { names: guards, object, roles } of declarationsOf(cls)) {
      for (const guard of [object, ...Object.values(guards ?? {})])
        if (typeof guard === 'object') found.add(guard.permission);
      for (const name of Object.keys(roles ?? {})) found.add(name);
    }
    names = [...found];
    known.set(cls, names);
  }
  return names;
}

/** All permissions that can be set on an object, sorted. */
export function permissionsOf(object: object): string[] {
  const cls = classOf(object) as Class;
  const found = new Set(declared(cls));
  if (getOwn(object, 'isAnObjectManager') !== undefined)
    for (const { permission } of products()) found.add(permission);
  return [...found].sort();
}
