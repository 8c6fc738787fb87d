/** Formats and modifiers of `dtml-var` (INVENTORY T-060 to T-066). */
import { ByteArray } from '../../pickle/index.ts';
import {
  call,
  formatPercent,
  getattr,
  htmlQuote,
  len,
  PyError,
  str,
  trustedGetattr,
  groupThousands,
} from '../../restricted/index.ts';
import { TaintedString } from './tainted.ts';

/** Text as DTML shows it; bytes are UTF-8, or Latin-1 when they are not. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array || value instanceof ByteArray) return decoded(value as Uint8Array);
  // An exception is what it was raised with: for a KeyError `name`, not `'name'`.
  if (value instanceof PyError && value.args.length > 0)
    return value.args.length === 1 ? textOf(value.args[0]) : str(value.args);
  return str(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

/** Half of a character cannot be percent-encoded. */
const wellFormed = (text: string) => text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
const quoteUrl = (text: string) =>
  encodeURIComponent(wellFormed(text))
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()*]/g, percent);
const quoteUrlPlus = (text: string) =>
  encodeURIComponent(wellFormed(text))
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, percent);

/** Percent-decoding; bytes that are no UTF-8 become U+FFFD. */
function unquoteUrl(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

const newlineToBr = (value: unknown): string =>
  (value instanceof TaintedString ? value.quoted() : textOf(value))
    .replaceAll('\r', '')
    .replaceAll('\n', '<br />\n');

function commas(value: unknown): string {
  const text = textOf(value);
  const dot = text.indexOf('.');
  const before = dot < 0 ? text : text.slice(0, dot);
  // Digits that a letter follows are no number.
  const whole = before.replaceAll(/\d+/g, (digits, at: number) => {
    const next = before[at + digits.length];
    return next === undefined || next === ',' ? groupThousands(digits) : digits;
  });
  return dot < 0 ? whole : whole + text.slice(dot);
}

/** Formats with `%`; a value that is no number gives nothing. */
function dollars(format: string, value: unknown): string {
  try {
    return formatPercent(format, value) as string;
  } catch {
    return '';
  }
}

export function sqlQuote(value: unknown): string {
  // oxlint-disable-next-line no-control-regex -- these end a text in some databases
  return textOf(value)
    .replaceAll(/[\u0000\u001a\r]/g, '')
    .replaceAll("'", "''");
}

type Format = (value: unknown) => unknown;

export const SPECIAL_FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['whole-dollars', (value) => dollars('$%d', value)],
  ['dollars-and-cents', (value) => dollars('$%.2f', value)],
  ['collection-length', (value) => String(len(value))],
  ['sql-quote', sqlQuote],
  ['html-quote', (value) => htmlQuote(textOf(value))],
  ['url-quote', (value) => quoteUrl(textOf(value))],
  ['url-quote-plus', (value) => quoteUrlPlus(textOf(value))],
  ['url-unquote', (value) => unquoteUrl(textOf(value))],
  ['url-unquote-plus', (value) => unquoteUrl(textOf(value).replaceAll('+', ' '))],
  ['multi-line', newlineToBr],
  ['comma-numeric', commas],
  ['dollars-with-commas', (value) => commas(dollars('$%d', value))],
  ['dollars-and-cents-with-commas', (value) => commas(dollars('$%.2f', value))],
]);

/** Python's method of a text; a tainted one stays so. */
const textMethod =
  (name: string): Format =>
  (value) =>
    call(trustedGetattr(value, name), []);

/** In the order in which they work. */
export const MODIFIERS: readonly (readonly [name: string, modify: Format])[] = [
  ['html_quote', (value) => htmlQuote(textOf(value))],
  ['url_quote', (value) => quoteUrl(textOf(value))],
  ['url_quote_plus', (value) => quoteUrlPlus(textOf(value))],
  ['url_unquote', (value) => unquoteUrl(textOf(value))],
  ['url_unquote_plus', (value) => unquoteUrl(textOf(value).replaceAll('+', ' '))],
  ['newline_to_br', newlineToBr],
  ['lower', textMethod('lower')],
  ['upper', textMethod('upper')],
  ['capitalize', textMethod('capitalize')],
  ['spacify', (value) => textOf(value).replaceAll('_', ' ')],
  ['thousands_commas', commas],
  ['sql_quote', sqlQuote],
];

const NOTHING = Symbol('nothing');

/** What a `fmt` parameter makes of a value: a method of it, a special format, or a format with `%`. */
export function formatted(value: unknown, format: string): unknown {
  if (format === '') return '';
  if (format.charCodeAt(0) !== 95 && trustedGetattr(value, format, NOTHING) !== NOTHING)
    return call(getattr(value, format), []);
  const special = SPECIAL_FORMATS.get(format);
  if (special !== undefined) {
    if (value instanceof TaintedString) return format === 'html-quote' ? value : special(value.value);
    return special(value);
  }
  if (value instanceof TaintedString) return new TaintedString(formatPercent(format, value.value) as string);
  return formatPercent(format, value);
}
