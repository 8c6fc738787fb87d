/** Typed properties of an object, editable through the web (INVENTORY O-013). */
import { getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
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
    if (!/^[A-Za-z][\w.-]*$/.test(id) || this.hasProperty(id) || getOwn(this, id) !== undefined) {
      throw new RangeError(`Invalid or duplicate property id: ${id}`);
    }
    const record = Dict.from<unknown>({ id, type, mode: 'wd' });
    const self = this as unknown as Record<string, unknown>;
    // The records that the class gives belong to the class: an object has its own.
    self._properties = tuple(...this._properties.map((item) => new Dict(item)), record);
    self[id] = value;
  }

  _updateProperty(id: string, value: unknown): void {
    if (!this.hasProperty(id)) throw new RangeError(`The property ${id} does not exist`);
    (this as unknown as Record<string, unknown>)[id] = value;
  }

  _delProperty(id: string): void {
    if (!this.hasProperty(id)) throw new RangeError(`The property ${id} does not exist`);
    const self = this as unknown as Record<string, unknown>;
    const left = this._properties.filter((item) => item.get('id') !== id);
    self._properties = tupleFrom(left.map((item) => new Dict(item)));
    delete self[id];
  }
}

registerClass(PropertyManager, 'OFS.PropertyManager.PropertyManager', { python: true, acquires: 'implicit' });
Object.assign(PropertyManager.prototype, {
  _properties: tuple(Dict.from({ id: 'title', type: 'string', mode: 'wd' })),
});

const read = { permission: Permissions.accessContentsInformation };
declareClass(PropertyManager, {
  names: {
    propertyMap: read,
    propertyIds: read,
    propertyValues: read,
    propertyItems: read,
    hasProperty: read,
    getProperty: read,
    getPropertyType: read,
    _setProperty: 'private',
    _updateProperty: 'private',
    _delProperty: 'private',
  },
  signatures: { getProperty: 'id, d=None', hasProperty: 'id', getPropertyType: 'id' },
});
