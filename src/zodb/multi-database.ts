import { metaOf, Persistent, registerClass, wrap } from '../persistent/index.ts';
import type { Connection } from './connection.ts';
import { ConnectionStateError } from './connection-errors.ts';

/**
 * An object of another database in the place of this one: reading it from an object gives what the other database has at the
 * path, in the context of the object.
 */
export class MountPoint extends Persistent {
  database: string;
  /** Keys and attributes from the root of the other database, e.g. `Application/temp_folder`. */
  path: string;

  constructor(database: string, path: string) {
    super();
    this.database = database;
    this.path = path;
  }

  __of__(parent: object): object {
    const connection = metaOf(this)!.jar as Connection | null;
    if (connection === null)
      throw new ConnectionStateError(
        `the mount point ${this.database}:${this.path} is not in a database yet`,
      );
    return wrap(connection.getConnection(this.database).traverse<object>(this.path), parent);
  }
}
registerClass(MountPoint, 'zope_ts.zodb.MountPoint');
