/**
 * Forms as `multipart/form-data` (RFC 7578), read as the parser of Python's Zope reads them: what browsers send, what older clients sent,
 * and which mistakes are told. Text is bytes as characters up to U+00FF.
 */
import { ByteRange, type ByteSource } from './byte-source.ts';
import { BadRequest } from './errors.ts';

/** What a form may need, in bytes and parts. */
export interface FormLimits {
  readonly memory: number;
  readonly disk: number;
  /** A part that is larger than this counts as one on disk. */
  readonly memfile: number;
  readonly parts: number;
}

export interface Part {
  readonly name: string;
  /** Undefined for what is no file. */
  readonly filename: string | undefined;
  /** Names as in `Content-Type`, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly content: ByteRange;
}

const HEADER_SIZE = 4096 + 128;
const HEADER_COUNT = 8;
const CRLF = '\r\n';
const LINE_END = Buffer.from(CRLF);
const NEWLINE = Buffer.from('\n');
const HEADER_NAME = /^[a-zA-Z0-9-_]+$/;

/** The parts of a body. Throws a BadRequest for what is no such form, or more than the limits let be. */
export function readParts(body: ByteSource, boundary: string, limits: FormLimits): Part[] {
  if (boundary === '') throw new BadRequest('Empty boundary');
  if (boundary.includes('\n')) throw new BadRequest('Invalid characters in boundary');
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const parts: Part[] = [];
  const spool = Math.min(limits.memfile, limits.memory);
  let [memory, disk] = [0, 0];
  let at = firstPart(body, delimiter);
  while (at !== undefined) {
    if (parts.length >= limits.parts) throw new BadRequest('Maximum segment count exceeded');
    const head = readHead(body, at);
    const { size, ...facts } = head;
    const end = body.indexOf(delimiter, head.end);
    const content = new ByteRange(body, head.end, end < 0 ? body.length : end);
    const { length } = content;
    if (size !== undefined && length > size) throw new BadRequest('Segment Content-Length exceeded');
    if (length <= spool) memory += length;
    else disk += length;
    if (memory > limits.memory) throw new BadRequest('Memory limit reached');
    if (disk > limits.disk) throw new BadRequest('Disk limit reached');
    if (end < 0) throw unfinished();
    const next = end + delimiter.length;
    const tail = body.text(next, next + 2);
    if (tail.length < 2) throw unfinished();
    if (tail !== CRLF && tail !== '--') throw new BadRequest('Unexpected bytes after boundary');
    if (size !== undefined && length < size)
      throw new BadRequest('Segment size does not match Content-Length header');
    parts.push({ name: facts.name, filename: facts.filename, headers: facts.headers, content });
    at = tail === '--' ? undefined : next + 2;
  }
  return parts;
}

const unfinished = () => new BadRequest('Unexpected end of multipart stream (parser closed)');

/** Where the head of the first part begins; undefined: there is none. */
function firstPart(body: ByteSource, delimiter: Buffer): number | undefined {
  const at = body.indexOf(delimiter.subarray(2), 0);
  if (at < 0 || body.length < delimiter.length) throw unfinished();
  if (at > 0 && body.text(Math.max(0, at - 2), at) !== CRLF)
    throw new BadRequest('Unexpected byte in front of first boundary');
  const next = at + delimiter.length - 2;
  const tail = body.text(next, next + 2);
  if (tail === CRLF) return next + 2;
  if (tail === '--') return undefined;
  if (tail.startsWith('\n')) throw new BadRequest('Invalid line break after first boundary');
  if (tail.length === 2) throw new BadRequest('Unexpected byte after first boundary');
  throw unfinished();
}

interface Head {
  readonly headers: [string, string][];
  readonly name: string;
  readonly filename: string | undefined;
  /** As the part itself tells it. */
  readonly size: number | undefined;
  /** Where the content begins. */
  readonly end: number;
}

function readHead(body: ByteSource, start: number): Head {
  const lines: string[] = [];
  let at = start;
  for (;;) {
    const end = body.indexOf(LINE_END, at);
    if (end < 0) {
      if (body.indexOf(NEWLINE, at) >= 0) throw new BadRequest('Invalid line break in segment header');
      if (body.length - at > HEADER_SIZE) throw new BadRequest('Maximum segment header length exceeded');
      throw unfinished();
    }
    if (end === at) return { ...headOf(lines.map(headerOf)), end: end + 2 };
    let line = body.text(at, Math.min(end, at + HEADER_SIZE + 1));
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (lines.length === 0) throw new BadRequest('Unexpected segment header continuation');
      // oxlint-disable-next-line no-control-regex
      if (/^[\t-\r\x1c-\x20\x85\xa0]*$/.test(line)) throw new BadRequest('Empty segment header continuation');
      line = `${headerOf(lines.pop()!).join(': ')} ${line.slice(1)}`;
    }
    if (line.length > HEADER_SIZE) throw new BadRequest('Maximum segment header length exceeded');
    if (lines.length >= HEADER_COUNT) throw new BadRequest('Maximum segment header count exceeded');
    headerOf(line);
    lines.push(line);
    at = end + 2;
  }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) throw new BadRequest('Malformed segment header');
  const name = line
    .slice(0, colon)
    .trim()
    .toLowerCase()
    .replaceAll(
      /(^|[^a-z])([a-z])/g,
      (_all, before: string, letter: string) => before + letter.toUpperCase(),
    );
  if (!HEADER_NAME.test(name)) throw new BadRequest('Invalid segment header name');
  return [name, line.slice(colon + 1).replace(/^[ \t]+/, '')];
}

