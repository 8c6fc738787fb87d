/** What a parsed template is made of. */
import { BudgetError, chargeMemory, chargeSteps, type Frame } from '../../restricted/index.ts';
import type { Namespace } from './namespace.ts';

/** Text, or what gives text in a namespace. */
export type Part = string | ((namespace: Namespace) => string);

/** A section of a block tag. */
export interface Section {
  /** The tag that begins it: that of the block, or a continuation such as `else`. */
  readonly tag: string;
  readonly args: string;
  readonly parts: readonly Part[];
}

/** Where the tag of a part stands: for errors that have no place of their own. */
const places = new WeakMap<object, Frame>();

export function setPlace(part: Part, place: Frame): void {
  if (typeof part === 'function') places.set(part, place);
}

export function renderParts(parts: readonly Part[], namespace: Namespace): string {
  let text = '';
  let at = 0;
  try {
    chargeSteps(parts.length);
    for (; at < parts.length; at++) {
      const part = parts[at]!;
      text += typeof part === 'string' ? part : part(namespace);
    }
    chargeMemory(text.length);
  } catch (error) {
    if (error instanceof BudgetError) {
      const place = places.get(parts[Math.min(at, parts.length - 1)] as object);
      if (place !== undefined) error.places.push(place);
    }
    throw error;
  }
  return text;
}

/** Makes the renderer of a tag without sections. */
export type SimpleTag = (args: string, format: string) => Part;

/** A tag with sections, and the tags that may begin further ones. */
export interface BlockTag {
  readonly continuations: readonly string[];
  make(sections: readonly Section[]): Part;
}

export type Tag = SimpleTag | BlockTag;
