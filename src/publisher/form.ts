/** Form fields of query strings and bodies, not yet converted (INVENTORY 3.6). Bytes stand as characters up to U+00FF. */
import { createRequire } from 'node:module';
import type { Dicer as DicerType } from '@fastify/busboy';
import { tuple } from '../pickle/index.ts';
import { registerType } from '../restricted/index.ts';
import { BadRequest } from './errors.ts';

/** A file that a form uploads; it can be read like a file of Python's. It counts as false without a file name. */
export class FileUpload {
  name: string;
  filename: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly data: Uint8Array;
  #at = 0;

  constructor(name: string, filename: string, headers: ReadonlyMap<string, string>, data: Uint8Array) {
    this.name = name;
    this.filename = filename;
    this.headers = headers;
    this.data = data;
  }

  /** Media type as the client tells it; empty when it does not. */
  get contentType(): string {
    return this.headers.get('content-type') ?? '';
  }

  /** The next `size` bytes; all that is left when no size, or one below 0, is given. */
  read(size = -1): Uint8Array {
    const end = size < 0 ? this.data.length : Math.min(this.data.length, this.#at + size);
    const piece = this.data.slice(Math.min(this.#at, end), end);
    this.#at = end;
    return piece;
  }

  readline(): Uint8Array {
    const end = this.data.indexOf(10, this.#at);
    return this.read(end < 0 ? -1 : end + 1 - this.#at);
  }

  readlines(): Uint8Array[] {
    const lines: Uint8Array[] = [];
    while (this.#at < this.data.length) lines.push(this.readline());
    return lines;
  }

  /** Moves to a position from the start (0), from here (1) or from the end (2). */
  seek(offset: number, whence = 0): number {
    const from = whence === 0 ? 0 : whence === 1 ? this.#at : this.data.length;
    this.#at = Math.max(0, from + offset);
    return this.#at;
  }

  tell(): number {
    return this.#at;
  }
}

/** Headers of a part of a form: names without regard to case. */
class PartHeaders extends Map<string, string> {
  override get(name: string): string | undefined {
    return super.get(name.toLowerCase());
  }
}

registerType(PartHeaders, {
  pyName: 'Headers',
  attributes: [],
  methods: {
    get: ['key, default=None', (self, key: string, fallback: unknown) => self.get(key) ?? fallback ?? null],
    keys: ['', (self) => [...self.keys()]],
    values: ['', (self) => [...self.values()]],
    items: ['', (self) => [...self].map(([name, value]) => tuple(name, value))],
  },
  operators: {
    getitem: (self, key) => self.get(key as string),
    contains: (self, key) => typeof key === 'string' && self.get(key) !== undefined,
    iter: (self) => self.keys(),
    len: (self) => self.size,
  },
});

registerType(FileUpload, {
  pyName: 'FileUpload',
  attributes: ['name', 'filename', 'headers'],
  methods: {
    read: ['size=-1', (self, size?: number | null) => self.read(size ?? -1)],
    readline: ['', (self) => self.readline()],
    readlines: ['', (self) => self.readlines()],
    seek: ['offset, whence=0', (self, offset: number, whence?: number) => self.seek(offset, whence ?? 0)],
    tell: ['', (self) => self.tell()],
  },
  operators: {
    bool: (self) => self.filename !== '',
    iter: (self) => self.readlines(),
    str: () => '<ZPublisher.HTTPRequest.FileUpload object at 0x0>',
    repr: () => '<ZPublisher.HTTPRequest.FileUpload object at 0x0>',
  },
});

export interface Field {
  readonly name: string;
  readonly value: string | FileUpload;
  /** Of the name and of the value; undefined: the site's. */
  readonly nameCharset?: string | undefined;
  readonly valueCharset?: string | undefined;
}

/** What a form may need, in bytes and parts. */
export interface FormLimits {
  readonly memory: number;
  readonly disk: number;
  /** A part that is larger than this counts as one on disk. */
  readonly memfile: number;
  readonly parts: number;
}

const FORM_TYPES = new Set([
  'multipart/form-data',
  'application/x-www-form-urlencoded',
  'application/x-url-encoded',
  '',
]);
const FORM_METHODS = new Set(['POST', 'PUT', 'PATCH']);

/** The fields of a body that is a form; none for another body. Throws a BadRequest. */
export async function readFields(
  method: string,
  body: Uint8Array,
  contentType: string,
  limits: FormLimits,
): Promise<Field[]> {
  if (!FORM_METHODS.has(method)) return [];
  const { value: type, options } = parseOptions(contentType);
  if (!FORM_TYPES.has(type)) return [];
  if (type === 'multipart/form-data') return multipart(body, options.get('boundary'), limits);
  if (body.length > limits.memory) throw new BadRequest('form data processing requires too much memory');
  const charset = options.get('charset');
  return queryFields(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')).map(
    (field) => ({
      ...field,
      nameCharset: charset,
      valueCharset: charset,
    }),
  );
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

/** A header such as `form-data; name="x"`: its value in lower case, and its parameters. */
export function parseOptions(header: string): { value: string; options: Map<string, string> } {
  const options = new Map<string, string>();
  const semicolon = header.indexOf(';');
  if (semicolon < 0) return { value: header.trim().toLowerCase(), options };
  const parameter = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g;
  for (const [, name, quoted, plain] of header.slice(semicolon).matchAll(parameter)) {
    options.set(name!.toLowerCase(), quoted === undefined ? plain! : unescapeValue(quoted));
  }
  return { value: header.slice(0, semicolon).trim().toLowerCase(), options };
}

/** Browsers escape a quote as `%22`, older clients with a backslash; a backslash before another letter is a path's. */
const unescapeValue = (text: string) =>
  text
    .replaceAll(/\\(["\\])/g, '$1')
    .replaceAll('%22', '"')
    .replaceAll(/%0D%0A/gi, '\r\n');

interface Part {
  readonly headers: PartHeaders;
  readonly chunks: Buffer[];
  size: number;
}

function multipart(body: Uint8Array, boundary: string | undefined, limits: FormLimits): Promise<Field[]> {
  if (boundary === undefined || boundary === '') {
    return Promise.reject(new BadRequest('the multipart form does not tell its boundary'));
  }
  return new Promise((resolve, reject) => {
    const parts: Part[] = [];
    let [memory, disk] = [0, 0];
    const memfile = Math.min(limits.memfile, limits.memory);
    let failure: BadRequest | undefined;
    const refuse = (message: string) => {
      failure ??= new BadRequest(message);
    };
    // Loaded for the first such form.
    const { Dicer } = createRequire(import.meta.url)('@fastify/busboy') as { Dicer: typeof DicerType };
    const parser = new Dicer({ boundary, maxHeaderPairs: 100 });
    parser.on('part', (stream) => {
      const part: Part = { headers: new PartHeaders(), chunks: [], size: 0 };
      if (parts.length >= limits.parts) refuse('Maximum segment count exceeded');
      else parts.push(part);
      stream.on('header', (header: object) => {
        for (const [name, values] of Object.entries(header as Record<string, string[]>))
          part.headers.set(name, values[0] ?? '');
      });
      stream.on('data', (chunk: Buffer | string) => {
        const piece = chunk as Buffer;
        part.size += piece.length;
        if (part.size > memfile) {
          if (part.size - piece.length <= memfile) {
            memory -= part.size - piece.length;
            disk += part.size;
          } else disk += piece.length;
        } else memory += piece.length;
        if (disk > limits.disk) refuse('Disk limit reached');
        else if (memory > limits.memory) refuse('Memory limit reached');
        else if (failure === undefined) part.chunks.push(piece);
      });
      stream.on('error', (error: Error) => refuse(error.message));
    });
    parser.on('error', () => refuse('Unexpected end of multipart stream (parser closed)'));
    parser.on('finish', () => {
      if (failure === undefined && parts.length === 0 && body.length > 0) refuseEmpty(refuse, body, boundary);
      try {
        if (failure !== undefined) throw failure;
        resolve(parts.map(fieldOf));
      } catch (error) {
        reject(error as Error);
      }
    });
    parser.end(Buffer.from(body.buffer, body.byteOffset, body.length));
  });
}

/** A body in which the boundary never stands is no empty form. */
function refuseEmpty(refuse: (message: string) => void, body: Uint8Array, boundary: string): void {
  if (!Buffer.from(body).includes(`--${boundary}--`))
    refuse('Unexpected end of multipart stream (parser closed)');
}

function fieldOf({ headers, chunks }: Part): Field {
  const disposition = headers.get('content-disposition');
  const { options } = parseOptions(disposition ?? '');
  const name = options.get('name');
  if (disposition === undefined || name === undefined) throw new BadRequest('a part of the form has no name');
  const data = Buffer.concat(chunks);
  const filename = options.get('filename');
  if (filename !== undefined) {
    return { name, value: new FileUpload(name, filename, headers, new Uint8Array(data)) };
  }
  const charset = parseOptions(headers.get('content-type') ?? '').options.get('charset');
  return { name, value: data.toString('latin1'), valueCharset: charset };
}
