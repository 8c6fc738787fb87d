import { type Class, ClassInfo, Persistent } from '../persistent/index.ts';

/** Where a broken object keeps a state that is no dict of attributes. */
export const BROKEN_STATE = '__Broken_state__';

/**
 * An object whose class is not there. Its attributes can be read; what it stores is kept as it is. Changing it is refused
 * unless the database is told to allow it.
 */
export class Broken extends Persistent {}

const infos = new Map<string, ClassInfo>();
let base: Class = Broken;

/**
 * Sets the class that stands in for missing ones, e.g. to give broken objects of a site the context and the management
 * screens of other content. Applies to classes not met so far.
 */
export function setBrokenBase(cls: Class): void {
  base = cls;
}

/** What is known of a class that is missing. */
export function brokenInfo(module: string, name: string): ClassInfo {
  const dotted = `${module}.${name}`;
  let info = infos.get(dotted);
  if (info === undefined) {
    const cls = { [name]: class extends (base as new () => object) {} }[name] as Class;
    infos.set(dotted, (info = new ClassInfo(cls, [module, name], true)));
  }
  return info;
}

/** The names of the missing classes that records of this process have asked for. */
export function brokenClasses(): string[] {
  return [...infos.keys()];
}
