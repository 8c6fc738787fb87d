/** What a parsed template is made of. */
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

export function renderParts(parts: readonly Part[], namespace: Namespace): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : part(namespace);
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
