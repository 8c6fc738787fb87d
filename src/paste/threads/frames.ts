/**
 * Requests and answers as frames of bytes (see `ring.ts`). A frame is written once, straight from what the parser of HTTP or the
 * application gave, and read once: texts of a head are one text, which is taken apart only where it is not the same as the last one.
 *
 * Words of every frame: size, kind, number of the request, number of messages that are to be received before it; what follows is of the
 * kind. Then come the texts of the head, a byte for each character or two (`WIDE`), and the body.
 */
import { isAscii } from 'node:buffer';
import type { Environ } from '../gateway/environ.ts';
import type { GatewayRequest, Hold } from '../gateway/request.ts';
import { type FileRegion, isFileRegion, type ResponseBody } from '../gateway/response.ts';
import type { Memory } from './ring.ts';

export const REQUEST = 1;
export const ANSWER = 2;
/** The thread waits for something and can do other work. */
export const WAITING = 3;
/** The answer that comes is not to be sent before the disk has something: see `Hold`. */
export const HOLDING = 4;
/** Added to the kind: characters of the head take two bytes. */
const WIDE = 16;

const [SIZE, KIND, ID, AFTER] = [0, 1, 2, 3] as const;
/** Of a request: characters of the method, the target, the port, the path, all of the head; bytes of the body, or NO_BODY, BODY_FOLLOWS. */
const [METHOD, TARGET, PORT, PATH, REQUEST_HEAD, REQUEST_BODY, REQUEST_TEXT] = [
  4, 5, 6, 7, 8, 9, 10,
] as const;
/** Of a hold: the file, the low and the high half of the transaction's id, the losses. */
const [HOLD_FILE, HOLD_LOW, HOLD_HIGH, HOLD_LOSSES] = [4, 5, 6, 7] as const;
/** Of an answer: characters of the head, bytes of the body, its form. */
const [ANSWER_HEAD, ANSWER_BODY, ANSWER_FORM, ANSWER_TEXT] = [4, 5, 6, 7] as const;

export const NO_BODY = -1;
export const BODY_FOLLOWS = -2;

/** Forms of an answer's body. */
const [NONE, ASCII, BYTES, FILE, FOLLOWS] = [0, 1, 2, 3, 4] as const;

// No part of a request's head can have it: Node's parser refuses it. Answers with it are refused below.
const SEPARATOR = '\0';
// oxlint-disable-next-line no-control-regex
const BEYOND_LATIN1 = /[^\u0000-\u00ff]/;

/** A multiple of 4: the next frame begins there. */
const whole = (size: number) => (size + 3) & ~3;

export const kindOf = ({ words }: Memory, at: number): number => words[(at >> 2) + KIND]! & ~WIDE;
export const idOf = ({ words }: Memory, at: number): number => words[(at >> 2) + ID]!;
export const afterOf = ({ words }: Memory, at: number): number => words[(at >> 2) + AFTER]!;

/** Something that can be written as a frame. */
export interface Frame {
  /** Bytes that it takes at most, a multiple of 4. */
  readonly most: number;
  /** Writes it; returns the bytes that it took. */
  write(memory: Memory, at: number, id: number, after: number): number;
}

function begin(words: Int32Array, at: number, kind: number, id: number, after: number): void {
  const word = at >> 2;
  words[word + KIND] = kind;
  words[word + ID] = id;
  words[word + AFTER] = after;
}

function end(words: Int32Array, at: number, until: number): number {
  const size = whole(until - at);
  words[(at >> 2) + SIZE] = size;
  return size;
}

function writeText({ bytes }: Memory, at: number, text: string, wide: boolean): number {
  return at + (wide ? bytes.write(text, at, 'utf16le') : bytes.write(text, at, 'latin1'));
}

function readText({ bytes, words }: Memory, frame: number, at: number, length: number): string {
  return (words[(frame >> 2) + KIND]! & WIDE) === 0
    ? bytes.toString('latin1', at, at + length)
    : bytes.toString('utf16le', at, at + 2 * length);
}

const widthOf = ({ words }: Memory, frame: number) => ((words[(frame >> 2) + KIND]! & WIDE) === 0 ? 1 : 2);

