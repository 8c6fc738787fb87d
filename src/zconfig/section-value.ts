import type { Place } from './errors.ts';
import type { SectionType } from './schema.ts';

/** A finished section: its values by attribute. */
export class SectionValue {
  readonly type: string;
  readonly name: string | null;
  /** By attribute: a value, a list, a map, or null for what was not given. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the section begins. */
  readonly place: Place;
  /** Attributes that the file gave, as opposed to defaults, and where (the first place of a list). */
  readonly given: ReadonlyMap<string, Place>;
  readonly definition: SectionType;

  constructor(
    definition: SectionType,
    name: string | null,
    values: Record<string, unknown>,
    place: Place,
    given: ReadonlyMap<string, Place>,
  ) {
    this.definition = definition;
    this.type = definition.name;
    this.name = name;
    this.values = values;
    this.place = place;
    this.given = given;
  }

  get<T = unknown>(attribute: string): T {
    return this.values[attribute] as T;
  }
}
