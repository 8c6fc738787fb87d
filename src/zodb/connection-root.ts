import { type PersistentMapping } from '../persistent/index.ts';
import type { Connection } from './connection.ts';

/** The root mapping of a database whose content has this type. */
export interface RootMapping<T extends object = Record<string, unknown>> extends Omit<
  PersistentMapping<string, unknown>,
  'get' | 'set' | 'has' | 'delete'
> {
  get<K extends keyof T & string>(key: K): T[K] | undefined;
  set<K extends keyof T & string>(key: K, value: T[K]): this;
  has(key: keyof T & string): boolean;
  delete(key: keyof T & string): boolean;
}

/**
 * `connection.root()` is the root mapping; `connection.root.name` reads and sets what it has under a name.
 */
export interface RootAccess {
  <T extends object = Record<string, unknown>>(): RootMapping<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- what is in the root has the type that the site says
  [name: string]: any;
}

export function rootAccess(connection: Connection): RootAccess {
  const mapping = () => connection.get(0) as PersistentMapping<string, unknown>;
  return new Proxy(mapping, {
    get: (target, name) => (typeof name === 'symbol' ? Reflect.get(target, name) : mapping().get(name)),
    set(_target, name, value) {
      if (typeof name === 'symbol') return false;
      mapping().set(name, value);
      return true;
    },
    has: (_target, name) => typeof name === 'string' && mapping().has(name),
    deleteProperty: (_target, name) => typeof name === 'string' && (mapping().delete(name), true),
  }) as unknown as RootAccess;
}
