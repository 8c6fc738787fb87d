/**
 * Writes pickles of protocol 3, byte for byte as Python's zodbpickle does for the same values.
 *
 * Over 400 lines: one class, whose short methods each write one kind of value to the same buffer.
 */
import { UnpicklableError } from './errors.ts';
import { type Reduction, reductionOf } from './value-classes.ts';
import './known-classes.ts';
import { utf8Bytes } from './text.ts';
import { ByteArray } from './values/bytearray.ts';
import { Dict } from './values/dict.ts';
import { PyFloat } from './values/float.ts';
import { Ellipsis, GlobalRef, Instance, NotImplemented, PersistentRef, Reduce } from './values/references.ts';
import { Tuple, tuple } from './values/tuple.ts';

export interface PicklerOptions {
  /** The persistent id of an object that is stored elsewhere; undefined for one that belongs into this pickle. */
  persistentId?(value: object): unknown;
  /** Module and name of a class or function; undefined for one that has none. */
  globalOf?(value: object): readonly [module: string, name: string] | undefined;
  /** The code of a class in the extension registry of Python's `copyreg`; undefined for one that has none. */
  extension?(ref: GlobalRef): number | undefined;
  /** How an object of a class of one's own is written; undefined: this room's way. */
  reduce?(value: object): Reduction | undefined;
}

const BATCH = 1000;
/** JavaScript's stack holds some ten thousand calls, and each level takes five. Python's limit is about the same. */
const MAX_DEPTH = 1000;
const SMALLEST = -2_147_483_648;
const LARGEST = 2_147_483_647;
/** Texts up to this length are copied by a loop when they are ASCII, which is faster than to call the encoder. */
const SHORT = 64;

const encoder = new TextEncoder();
/** The buffer of a writer that has finished; to make one costs as much as to write a small record. */
let spare: Uint8Array | undefined;
const LARGEST_SPARE = 1 << 20;

export class Pickler {
  readonly #options: PicklerOptions;
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;
  /** Places in the memo: of texts by content, of all else by identity. */
  readonly #memo = new Map<unknown, number>();
  /** Python has one object for each of the one-byte bytes and one for the empty ones (256). */
  #shortBytes: (number | undefined)[] | undefined;
  #next = 0;
  #depth = 0;

  constructor(options: PicklerOptions = {}) {
    this.#options = options;
    this.#buffer = spare ?? new Uint8Array(1 << 12);
    spare = undefined;
    this.#view = new DataView(this.#buffer.buffer);
  }

  /**
   * Writes a value behind what was written before. What an earlier `dump` has written is referred to unless `clearMemo` was called.
   *
   * @throws UnpicklableError for a value that has no counterpart in Python; it says where that is.
   */
  dump(value: unknown): void {
    this.#byte(0x80); // PROTO
    this.#byte(3);
    this.#depth = 0;
    try {
      this.#save(value);
    } catch (error) {
      if (error instanceof Refused) throw new UnpicklableError(error.what, error.path(), error.value);
      // Where the caller has used most of the stack already.
      if (error instanceof RangeError && /call stack/.test(error.message))
        throw new UnpicklableError('a value nested so deep', '', value);
      throw error;
    }
    this.#byte(0x2e); // STOP
  }

  clearMemo(): void {
    this.#memo.clear();
    this.#shortBytes = undefined;
    this.#next = 0;
  }

  /** A copy of all that was written. */
  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** All that was written; nothing more can be written then. */
  finish(): Uint8Array {
    const bytes = this.bytes();
    if (this.#buffer.length <= LARGEST_SPARE) spare = this.#buffer;
    this.#buffer = new Uint8Array();
    this.#length = 0;
    return bytes;
  }

  #need(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }

  #byte(byte: number): void {
    if (this.#length === this.#buffer.length) this.#need(1);
    this.#buffer[this.#length++] = byte;
  }

  /** An opcode with an argument of one byte or, from 256 on, another one with four. */
  #counted(short: number, long: number, count: number): void {
    this.#need(5);
    const at = this.#length;
    if (count < 256) {
      this.#buffer[at] = short;
      this.#buffer[at + 1] = count;
      this.#length = at + 2;
    } else {
      this.#buffer[at] = long;
      this.#view.setUint32(at + 1, count, true);
      this.#length = at + 5;
    }
  }

