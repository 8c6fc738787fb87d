import { Dict, float, Tuple, tupleFrom } from '../pickle/index.ts';
import { ClassInfo, type Oid, Reference } from '../persistent/index.ts';
import { classNamed } from './serialize-class.ts';

/** The record has something that this reader leaves to the general one. */
export const UNREAD: unique symbol = Symbol('unread');

/** An oid in the pickle, made into bytes only if it is used as such. */
class OidAt {
  readonly oid: Oid;
  readonly start: number;

  constructor(oid: Oid, start: number) {
    this.oid = oid;
    this.start = start;
  }
}

/** Short texts seen lately: attribute names and ids come again in every record, and are dear to decode. */
const TEXTS = 4096;
const texts: string[] = Array.from({ length: TEXTS }, () => '');

type State = Record<string, unknown>;

/**
 * Reads the state of a record in one pass straight into the attributes of an object: texts, numbers, containers and
 * references as Python's ZODB and this one write them. Whatever else it meets, sound or not, it gives up, and the record is
 * read by the general reader of pickles, which knows every opcode and reports errors.
 */
export class FastReader {
  #data: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  #memo: unknown[] = [];
  #state: State | null = null;
  #resolve: ((oid: Oid, info: ClassInfo) => object) | null = null;

  /**
   * The state of a record.
   *
   * @param begin Where the pickle of the state begins.
   * @param info The class that the record's class pickle has under memo 0.
   * @param state Gets the attributes; null: a dict is made of them.
   * @param plain Whether dicts are plain objects.
   * @param resolve Gives the objects that references are to; null: the result has the references.
   */
  read(
    data: Uint8Array,
    begin: number,
    info: ClassInfo,
    state: State | null,
    plain: boolean,
    resolve: ((oid: Oid, info: ClassInfo) => object) | null,
  ): unknown {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#at = begin;
    this.#memo = [info];
    this.#state = state;
    this.#resolve = resolve;
    this.#stack.length = 0;
    this.#marks.length = 0;
    try {
      return this.#run(state, plain);
    } catch (error) {
      // Lengths that point outside of the record: the general reader says what is wrong.
      if (error instanceof RangeError) return UNREAD;
      throw error;
    }
  }

