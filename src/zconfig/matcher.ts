/** Gathers the values of one section and checks them against its type. */
import { ConfigurationError, DataConversionError, NOWHERE, type Place, ValueRefused } from './errors.ts';
import type { OptionBag } from './overrides.ts';
import type { Datatype } from './datatypes.ts';
import type { Item, ItemInfo, KeyItem, Schema, SectionItem, SectionType } from './schema.ts';
import { quoted } from './python-text.ts';
import { SectionValue } from './section-value.ts';

/** A text and where it stands. */
interface Raw {
  readonly text: string;
  readonly place: Place;
}

const isSectionItem = (item: Item): item is SectionItem =>
  item.kind === 'section' || item.kind === 'multisection';
const typeOf = (item: SectionItem) => item.type.toLowerCase();
const shown = (text: string | null) => (text === null ? 'None' : quoted(text));

function convert(datatype: Datatype, { text, place }: Raw): unknown {
  try {
    return datatype(text);
  } catch (error) {
    if (error instanceof ValueRefused)
      throw new DataConversionError(error.message, text, place, { cause: error });
    throw error;
  }
}

/** What the type of a section makes of it. */
export function converted(type: SectionType, section: SectionValue, place: Place): unknown {
  if (type.datatype === undefined) return section;
  try {
    return type.datatype(section);
  } catch (error) {
    if (error instanceof ValueRefused)
      throw new DataConversionError(error.message, section, place, { cause: error });
    throw error;
  }
}

interface Child {
  readonly type: SectionType;
  readonly place: Place;
  readonly value: SectionValue;
}

export class SectionMatcher {
  readonly type: SectionType;
  readonly name: string | null;
  readonly place: Place;
  readonly #bag: OptionBag | undefined;
  readonly #raw = new Map<string, Raw[] | Map<string, Raw[]>>();
  readonly #sections = new Map<string, Child[]>();
  readonly #names = new Set<string>();

  constructor(type: SectionType, name: string | null, place: Place, bag?: OptionBag) {
    this.type = type;
    this.name = name;
    this.place = place;
    this.#bag = bag;
  }

  addValue(schema: Schema, key: string, text: string, place: Place): void {
    const realKey = this.#realKey(key, place);
    // What the command line says wins.
    if (this.#bag?.has(realKey)) return;
    this.#add(key, realKey, { text, place }, schema);
  }

  #realKey(key: string, place: Place): string {
    return convert(this.type.keytype, { text: key, place }) as string;
  }

