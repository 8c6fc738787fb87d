import type { Place } from './errors.ts';

/** A finished section: its values by attribute. */
export class SectionValue {
  readonly type: string;
  readonly name: string | null;
  /** By attribute: a value, a list, a map, or null for what was not given. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly place: Place;
  /** Attributes that the file gave, as opposed to defaults. */
  readonly given: ReadonlySet<string>;

  constructor(
    type: string,
    name: string | null,
    values: Record<string, unknown>,
    place: Place,
    given: ReadonlySet<string>,
  ) {
    this.type = type;
    this.name = name;
    this.values = values;
    this.place = place;
    this.given = given;
  }

  get<T = unknown>(attribute: string): T {
    return this.values[attribute] as T;
  }
}
