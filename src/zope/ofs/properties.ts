/** Typed properties of an object, editable through the web (INVENTORY O-013). */
import { getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { BadRequest, converterOf, HTTPRequest } from '../../publisher/index.ts';
import { Item } from './item.ts';

/** Id, type and mode (`w` writable, `d` deletable) of a property, as it is stored. */
type PropertyRecord = Dict;

export class PropertyManager extends Item {
  declare _properties: readonly PropertyRecord[];

  propertyMap(): Tuple<PropertyRecord> {
    return tupleFrom(this._properties);
  }

  propertyIds(): string[] {
    return this._properties.map((item) => item.get('id') as string);
  }

  propertyValues(): unknown[] {
    return this.propertyIds().map((id) => getOwn(this, id) ?? null);
  }

  propertyItems(): Tuple<unknown>[] {
    return this.propertyIds().map((id) => tuple(id, getOwn(this, id) ?? null));
  }

  hasProperty(id: string): number {
    return this.propertyIds().includes(id) ? 1 : 0;
  }

  getProperty(id: string, fallback: unknown = null): unknown {
    return this.hasProperty(id) ? (getOwn(this, id) ?? null) : fallback;
  }

  getPropertyType(id: string): string | null {
    const found = this._properties.find((item) => item.get('id') === id);
    return found === undefined ? null : ((found.get('type') as string | undefined) ?? 'string');
  }

  /** Adds a property with a value of its type. Throws for an id that is taken or no id. */
  _setProperty(id: string, value: unknown, type = 'string'): void {
    if (!this.valid_property_id(id)) throw new BadRequest('Invalid or duplicate property id');
    const record = Dict.from<unknown>({ id, type, mode: 'wd' });
    const self = this as unknown as Record<string, unknown>;
    // The records that the class gives belong to the class: an object has its own.
    self._properties = tuple(...this._properties.map((item) => new Dict(item)), record);
    self[id] = converted(value, type);
  }

  _updateProperty(id: string, value: unknown): void {
    if (!this.hasProperty(id)) throw new BadRequest(`The property ${id} does not exist.`);
    (this as unknown as Record<string, unknown>)[id] = converted(value, this.getPropertyType(id) ?? 'string');
  }

  valid_property_id(id: string): boolean {
    return (
      typeof id === 'string' &&
      id !== '' &&
      !/^(?:_|aq_)|[ &<>]/.test(id) &&
      !this.hasProperty(id) &&
      getOwn(this, id) === undefined
    );
  }

  /** Changes existing properties, of a form or given by name. */
  manage_changeProperties(
    request?: HTTPRequest | Dict<string, unknown> | null,
    values?: Dict<string, unknown>,
  ): unknown {
    const given = new Dict<string, unknown>(
      request instanceof HTTPRequest ? request.form : request instanceof Map ? request : [],
    );
    for (const [name, value] of values ?? []) given.set(name, value);
    for (const record of this._properties) {
      const id = record.get('id') as string;
      if (!given.has(id)) continue;
      if (!String(record.get('mode') ?? 'wd').includes('w')) throw new BadRequest(`${id} cannot be changed`);
      this._updateProperty(id, given.get(id));
    }
    return request instanceof HTTPRequest ? this.manage_main('Saved changes.') : null;
  }

  manage_addProperty(id: string, value: unknown, type: string, request?: HTTPRequest | null): unknown {
    this._setProperty(id.trim(), value, type);
    return request instanceof HTTPRequest ? this.manage_main(`Property ${id} added.`) : null;
  }

  manage_delProperties(ids?: unknown, request?: HTTPRequest | null): unknown {
    const names = (Array.isArray(ids) ? ids : ids === undefined || ids === null ? [] : [ids]) as string[];
    for (const id of names) {
      const record = this._properties.find((item) => item.get('id') === id);
      if (record === undefined) throw new BadRequest(`The property <em>${id}</em> does not exist.`);
      if (!String(record.get('mode') ?? 'wd').includes('d'))
        throw new BadRequest(`The property <em>${id}</em> cannot be deleted.`);
    }
    for (const id of names) this._delProperty(id);
    return request instanceof HTTPRequest ? this.manage_main('Properties deleted.') : null;
  }

  _delProperty(id: string): void {
    if (!this.hasProperty(id)) throw new BadRequest(`The property ${id} does not exist.`);
    const self = this as unknown as Record<string, unknown>;
    const left = this._properties.filter((item) => item.get('id') !== id);
    self._properties = tupleFrom(left.map((item) => new Dict(item)));
    delete self[id];
  }
}

/** The value as its property's type keeps it; a text is read as a form field of this type would be. */
function converted(value: unknown, type: string): unknown {
  const convert = typeof value === 'string' ? converterOf(type) : undefined;
  const result = convert === undefined ? value : convert(value);
  return /^u?(?:lines|tokens)$/.test(type) && Array.isArray(result) ? tupleFrom(result as unknown[]) : result;
}

registerClass(PropertyManager, 'OFS.PropertyManager.PropertyManager', { python: true, acquires: 'implicit' });
Object.assign(PropertyManager.prototype, {
  _properties: tuple(Dict.from({ id: 'title', type: 'string', mode: 'wd' })),
});

const read = { permission: Permissions.accessContentsInformation };
const manage = { permission: Permissions.manageProperties };
declareClass(PropertyManager, {
  postOnly: ['manage_changeProperties', 'manage_addProperty', 'manage_delProperties'],
  names: {
    propertyMap: read,
    propertyIds: read,
    propertyValues: read,
    propertyItems: read,
    hasProperty: read,
    getProperty: read,
    getPropertyType: read,
    valid_property_id: read,
    manage_changeProperties: manage,
    manage_addProperty: manage,
    manage_delProperties: manage,
    _setProperty: 'private',
    _updateProperty: 'private',
    _delProperty: 'private',
  },
  signatures: {
    getProperty: 'id, d=None',
    hasProperty: 'id',
    getPropertyType: 'id',
    valid_property_id: 'id',
    manage_changeProperties: 'REQUEST=None, **kw',
    manage_addProperty: 'id, value, type, REQUEST=None',
    manage_delProperties: 'ids=None, REQUEST=None',
  },
});
