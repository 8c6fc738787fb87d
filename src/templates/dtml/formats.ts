/** Formats and modifiers of `dtml-var` (INVENTORY T-060 to T-066). */
import { ByteArray } from '../../pickle/index.ts';
import {
  AttributeError,
  call,
  formatPercent,
  getattr,
  htmlQuote,
  len,
  PyError,
  str,
  trustedGetattr,
  groupThousands,
  typeName,
  ValueError,
} from '../../restricted/index.ts';
import { tainted, TaintedString } from './tainted.ts';

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
  if (typeof value !== 'string' && !(value instanceof Uint8Array) && !(value instanceof ByteArray))
    throw new AttributeError(`'${typeName(value)}' object has no attribute 'replace'`);
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

/** Formats that the original has, and this package has not. */
const MISSING_FORMATS: ReadonlyMap<string, () => Error> = new Map([
  [
    'structured-text',
    () =>
      new AttributeError(
        'structured_text_header_level: the format structured-text went with that directive of zope.conf, in Python too',
      ),
  ],
  ['restructured-text', () => new ValueError('the format restructured-text is not available')],
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
  // As in the original, these work once more.
  ['url_unquote', (value) => unquoteUrl(textOf(value))],
  ['url_unquote_plus', (value) => unquoteUrl(textOf(value).replaceAll('+', ' '))],
];

const NOTHING = Symbol('nothing');

/** What a `fmt` parameter makes of a value: a method of it, a special format, or a format with `%`. */
export function formatted(value: unknown, format: string): unknown {
  if (format === '') return '';
  if (format.charCodeAt(0) !== 95) {
    const method = getattr(value, format, NOTHING);
    if (method !== NOTHING) return call(method, []);
  }
  const special = SPECIAL_FORMATS.get(format);
  if (special !== undefined) {
    if (!(value instanceof TaintedString)) return special(value);
    // Quoted in the end; what still has markup of its own stays to be quoted, which the original forgets for some formats.
    if (format === 'html-quote') return value;
    return format === 'multi-line' ? special(value) : tainted(special(value.value));
  }
  const missing = MISSING_FORMATS.get(format);
  if (missing !== undefined) throw missing();
  const text = formatPercent(format, value);
  return value instanceof TaintedString ? new TaintedString(text as string) : text;
}
