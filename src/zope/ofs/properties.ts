/** Typed properties of an object, editable through the web (INVENTORY O-013). */
import { aqBase, getOwn, isWrapper, registerClass, wrap } from '../../persistent/index.ts';
import { Dict, Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, htmlQuote, ValueError } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { BadRequest, converterOf, HTTPRequest } from '../../publisher/index.ts';
import { propertiesPage, propertyTypesPage } from '../zmi/properties.ts';
import { Item } from './item.ts';
import { namesOf } from './names.ts';
import { PropertySheets } from './property-sheets.ts';

/** Id, type and mode (`w` writable, `d` deletable) of a property, as it is stored. */
type PropertyRecord = Dict;

export class PropertyManager extends Item {
  declare _properties: readonly PropertyRecord[];

  declare _reserved_names: readonly string[];

  /** Leads to the properties by sets. */
  get propertysheets(): PropertySheets {
    return wrap(new PropertySheets(), this) as unknown as PropertySheets;
  }

  /** The records as copies: what a caller does with them changes no object. */
  propertyMap(): Tuple<PropertyRecord> {
    return tupleFrom(this._propertyMap().map((record) => new Dict(record)));
  }

  _propertyMap(): readonly PropertyRecord[] {
    return this._properties;
  }

  propdict(): Dict<string, PropertyRecord> {
    return new Dict(
      this._properties.map((record) => [record.get('id') as string, new Dict(record)] as const),
    );
  }

  propertyLabel(id: string): string {
    return (recordOf(this, id)?.get('label') as string | undefined) ?? id;
  }

