/** `propertysheets`: an object's properties in sets, each with an XML namespace (INVENTORY O-013; Python's `OFS.PropertySheets`). */
import { aqInner, aqParent, getOwn, registerClass, wrap } from '../../persistent/index.ts';
import { Dict, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, IndexError, registerType, ValueError } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { lookup } from 'mrmime';
import { Traversable } from './traversable.ts';

type PropertyRecord = Dict;

/** What a sheet needs of the object whose properties it shows. */
interface Owner {
  readonly _properties: readonly PropertyRecord[];
  readonly isPrincipiaFolderish?: unknown;
  readonly _p_mtime?: number | null;
  manage_changeProperties(request: null, values: Dict<string, unknown>): unknown;
  get_size?(): number;
  getId(): string;
  title_or_id(): string;
}

/** A set of properties that keeps the values itself. */
export class PropertySheet extends Traversable {
  declare _md: Dict;
  declare _properties: readonly PropertyRecord[];

  override getId(): string {
    return this.id;
  }

  xml_namespace(): unknown {
    return this._md.get('xmlns') ?? '';
  }

  _propertyMap(): readonly PropertyRecord[] {
    return this._properties;
  }

  _value(id: string): unknown {
    return getOwn(this, id) ?? null;
  }

  propertyMap(): Tuple<PropertyRecord> {
    return tupleFrom(this._propertyMap().map((record) => new Dict(record)));
  }

  propertyInfo(id: string): PropertyRecord {
    const found = this._propertyMap().find((record) => record.get('id') === id);
    if (found === undefined) throw new ValueError(`The property ${id} does not exist.`);
    return new Dict(found);
  }

  propertyIds(): string[] {
    return this._propertyMap().map((record) => record.get('id') as string);
  }

  propertyValues(): unknown[] {
    return this.propertyIds().map((id) => this._value(id));
  }

  propertyItems(): Tuple<unknown>[] {
    return this.propertyIds().map((id) => tuple(id, this._value(id)));
  }

  hasProperty(id: string): number {
    return this.propertyIds().includes(id) ? 1 : 0;
  }

  getProperty(id: string, fallback: unknown = null): unknown {
    return this.hasProperty(id) ? this._value(id) : fallback;
  }

  getPropertyType(id: string): unknown {
    const found = this._propertyMap().find((record) => record.get('id') === id);
    return found === undefined ? null : (found.get('type') ?? 'string');
  }
}

/** The object that a sheet of its `propertysheets` is about. */
const ownerOf = (sheet: object) => aqParent(aqInner(aqParent(aqInner(sheet)) as object)) as unknown as Owner;

/** The properties that the object itself has. */
class DefaultProperties extends PropertySheet {
  override _propertyMap(): readonly PropertyRecord[] {
    return ownerOf(this)._properties;
  }

  override _value(id: string): unknown {
    return getOwn(ownerOf(this), id) ?? null;
  }

  manage_changeProperties(values: Dict<string, unknown>): unknown {
    return ownerOf(this).manage_changeProperties(null, values);
  }
}

const CREATED = '1970-01-01T12:00:00Z';

/** What WebDAV calls an object's own facts; they are read only. */
const LIVE: Readonly<Record<string, (owner: Owner) => unknown>> = {
  creationdate: () => CREATED,
  displayname: (owner) => owner.title_or_id(),
  resourcetype: (owner) => (getOwn(owner, 'isPrincipiaFolderish') ? '<n:collection/>' : ''),
  getcontenttype: (owner) =>
    getOwn(owner, 'content_type') ?? getOwn(owner, 'default_content_type') ?? lookup(owner.getId()) ?? '',
  getcontentlength: (owner) => (typeof getOwn(owner, 'get_size') === 'function' ? owner.get_size!() : ''),
  getlastmodified: ({ _p_mtime: changed }) =>
    typeof changed === 'number' ? new Date(Math.floor(changed) * 1000).toUTCString() : '',
};
const LIVE_RECORDS = Object.keys(LIVE).map((id) => Dict.from({ id, mode: 'r' }));

