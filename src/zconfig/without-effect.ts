import type { KeyItem } from './schema.ts';
import { SectionValue } from './section-value.ts';

/** What a configuration gives that changes nothing here: place, directive and reason, a line each. */
export function notesOf(section: SectionValue): string[] {
  const notes: string[] = [];
  for (const { attribute, item } of section.definition.items) {
    const value = section.values[attribute];
    const { noEffect } = item as KeyItem;
    const place = section.given.get(attribute);
    if (noEffect !== undefined && place !== undefined) {
      const reason = typeof noEffect === 'string' ? noEffect : noEffect(value);
      const where = place.line === undefined ? place.file : `${place.file}, line ${place.line}`;
      if (reason !== undefined) notes.push(`${where}: ${item.name} has no effect: ${reason}`);
    }
    for (const inner of Array.isArray(value) ? value : [value])
      if (inner instanceof SectionValue) notes.push(...notesOf(inner));
  }
  return notes;
}
