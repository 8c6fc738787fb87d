/** Schemas: which keys and sections a configuration may have, as data. */
import { components } from './components/index.ts';
import { type Datatype, DATATYPES, type DatatypeName } from './datatypes.ts';
import { didYouMean } from './did-you-mean.ts';
import { SchemaError } from './errors.ts';
import type { SectionValue } from './section-value.ts';

/** A datatype by its name, or a function of one's own. */
export type DatatypeRef = DatatypeName | Datatype;

interface ItemBase {
  /** Where the value is found; the name with `-` replaced by `_` unless told. */
  readonly attribute?: string;
  readonly required?: boolean;
  /** One line for people. */
  readonly about?: string;
}

export interface KeyItem extends ItemBase {
  readonly kind: 'key' | 'multikey';
  /** `+` takes any key and makes a map. */
  readonly name: string;
  readonly datatype: DatatypeRef;
  /** Text, converted as if it stood in the file. */
  readonly default?: string;
  /** Of a multikey: texts; of a `+` key: key and text. */
  readonly defaults?: readonly string[] | Readonly<Record<string, string>>;
  /**
   * Why the directive changes nothing here; shown when a site that gives it starts. A function tells it by the value:
   * undefined where what is asked for is what is done anyway.
   */
  readonly noEffect?: string | ((value: unknown) => string | undefined);
}

export interface SectionItem extends ItemBase {
  readonly kind: 'section' | 'multisection';
  readonly type: string;
  /** `*`: any name or none; `+`: some name; otherwise that very name. */
  readonly name: string;
}

export type Item = KeyItem | SectionItem;

export interface SectionTypeDefinition {
  readonly name: string;
  readonly items?: readonly Item[];
  readonly keytype?: DatatypeRef;
  readonly extends?: string;
  readonly implements?: string;
  /** Makes something of the finished section. May throw a ValueRefused. */
  readonly datatype?: (section: SectionValue) => unknown;
  readonly about?: string;
}

export interface SchemaDefinition {
  readonly abstract?: readonly string[];
  readonly types?: readonly SectionTypeDefinition[];
  readonly items: readonly Item[];
  readonly keytype?: DatatypeRef;
  readonly datatype?: (section: SectionValue) => unknown;
  /** Names of keys and section types that there once were, and what is told of them. */
  readonly gone?: Readonly<Record<string, string>>;
  /** What `%import` may name, and the types that it adds; the known packages of Python unless told. */
  readonly components?: Readonly<Record<string, readonly SectionTypeDefinition[]>>;
}

const COMPONENTS = components('ZODB', 'ZConfig.components.basic', 'zdaemon');

const lookUp = (ref: DatatypeRef): Datatype => (typeof ref === 'function' ? ref : DATATYPES[ref]);

/** An item with its references resolved. */
export interface ItemInfo {
  readonly item: Item;
  readonly attribute: string;
  readonly convert: Datatype;
  readonly multiple: boolean;
  readonly isSection: boolean;
  /** Whether its sections are of any type that implements the one that it names. */
  readonly isAbstract: boolean;
  /** The name by which it is looked up; sections of any name have none. */
  readonly key: string | undefined;
}

export class SectionType {
  readonly name: string;
  readonly isAbstract: boolean;
  readonly keytype: Datatype;
  readonly items: readonly ItemInfo[];
  readonly datatype: ((section: SectionValue) => unknown) | undefined;
  /** The abstract types that it implements. */
  readonly implements = new Set<string>();

  constructor(
    name: string,
    isAbstract: boolean,
    keytype: Datatype,
    items: readonly ItemInfo[],
    datatype?: (section: SectionValue) => unknown,
  ) {
    this.name = name;
    this.isAbstract = isAbstract;
    this.keytype = keytype;
    this.items = items;
    this.datatype = datatype;
  }
}