/** Only that a request waits for something. */
export const waitingFrame: Frame = {
  most: 16,
  write({ words }, at, id, after) {
    begin(words, at, WAITING, id, after);
    return end(words, at, at + 16);
  },
};

/** A frame for one hold after the other. */
export class HoldFrame implements Frame {
  readonly most = 32;
  #hold!: Hold;

  of(hold: Hold): this {
    this.#hold = hold;
    return this;
  }

  write({ words }: Memory, at: number, id: number, after: number): number {
    const { file, tid, losses } = this.#hold;
    const word = at >> 2;
    begin(words, at, HOLDING, id, after);
    words[word + HOLD_FILE] = file;
    words[word + HOLD_LOW] = Number(BigInt.asIntN(32, tid));
    words[word + HOLD_HIGH] = Number(BigInt.asIntN(32, tid >> 32n));
    words[word + HOLD_LOSSES] = losses;
    return end(words, at, at + this.most);
  }
}

export function holdOf({ words }: Memory, at: number): Hold {
  const word = at >> 2;
  const low = BigInt.asUintN(32, BigInt(words[word + HOLD_LOW]!));
  const high = BigInt.asUintN(32, BigInt(words[word + HOLD_HIGH]!));
  return { file: words[word + HOLD_FILE]!, tid: (high << 32n) | low, losses: words[word + HOLD_LOSSES]! };
}

/** A frame for one request after the other. */
export class RequestFrame implements Frame {
  #request!: GatewayRequest;
  #body: Uint8Array | number = NO_BODY;
  #line = '';
  #rest = '';
  #path = 0;
  #wide = false;
  // What settings gave: nearly always the same, and the only texts that can have characters beyond Latin-1.
  #given: readonly [string, string, string] = ['', '', ''];
  #givenWide = false;
  most = 0;

