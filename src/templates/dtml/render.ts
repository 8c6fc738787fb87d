/** What a parsed template is made of. */
import { BudgetError, chargeMemory, chargeSteps, type Frame } from '../../restricted/index.ts';
import { notePlace } from '../errors.ts';
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

/** Where a tag stands. */
export interface TagPlace extends Frame {
  readonly source: string;
  readonly offset: number;
  readonly tag: string;
}

/** Where the tag of a part stands: for errors that have no place of their own. */
const places = new WeakMap<object, TagPlace>();
/** The template whose innermost tag an error knows last. */
const noted = new WeakMap<object, string>();

export function setPlace(part: Part, place: TagPlace): void {
  if (typeof part === 'function') places.set(part, place);
}

/** Longer texts are charged before they are joined. */
const LONG = 1024;

export function renderParts(parts: readonly Part[], namespace: Namespace): string {
  let text = '';
  let at = 0;
  try {
    chargeSteps(parts.length);
    for (; at < parts.length; at++) {
      const part = parts[at]!;
      const piece = typeof part === 'string' ? part : part(namespace);
      if (piece.length > LONG) chargeMemory(piece.length);
      text += piece;
    }
    chargeMemory(text.length);
  } catch (error) {
    const place = places.get(parts[Math.min(at, parts.length - 1)] as object);
    if (place !== undefined) {
      if (error instanceof BudgetError) {
        const { filename, line, function: tag } = place;
        error.places.push({ filename, line, function: tag });
      } else if (error instanceof Error && noted.get(error) !== place.source) {
        noted.set(error, place.source);
        notePlace(error, place.filename, place.source, place.offset, place.tag);
      }
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
