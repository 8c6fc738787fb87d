/** What `NAME:int` and its like in a form make of a value (INVENTORY P-080 to P-105). */
import { DateSyntaxError, DateTime } from '../pickle/index.ts';
import {
  builtinValue,
  call,
  PyError,
  repr,
  str,
  trustedGetattr,
  TypeError,
  typeName,
  ValueError,
} from '../restricted/index.ts';
import { FileUpload } from './file-upload.ts';
import { parseJson } from './json.ts';

export type Converter = (value: unknown) => unknown;

const html = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#x27;');

const textOf = (value: unknown) => (typeof value === 'string' ? value : str(value));

/** A converter of single values that takes each member of a list. */
function each(convert: (text: string) => unknown): Converter {
  const converter: Converter = (value) =>
    Array.isArray(value) ? value.map((item) => converter(item)) : convert(textOf(value));
  return converter;
}

function number(type: 'int' | 'float', text: string, wanted: string, empty: string): unknown {
  if (text === '') throw new ValueError(`Empty entry when <strong>${empty}</strong> expected`);
  try {
    return call(builtinValue(type), [text]);
  } catch (error) {
    if (!(error instanceof PyError)) throw error;
    throw new ValueError(`${wanted} was expected in the value ${repr(html(text))}`);
  }
}

function date(make: (text: string) => DateTime): Converter {
  return (value) => {
    const text = textOf(value);
    try {
      return make(text);
    } catch (error) {
      if (!(error instanceof DateSyntaxError)) throw error;
      throw new DateSyntaxError(`Invalid DateTime ${html(repr(text))}`);
    }
  };
}

const text: Converter = (value) => textOf(value).replaceAll(/\r\n|\n\r/g, '\n');
const method = (text: string, name: string) => call(trustedGetattr(text, name), []);
const tokens: Converter = (value) => method(textOf(value), 'split');
const lines: Converter = (value) => {
  if (Array.isArray(value)) return value.map((item) => textOf(item));
  return method(textOf(value), 'splitlines');
};
const int = each((value) => number('int', value, 'An integer', 'integer'));

/** The bytes of a value; its text was encoded before, each byte a character. */
export const BYTES: Converter = (value) =>
  value instanceof FileUpload ? value.read() : new Uint8Array(Buffer.from(value as string, 'latin1'));

const CONVERTERS: ReadonlyMap<string, Converter> = new Map<string, Converter>([
  ['float', each((value) => number('float', value, 'A floating-point number', 'floating-point number'))],
  ['int', int],
  ['long', each((value) => number('int', value.replace(/[Ll]$/, ''), 'A long integer', 'integer'))],
  ['string', textOf],
  ['ustring', textOf],
  ['bytes', BYTES],
  ['date', date((value) => new DateTime(value))],
  ['date_international', date((value) => DateTime.withFormat('international', value))],
  [
    'json',
    (value) => {
      if (typeof value !== 'string')
        throw new TypeError(`the JSON object must be str, bytes or bytearray, not ${typeName(value)}`);
      try {
        return parseJson(value);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw new ValueError(`Invalid json ${html(repr(value))}`);
      }
    },
  ],
  [
    'required',
    (value) => {
      const given = textOf(value);
      if (method(given, 'strip') === '') throw new ValueError('No input for required field<p>');
      return given;
    },
  ],
  ['tokens', tokens],
  ['utokens', tokens],
  ['lines', lines],
  ['ulines', lines],
  ['text', text],
  ['utext', text],
  [
    'boolean',
    (value) => value !== 'False' && value !== '' && (!(value instanceof FileUpload) || value.filename !== ''),
  ],
]);

export function converterOf(name: string): Converter | undefined {
  return CONVERTERS.get(name);
}