  #add(key: string, realKey: string, raw: Raw, schema?: Schema): void {
    const exact = this.type.items.find((info) => info.key === realKey);
    const info = exact ?? this.type.items.findLast((other) => other.key === '+');
    if (info === undefined) {
      const keys = this.type.items.filter((other) => !other.isSection).map((other) => other.key!);
      const hint = schema?.hint(realKey, keys) ?? '';
      throw new ConfigurationError(`${quoted(key)} is not a known key name${hint}`, raw.place);
    }
    if (info.isSection) {
      const type = this.type.name === '' ? null : this.type.name;
      throw new ConfigurationError(
        `${quoted(key)} is not a valid key name in ${shown(type)} sections`,
        raw.place,
      );
    }
    if (info.key === '+') {
      const map = (this.#raw.get(info.attribute) ?? new Map<string, Raw[]>()) as Map<string, Raw[]>;
      this.#raw.set(info.attribute, map);
      const before = map.get(realKey);
      if (before !== undefined && !info.multiple)
        throw new ConfigurationError(`too many values for ${quoted(key)}`, raw.place);
      map.set(realKey, [...(before ?? []), raw]);
      return;
    }
    const list = (this.#raw.get(info.attribute) ?? []) as Raw[];
    if (list.length > 0 && !info.multiple)
      throw new ConfigurationError(`${quoted(key)} does not support multiple values`, raw.place);
    this.#raw.set(info.attribute, [...list, raw]);
  }

  /** A matcher for a section inside of this one. */
  child(schema: Schema, typeName: string, name: string | null, place: Place): SectionMatcher {
    const type = schema.type(typeName);
    if (type === undefined) {
      const hint = schema.hint(typeName, schema.typeNames());
      throw new ConfigurationError(`unknown type name: ${quoted(typeName)}${hint}`, place);
    }
    if (type.isAbstract) {
      throw new ConfigurationError(
        `concrete sections cannot match abstract section types; found abstract type ${quoted(typeName)}`,
        place,
      );
    }
    const { item } = this.#infoFor(type, name, place);
    if (name === '*' || name === '+' || (item.name === '+' && name === null)) {
      throw new ConfigurationError(
        `${shown(name)} is not an allowed name for ${quoted(typeOf(item))} sections`,
        place,
      );
    }
    return new SectionMatcher(type, name, place, this.#bag?.section(schema, typeName, name));
  }

  /** The item that a section of this type and name fills: the first that its name or its type fits. */
  #infoFor(type: SectionType, name: string | null, place: Place): ItemInfo & { readonly item: SectionItem } {
    for (const info of this.type.items) {
      const { key, item } = info;
      if (!isSectionItem(item)) {
        if (key === name) throw new ConfigurationError(`section name ${key} already in use for key`, place);
        continue;
      }
      const wanted = typeOf(item);
      const fits = wanted === type.name || type.implements.has(wanted);
      if (key !== undefined) {
        if (key !== name) continue;
        if (!fits) {
          throw new ConfigurationError(
            info.isAbstract
              ? `section type ${quoted(type.name)} not allowed for name ${quoted(key)}`
              : `name ${quoted(key)} must be used for a ${quoted(wanted)} section`,
            place,
          );
        }
      } else if (!fits) continue;
      else if (wanted === type.name && name === null && item.name !== '*')
        throw new ConfigurationError(`${quoted(wanted)} sections must be named`, place);
      return { ...info, item };
    }
    throw new ConfigurationError(
      `no matching section defined for type='${type.name}', name='${name ?? 'None'}'`,
      place,
    );
  }

  /** Puts a finished section in its place. */
  addSection({ type, name, place }: SectionMatcher, value: SectionValue): void {
    if (name !== null && this.#names.has(name)) {
      throw new ConfigurationError(
        `section names must not be re-used within the same container:${quoted(name)}`,
      );
    }
    if (name !== null) this.#names.add(name);
    const { attribute, multiple, item } = this.#infoFor(type, name, place);
    const before = this.#sections.get(attribute) ?? [];
    if (before.length > 0 && !multiple)
      throw new ConfigurationError(`too many instances of ${quoted(typeOf(item))} section`);
    this.#sections.set(attribute, [...before, { type, place, value }]);
  }

  /** The section, its values converted; not yet what its type makes of it. */
  finish(): SectionValue {
    for (const [key, options] of this.#bag?.takeAll() ?? []) {
      for (const { text, place } of options) this.#add(key, key, { text, place });
    }
    this.#bag?.checkConsumed();
    const values: Record<string, unknown> = {};
    for (const info of this.type.items) this.#checkCount(info);
    for (const info of this.type.items)
      values[info.attribute] = info.isSection ? this.#sectionValue(info) : this.#keyValue(info);
    return new SectionValue(this.type, this.name, values, this.place, this.#given());
  }

  #given(): Map<string, Place> {
    const given = new Map<string, Place>();
    for (const [attribute, raw] of this.#raw) {
      const [first] = raw instanceof Map ? [...raw.values()].flat() : raw;
      given.set(attribute, first!.place);
    }
    for (const attribute of this.#sections.keys()) given.set(attribute, this.place);
    return given;
  }

  #checkCount(info: ItemInfo): void {
    if (!info.item.required) return;
    const { attribute, item, multiple } = info;
    if (info.key === '+') {
      if (((this.#raw.get(attribute) as Map<string, Raw[]> | undefined)?.size ?? 0) > 0) return;
      throw new ConfigurationError(
        `no keys defined for the ${attribute} key/value map; at least 1 must be specified`,
      );
    }
    const what =
      info.key === undefined ? `section type ${quoted(typeOf(item as SectionItem))}` : quoted(info.key);
    const found = info.isSection
      ? this.#sections.get(attribute)
      : (this.#raw.get(attribute) as Raw[] | undefined);
    const { default: text, defaults } = item as KeyItem;
    const texts = multiple ? (defaults as readonly string[] | undefined) : text === undefined ? [] : [text];
    if ((found ?? texts ?? []).length > 0) return;
    throw new ConfigurationError(
      multiple ? `not enough values for ${what}; 0 found, 1 required` : `no values for ${what}; 1 required`,
    );
  }

  #sectionValue({ attribute, multiple }: ItemInfo): unknown {
    const found = (this.#sections.get(attribute) ?? []).map(({ type, value, place }) =>
      converted(type, value, place),
    );
    return multiple ? found : (found[0] ?? null);
  }

  #keyValue(info: ItemInfo): unknown {
    const item = info.item as KeyItem;
    const raw = this.#raw.get(info.attribute);
    if (info.key === '+') return this.#mapValue(info, item, raw as Map<string, Raw[]> | undefined);
    let list = raw as Raw[] | undefined;
    if (list === undefined) {
      if (info.multiple)
        list = ((item.defaults ?? []) as readonly string[]).map((text) => ({ text, place: NOWHERE }));
      else list = item.default === undefined ? [] : [{ text: item.default, place: NOWHERE }];
    }
    const converted = list.map((entry) => convert(info.convert, entry));
    return info.multiple ? converted : (converted[0] ?? null);
  }

  #mapValue(info: ItemInfo, item: KeyItem, raw: Map<string, Raw[]> | undefined): Map<string, unknown> {
    const map = new Map<string, unknown>();
    const source =
      raw ??
      new Map(
        Object.entries((item.defaults ?? {}) as Readonly<Record<string, string>>).map(
          ([key, text]): [string, Raw[]] => [this.type.keytype(key) as string, [{ text, place: NOWHERE }]],
        ),
      );
    for (const [key, list] of source) {
      const converted = list.map((entry) => convert(info.convert, entry));
      map.set(key, info.multiple ? converted : converted[0]);
    }
    return map;
  }
}
