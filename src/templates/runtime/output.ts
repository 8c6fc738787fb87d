/** From values to text: escaping, markup, translation of what is inserted. */
import { isFloat } from '../../pickle/index.ts';
import { chargeMemory, decodeBytes, registerType, str, trustedGetattr } from '../../restricted/index.ts';
import { Message } from '../i18n/message.ts';
import type { Translator } from '../i18n/translate.ts';
import { registerTextClass, textOperators } from '../text-like.ts';

/** The value of `default`: what stands in the template. */
class Default {}
export const DEFAULT = Object.freeze(new Default());
registerType(Default, {
  pyName: 'ImportableMarker',
  operators: { str: () => '<DEFAULT>', repr: () => '<DEFAULT>' },
});

/** Text that is markup: it is not escaped. */
export class Structure {
  readonly markup: string;

  constructor(value: unknown) {
    this.markup = value instanceof Structure ? value.markup : str(value);
  }

  __html__(): string {
    return this.markup;
  }
}
registerType(Structure, {
  pyName: 'Markup',
  operators: {
    str: (self) => self.markup,
    repr: (self) => `s'${self.markup}'`,
    ...textOperators<Structure>((self) => self.markup),
  },
});
registerTextClass(Structure, (self) => self.markup);

const SPECIAL = /[&<>]/;

/** Up to this length a look at each character is cheaper than the expression. */
const SHORT = 24;

function isSpecial(text: string): boolean {
  const { length } = text;
  if (length > SHORT) return SPECIAL.test(text);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x26 || code === 0x3c || code === 0x3e) return true;
  }
  return false;
}

/** Longer texts are charged before they are looked through and joined. */
const LONG = 1024;

function charged(text: string): string {
  if (text.length > LONG) chargeMemory(text.length);
  return text;
}

export function escapeText(text: string): string {
  charged(text);
  if (!isSpecial(text)) return text;
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The text of a value that is neither text nor a number, and whether it is markup. */
function converted(value: unknown, translator: Translator): { text: string | null; markup: boolean } {
  if (typeof value === 'string') return { text: value, markup: false };
  if (value instanceof Structure) return { text: value.markup, markup: true };
  if (value instanceof Message) return { text: translator.message(value), markup: false };
  if (value instanceof Uint8Array) return { text: decodeBytes(value, 'utf-8', 'ignore'), markup: false };
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)) {
    const html: unknown = trustedGetattr(value, '__html__', NONE);
    if (html !== NONE) {
      const { __html__: method } = value as { __html__?: unknown };
      if (typeof method === 'function') return { text: str(method.call(value)), markup: true };
    }
  }
  return { text: str(value), markup: false };
}
const NONE: unique symbol = Symbol('none');

/** A value as text of a page; null and what stands for it is nothing. */
export function content(value: unknown, translator: Translator): string {
  if (typeof value === 'string') return escapeText(value);
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return isFloat(value) ? str(value) : `${value}`;
  const { text, markup } = converted(value, translator);
  return text === null ? '' : markup ? text : escapeText(text);
}

/** A value as markup. */
export function raw(value: unknown, translator: Translator): string {
  if (typeof value === 'string') return charged(value);
  if (value === null || value === undefined) return '';
  return charged(converted(value, translator).text ?? '');
}

const ENTITY: Readonly<Record<string, string>> = { '"': '&quot;', "'": '&#39;' };

/** A value as text of an attribute in these quotes; null: the attribute is left out. */
export function attribute(value: unknown, quote: string, translator: Translator): string | null {
  if (typeof value === 'number') return isFloat(value) ? str(value) : `${value}`;
  let text: string;
  if (typeof value === 'string') text = value;
  else if (value === null || value === undefined) return null;
  else {
    const found = converted(value, translator);
    if (found.markup || found.text === null) return found.text;
    text = found.text;
  }
  text = escapeText(text);
  return quote !== '' && text.includes(quote) ? text.replaceAll(quote, ENTITY[quote]!) : text;
}

/** A value inside of `string:`, where None is a word. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && !isFloat(value)) return `${value}`;
  return value instanceof Uint8Array ? decodeBytes(value) : str(value);
}
