/** Translatable messages (INVENTORY T-046): Python's `zope.i18nmessageid.Message`. */
import { Dict } from '../../pickle/index.ts';
import { registerType, repr } from '../../restricted/index.ts';
import { registerTextClass, TEXT_ATTRIBUTES, textOperators } from '../text-like.ts';

export interface MessageOptions {
  readonly domain?: string | null;
  /** Shown where there is no translation; the id unless told. */
  readonly default?: string | null;
  /** Values for `${name}` in the text; they may be messages themselves. */
  readonly mapping?: ReadonlyMap<unknown, unknown> | null;
  /** The id for several, with `number`. */
  readonly plural?: string | null;
  readonly defaultPlural?: string | null;
  readonly number?: number | null;
  /** Tells equal ids apart: gettext's `msgctxt`. */
  readonly context?: string | null;
}

export class Message {
  readonly id: string;
  readonly domain: string | null;
  readonly default: string | null;
  readonly mapping: ReadonlyMap<unknown, unknown> | null;
  readonly plural: string | null;
  readonly defaultPlural: string | null;
  readonly number: number | null;
  readonly context: string | null;

  constructor(id: string, options: MessageOptions = {}) {
    this.id = id;
    this.domain = options.domain ?? null;
    this.default = options.default ?? null;
    this.mapping = options.mapping ?? null;
    this.plural = options.plural ?? null;
    this.defaultPlural = options.defaultPlural ?? null;
    this.number = options.number ?? null;
    this.context = options.context ?? null;
  }
}
registerType(Message, {
  attributes: [],
  // Python declares nothing of it: expressions may use it as a text, and have none of its attributes.
  denied: ['domain', 'default', 'mapping', ...TEXT_ATTRIBUTES],
  operators: {
    str: (self) => self.id,
    repr: (self) => repr(self.id),
    ...textOperators<Message>((self) => self.id),
  },
});

registerTextClass(Message, (self) => self.id);

const PLACEHOLDER = /(?<!\$)\$(?:([a-zA-Z_][-a-zA-Z0-9_]*)|\{([a-zA-Z_][-a-zA-Z0-9_]*)\})/g;

/** Text with the values of its placeholders; unknown ones stay. */
export function interpolate(
  text: string,
  mapping: ReadonlyMap<unknown, unknown> | null,
  shown: (value: unknown) => string,
): string {
  if (mapping === null || mapping.size === 0 || !text.includes('$')) return text;
  const values = mapping instanceof Dict ? mapping : new Map(mapping);
  return text.replace(PLACEHOLDER, (whole, bare?: string, braced?: string) => {
    const value = values.get(bare ?? braced);
    return value === undefined ? whole : shown(value);
  });
}
