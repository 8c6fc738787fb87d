/** Files that come with a request: what a form uploads, and the body of the request itself. They can be read like files of Python's. */
import { tuple } from '../pickle/index.ts';
import { registerType, repr, ValueError } from '../restricted/index.ts';
import { ByteRange, MemorySource } from './byte-source.ts';

const NEWLINE = Uint8Array.of(10);

/**
 * Bytes with a position. Long ones are in a file and are read from there in the pieces that are asked for; they can be read until the
 * request is over.
 */
export class ReceivedFile {
  readonly #content: ByteRange;
  #at = 0;
  #closed = false;

  constructor(content: ByteRange | Uint8Array) {
    this.#content = content instanceof ByteRange ? content : new ByteRange(new MemorySource(content));
  }

  /** Bytes. */
  get size(): number {
    return this.#content.length;
  }

  /** Everything, in memory, wherever the position is; not to be changed. */
  get data(): Uint8Array {
    const { source, start, end } = this.#open();
    return source.view(start, end);
  }

  /** The bytes between two offsets, wherever the position is; not to be changed. */
  view(start: number, end = this.size): Uint8Array {
    const { source, start: from } = this.#open();
    const last = Math.min(end, this.size);
    return source.view(from + Math.min(start, last), from + last);
  }

  /** The next `size` bytes; all that is left when no size, or one below 0, is given. */
  read(size = -1): Uint8Array {
    const { source, start } = this.#open();
    const end = size < 0 ? this.size : Math.min(this.size, this.#at + size);
    const piece = source.slice(start + Math.min(this.#at, end), start + end);
    this.#at = Math.max(this.#at, end);
    return piece;
  }

  /** The next line, or so many bytes of it. */
  readline(size = -1): Uint8Array {
    const { source, start, end } = this.#open();
    const from = start + this.#at;
    const most = size < 0 ? end : Math.min(end, from + size);
    const found = from < most ? source.indexOf(NEWLINE, from, most) : -1;
    return this.read((found < 0 ? Math.max(from, most) : found + 1) - from);
  }

  /** The lines from the position on; with a `hint` above 0 no more once they have that many bytes. */
  readlines(hint = -1): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let size = 0;
    for (const line of this) {
      lines.push(line);
      size += line.length;
      if (hint > 0 && size >= hint) break;
    }
    return lines;
  }

  /** Lines. */
  *[Symbol.iterator](): Generator<Uint8Array> {
    for (this.#open(); this.#at < this.size;) yield this.readline();
  }

  /** Moves to a position from the start (0), from here (1) or from the end (2). */
  seek(offset: number, whence = 0): number {
    this.#open();
    if (whence === 0 && offset < 0) throw new ValueError(`negative seek value ${offset}`);
    if (whence < 0 || whence > 2) throw new ValueError(`invalid whence (${whence}, should be 0, 1 or 2)`);
    const from = whence === 0 ? 0 : whence === 1 ? this.#at : this.size;
    this.#at = Math.max(0, from + offset);
    return this.#at;
  }

  tell(): number {
    this.#open();
    return this.#at;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
  }

  #open(): ByteRange {
    if (this.#closed) throw new ValueError('I/O operation on closed file.');
    return this.#content;
  }
}

/** A file that a form uploads. It counts as false without a file name. */
export class FileUpload extends ReceivedFile {
  name: string;
  filename: string;
  readonly headers: PartHeaders;

  constructor(name: string, filename: string, headers: PartHeaders, content: ByteRange | Uint8Array) {
    super(content);
    this.name = name;
    this.filename = filename;
    this.headers = headers;
  }

  /** Media type as the client tells it; empty when it does not. */
  get contentType(): string {
    return this.headers.get('content-type') ?? '';
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
  givesItems: true,
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
  attributes: ['name', 'filename', 'headers', 'closed'],
  givesItems: true,
  methods: {
    read: ['size=-1', (self, size?: number | null) => self.read(size ?? -1)],
    readline: ['size=-1', (self, size?: number | null) => self.readline(size ?? -1)],
    readlines: ['hint=-1', (self, hint?: number | null) => self.readlines(hint ?? -1)],
    read1: ['size=-1', (self, size?: number | null) => self.read(size ?? -1)],
    readable: ['', (self) => (self.tell(), true)],
    seekable: ['', (self) => (self.tell(), true)],
    isatty: ['', (self) => (self.tell(), false)],
    flush: ['', (self) => (self.tell(), null)],
    seek: ['offset, whence=0', (self, offset: number, whence?: number) => self.seek(offset, whence ?? 0)],
    tell: ['', (self) => self.tell()],
    close: ['', (self) => (self.close(), null)],
  },
  operators: {
    bool: (self) => self.filename !== '',
    iter: (self) => self[Symbol.iterator](),
    next: (self) => (self.tell() < self.size ? self.readline() : undefined),
    str: () => '<ZPublisher.HTTPRequest.FileUpload object at 0x0>',
    repr: () => '<ZPublisher.HTTPRequest.FileUpload object at 0x0>',
  },
});
