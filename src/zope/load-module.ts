/** Loads modules of this package when they are needed. */
import { createRequire } from 'node:module';

/**
 * A module by its path (without an ending) from the module at `base`; `source` imports the same one. Compiled ones are loaded
 * by `require`: `import` reads each of a hundred modules in the thread pool, which takes half as long again.
 */
export async function loadModule<T>(base: string, path: string, source: () => Promise<T>): Promise<T> {
  return base.endsWith('.js') ? (createRequire(base)(`${path}.js`) as T) : source();
}
