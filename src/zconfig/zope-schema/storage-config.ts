import type { Place } from '../errors.ts';
import { SectionValue } from '../section-value.ts';

/** A storage section: its type, name and values by attribute; sections inside of it as such. */
export interface StorageConfig {
  readonly type: string;
  readonly name: string | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the section begins. */
  readonly place: Place;
}

export function storageOf(section: SectionValue): StorageConfig {
  const valueOf = (value: unknown): unknown => {
    if (value instanceof SectionValue) return storageOf(value);
    return Array.isArray(value) ? value.map(valueOf) : value;
  };
  const values = Object.fromEntries(
    Object.entries(section.values).map(([name, value]) => [name, valueOf(value)]),
  );
  return { type: section.type, name: section.name, values, place: section.place };
}
