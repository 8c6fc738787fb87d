import { ConfigurationError, type Place } from '../errors.ts';
import { SectionValue } from '../section-value.ts';

/** A storage section: its type, name and values by attribute; sections inside of it as such. */
export interface StorageConfig {
  readonly type: string;
  readonly name: string | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the section begins. */
  readonly place: Place;
}

/** A `<demostorage>` has one base and one section `changes`, or takes the default for either. */
function checkDemoStorage({ values, place }: SectionValue): void {
  const bases = (values.factories as readonly SectionValue[]).filter(({ name }) => name !== 'changes');
  if (bases.length < 2) return;
  throw new ConfigurationError(
    `<demostorage> has ${bases.length} base storages; it takes one, and one named "changes"`,
    place,
  );
}

/** Throws a ConfigurationError for sections that contradict each other. */
export function storageOf(section: SectionValue): StorageConfig {
  if (section.type === 'demostorage') checkDemoStorage(section);
  const valueOf = (value: unknown): unknown => {
    if (value instanceof SectionValue) return storageOf(value);
    return Array.isArray(value) ? value.map(valueOf) : value;
  };
  const values = Object.fromEntries(
    Object.entries(section.values).map(([name, value]) => [name, valueOf(value)]),
  );
  return { type: section.type, name: section.name, values, place: section.place };
}