  of(request: GatewayRequest, body: Uint8Array | number): this {
    this.#request = request;
    this.#body = body;
    const { environ, method } = request;
    const { pathInfo, queryString, rawTarget, scriptName, serverName, scheme } = environ;
    this.#line = method + rawTarget + environ.remotePort;
    this.#path = isMadeOf(rawTarget, pathInfo, queryString) ? pathInfo.length : -1;
    let rest =
      scriptName +
      SEPARATOR +
      serverName +
      SEPARATOR +
      scheme +
      SEPARATOR +
      environ.serverPort +
      SEPARATOR +
      environ.remoteAddr +
      SEPARATOR +
      environ.serverProtocol;
    if (this.#path < 0) rest += SEPARATOR + pathInfo + SEPARATOR + queryString;
    const { rawHeaders } = request;
    for (let i = 0; i < rawHeaders.length; i++) rest += SEPARATOR + rawHeaders[i]!;
    this.#rest = rest;
    const [a, b, c] = this.#given;
    if (a !== scriptName || b !== serverName || c !== scheme) {
      this.#given = [scriptName, serverName, scheme];
      this.#givenWide = BEYOND_LATIN1.test(scriptName + serverName + scheme);
    }
    this.#wide = this.#givenWide;
    const chars = this.#line.length + rest.length;
    const bytes = typeof body === 'number' ? 0 : body.length;
    this.most = whole(REQUEST_TEXT * 4 + (this.#wide ? 2 : 1) * chars + bytes);
    return this;
  }

  write(memory: Memory, at: number, id: number, after: number): number {
    const { words, bytes } = memory;
    const word = at >> 2;
    const body = this.#body;
    const { method, environ } = this.#request;
    begin(words, at, this.#wide ? REQUEST + WIDE : REQUEST, id, after);
    words[word + METHOD] = method.length;
    words[word + TARGET] = environ.rawTarget.length;
    words[word + PORT] = environ.remotePort.length;
    words[word + PATH] = this.#path;
    words[word + REQUEST_HEAD] = this.#line.length + this.#rest.length;
    words[word + REQUEST_BODY] = typeof body === 'number' ? body : body.length;
    let to = writeText(memory, at + REQUEST_TEXT * 4, this.#line + this.#rest, this.#wide);
    if (typeof body !== 'number') {
      bytes.set(body, to);
      to += body.length;
    }
    this.#request = undefined as unknown as GatewayRequest;
    this.#body = NO_BODY;
    return end(words, at, to);
  }
}

const isMadeOf = (target: string, path: string, query: string): boolean =>
  query === ''
    ? target === path
    : target.length === path.length + 1 + query.length && target.startsWith(path) && target.endsWith(query);

export interface RequestHead {
  readonly method: string;
  readonly environ: Environ;
  readonly rawHeaders: readonly string[];
}

interface Rest {
  readonly text: string;
  readonly items: readonly string[];
  readonly headers: readonly string[];
}

const REST_ITEMS = 6;
const NO_REST: Rest = { text: '', items: [], headers: [] };

/** Reads requests from frames; what is as in the last request is not taken apart again. */
export class RequestReader {
  #rest = NO_REST;
  /** The head of the last frame that was read, and its body. */
  head!: RequestHead;
  body: Uint8Array | number = NO_BODY;

  read(memory: Memory, at: number): this {
    const { words, bytes } = memory;
    const word = at >> 2;
    const chars = words[word + REQUEST_HEAD]!;
    const text = readText(memory, at, at + REQUEST_TEXT * 4, chars);
    const method = words[word + METHOD]!;
    const target = method + words[word + TARGET]!;
    const port = target + words[word + PORT]!;
    const path = words[word + PATH]!;
    const rest = this.#restOf(text, port, path < 0);
    const rawTarget = text.slice(method, target);
    const { items } = rest;
    this.head = {
      method: text.slice(0, method),
      environ: {
        scriptName: items[0]!,
        pathInfo: path < 0 ? items[REST_ITEMS]! : rawTarget.slice(0, path),
        queryString: path < 0 ? items[REST_ITEMS + 1]! : rawTarget.slice(path + 1),
        rawTarget,
        serverName: items[1]!,
        serverPort: items[3]!,
        scheme: items[2]!,
        remoteAddr: items[4]!,
        remotePort: text.slice(target, port),
        serverProtocol: items[5]!,
        remoteUser: '',
        extra: new Map(),
      },
      rawHeaders: rest.headers,
    };
    const size = words[word + REQUEST_BODY]!;
    const from = at + REQUEST_TEXT * 4 + chars * widthOf(memory, at);
    this.body = size < 0 ? size : new Uint8Array(bytes.subarray(from, from + size));
    return this;
  }

  #restOf(text: string, from: number, hasPath: boolean): Rest {
    const last = this.#rest;
    if (last.text.length === text.length - from && text.endsWith(last.text) && last !== NO_REST) return last;
    const rest = text.slice(from);
    const items = rest.split(SEPARATOR);
    const headers = items.slice(hasPath ? REST_ITEMS + 2 : REST_ITEMS);
    const parsed = { text: rest, items, headers: Object.freeze(headers) };
    if (!hasPath) this.#rest = parsed;
    return parsed;
  }
}

export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly string[];
}

/** A frame for one answer after the other. */
export class AnswerFrame implements Frame {
  #head = '';
  #wide = false;
  #last: AnswerHead | undefined;
  #body: string | Uint8Array | null = null;
  #form: number = NONE;
  most = 0;

  /** Throws a TypeError for a header that would not arrive as it is. @param follows The body is none of these, and follows in parts. */
  of(head: AnswerHead, body: string | Uint8Array | FileRegion | null, follows: boolean): this {
    if (this.#last === undefined || !isSame(this.#last, head)) {
      this.#head = textOfAnswer(head);
      this.#wide = BEYOND_LATIN1.test(this.#head);
      const { status, statusText, headers } = head;
      this.#last = { status, statusText, headers: [...headers] };
    }
    let bytes = 0;
    this.#body = null;
    if (follows) this.#form = FOLLOWS;
    else if (body === null) this.#form = NONE;
    else if (typeof body === 'string') {
      this.#form = BYTES;
      this.#body = body;
      // A text of a few characters is not worth being measured.
      bytes = body.length * 3;
      if (bytes > 8192) bytes = Buffer.byteLength(body);
    } else if (body instanceof Uint8Array) {
      this.#form = isAscii(body) ? ASCII : BYTES;
      this.#body = body;
      bytes = body.length;
    } else {
      this.#form = FILE;
      const text = JSON.stringify({ file: body.file, start: body.start, end: body.end });
      this.#body = text;
      bytes = Buffer.byteLength(text);
    }
    this.most = whole(ANSWER_TEXT * 4 + (this.#wide ? 2 : 1) * this.#head.length + bytes);
    return this;
  }

  write(memory: Memory, at: number, id: number, after: number): number {
    const { words, bytes } = memory;
    const word = at >> 2;
    const body = this.#body;
    begin(words, at, this.#wide ? ANSWER + WIDE : ANSWER, id, after);
    words[word + ANSWER_HEAD] = this.#head.length;
    const from = writeText(memory, at + ANSWER_TEXT * 4, this.#head, this.#wide);
    let size = 0;
    let form = this.#form;
    if (typeof body === 'string') {
      size = bytes.write(body, from, 'utf8');
      if (form === BYTES && size === body.length) form = ASCII;
    } else if (body !== null) {
      bytes.set(body, from);
      size = body.length;
    }
    words[word + ANSWER_BODY] = size;
    words[word + ANSWER_FORM] = form;
    this.#body = null;
    return end(words, at, from + size);
  }
}

function isSame(last: AnswerHead, { status, statusText, headers }: AnswerHead): boolean {
  if (last.status !== status || last.statusText !== statusText || last.headers.length !== headers.length)
    return false;
  for (let i = 0; i < headers.length; i++) if (headers[i] !== last.headers[i]) return false;
  return true;
}

function textOfAnswer({ status, statusText, headers }: AnswerHead): string {
  let head = `${status}${SEPARATOR}${statusText}`;
  for (const item of headers) {
    if (item.includes(SEPARATOR)) throw new TypeError('a header of the answer has a NUL');
    head += SEPARATOR + item;
  }
  return head;
}

/** Heads that are remembered, by their length. */
const HEADS = 16;

/** Reads answers from frames; a head as one that came lately is not taken apart again. */
export class AnswerReader {
  readonly #texts: string[] = Array.from({ length: HEADS }, () => '');
  readonly #heads: (AnswerHead | undefined)[] = Array.from({ length: HEADS }, () => undefined);
  head!: AnswerHead;
  body: string | Uint8Array | FileRegion | null = null;
  /** The body comes in parts. */
  follows = false;

  /** @param owned The bytes stay as they are. */
  read(memory: Memory, at: number, owned: boolean): this {
    const { words, bytes } = memory;
    const word = at >> 2;
    const chars = words[word + ANSWER_HEAD]!;
    const from = at + ANSWER_TEXT * 4;
    this.head = this.#headOf(readText(memory, at, from, chars));
    const begins = from + chars * widthOf(memory, at);
    const ends = begins + words[word + ANSWER_BODY]!;
    const form = words[word + ANSWER_FORM]!;
    this.follows = form === FOLLOWS;
    this.body = null;
    if (form === ASCII) this.body = bytes.toString('latin1', begins, ends);
    else if (form === BYTES) {
      const part = bytes.subarray(begins, ends);
      this.body = owned ? part : Buffer.from(part);
    } else if (form === FILE) this.body = JSON.parse(bytes.toString('utf8', begins, ends)) as FileRegion;
    return this;
  }

  #headOf(text: string): AnswerHead {
    const slot = text.length % HEADS;
    const known = this.#heads[slot];
    if (known !== undefined && this.#texts[slot] === text) return known;
    const [status, statusText, ...headers] = text.split(SEPARATOR) as [string, string, ...string[]];
    const head = { status: Number(status), statusText, headers: Object.freeze(headers) };
    this.#texts[slot] = text;
    this.#heads[slot] = head;
    return head;
  }
}

/** Whether a body can be sent with its head. */
export const isWhole = (body: ResponseBody): body is string | Uint8Array | FileRegion | null =>
  body === null || typeof body === 'string' || body instanceof Uint8Array || isFileRegion(body);
