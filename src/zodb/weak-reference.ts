import { KEY } from '../pickle/index.ts';
import { metaOf, type Oid, type PersistentMeta } from '../persistent/index.ts';

/** What a weak reference needs of its connection. */
export interface WeakHost {
  readonly db: { readonly databaseName: string };
  /** The record in memory of an object; undefined when there is no such object. */
  lookUp(oid: Oid): PersistentMeta | undefined;
  getConnection(name: string): WeakHost;
}

/**
 * A reference to a persistent object that does not keep it in the database (Python's `persistent.wref.WeakRef`): when nothing
 * else refers to the object, the next pack removes it.
 */
export class PersistentWeakRef<T extends object = object> {
  readonly #target:
    | PersistentMeta
    | { readonly host: WeakHost; readonly oid: Oid; readonly database: string };

  constructor(target: T | { readonly host: WeakHost; readonly oid: Oid; readonly database: string }) {
    const meta = metaOf(target);
    if (meta !== undefined) this.#target = meta;
    else if ('host' in target) this.#target = target;
    else throw new TypeError('a weak reference is to a persistent object');
  }

  /** The object; undefined when it is not there any more. */
  get(): T | undefined {
    const target = this.#target;
    if (!('host' in target)) return target.object as T;
    const { host, oid, database } = target;
    const home = database === host.db.databaseName ? host : host.getConnection(database);
    return home.lookUp(oid)?.object as T | undefined;
  }

  /** The object's record, or where it is: for writing the reference. */
  get target(): PersistentMeta | { readonly oid: Oid; readonly database: string } {
    return this.#target;
  }

  /** Two references to one object are one key. */
  [KEY](): string {
    const { oid } = this.#target;
    const database =
      'host' in this.#target
        ? this.#target.database
        : (this.#target.jar as unknown as WeakHost | null)?.db.databaseName;
    return oid === undefined ? `weak:${identity(this.#target)}` : `weak:${database}:${oid}`;
  }
}

const identities = new WeakMap<object, number>();
let last = 0;

/** A number for an object that has no oid yet. */
function identity(target: object): number {
  let number = identities.get(target);
  if (number === undefined) identities.set(target, (number = ++last));
  return number;
}