function headOf(headers: [string, string][]): Omit<Head, 'end'> {
  let disposition: Disposition | undefined;
  let size: number | undefined;
  for (const [name, value] of headers) {
    if (name === 'Content-Disposition') disposition = parseDisposition(value);
    else if (name === 'Content-Length') {
      if (size !== undefined) throw new BadRequest('Multiple segment Content-Length headers');
      if (!/^(?:0|[1-9]\d*)$/.test(value))
        throw new BadRequest('Invalid segment Content-Length header value');
      size = Number(value);
    }
  }
  if (disposition === undefined) throw new BadRequest('Missing Content-Disposition segment header');
  if (disposition.type !== 'form-data')
    throw new BadRequest('Invalid Content-Disposition segment header: Wrong type');
  return { headers, name: disposition.name ?? '', filename: disposition.filename, size };
}

interface Disposition {
  readonly type: string;
  readonly name: string | undefined;
  readonly filename: string | undefined;
}

function parseDisposition(value: string): Disposition {
  // What browsers send today needs no escapes but their own: a backslash is one.
  const modern = /^form-data; name="([^"]*)"(?:; filename="([^"]*)")?$/.exec(value);
  if (modern !== null) {
    const [, name, filename] = modern;
    return {
      type: 'form-data',
      name: name!.includes('%') ? unquoteName(name!) : name,
      filename: filename === undefined || !/[%\\]/.test(filename) ? filename : unquoteName(filename, true),
    };
  }
  const { value: type, options } = parseOptions(value, unquoteName);
  return { type, name: options.get('name'), filename: options.get('filename') };
}

const OPTION = /; *([a-zA-Z0-9-_]+) *= *("[^\\"]*"|[a-zA-Z0-9\-!#$%&'*+.^_`|~]+|"(?:\\.|[^\\"])*")/g;

/** A header such as `form-data; name="x"`: its value in lower case, and its parameters. */
export function parseOptions(
  header: string,
  unquote: (value: string, isFilename: boolean) => string = unquoteOption,
): { value: string; options: Map<string, string> } {
  const options = new Map<string, string>();
  const semicolon = header.indexOf(';');
  if (semicolon < 0) return { value: header.trim().toLowerCase(), options };
  for (const [, name, value] of header.slice(semicolon).matchAll(OPTION)) {
    const key = name!.toLowerCase();
    options.set(key, unquote(value!, key === 'filename'));
  }
  return { value: header.slice(0, semicolon).trim().toLowerCase(), options };
}

const isQuoted = (value: string) => value.startsWith('"') && value.endsWith('"');
/** Old clients sent the whole path of a file. */
const isPath = (value: string) => value.slice(1, 3) === ':\\' || value.startsWith('\\\\');
const unescape = (value: string) => value.replaceAll('\\\\', '\\').replaceAll('\\"', '"');

function unquoteOption(value: string, isFilename: boolean): string {
  if (!isQuoted(value)) return value;
  const bare = value.slice(1, -1);
  return unescape(isFilename && isPath(bare) ? bare.slice(bare.lastIndexOf('\\') + 1) : bare);
}

/** Browsers escape a quote as `%22`, older clients with a backslash; a backslash before another letter is a path's. */
function unquoteName(value: string, isFilename = false): string {
  const quoted = isQuoted(value);
  let bare = quoted ? value.slice(1, -1) : value;
  if (quoted && bare.includes('\\"')) bare = unescape(bare);
  else if (bare.includes('%'))
    bare = bare.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%22', '"');
  return isFilename && isPath(bare) ? bare.slice(bare.lastIndexOf('\\') + 1) : bare;
}
