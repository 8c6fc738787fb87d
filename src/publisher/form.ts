/** Form fields of query strings and bodies, not yet converted (INVENTORY 3.6). Bytes stand as characters up to U+00FF. */
import { tuple } from '../pickle/index.ts';
import { registerType, repr } from '../restricted/index.ts';
import { BadRequest } from './errors.ts';
import { type FormLimits, parseOptions, readParts } from './multipart.ts';

/** A file that a form uploads; it can be read like a file of Python's. It counts as false without a file name. */
export class FileUpload {
  name: string;
  filename: string;
  readonly headers: PartHeaders;
  readonly data: Uint8Array;
  #at = 0;

  constructor(name: string, filename: string, headers: PartHeaders, data: Uint8Array) {
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

/** Headers of a part of a form, in order: names without regard to case. */
export class PartHeaders {
  readonly list: readonly (readonly [name: string, value: string])[];

  constructor(list: readonly (readonly [name: string, value: string])[]) {
    this.list = list;
  }

  /** The first header of a name. */
  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.list.find(([each]) => each.toLowerCase() === key)?.[1];
  }
}

registerType(PartHeaders, {
  pyName: 'Headers',
  attributes: [],
  methods: {
    get: ['name, default=None', (self, key: string, fallback: unknown) => self.get(key) ?? fallback ?? null],
    get_all: [
      'name',
      (self, key: string) =>
        self.list.filter(([name]) => name.toLowerCase() === key.toLowerCase()).map(([, value]) => value),
    ],
    keys: ['', (self) => self.list.map(([name]) => name)],
    values: ['', (self) => self.list.map(([, value]) => value)],
    items: ['', (self) => self.list.map(([name, value]) => tuple(name, value))],
  },
  operators: {
    getitem: (self, key) => (typeof key === 'string' ? (self.get(key) ?? null) : null),
    contains: (self, key) => typeof key === 'string' && self.get(key) !== undefined,
    iter: (self) => self.list.map(([name]) => name).values(),
    len: (self) => self.list.length,
    str: (self) => [...self.list.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n'),
    repr: (self) => `Headers(${repr(self.list.map(([name, value]) => tuple(name, value)))})`,
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
  body: Uint8Array,
  contentType: string,
  limits: FormLimits,
): Field[] {
  if (!FORM_METHODS.has(method)) return [];
  const { value: type, options } = parseOptions(contentType);
  if (!FORM_TYPES.has(type)) return [];
  if (type === 'multipart/form-data') return multipart(body, options.get('boundary'), limits);
  if (body.length > limits.memory) throw new BadRequest('form data processing requires too much memory');
  const charset = options.get('charset') || undefined;
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

function multipart(body: Uint8Array, boundary: string | undefined, limits: FormLimits): Field[] {
  if (boundary === undefined) throw new BadRequest('the multipart form does not tell its boundary');
  return readParts(body, boundary, limits).map(({ name, filename, headers, data }) => {
    if (filename !== undefined)
      return { name, value: new FileUpload(name, filename, new PartHeaders(headers), new Uint8Array(data)) };
    const type = new PartHeaders(headers).get('content-type') ?? '';
    return {
      name,
      value: Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1'),
      valueCharset: parseOptions(type).options.get('charset'),
    };
  });
}