function infoOf(item: Item, keytype: Datatype, isAbstractType: (name: string) => boolean): ItemInfo {
  const isSection = item.kind === 'section' || item.kind === 'multisection';
  const anyName = item.name === '*' || item.name === '+';
  const key = !anyName ? (keytype(item.name) as string) : isSection ? undefined : item.name;
  const attribute = item.attribute ?? (key ?? item.name).toLowerCase().replaceAll('-', '_');
  return {
    item,
    attribute,
    convert: isSection ? (text) => text : lookUp((item as KeyItem).datatype),
    multiple: item.kind === 'multikey' || item.kind === 'multisection',
    isSection,
    isAbstract: isSection && isAbstractType((item as SectionItem).type.toLowerCase()),
    key,
  };
}

/** A schema made ready for loading. Throws a SchemaError for a definition that contradicts itself. */
export class Schema {
  readonly definition: SchemaDefinition;
  readonly top: SectionType;
  readonly #types = new Map<string, SectionType>();
  readonly #imported = new Set<string>();

  constructor(definition: SchemaDefinition) {
    this.definition = definition;
    const basic = DATATYPES['basic-key'];
    for (const name of definition.abstract ?? [])
      this.#types.set(name.toLowerCase(), new SectionType(name.toLowerCase(), true, basic, []));
    for (const type of definition.types ?? []) this.#add(type);
    const keytype = lookUp(definition.keytype ?? 'basic-key');
    this.top = new SectionType(
      '',
      false,
      keytype,
      definition.items.map((item) => this.#infoOf(item, keytype)),
      definition.datatype,
    );
  }

  #infoOf(item: Item, keytype: Datatype): ItemInfo {
    return infoOf(item, keytype, (name) => this.#types.get(name)?.isAbstract ?? false);
  }

  #add(type: SectionTypeDefinition): void {
    const name = type.name.toLowerCase();
    if (this.#types.has(name)) throw new SchemaError(`section type ${name} is defined twice`);
    const base = type.extends === undefined ? undefined : this.#types.get(type.extends.toLowerCase());
    if (type.extends !== undefined && base === undefined)
      throw new SchemaError(`section type ${name} extends unknown ${type.extends}`);
    const keytype =
      type.keytype === undefined ? (base?.keytype ?? DATATYPES['basic-key']) : lookUp(type.keytype);
    const own = (type.items ?? []).map((item) => this.#infoOf(item, keytype));
    const inherited = (base?.items ?? []).filter(
      (info) => !own.some((other) => other.attribute === info.attribute),
    );
    const made = new SectionType(
      name,
      false,
      keytype,
      [...inherited, ...own],
      type.datatype ?? base?.datatype,
    );
    this.#types.set(name, made);
    if (type.implements === undefined) return;
    const abstract = this.#types.get(type.implements.toLowerCase());
    if (abstract === undefined || !abstract.isAbstract)
      throw new SchemaError(`section type ${name} implements unknown ${type.implements}`);
    made.implements.add(abstract.name);
  }

  type(name: string): SectionType | undefined {
    return this.#types.get(name);
  }

  /** The names of all types that a file may use. */
  typeNames(): string[] {
    return [...this.#types.values()].filter((type) => !type.isAbstract).map((type) => type.name);
  }

  /** What is told of a name that is not in the schema: why it is gone, or what is nearest to it; '' for nothing. */
  hint(name: string, known: readonly string[]): string {
    const { gone = {} } = this.definition;
    if (Object.hasOwn(gone, name)) return ` (${gone[name]})`;
    const near = didYouMean(name, known);
    return near.length > 0 ? ` (did you mean ${near.join(' or ')}?)` : '';
  }

  /** A schema with the types of a component as well; undefined when nobody knows the component. */
  withComponent(name: string): Schema | undefined {
    const types = (this.definition.components ?? COMPONENTS)[name];
    if (types === undefined) return undefined;
    if (this.#imported.has(name)) return this;
    const added = types.filter((type) => !this.#types.has(type.name.toLowerCase()));
    const needed = added.flatMap((type) => type.implements ?? []).map((needs) => needs.toLowerCase());
    const abstract = [...new Set(needed)].filter((needs) => !this.#types.has(needs));
    const schema = new Schema({
      ...this.definition,
      abstract: [...(this.definition.abstract ?? []), ...abstract],
      types: [...(this.definition.types ?? []), ...added],
    });
    for (const imported of this.#imported) schema.#imported.add(imported);
    schema.#imported.add(name);
    return schema;
  }
}