  propertyDescription(id: string): string {
    const record = recordOf(this, id);
    return record === undefined ? id : ((record.get('description') as string | undefined) ?? '');
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

  /** Adds a property; its value must be of the type. Throws a BadRequest for an id that is taken or no id. */
  _setProperty(id: string, value: unknown, type = 'string'): void {
    if (isWrapper(value)) throw new ValueError('Invalid property value: wrapped object');
    if (!this.valid_property_id(id)) throw new BadRequest('Invalid or duplicate property id');
    const record = Dict.from<unknown>({ id, type });
    let kept = value;
    if (type === 'selection' || type === 'multiple selection') {
      if (typeof value !== 'string' || (this as unknown as Record<string, unknown>)[value] === undefined)
        throw new BadRequest(`No select variable ${String(value)}`);
      record.set('select_variable', value);
      kept = type === 'selection' ? '' : tuple();
    }
    // The records that the class gives belong to the class: an object has its own.
    this._properties = tuple(...this._properties.map((item) => new Dict(item)), record);
    this._setPropValue(id, kept);
  }

  _setPropValue(id: string, value: unknown): void {
    (this as unknown as Record<string, unknown>)[id] =
      Array.isArray(value) && !(value instanceof Tuple) ? tupleFrom([...(value as unknown[])]) : value;
  }

  /** Changes a property; a text is read as a form field of the property's type would be. */
  _updateProperty(id: string, value: unknown): void {
    if (isWrapper(value)) throw new ValueError('Invalid property value: wrapped object');
    if (!this.hasProperty(id)) throw new BadRequest(`The property ${htmlQuote(id)} does not exist`);
    this._setPropValue(id, converted(value, this.getPropertyType(id) ?? 'string'));
  }

  _delProperty(id: string): void {
    if (!this.hasProperty(id)) throw new ValueError(`The property ${htmlQuote(id)} does not exist`);
    const left = this._properties.filter((item) => item.get('id') !== id);
    this._properties = tupleFrom(left.map((item) => new Dict(item)));
    delete (this as unknown as Record<string, unknown>)[id];
  }

  valid_property_id(id: string): number {
    const valid =
      typeof id === 'string' &&
      id !== '' &&
      !/^(?:_|aq_)|[ &<>"']/.test(id) &&
      !this.hasProperty(id) &&
      getOwn(aqBase(this) as object, id) === undefined;
    return valid ? 1 : 0;
  }

  manage_propertiesForm(message?: string): string {
    return propertiesPage(this, message);
  }

  manage_propertyTypeForm(ids?: unknown): string {
    return propertyTypesPage(this, namesOf(ids));
  }

  /** Changes all properties from the form: a box that is not ticked is not sent. */
  manage_editProperties(request: HTTPRequest): unknown {
    for (const record of this._propertyMap()) {
      const id = record.get('id') as string;
      if (!modeOf(record).includes('w')) continue;
      const empty = record.get('type') === 'multiple selection' ? tuple() : '';
      this._updateProperty(id, request.form.get(id) ?? empty);
    }
    return this.manage_propertiesForm('Saved changes.');
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
    for (const [name, value] of given) {
      const record = recordOf(this, name);
      if (record === undefined) continue;
      if (!modeOf(record).includes('w')) throw new BadRequest(`${htmlQuote(name)} cannot be changed`);
      this._updateProperty(name, value);
    }
    return request instanceof HTTPRequest ? this.manage_propertiesForm('Saved changes.') : null;
  }

  manage_addProperty(id: string, value: unknown, type: string, request?: unknown): unknown {
    const convert = converterOf(type);
    this._setProperty(id.trim(), convert === undefined ? value : convert(value), type);
    return request instanceof HTTPRequest ? this.manage_propertiesForm(`Property ${id} added.`) : null;
  }

  /** Gives properties another type: those of `old_ids` go, and new ones come in their place. */
  manage_changePropertyTypes(old_ids: unknown, props: unknown, request?: unknown): unknown {
    this.manage_delProperties(namesOf(old_ids));
    for (const prop of props as Iterable<{ get(name: string): unknown }>)
      this._setProperty(prop.get('new_id') as string, prop.get('new_value'), String(prop.get('new_type')));
    return request instanceof HTTPRequest ? this.manage_propertiesForm('Saved changes.') : null;
  }

  manage_delProperties(ids?: unknown, request?: unknown): unknown {
    let given = ids;
    if (request instanceof HTTPRequest) {
      // A property may be called `ids`.
      if (this.hasProperty('ids') && given === this.getProperty('ids')) given = undefined;
      given = request.get('_ids') ?? given;
    }
    if (given === undefined || given === null) throw new BadRequest('No property specified.');
    const names = namesOf(given);
    for (const id of names) {
      const record = recordOf(this, id);
      if (record === undefined) throw new BadRequest(`The property <em>${htmlQuote(id)}</em> does not exist`);
      if (!modeOf(record).includes('d') || this._reserved_names.includes(id))
        throw new BadRequest(`Cannot delete ${id}`);
    }
    for (const id of names) this._delProperty(id);
    return request instanceof HTTPRequest ? this.manage_propertiesForm('Properties deleted.') : null;
  }
}

const recordOf = (object: PropertyManager, id: string) =>
  object._properties.find((record) => record.get('id') === id);

export const modeOf = (record: PropertyRecord) => String(record.get('mode') ?? 'wd');

/** The value as its property's type keeps it; a text is read as a form field of this type would be. */
function converted(value: unknown, type: string): unknown {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return value;
  const convert = converterOf(type);
  return convert === undefined ? value : convert(value);
}

registerClass(PropertyManager, 'OFS.PropertyManager.PropertyManager', { python: true, acquires: 'implicit' });
Object.assign(PropertyManager.prototype, {
  _properties: tuple(Dict.from({ id: 'title', type: 'string', mode: 'wd' })),
  _reserved_names: tuple(),
});

const read = { permission: Permissions.accessContentsInformation };
const manage = { permission: Permissions.manageProperties };
declareClass(PropertyManager, {
  object: read,
  published: [
    'getProperty',
    'getPropertyType',
    'hasProperty',
    'manage_propertiesForm',
    'manage_propertyTypeForm',
    'propertyDescription',
    'propertyIds',
    'propertyItems',
    'propertyLabel',
    'propertyMap',
    'propertyValues',
  ],
  changes: [
    'manage_editProperties',
    'manage_changeProperties',
    'manage_addProperty',
    'manage_delProperties',
    'manage_changePropertyTypes',
  ],
  names: {
    propertysheets: read,
    propertyMap: read,
    propertyIds: read,
    propertyValues: read,
    propertyItems: read,
    hasProperty: read,
    getProperty: read,
    getPropertyType: read,
    valid_property_id: read,
    propdict: read,
    propertyLabel: read,
    propertyDescription: read,
    manage_propertiesForm: manage,
    manage_propertyTypeForm: manage,
    manage_editProperties: manage,
    manage_changePropertyTypes: manage,
    manage_changeProperties: manage,
    manage_addProperty: manage,
    manage_delProperties: manage,
    _setProperty: 'private',
    _setPropValue: 'private',
    _propertyMap: 'private',
    _updateProperty: 'private',
    _delProperty: 'private',
  },
  signatures: {
    getProperty: 'id, d=None',
    hasProperty: 'id',
    getPropertyType: 'id',
    valid_property_id: 'id',
    propertyLabel: 'id',
    propertyDescription: 'id',
    manage_propertyTypeForm: 'ids=[]',
    manage_editProperties: 'REQUEST',
    manage_changePropertyTypes: 'old_ids, props, REQUEST=None',
    manage_changeProperties: 'REQUEST=None, **kw',
    manage_addProperty: 'id, value, type, REQUEST=None',
    manage_delProperties: 'ids=None, REQUEST=None',
  },
});