class LiveProperties extends PropertySheet {
  override _propertyMap(): readonly PropertyRecord[] {
    return LIVE_RECORDS;
  }

  override _value(id: string): unknown {
    return LIVE[id]!(ownerOf(this));
  }
}

/** Leads from an object to its sheets; made when it is asked for, never stored. */
export class PropertySheets extends Traversable {
  get default(): PropertySheet {
    return wrap(new DefaultProperties(), this) as unknown as PropertySheet;
  }

  get webdav(): PropertySheet {
    return wrap(new LiveProperties(), this) as unknown as PropertySheet;
  }

  override getId(): string {
    return this.id;
  }

  values(): PropertySheet[] {
    const stored = getOwn(aqParent(aqInner(this)) as object, '__propsets__');
    const own = Array.isArray(stored) ? (stored as object[]) : [];
    return [this.default, this.webdav, ...own.map((sheet) => wrap(sheet, this) as unknown as PropertySheet)];
  }

  items(): Tuple<unknown>[] {
    return this.values().map((sheet) => tuple(sheet.id, sheet));
  }

  /** The sheet of an id or an XML namespace. */
  get(name: string, fallback: unknown = null): unknown {
    return this.values().find((sheet) => sheet.id === name || sheet.xml_namespace() === name) ?? fallback;
  }

  __bobo_traverse__(_request: unknown, name: string): unknown {
    return this.values().find((sheet) => sheet.id === name);
  }
}

for (const [cls, name] of [
  [PropertySheet, 'OFS.PropertySheets.PropertySheet'],
  [DefaultProperties, 'OFS.PropertySheets.DefaultProperties'],
  [LiveProperties, 'webdav.PropertySheets.DAVProperties'],
  [PropertySheets, 'OFS.PropertySheets.DefaultPropertySheets'],
] as const)
  registerClass(cls, name, { python: true, acquires: 'implicit' });
Object.assign(PropertySheets.prototype, { id: 'propertysheets' });
Object.assign(PropertySheet.prototype, { id: '', _md: new Dict(), _properties: tuple() });
Object.assign(DefaultProperties.prototype, {
  id: 'default',
  _md: Dict.from({ xmlns: 'http://www.zope.org/propsets/default' }),
});
Object.assign(LiveProperties.prototype, { id: 'webdav', _md: Dict.from({ xmlns: 'DAV:' }) });

registerType(PropertySheets, {
  operators: {
    getitem: (self, index) => {
      const sheet = self.values().at(Number(index));
      if (sheet === undefined) throw new IndexError('tuple index out of range');
      return sheet;
    },
    len: (self) => self.values().length,
  },
});

const read = { permission: Permissions.accessContentsInformation };
const everybody = { [Permissions.accessContentsInformation]: ['Anonymous', 'Manager'] };
declareClass(PropertySheets, {
  default: 'deny',
  object: read,
  roles: everybody,
  publishable: true,
  names: {
    default: read,
    webdav: read,
    values: read,
    items: read,
    get: read,
    getId: 'private',
    __bobo_traverse__: 'private',
  },
  signatures: { get: 'name, default=None' },
});
declareClass(PropertySheet, {
  default: 'deny',
  object: read,
  roles: everybody,
  publishable: true,
  names: {
    // As in Python, where nothing is said about it.
    getId: 'private',
    xml_namespace: read,
    propertyMap: read,
    propertyInfo: read,
    propertyIds: read,
    propertyValues: read,
    propertyItems: read,
    hasProperty: read,
    getProperty: read,
    getPropertyType: read,
    manage_changeProperties: { permission: Permissions.manageProperties },
    _value: 'private',
    _propertyMap: 'private',
  },
  signatures: {
    propertyInfo: 'id',
    hasProperty: 'id',
    getProperty: 'id, default=None',
    getPropertyType: 'id',
    manage_changeProperties: '**kw',
  },
});
