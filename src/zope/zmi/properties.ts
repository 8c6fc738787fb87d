/** The page on an object's properties: a field of its type for each (INVENTORY O-013). */
import { DateTime, type Dict } from '../../pickle/index.ts';
import { call, isCallable, str } from '../../restricted/index.ts';
import { modeOf, type PropertyManager } from '../ofs/properties.ts';
import { namesOf } from '../ofs/names.ts';
import { renderPage, type Values } from './page.ts';

const TYPES = [
  'string',
  'text',
  'int',
  'float',
  'long',
  'boolean',
  'date',
  'lines',
  'tokens',
  'selection',
  'multiple selection',
  'ustring',
  'utext',
  'ulines',
  'utokens',
] as const;

/** The choices that a selection names: an attribute or method of the object. */
function choicesOf(object: PropertyManager, record: Dict): string[] {
  const value = (object as unknown as Record<string, unknown>)[String(record.get('select_variable') ?? '')];
  if (value === undefined || value === null) return [];
  return namesOf(isCallable(value) ? call(value, []) : value);
}

function fieldOf(object: PropertyManager, record: Dict): Values {
  const id = record.get('id') as string;
  const type = (record.get('type') as string | undefined) ?? 'string';
  const value = object.getProperty(id);
  const many = type === 'multiple selection';
  const selection = type === 'selection' || many;
  const chosen = selection ? namesOf(value) : [];
  const lines = type.endsWith('lines');
  const tokens = type.endsWith('tokens');
  const area = lines || type.endsWith('text');
  const text = Array.isArray(value)
    ? value.map((item) => str(item as never)).join(lines ? '\n' : ' ')
    : value instanceof DateTime
      ? str(value as never)
      : value === null || value === undefined || value === ''
        ? ''
        : str(value as never);
  const converters = selection ? (many ? 'list:string' : 'string') : type === 'date' ? 'UTF-8:date' : type;
  return {
    id,
    label: object.propertyLabel(id),
    hint: record.get('description') ?? '',
    type,
    name: `${id}:${/^u(?:string|text|lines|tokens)$/.test(converters) ? `utf8:${converters}` : converters}`,
    readonly: !modeOf(record).includes('w'),
    writable: modeOf(record).includes('w'),
    deletable: modeOf(record).includes('d') && !object._reserved_names.includes(id),
    area,
    check: type === 'boolean',
    checked: type === 'boolean' && Boolean(value),
    selection,
    multiple: many,
    options: selection
      ? choicesOf(object, record).map((each) => ({ each, chosen: chosen.includes(each) }))
      : [],
    line: !area && type !== 'boolean' && !selection,
    tokens,
    text,
  };
}

export function propertiesPage(object: PropertyManager, message?: string): string {
  return renderPage(
    object,
    'properties',
    {
      rows: object._propertyMap().map((record) => fieldOf(object, record)),
      types: [...TYPES],
    },
    { message, tab: 'manage_propertiesForm' },
  );
}

/** Other types for chosen properties. */
export function propertyTypesPage(object: PropertyManager, ids: readonly string[]): string {
  const wanted = object._propertyMap().filter((record) => ids.includes(record.get('id') as string));
  return renderPage(
    object,
    'property-types',
    { rows: wanted.map((record) => fieldOf(object, record)), types: [...TYPES] },
    { tab: 'manage_propertiesForm' },
  );
}
