/** Options of a command line, `section/key=value`, which win over what files say. */
import { basicKey, type Datatype } from './datatypes.ts';
import { ConfigurationError, ConfigurationSyntaxError, NOWHERE, type Place, ValueRefused } from './errors.ts';
import type { Schema, SectionType } from './schema.ts';

export interface Override {
  readonly path: readonly string[];
  readonly text: string;
  readonly place: Place;
}

export function parseOverride(specifier: string): Override {
  const place: Place = { file: '<command-line option>', line: undefined };
  const equals = specifier.indexOf('=');
  if (equals < 0) throw new ConfigurationSyntaxError('invalid configuration specifier', place);
  const path = specifier.slice(0, equals).split('/');
  if (path.includes('')) throw new ConfigurationSyntaxError("'//' is not allowed in an option path", place);
  return { path, text: specifier.slice(equals + 1), place };
}

function normal(keytype: Datatype, text: string, place: Place): string {
  try {
    return keytype(text) as string;
  } catch (error) {
    if (error instanceof ValueRefused)
      throw new ConfigurationSyntaxError(`could not convert basic-key value: ${error.message}`, place);
    throw error;
  }
}

/** The overrides that concern one section. */
export class OptionBag {
  readonly #keys = new Map<string, Override[]>();
  #sections: Override[] = [];

  constructor(type: SectionType, overrides: readonly Override[]) {
    for (const override of overrides) {
      const name = normal(type.keytype, override.path[0]!, override.place);
      if (override.path.length === 1) this.#keys.set(name, [...(this.#keys.get(name) ?? []), override]);
      else this.#sections.push(override);
    }
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  takeAll(): [string, Override[]][] {
    const all = [...this.#keys];
    this.#keys.clear();
    return all;
  }

  /** The overrides of a section inside, by its name or its type; they count as used. */
  section(schema: Schema, type: string, name: string | null): OptionBag | undefined {
    const concerns = (override: Override) =>
      (name !== null && override.path[0]!.toLowerCase() === name) ||
      normal(basicKey, override.path[0]!, override.place) === type;
    const taken = this.#sections.filter(concerns);
    if (taken.length === 0) return undefined;
    this.#sections = this.#sections.filter((override) => !taken.includes(override));
    return new OptionBag(
      schema.type(type)!,
      taken.map((override) => ({ ...override, path: override.path.slice(1) })),
    );
  }

  checkConsumed(): void {
    const left = [...this.#sections, ...[...this.#keys.values()].flat()];
    if (left.length === 0) return;
    const names = left.map((override) => override.path.join('/')).join(', ');
    throw new ConfigurationError(`not all command line options were consumed: ${names}`, NOWHERE);
  }
}
