/** What becomes of the fields of a form: names, converters, lists, tuples, records and defaults (INVENTORY 3.6). */
import { Dict, Tuple, tupleFrom } from '../pickle/index.ts';
import {
  AssertionError,
  AttributeError,
  binary,
  builtinValue,
  call,
  equals,
  hasattr,
  repr,
  trustedGetattr,
  trustedGetitem,
  trustedIterate,
  typeName,
  UnicodeDecodeError,
} from '../restricted/index.ts';
import { decodeEscaping, decodeStrictly, encodeEscaping, isCharset } from './charsets.ts';
import { BYTES, type Converter, converterOf } from './converters.ts';
import { BadRequest } from './errors.ts';
import { FileUpload } from './file-upload.ts';
import { type Field, queryFields, type UploadedPart } from './form.ts';
import { FormRecord, RECORD_METHODS } from './record.ts';
import { type HTTPRequest, isEnvironmentName } from './request.ts';

/** The converters at the end of a name: `:int`, and the coordinates that an image button adds. */
const SUFFIX = /(:[a-zA-Z][-a-zA-Z0-9_]+|\.[xy])$/;

/** Nobody writes as many at one name; each costs as much as name and value are long. */
const MOST_SUFFIXES = 32;

/**
 * What filling in defaults and making tuples may take: each is looked for in each record, so that a form of a megabyte could ask for
 * thousands of millions of them.
 */
const MOST_STEPS = 1_000_000;

/** Lists of records that were made here. Others, as those of defaults, are not changed. */
const ownLists = new WeakSet<object>();

/** What the suffixes of a field's name ask for. */
interface Directions {
  key: string;
  value: string | FileUpload;
  charset: string;
  converter: Converter | undefined;
  converted: boolean;
  sequence: boolean;
  isDefault: boolean;
  record: boolean;
  records: boolean;
  empty: boolean;
}

/** The form of a request while it is made. */
class FormInputs {
  readonly form: Dict<string, unknown>;
  readonly defaults = new Dict<string, unknown>();
  readonly tuples = new Set<string>();
  readonly charset: string;
  method: string | undefined;
  #steps = 0;

  constructor(form: Dict<string, unknown>, charset: string) {
    this.form = form;
    this.charset = charset;
  }

  add(field: Field): void {
    const given = this.#directions(field);
    if (isEnvironmentName(given.key) || given.empty) return;
    const { record, records, sequence, converted, isDefault } = given;
    if (!(record || records || sequence || converted || isDefault)) {
      append(this.form, given.key, given.value);
      return;
    }
    let { key } = given;
    let attribute = '';
    if (record || records) {
      const dot = key.lastIndexOf('.');
      attribute = key.slice(dot + 1);
      key = dot < 0 ? '' : key.slice(0, dot);
    }
    const value = converted ? this.#convert(given, key, attribute) : given.value;
    const target = isDefault ? this.defaults : this.form;
    if (records) addToRecords(target, key, attribute, value, sequence);
    else if (record) addToRecord(target, key, attribute, value, sequence);
    else if (target.has(key)) append(target, key, value);
    else target.set(key, sequence ? [value] : value);
  }

