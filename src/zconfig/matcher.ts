/** Gathers the values of one section and checks them against its type. */
import { ConfigurationError, DataConversionError, NOWHERE, type Place, ValueRefused } from './errors.ts';
import type { OptionBag } from './overrides.ts';
import type { Datatype } from './datatypes.ts';
import type { ItemInfo, KeyItem, Schema, SectionItem, SectionType } from './schema.ts';
import { SectionValue } from './section-value.ts';

/** A text and where it stands. */
interface Raw {
  readonly text: string;
  readonly place: Place;
}

const quoted = (text: string | null) => (text === null ? 'None' : `'${text}'`);

function convert(datatype: Datatype, { text, place }: Raw): unknown {
  try {
    return datatype(text);
  } catch (error) {
    if (error instanceof ValueRefused)
      throw new DataConversionError(error.message, text, place, { cause: error });
    throw error;
  }
}

export class SectionMatcher {
  readonly type: SectionType;
  readonly name: string | null;
  readonly place: Place;
  readonly #bag: OptionBag | undefined;
  readonly #raw = new Map<string, Raw[] | Map<string, Raw[]>>();
  readonly #sections = new Map<string, unknown[]>();

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
    const info = exact ?? this.type.items.find((other) => other.key === '+' && !other.isSection);
    if (info === undefined) {
      const keys = this.type.items.filter((other) => !other.isSection).map((other) => other.key!);
      const hint = schema?.hint(realKey, keys) ?? '';
      throw new ConfigurationError(`${quoted(key)} is not a known key name${hint}`, raw.place);
    }
    if (info.isSection)
      throw new ConfigurationError(
        `${quoted(key)} is not a valid key name in '${this.type.name}' sections`,
        raw.place,
      );
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
    const info = this.#infoFor(schema, typeName, name, place);
    const item = info.item as SectionItem;
    if (name === '*' || name === '+' || (item.name === '+' && name === null)) {
      throw new ConfigurationError(
        `${quoted(name)} is not an allowed name for ${quoted(item.type)} sections`,
        place,
      );
    }
    return new SectionMatcher(type, name, place, this.#bag?.section(schema, typeName, name));
  }

  /** The item that a section of this type and name fills. */
  #infoFor(schema: Schema, typeName: string, name: string | null, place: Place): ItemInfo {
    for (const info of this.type.items) {
      if (info.key !== undefined && info.key !== '+') {
        if (info.key !== name) continue;
        if (!info.isSection)
          throw new ConfigurationError(`section name ${info.key} already in use for key`, place);
        const { type } = info.item as SectionItem;
        const allowed = schema.type(type.toLowerCase());
        if (type.toLowerCase() !== typeName && !allowed?.subtypes.has(typeName)) {
          throw new ConfigurationError(
            `name ${quoted(name)} must be used for a ${quoted(type)} section`,
            place,
          );
        }
        return info;
      }
      if (!info.isSection) continue;
      const item = info.item as SectionItem;
      const wanted = item.type.toLowerCase();
      if (wanted === typeName) {
        if (name === null && item.name !== '*')
          throw new ConfigurationError(`${quoted(typeName)} sections must be named`, place);
        return info;
      }
      const type = schema.type(wanted);
      if (type?.isAbstract && type.subtypes.has(typeName)) {
        if (name === null && item.name !== '*')
          throw new ConfigurationError(`${quoted(typeName)} sections may not be unnamed`, place);
        return info;
      }
    }
    throw new ConfigurationError(
      `no matching section defined for type='${typeName}', name='${name ?? 'None'}'`,
      place,
    );
  }

  /** Puts a finished section in its place. */
  addSection(schema: Schema, child: SectionMatcher, value: unknown): void {
    const { name, place } = child;
    const info = this.#infoFor(schema, child.type.name, name, place);
    const before = this.#sections.get(info.attribute) ?? [];
    if (before.length > 0 && !info.multiple) {
      throw new ConfigurationError(
        `too many instances of ${quoted((info.item as SectionItem).type)} section`,
      );
    }
    if (name !== null && this.#names.has(name))
      throw new ConfigurationError(
        `section names must not be re-used within the same container:${quoted(name)}`,
      );
    if (name !== null) this.#names.add(name);
    this.#sections.set(info.attribute, [...before, value]);
  }

  readonly #names = new Set<string>();

  finish(): unknown {
    for (const [key, options] of this.#bag?.takeAll() ?? []) {
      for (const { text, place } of options) this.#add(key, key, { text, place });
    }
    this.#bag?.checkConsumed();
    const values: Record<string, unknown> = {};
    for (const info of this.type.items) this.#checkCount(info);
    for (const info of this.type.items)
      values[info.attribute] = info.isSection ? this.#sectionValue(info) : this.#keyValue(info);
    const section = new SectionValue(this.type, this.name, values, this.place, this.#given());
    if (this.type.datatype === undefined) return section;
    try {
      return this.type.datatype(section);
    } catch (error) {
      if (error instanceof ValueRefused)
        throw new DataConversionError(error.message, section, this.place, { cause: error });
      throw error;
    }
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
    const { attribute, isSection, multiple } = info;
    const what = isSection
      ? `section type '${(info.item as SectionItem).type}'`
      : quoted(info.key ?? info.item.name);
    if (info.key === '+') {
      if (((this.#raw.get(attribute) as Map<string, Raw[]> | undefined)?.size ?? 0) === 0) {
        throw new ConfigurationError(
          `no keys defined for the ${attribute} key/value map; at least 1 must be specified`,
        );
      }
      return;
    }
    const count = isSection
      ? (this.#sections.get(attribute)?.length ?? 0)
      : ((this.#raw.get(attribute) as Raw[] | undefined)?.length ?? 0);
    if (count > 0 || (info.item as KeyItem).default !== undefined) return;
    throw new ConfigurationError(
      multiple ? `not enough values for ${what}; 0 found, 1 required` : `no values for ${what}; 1 required`,
    );
  }

  #sectionValue({ attribute, multiple }: ItemInfo): unknown {
    const found = this.#sections.get(attribute) ?? [];
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