  #raw(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A place in the memo for what nothing refers to again. */
  #place(): number {
    const index = this.#next++;
    this.#counted(0x71, 0x72, index); // BINPUT, LONG_BINPUT
    return index;
  }

  #memoize(key: unknown): void {
    this.#memo.set(key, this.#next);
    this.#place();
  }

  /** Refers to what was written before; false when it was not. */
  #recall(key: unknown): boolean {
    const index = this.#memo.get(key);
    if (index === undefined) return false;
    this.#counted(0x68, 0x6a, index); // BINGET, LONG_BINGET
    return true;
  }

  #save(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text(value);
        return;
      case 'number':
        if (Number.isInteger(value) && !Object.is(value, -0)) this.#integer(value);
        else this.#float(value);
        return;
      case 'boolean':
        this.#byte(value ? 0x88 : 0x89); // NEWTRUE, NEWFALSE
        return;
      case 'bigint':
        this.#long(value);
        return;
      case 'undefined':
        this.#byte(0x4e); // NONE
        return;
      case 'object':
      case 'function':
        if (value === null) this.#byte(0x4e); // NONE
        else this.#object(value);
        return;
      default:
        throw new Refused(`a ${typeof value}`, value);
    }
  }

  #text(text: string): void {
    if (this.#recall(text)) return;
    const { length } = text;
    this.#need(5 + length * 3);
    const buffer = this.#buffer;
    const start = this.#length + 5;
    buffer[start - 5] = 0x58; // BINUNICODE
    let at = start;
    if (length <= SHORT) {
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        buffer[at++] = code;
      }
    }
    if (at - start < length) {
      if (isWellFormed(text)) at = start + encoder.encodeInto(text, buffer.subarray(start)).written;
      else {
        // Python writes lone surrogates as if they were characters.
        const bytes = utf8Bytes(text);
        buffer.set(bytes, start);
        at = start + bytes.length;
      }
    }
    this.#view.setUint32(start - 4, at - start, true);
    this.#length = at;
    this.#memoize(text);
  }

  #integer(n: number): void {
    this.#need(5);
    const at = this.#length;
    const buffer = this.#buffer;
    if (n >= 0 && n < 256) {
      buffer[at] = 0x4b; // BININT1
      buffer[at + 1] = n;
      this.#length = at + 2;
    } else if (n >= 0 && n < 65_536) {
      buffer[at] = 0x4d; // BININT2
      buffer[at + 1] = n & 255;
      buffer[at + 2] = n >> 8;
      this.#length = at + 3;
    } else if (n >= SMALLEST && n <= LARGEST) {
      buffer[at] = 0x4a; // BININT
      this.#view.setInt32(at + 1, n, true);
      this.#length = at + 5;
    } else if (Number.isSafeInteger(n)) this.#long(BigInt(n));
    else this.#float(n);
  }

  #long(value: bigint): void {
    if (value >= BigInt(SMALLEST) && value <= BigInt(LARGEST)) {
      this.#integer(Number(value));
      return;
    }
    // Of its hexadecimal digits, because those of a long number are made in linear time.
    const bits = (value < 0n ? ~value : value).toString(16).length * 4;
    let count = Math.floor(bits / 8) + 1;
    const bytes = Buffer.from(
      BigInt.asUintN(count * 8, value)
        .toString(16)
        .padStart(count * 2, '0'),
      'hex',
    ).reverse();
    // The sign bit of the byte before may say the same as the last byte.
    const sign = value < 0n ? 255 : 0;
    if (bytes[count - 1] === sign && bytes[count - 2]! >> 7 === sign >> 7) count--;
    this.#counted(0x8a, 0x8b, count); // LONG1, LONG4
    this.#raw(bytes.subarray(0, count));
  }

  #float(n: number): void {
    this.#need(9);
    this.#buffer[this.#length] = 0x47; // BINFLOAT
    this.#view.setFloat64(this.#length + 1, n);
    this.#length += 9;
  }

  #bytesValue(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < 2) {
      const known = (this.#shortBytes ??= [])[bytes[0] ?? 256];
      if (known !== undefined) {
        this.#counted(0x68, 0x6a, known); // BINGET, LONG_BINGET
        return;
      }
    } else if (this.#recall(bytes)) return;
    this.#counted(0x43, 0x42, length); // SHORT_BINBYTES, BINBYTES
    this.#raw(bytes);
    if (length < 2) this.#shortBytes![bytes[0] ?? 256] = this.#place();
    else this.#memoize(bytes);
  }

  #object(value: object): void {
    const pid = this.#options.persistentId?.(value);
    if (pid !== undefined) {
      this.#save(pid);
      this.#byte(0x51); // BINPERSID
      return;
    }
    if (value instanceof PyFloat) {
      this.#float(value.value);
      return;
    }
    if (++this.#depth > MAX_DEPTH) throw new Refused(`a value nested more than ${MAX_DEPTH} deep`, value);
    if (value instanceof Tuple) this.#tuple(value);
    else if (value instanceof Uint8Array && !(value instanceof ByteArray)) this.#bytesValue(value);
    else if (!this.#recall(value)) this.#fresh(value);
    this.#depth--;
  }

  /** An object that was not written yet. */
  #fresh(value: object): void {
    if (Array.isArray(value)) {
      this.#byte(0x5d); // EMPTY_LIST
      this.#memoize(value);
      this.#items(value, true);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Dict.prototype) {
      this.#byte(0x7d); // EMPTY_DICT
      this.#memoize(value);
      this.#pairs(flat(value as Dict), true);
      return;
    }
    if (value instanceof GlobalRef) {
      this.#global(value, value.module, value.name);
      return;
    }
    const reduction = this.#options.reduce?.(value) ?? reductionOf(value);
    if (reduction !== undefined) {
      this.#reduced(value, reduction);
      return;
    }
    if (value instanceof Instance) this.#instance(value);
    else if (value instanceof Reduce) this.#call(value);
    else if (value === Ellipsis || value === NotImplemented)
      this.#global(value, 'builtins', (value as { name: string }).name);
    else if (value instanceof PersistentRef) {
      this.#save(value.pid);
      this.#byte(0x51); // BINPERSID
    } else if (prototype === Object.prototype || prototype === null) {
      this.#byte(0x7d); // EMPTY_DICT
      this.#memoize(value);
      this.#pairs(plainItems(value as Record<string, unknown>), true);
    } else {
      const names = this.#options.globalOf?.(value);
      if (names === undefined) throw new Refused(whatIs(value), value);
      this.#global(value, names[0], names[1]);
    }
  }

  #global(key: object, module: string, name: string): void {
    if (this.#recall(key)) return;
    const code = key instanceof GlobalRef ? this.#options.extension?.(key) : undefined;
    if (code !== undefined) {
      this.#extension(code);
      return;
    }
    // Protocol 3 has no opcode for a name with dots: it is fetched from what it is nested in.
    const dot = name.lastIndexOf('.');
    if (dot > 0) {
      const owner = name.slice(0, dot);
      this.#global(GETATTR, GETATTR.module, GETATTR.name);
      this.#global(GlobalRef.of(module, owner), module, owner);
      this.#text(name.slice(dot + 1));
      this.#byte(0x86); // TUPLE2
      this.#place();
      this.#byte(0x52); // REDUCE
    } else {
      this.#byte(0x63); // GLOBAL
      this.#raw(utf8Bytes(`${module}\n${name}\n`));
    }
    this.#memoize(key);
  }

  /** A code takes no more bytes than a place in the memo, so it is not memoized. */
  #extension(code: number): void {
    if (code < 256) this.#counted(0x82, 0x82, code); // EXT1
    else if (code < 65_536) {
      this.#byte(0x83); // EXT2
      this.#byte(code & 255);
      this.#byte(code >> 8);
    } else this.#counted(0x84, 0x84, code); // EXT4
  }

  #tuple(value: Tuple): void {
    const { length } = value;
    if (length === 0) {
      this.#byte(0x29); // EMPTY_TUPLE
      return;
    }
    if (this.#recall(value)) return;
    const isShort = length <= 3;
    if (!isShort) this.#byte(0x28); // MARK
    this.#each(value, 0, length);
    if (this.#memo.has(value)) {
      // The tuple holds itself, and was written on the way: what was put on the stack is taken off again.
      if (isShort) for (let i = 0; i < length; i++) this.#byte(0x30); // POP
      else this.#byte(0x31); // POP_MARK
      this.#recall(value);
      return;
    }
    this.#byte(isShort ? 0x84 + length : 0x74); // TUPLE1 to TUPLE3, TUPLE
    this.#memoize(value);
  }

  /** Saves some of the items; an error tells the way to the one at fault. */
  #each(items: readonly unknown[], start: number, end: number): void {
    let i = start;
    try {
      for (; i < end; i++) this.#save(items[i]);
    } catch (error) {
      if (error instanceof Refused) error.steps.push(`[${i}]`);
      throw error;
    }
  }

  /**
   * Items for the list on the stack, in batches.
   *
   * @param isList Whether it is a list and no instance of another class: Python ends the last batch of those in different ways.
   */
  #items(items: readonly unknown[], isList: boolean): void {
    const { length } = items;
    for (let start = 0; start < length; start += BATCH) {
      const end = Math.min(start + BATCH, length);
      const isSingle = isList ? length === 1 : end - start === 1;
      if (!isSingle) this.#byte(0x28); // MARK
      this.#each(items, start, end);
      this.#byte(isSingle ? 0x61 : 0x65); // APPEND, APPENDS
    }
  }

  /** Keys and values in turn, for the dict on the stack, as `#items`. */
  #pairs(items: readonly unknown[], isDict: boolean): void {
    const { length } = items;
    for (let start = 0; start < length; start += BATCH * 2) {
      const end = Math.min(start + BATCH * 2, length);
      const isSingle = isDict ? length === 2 : end - start === 2;
      if (!isSingle) this.#byte(0x28); // MARK
      this.#entries(items, start, end);
      this.#byte(isSingle ? 0x73 : 0x75); // SETITEM, SETITEMS
    }
    if (isDict && length > 0 && length % (BATCH * 2) === 0) {
      // After a full batch Python begins another one before it sees that there is nothing left.
      this.#byte(0x28); // MARK
      this.#byte(0x75); // SETITEMS
    }
  }

  #entries(items: readonly unknown[], start: number, end: number): void {
    let i = start;
    try {
      for (; i < end; i++) this.#save(items[i]);
    } catch (error) {
      if (error instanceof Refused) error.steps.push(stepOf(items[i - (i % 2)]));
      throw error;
    }
  }

  #reduced(value: object, { callable, args, newObject, state, items, dictItems }: Reduction): void {
    this.#global(callable, callable.module, callable.name);
    this.#tuple(args);
    this.#byte(newObject ? 0x81 : 0x52); // NEWOBJ, REDUCE
    this.#memoize(value);
    this.#contents(items, dictItems, state);
  }

  #contents(
    items: readonly unknown[] | undefined,
    dictItems: readonly unknown[] | undefined,
    state: unknown,
  ): void {
    if (items !== undefined) this.#items(items, false);
    if (dictItems !== undefined) this.#pairs(dictItems, false);
    if (state !== undefined) {
      this.#save(state);
      this.#byte(0x62); // BUILD
    }
  }

  #instance(value: Instance): void {
    const { cls, args, kwargs, base, baseValue } = value;
    if (base !== undefined) {
      this.#derived(value, base, baseValue);
      return;
    }
    if (kwargs !== undefined) {
      this.#global(NEWOBJ_EX, NEWOBJ_EX.module, NEWOBJ_EX.name);
      this.#tuple(tuple<unknown[]>(cls, args, kwargs));
      this.#byte(0x52); // REDUCE
    } else {
      this.#save(cls);
      this.#tuple(args);
      this.#byte(0x81); // NEWOBJ
    }
    this.#memoize(value);
    this.#contents(value.items, value.dictItems, value.state);
  }

  /** An instance of a class that derives from a built-in type, read from protocol 0 or 1: as later protocols write it. */
  #derived(value: Instance, base: unknown, baseValue: unknown): void {
    const name = base instanceof GlobalRef && base.module === 'builtins' ? base.name : '';
    const isList = name === 'list' && Array.isArray(baseValue);
    const isDict = name === 'dict' && baseValue instanceof Map;
    if (!isList && !isDict && !WITH_NEW_ARGS.has(name)) {
      this.#global(RECONSTRUCTOR, RECONSTRUCTOR.module, RECONSTRUCTOR.name);
      this.#tuple(tuple<unknown[]>(value.cls, base, baseValue));
      this.#byte(0x52); // REDUCE
    } else {
      this.#save(value.cls);
      this.#tuple(isList || isDict ? tuple() : tuple<unknown[]>(baseValue));
      this.#byte(0x81); // NEWOBJ
    }
    this.#memoize(value);
    this.#contents(
      isList ? [...(baseValue as unknown[]), ...(value.items ?? [])] : value.items,
      isDict ? [...flat(baseValue), ...(value.dictItems ?? [])] : value.dictItems,
      value.state,
    );
  }

  #call(value: Reduce): void {
    this.#save(value.callable);
    this.#tuple(value.args);
    this.#byte(0x52); // REDUCE
    this.#memoize(value);
    this.#contents(value.items, value.dictItems, value.state);
  }
}