  /** Python's publisher keeps the last converter for the fields that follow with another one missing; names do not here. */
  #directions(field: Field): Directions {
    const { value: raw } = field;
    const charset = field.valueCharset ?? this.charset;
    const given: Directions = {
      key: this.#name(field.name, field.nameCharset),
      value: typeof raw === 'string' ? decodeEscaping(raw, charset) : this.#upload(field.name, raw),
      charset,
      converter: undefined,
      converted: false,
      sequence: false,
      isDefault: false,
      record: false,
      records: false,
      empty: false,
    };
    for (let count = 0; given.key.includes(':'); count++) {
      const suffix = SUFFIX.exec(given.key);
      if (suffix === null) break;
      if (count === MOST_SUFFIXES) throw new BadRequest('a field has too many converters');
      const at = suffix.index;
      const name = given.key.slice(at + 1);
      given.key = given.key.slice(0, at);
      this.#direct(given, name);
    }
    return given;
  }

  /** Each attempt of a request has its own. */
  #upload(name: string, { filename, headers, content }: UploadedPart): FileUpload {
    return new FileUpload(this.#name(name, undefined), this.#name(filename, undefined), headers, content);
  }

  #name(binary: string, charset: string | undefined): string {
    try {
      return decodeStrictly(binary, charset ?? this.charset);
    } catch (error) {
      if (!(error instanceof UnicodeDecodeError)) throw error;
      throw new BadRequest(repr(error.args));
    }
  }

  #direct(given: Directions, name: string): void {
    const converter = converterOf(name);
    if (converter !== undefined) {
      given.converter = converter;
      given.converted = true;
      return;
    }
    switch (name) {
      case 'list':
        given.sequence = true;
        return;
      case 'tuple':
        given.sequence = true;
        this.tuples.add(given.key);
        return;
      case 'method':
      case 'action':
        this.method = given.key === '' ? String(given.value) : given.key;
        return;
      case 'default_method':
      case 'default_action':
        this.method ||= given.key === '' ? String(given.value) : given.key;
        return;
      case 'default':
        given.isDefault = true;
        return;
      case 'record':
        given.record = true;
        return;
      case 'records':
        given.records = true;
        return;
      case 'ignore_empty':
        given.empty = given.value instanceof FileUpload ? given.value.filename === '' : given.value === '';
        return;
      default:
    }
    if (!isCharset(name)) return;
    if (given.value instanceof FileUpload) throw new AssertionError('cannot recode files');
    const binary = encodeEscaping(given.value, given.charset);
    given.charset = name;
    given.value = decodeStrictly(binary, name);
  }

  #convert(
    { value, converter, charset, isDefault, record, records }: Directions,
    key: string,
    attribute: string,
  ): unknown {
    try {
      const text = converter === BYTES && typeof value === 'string' ? encodeEscaping(value, charset) : value;
      return converter!(text);
    } catch (error) {
      const empty = value instanceof FileUpload ? value.filename === '' : value === '';
      if (!empty || isDefault || !this.defaults.has(key)) throw error;
      const fallback = this.defaults.get(key);
      const item = record ? attributeOf(fallback, attribute) : fallback;
      return records ? attributeOf(trustedGetitem(item, -1), attribute) : item;
    }
  }

  /** Fills in the defaults and makes the tuples. */
  finish(): void {
    for (const [key, value] of this.defaults) this.#default(key, value);
    for (const name of this.tuples) this.#tuple(name);
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) throw new BadRequest('a form has too many defaults and tuples');
  }

  #default(key: string, value: unknown): void {
    const { form } = this;
    if (!form.has(key)) {
      form.set(key, value);
      return;
    }
    const given = form.get(key);
    if (value instanceof FormRecord) complete(given, value);
    else if (Array.isArray(value) && !(value instanceof Tuple)) {
      const list = isList(given) ? given : [given];
      for (const item of value) {
        this.#spend(list.length * (item instanceof FormRecord ? item.values.size : 1));
        if (item instanceof FormRecord) for (const each of list) complete(each, item);
        else if (!list.some((each) => equals(each, item))) list.push(item);
      }
      form.set(key, list);
    }
  }

  #tuple(name: string): void {
    const { form } = this;
    const dot = name.lastIndexOf('.');
    const key = dot < 0 ? '' : name.slice(0, dot);
    const attribute =
      name
        .slice(dot + 1)
        .split(':')
        .find((part) => part !== '') ?? '';
    if (form.has(key)) {
      const found = form.get(key);
      const records = found instanceof FormRecord ? [found] : [...trustedIterate(found)];
      this.#spend(records.length);
      for (const record of records)
        if (hasAttribute(record, attribute))
          setAttribute(record, attribute, asTuple(attributeOf(record, attribute)));
    } else if (form.has(name)) form.set(name, asTuple(form.get(name)));
  }
}

