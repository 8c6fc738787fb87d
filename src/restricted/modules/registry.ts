/** Modules that scripts may import (INVENTORY S-038, S-072): default deny, each name on its own. */
import { guardedGetattr } from '../guards/attributes.ts';
import { ImportError, Unauthorized } from '../runtime/errors.ts';
import { PyModule } from '../runtime/objects.ts';

const modules = new Map<string, PyModule>();

export interface ModuleOptions {
  /** Names that exist in Python's module and are refused; others that are absent are missing. */
  readonly denied?: readonly string[];
}

/**
 * Offers a module to `import` and to `modules[…]`. A module may be registered in parts; a dotted name makes its packages
 * known, with nothing in them but the way to the module.
 */
export function registerModule(
  name: string,
  names: Readonly<Record<string, unknown>>,
  options: ModuleOptions = {},
): void {
  const before = modules.get(name);
  const denied = new Set([...(before?.denied ?? []), ...(options.denied ?? [])]);
  const module = new PyModule(name, before?.names ?? new Map(), denied);
  for (const [key, value] of Object.entries(names)) module.names.set(key, value);
  modules.set(name, module);
  const dot = name.lastIndexOf('.');
  if (dot === -1) return;
  const parent = name.slice(0, dot);
  if (!modules.has(parent)) registerModule(parent, {});
  modules.get(parent)!.names.set(name.slice(dot + 1), module);
}

/** The module of a dotted name, for trusted code. */
export function findModule(name: string): PyModule | undefined {
  return modules.get(name);
}

function load(name: string): PyModule {
  const module = modules.get(name);
  if (module === undefined) throw new Unauthorized(`import of '${name}' is unauthorized`);
  return module;
}

/** `import a.b` gives `a`; `import a.b as c` gives `b`. */
export function importModule(name: string, whole: boolean): PyModule {
  const module = load(name);
  return whole ? module : load(name.split('.')[0]!);
}

const ZOPES_OWN = /^(?:AccessControl|DateTime|Products|ZTUtils|zExceptions)(?:\.|$)/;

/** `from module import names`. */
export function importFrom(name: string, names: readonly string[], level: number): unknown[] {
  if (level > 0)
    throw new Unauthorized(
      `Using import with a level specification isn't supported by AccessControl: ${name}`,
    );
  const module = load(name);
  return names.map((wanted) => {
    if (!module.names.has(wanted) && !module.denied.has(wanted)) {
      // Of Zope's own modules scripts may have what is declared: they do not even learn what is not there.
      if (ZOPES_OWN.test(name)) throw new Unauthorized(wanted);
      throw new ImportError(`cannot import name '${wanted}' from '${name}' (unknown location)`);
    }
    return guardedGetattr(module, wanted);
  });
}

/** `modules['a.b']` of expressions. */
export function moduleItem(name: string): PyModule {
  return load(name);
}