const GETATTR = GlobalRef.of('builtins', 'getattr');
const NEWOBJ_EX = GlobalRef.of('copyreg', '__newobj_ex__');
const RECONSTRUCTOR = GlobalRef.of('copyreg', '_reconstructor');
/** Built-in types whose values `__getnewargs__` gives as the one argument of `__new__`. */
const WITH_NEW_ARGS = new Set(['bytes', 'complex', 'float', 'int', 'str', 'tuple']);

/** `String.prototype.isWellFormed`, which TypeScript's library for Node 20 does not know. */
const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

function flat(map: Map<unknown, unknown>): unknown[] {
  const items: unknown[] = [];
  for (const [key, value] of map) items.push(key, value);
  return items;
}

function stepOf(key: unknown): string {
  if (typeof key !== 'string') return typeof key === 'object' ? '[…]' : `[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Of a longer way only the beginning and the end are told. */
const MOST_STEPS = 10;

/** What cannot be written; the steps to it are gathered on the way out. */
class Refused extends Error {
  readonly what: string;
  readonly value: unknown;
  readonly steps: string[] = [];

  constructor(what: string, value: unknown) {
    super(what);
    this.what = what;
    this.value = value;
  }

  path(): string {
    const steps = this.steps.reverse();
    if (steps.length > 2 * MOST_STEPS) steps.splice(MOST_STEPS, steps.length - 2 * MOST_STEPS, ' … ');
    return steps.join('').replace(/^\./, '');
  }
}

function whatIs(value: object): string {
  if (typeof value === 'function') return `the function ${value.name || '(without a name)'}`;
  const cls = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name;
  return cls === 'Promise'
    ? 'a promise'
    : `an instance of the class ${cls ?? '(without a name)'}, which is not registered`;
}

function plainItems(value: Record<string, unknown>): unknown[] {
  const items: unknown[] = [];
  for (const key of Object.keys(value)) if (value[key] !== undefined) items.push(key, value[key]);
  return items;
}
