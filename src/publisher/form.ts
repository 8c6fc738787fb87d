/** Form fields of query strings and bodies, not yet converted (INVENTORY 3.6). Bytes stand as characters up to U+00FF. */
import type { ByteRange, ByteSource } from './byte-source.ts';
import { BadRequest } from './errors.ts';
import { PartHeaders } from './file-upload.ts';
import { type FormLimits, parseOptions, readParts } from './multipart.ts';

/** A file of a form, not yet opened. */
export interface UploadedPart {
  readonly filename: string;
  readonly headers: PartHeaders;
  readonly content: ByteRange;
}

export interface Field {
  readonly name: string;
  readonly value: string | UploadedPart;
  /** Of the name and of the value; undefined: the site's. */
  readonly nameCharset?: string | undefined;
  readonly valueCharset?: string | undefined;
}

const FORM_TYPES = new Set([
  'multipart/form-data',
  'application/x-www-form-urlencoded',
  'application/x-url-encoded',
  '',
]);
const FORM_METHODS = new Set(['POST', 'PUT', 'PATCH']);

/** The fields of a body that is a form; none for another body. Throws a BadRequest. */
export function readFields(
  method: string,
  body: ByteSource,
  contentType: string,
  limits: FormLimits,
): Field[] {
  if (!FORM_METHODS.has(method)) return [];
  const { value: type, options } = parseOptions(contentType);
  if (!FORM_TYPES.has(type)) return [];
  if (type === 'multipart/form-data') return multipart(body, options.get('boundary'), limits);
  if (body.length > limits.memory) throw new BadRequest('form data processing requires too much memory');
  const charset = options.get('charset') || undefined;
  return queryFields(body.text(0, body.length)).map((field) => ({
    ...field,
    nameCharset: charset,
    valueCharset: charset,
  }));
}

/** The fields of a query string or of an urlencoded body. */
export function queryFields(query: string): Field[] {
  const fields: Field[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    fields.push(
      equals < 0
        ? { name: unquotePlus(part), value: '' }
        : { name: unquotePlus(part.slice(0, equals)), value: unquotePlus(part.slice(equals + 1)) },
    );
  }
  return fields;
}

function unquotePlus(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  return spaced.replaceAll(/%([0-9a-fA-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function multipart(body: ByteSource, boundary: string | undefined, limits: FormLimits): Field[] {
  if (boundary === undefined) throw new BadRequest('the multipart form does not tell its boundary');
  return readParts(body, boundary, limits).map(({ name, filename, headers: list, content }) => {
    const headers = new PartHeaders(list);
    if (filename !== undefined) return { name, value: { filename, headers, content } };
    const { options } = parseOptions(headers.get('content-type') ?? '');
    return { name, value: textOf(content), valueCharset: options.get('charset') };
  });
}

function textOf({ source, start, end }: ByteRange): string {
  try {
    return source.text(start, end);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadRequest(error.message);
  }
}
