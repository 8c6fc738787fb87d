/** Form fields of the query string and the body (INVENTORY 3.6). */
import { Readable } from 'node:stream';
import busboy from '@fastify/busboy';
import { BadRequest } from './errors.ts';
import type { HTTPRequest } from './request.ts';

/** A file that a form uploads. */
export class FileUpload {
  readonly name: string;
  readonly filename: string;
  readonly contentType: string;
  readonly data: Uint8Array;

  constructor(name: string, filename: string, contentType: string, data: Uint8Array) {
    this.name = name;
    this.filename = filename;
    this.contentType = contentType;
    this.data = data;
  }
}

export type Field = readonly [name: string, value: string | FileUpload];

const MAX_FIELDS = 10_000;

/** The fields of a body, by its content type; none for a body that is no form. */
export async function readFields(body: Uint8Array, contentType: string): Promise<Field[]> {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return urlencoded(Buffer.from(body).toString('utf8'));
  if (type === 'multipart/form-data') return multipart(body, contentType);
  return [];
}

function urlencoded(text: string): Field[] {
  return [...new URLSearchParams(text)];
}

function multipart(body: Uint8Array, contentType: string): Promise<Field[]> {
  return new Promise((resolve, reject) => {
    const fields: Field[] = [];
    const refuse = (error: unknown) =>
      reject(new BadRequest(`The form cannot be read: ${(error as Error).message}`));
    let parser;
    try {
      parser = new busboy.Busboy({
        headers: { 'content-type': contentType },
        limits: { parts: MAX_FIELDS, fieldSize: body.length },
      });
    } catch (error) {
      refuse(error);
      return;
    }
    parser.on('field', (name: string, value: string) => fields.push([name, value]));
    parser.on('file', (name: string, stream: Readable, filename: string, _encoding: string, mime: string) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () =>
        fields.push([name, new FileUpload(name, filename ?? '', mime, Buffer.concat(chunks))]),
      );
    });
    parser.on('partsLimit', () => refuse(new Error(`more than ${MAX_FIELDS} fields`)));
    parser.on('error', refuse);
    parser.on('finish', () => resolve(fields));
    parser.end(Buffer.from(body));
  });
}

/**
 * Puts the fields into `request.form`; a name that comes several times gives a list. A field `NAME:method` (a button)
 * names the method to call: it is returned.
 */
export function processInputs(request: HTTPRequest, fields: readonly Field[]): string | undefined {
  const query = request.source.environ.queryString;
  if (query === '' && fields.length === 0) return undefined;
  let method: string | undefined;
  const { form } = request;
  const all = query === '' ? fields : [...fields, ...urlencoded(query)];
  for (const [name, value] of all) {
    if (name.endsWith(':method')) {
      method = name.slice(0, -':method'.length);
      continue;
    }
    const before = form.get(name);
    if (before === undefined) form.set(name, value);
    else if (Array.isArray(before)) before.push(value);
    else form.set(name, [before, value]);
  }
  return method;
}