  #run(state: State | null, plain: boolean): unknown {
    const data = this.#data;
    const stack = this.#stack;
    const marks = this.#marks;
    const end = data.length;
    while (this.#at < end) {
      const opcode = data[this.#at++]!;
      switch (opcode) {
        case 0x58: // BINUNICODE
          stack.push(this.#text(this.#uint32()));
          break;
        case 0x8c: // SHORT_BINUNICODE
          stack.push(this.#text(data[this.#at++]!));
          break;
        case 0x71: // BINPUT
          this.#memo[data[this.#at++]!] = stack[stack.length - 1];
          break;
        case 0x72: // LONG_BINPUT
          if (!this.#put(this.#uint32(), stack[stack.length - 1])) return UNREAD;
          break;
        case 0x94: // MEMOIZE
          this.#memo.push(stack[stack.length - 1]);
          break;
        case 0x68: // BINGET
          if (!this.#fetch(data[this.#at++]!)) return UNREAD;
          break;
        case 0x6a: // LONG_BINGET
          if (!this.#fetch(this.#uint32())) return UNREAD;
          break;
        case 0x4e: // NONE
          stack.push(null);
          break;
        case 0x88: // NEWTRUE
          stack.push(true);
          break;
        case 0x89: // NEWFALSE
          stack.push(false);
          break;
        case 0x4b: // BININT1
          stack.push(data[this.#at++]!);
          break;
        case 0x4d: // BININT2
          stack.push(this.#view.getUint16(this.#at, true));
          this.#at += 2;
          break;
        case 0x4a: // BININT
          stack.push(this.#view.getInt32(this.#at, true));
          this.#at += 4;
          break;
        case 0x8a: // LONG1
          if (!this.#long(data[this.#at++]!)) return UNREAD;
          break;
        case 0x47: // BINFLOAT
          stack.push(float(this.#view.getFloat64(this.#at)));
          this.#at += 8;
          break;
        case 0x28: // MARK
          marks.push(stack.length);
          break;
        case 0x7d: // EMPTY_DICT
          stack.push(stack.length === 0 && state !== null ? state : plain ? {} : new Dict());
          break;
        case 0x5d: // EMPTY_LIST
          stack.push([]);
          break;
        case 0x29: // EMPTY_TUPLE
          stack.push(tupleFrom([]));
          break;
        case 0x73: // SETITEM
          if (!this.#setItems(stack.length - 2)) return UNREAD;
          break;
        case 0x75: // SETITEMS
          if (!this.#setItems(marks.pop())) return UNREAD;
          break;
        case 0x61: // APPEND
          if (!this.#append(stack.length - 1)) return UNREAD;
          break;
        case 0x65: // APPENDS
          if (!this.#append(marks.pop())) return UNREAD;
          break;
        case 0x85: // TUPLE1
          if (!this.#tuple(stack.length - 1)) return UNREAD;
          break;
        case 0x86: // TUPLE2
          if (!this.#tuple(stack.length - 2)) return UNREAD;
          break;
        case 0x87: // TUPLE3
          if (!this.#tuple(stack.length - 3)) return UNREAD;
          break;
        case 0x74: // TUPLE
          if (!this.#tuple(marks.pop())) return UNREAD;
          break;
        case 0x43: // SHORT_BINBYTES
          if (!this.#bytes(data[this.#at++]!)) return UNREAD;
          break;
        case 0x42: // BINBYTES
          if (!this.#bytes(this.#uint32())) return UNREAD;
          break;
        case 0x80: // PROTO
          if (data[this.#at++]! > 5) return UNREAD;
          break;
        case 0x2e: // STOP
          return stack.length === 1 && marks.length === 0 ? stack[0] : UNREAD;
        default:
          return UNREAD;
      }
    }
    return UNREAD;
  }

  #uint32(): number {
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** An integer of up to six bytes, least significant first. */
  #long(count: number): boolean {
    const data = this.#data;
    const start = this.#at;
    if (count === 0 || count > 6 || start + count > data.length) return false;
    let value = 0;
    for (let i = count - 1; i >= 0; i--) value = value * 256 + data[start + i]!;
    this.#at += count;
    this.#stack.push(data[start + count - 1]! > 127 ? value - 2 ** (8 * count) : value);
    return true;
  }

  #put(index: number, value: unknown): boolean {
    // Written in order; an index far beyond would make an array of holes.
    if (index > this.#memo.length + 16) return false;
    this.#memo[index] = value;
    return true;
  }

  // A record that refers to itself may be read again by the resolving of a reference, but not before its own reading ended:
  // resolving makes ghosts, it loads nothing.

  #text(length: number): string {
    const data = this.#data;
    const start = this.#at;
    const end = start + length;
    if (end > data.length) throw new RangeError('text beyond the record');
    this.#at = end;
    if (length > 40) return decode(data, start, end);
    let hash = length;
    for (let i = start; i < end; i++) {
      const byte = data[i]!;
      if (byte > 127) return decode(data, start, end);
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const slot = hash & (TEXTS - 1);
    const known = texts[slot]!;
    if (known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === data[start + i]) i++;
      if (i === length) return known;
    }
    return (texts[slot] = decode(data, start, end));
  }

  /** A value of the memo. One that is an oid begins a reference, or is needed as bytes. */
  #fetch(index: number): boolean {
    const value = this.#memo[index];
    if (value === undefined) return false;
    if (value instanceof OidAt) return this.#reference(value) || this.#materialize(index, value);
    if (value instanceof ClassInfo) return false;
    this.#stack.push(value);
    return true;
  }

  #materialize(index: number, at: OidAt): boolean {
    const bytes = this.#data.slice(at.start, at.start + 8);
    this.#memo[index] = bytes;
    this.#stack.push(bytes);
    return true;
  }

  #bytes(length: number): boolean {
    const start = this.#at;
    if (start + length > this.#data.length) return false;
    this.#at += length;
    if (length === 8) {
      const high = this.#view.getUint32(start);
      const low = this.#view.getUint32(start + 4);
      const oid = high < 0x200000 ? high * 4294967296 + low : (BigInt(high) << 32n) | BigInt(low);
      const at = new OidAt(oid, start);
      const before = this.#at;
      const index = this.#skipPut();
      if (index >= 0 && this.#reference(at)) {
        this.#memo[index] = at;
        return true;
      }
      this.#at = before;
    }
    this.#stack.push(this.#data.slice(start, start + length));
    return true;
  }

  /** The index of the PUT that is next; -1 when something else is. */
  #skipPut(): number {
    const opcode = this.#data[this.#at];
    if (opcode === 0x71) {
      this.#at += 2;
      return this.#data[this.#at - 1]!;
    }
    if (opcode === 0x72) {
      this.#at++;
      const index = this.#uint32();
      return index > this.#memo.length + 16 ? -1 : index;
    }
    if (opcode === 0x94) {
      this.#at++;
      return this.#memo.length;
    }
    return -1;
  }

  /** A reference whose oid has been read: class, TUPLE2, PUT, BINPERSID. Reads nothing when it is something else. */
  #reference(at: OidAt): boolean {
    const data = this.#data;
    const before = this.#at;
    const memoed = this.#memo.length;
    const info = this.#classNext();
    if (info !== undefined && data[this.#at] === 0x86) {
      this.#at++;
      const index = this.#skipPut();
      if (data[this.#at] === 0x51) {
        this.#at++;
        // Nothing refers to the tuple again; what would is left to the general reader.
        if (index >= 0) this.#memo[index] = undefined;
        this.#stack.push(
          this.#resolve === null ? new Reference(at.oid, info, null) : this.#resolve(at.oid, info),
        );
        return true;
      }
    }
    this.#at = before;
    this.#memo.length = memoed;
    return false;
  }

  #classNext(): ClassInfo | undefined {
    const data = this.#data;
    const opcode = data[this.#at];
    if (opcode === 0x68 || opcode === 0x6a) {
      this.#at++;
      const index = opcode === 0x68 ? data[this.#at++]! : this.#uint32();
      const value = this.#memo[index];
      return value instanceof ClassInfo ? value : undefined;
    }
    if (opcode !== 0x63) return undefined;
    const first = data.indexOf(0x0a, this.#at + 1);
    const second = data.indexOf(0x0a, first + 1);
    if (first === -1 || second === -1) return undefined;
    const info = classNamed(decode(data, this.#at + 1, first), decode(data, first + 1, second));
    this.#at = second + 1;
    const index = this.#skipPut();
    if (index >= 0) this.#memo[index] = info;
    return info;
  }

  #setItems(from: number | undefined): boolean {
    const stack = this.#stack;
    if (from === undefined || from < 1 || from > stack.length || (stack.length - from) % 2 !== 0)
      return false;
    const target = stack[from - 1];
    if (target instanceof Dict) {
      for (let i = from; i < stack.length; i += 2) {
        const key = stack[i];
        // Other keys are rare, or wrong.
        if (typeof key === 'object' && key !== null && !isSimpleTuple(key)) return false;
        target.set(key, stack[i + 1]);
      }
    } else if (this.#takesNames(target)) {
      for (let i = from; i < stack.length; i += 2) {
        const key = stack[i];
        if (typeof key !== 'string' || key === '__proto__') return false;
        target[key] = stack[i + 1];
      }
    } else return false;
    stack.length = from;
    return true;
  }

  #takesNames(target: unknown): target is State {
    return (
      target === this.#state ||
      (typeof target === 'object' && target !== null && Object.getPrototypeOf(target) === Object.prototype)
    );
  }

  #append(from: number | undefined): boolean {
    const stack = this.#stack;
    if (from === undefined || from < 1 || from > stack.length) return false;
    const target = stack[from - 1];
    if (!Array.isArray(target) || target instanceof Tuple) return false;
    for (let i = from; i < stack.length; i++) target.push(stack[i]);
    stack.length = from;
    return true;
  }

  #tuple(from: number | undefined): boolean {
    const stack = this.#stack;
    if (from === undefined || from < 0 || from > stack.length) return false;
    const items: Tuple = tupleFrom(stack.slice(from));
    stack.length = from;
    stack.push(items);
    return true;
  }
}

function isSimpleTuple(key: object): boolean {
  return key instanceof Tuple && key.every((item) => typeof item !== 'object' || item === null);
}

/** Node's decoder, without a `Buffer` being made. */
const utf8Slice = (Buffer.prototype as unknown as { utf8Slice(start: number, end: number): string })
  .utf8Slice;

function decode(data: Uint8Array, start: number, end: number): string {
  const text = utf8Slice.call(data as Buffer, start, end);
  // Not UTF-8, or a surrogate that Python lets pass.
  if (text.includes('\uFFFD')) throw new RangeError('text that is not UTF-8');
  return text;
}