const asTuple = (value: unknown): unknown =>
  Array.isArray(value) ? tupleFrom(value) : call(builtinValue('tuple'), [value]);

const isList = (value: unknown): value is unknown[] => Array.isArray(value) && !(value instanceof Tuple);

function append(target: Dict<string, unknown>, key: string, value: unknown): void {
  const found = target.get(key);
  if (!target.has(key)) target.set(key, value);
  else if (isList(found)) found.push(value);
  else target.set(key, [found, value]);
}

/** Fields of one name as values and as records at once are the mistake of whoever made the form: told in Python's words. */
function setAttribute(target: unknown, name: string, value: unknown): void {
  if (!(target instanceof FormRecord))
    throw new AttributeError(`'${typeName(target)}' object has no attribute '${name}'`);
  target.values.set(name, value);
}

function hasAttribute(target: unknown, name: string): boolean {
  if (target instanceof FormRecord) return target.values.has(name) || RECORD_METHODS.has(name);
  return target !== null && target !== undefined && hasattr(target, name);
}

function attributeOf(target: unknown, name: string): unknown {
  if (target instanceof FormRecord) {
    if (target.values.has(name)) return target.values.get(name);
    if (!RECORD_METHODS.has(name)) throw new AttributeError(name);
  }
  return trustedGetattr(target, name);
}

function complete(target: unknown, defaults: FormRecord): void {
  for (const [name, value] of defaults.values)
    if (!hasAttribute(target, name)) setAttribute(target, name, value);
}

function ownList<T>(list: T): T {
  if (isList(list)) ownLists.add(list);
  return list;
}

function addToRecord(
  target: Dict<string, unknown>,
  key: string,
  attribute: string,
  value: unknown,
  sequence: boolean,
): void {
  if (!target.has(key)) {
    const made = new FormRecord();
    made.values.set(attribute, sequence ? ownList([value]) : value);
    target.set(key, made);
    return;
  }
  const record = target.get(key);
  if (!sequence) setAttribute(record, attribute, value);
  else if (hasAttribute(record, attribute)) {
    const before = attributeOf(record, attribute);
    if (isList(before) && ownLists.has(before)) before.push(value);
    else setAttribute(record, attribute, ownList(binary('+', before, [value])));
  } else setAttribute(record, attribute, ownList([value]));
}

function addToRecords(
  target: Dict<string, unknown>,
  key: string,
  attribute: string,
  value: unknown,
  sequence: boolean,
): void {
  const made = () => {
    const record = new FormRecord();
    record.values.set(attribute, sequence ? [value] : value);
    return record;
  };
  if (!target.has(key)) {
    target.set(key, [made()]);
    return;
  }
  const records = target.get(key);
  const last = isList(records) ? records.at(-1) : trustedGetitem(records, -1);
  if (!hasAttribute(last, attribute)) setAttribute(last, attribute, sequence ? [value] : value);
  else if (sequence) call(trustedGetattr(attributeOf(last, attribute), 'append'), [value]);
  else if (isList(records)) records.push(made());
  else call(trustedGetattr(records, 'append'), [made()]);
}

/**
 * Puts the fields of the query string and of the body into `request.form`. A field such as `NAME:method` (a button) names
 * the method to call: it is returned. Throws a BadRequest, or what a converter throws.
 */
export function processInputs(request: HTTPRequest, fields: readonly Field[]): string | undefined {
  const query = request.source.environ.queryString;
  if (query === '' && fields.length === 0) return undefined;
  const inputs = new FormInputs(request.form, request.charset);
  if (query !== '') for (const field of queryFields(query)) inputs.add(field);
  for (const field of fields) inputs.add(field);
  inputs.finish();
  request.inputsDone();
  return inputs.method === '' ? undefined : inputs.method;
}
