import { Dict, PyFloat, Tuple } from '../pickle/index.ts';
import { type ClassInfo, type Oid, type PersistentMeta, Slot } from '../persistent/index.ts';

/** What a value in a record refers to: an object of the same database, by oid and class. */
export interface Target {
  readonly oid: Oid;
  readonly info: ClassInfo;
}

/**
 * Says what a value refers to: undefined for a value that is part of the record, null for a reference of a kind that is left
 * to the general writer.
 */
export type TargetOf = (value: object) => Target | undefined | null;

const BATCH = 1000;
const MAX_DEPTH = 100;
const SLAB = 1 << 16;
/** So many things in the memo are found faster one by one. */
const FEW = 16;
/**
 * Records are made where they stay: one after the other in a piece of memory that they share, since an `ArrayBuffer` for each
 * would cost more than the writing of a small one.
 */
let buffer = new Uint8Array(SLAB);
let view = new DataView(buffer.buffer);
/** Where the next record begins. */
let base = 0;

/**
 * Writes records of texts, numbers, containers and references, byte for byte as the general writer of pickles does. It gives up
 * at whatever else it meets, and the general writer writes that record.
 *
 * Over 400 lines: one class, whose short methods each write one kind of value to the same buffer.
 */
export class FastWriter {
  readonly #targetOf: TargetOf;
  #length = 0;
  /**
   * What is in the memo, by content for texts, by identity for all else; oids have a map of their own. Most records are small: a
   * map is made of what is beyond the first few.
   */
  readonly #keys: unknown[] = Array.from({ length: FEW });
  readonly #places: number[] = Array.from({ length: FEW }, () => 0);
  #few = 0;
  readonly #more = new Map<unknown, number>();
  readonly #oids = new Map<Oid, number>();
  #next = 0;
  #depth = 0;

  constructor(targetOf: TargetOf) {
    this.#targetOf = targetOf;
  }

  /** The record of an object from its attributes, or from what its `__getstate__` gave. Undefined: not written. */
  record(meta: PersistentMeta, state: unknown, isState: boolean): Uint8Array | undefined {
    try {
      return this.#record(meta, state, isState);
    } finally {
      // It must not keep alive what it has written.
      for (let i = 0; i < this.#few; i++) this.#keys[i] = undefined;
      this.#few = 0;
      // Clearing an empty one makes new tables.
      if (this.#more.size > 0) this.#more.clear();
      if (this.#oids.size > 0) this.#oids.clear();
    }
  }

  #record(meta: PersistentMeta, state: unknown, isState: boolean): Uint8Array | undefined {
    if (SLAB - base < 1024 || buffer.length > SLAB) {
      buffer = new Uint8Array(SLAB);
      view = new DataView(buffer.buffer);
      base = 0;
    }
    this.#length = base;
    this.#next = 0;
    this.#depth = 0;
    this.#byte(0x80); // PROTO
    this.#byte(3);
    if (!this.#global(meta.info)) return undefined;
    this.#byte(0x2e); // STOP
    this.#byte(0x80); // PROTO
    this.#byte(3);
    if (isState ? !this.#attributes(state as Record<string, unknown>) : !this.#save(state)) return undefined;
    this.#byte(0x2e); // STOP
    const start = base;
    base = this.#length;
    // A large one does not share what it needed alone.
    return start === 0 && buffer.length > SLAB
      ? buffer.slice(0, this.#length)
      : buffer.subarray(start, this.#length);
  }

  #attributes(state: Record<string, unknown>): boolean {
    this.#byte(0x7d); // EMPTY_DICT
    this.#next++;
    this.#putIndex(this.#next - 1);
    const names: string[] = [];
    for (const name of Object.keys(state)) {
      if (
        state[name] === undefined ||
        (name.charCodeAt(0) === 95 && (name.startsWith('_v_') || name.startsWith('_p_')))
      )
        continue;
      names.push(name);
    }
    for (let start = 0; start < names.length; start += BATCH) {
      const end = Math.min(start + BATCH, names.length);
      if (names.length > 1) this.#byte(0x28); // MARK
      for (let i = start; i < end; i++) {
        const value = state[names[i]!];
        if (!this.#text(names[i]!) || !this.#save(value instanceof Slot ? value.stored() : value))
          return false;
      }
      this.#byte(names.length === 1 ? 0x73 : 0x75); // SETITEM, SETITEMS
    }
    this.#endFull(names.length);
    return true;
  }

  /** After a full batch of a dict Python begins another one before it sees that there is nothing left. */
  #endFull(count: number): void {
    if (count === 0 || count % BATCH !== 0) return;
    this.#byte(0x28); // MARK
    this.#byte(0x75); // SETITEMS
  }

  #need(count: number): void {
    if (this.#length + count <= buffer.length) return;
    const written = this.#length - base;
    const larger = new Uint8Array(Math.max(written + count, written * 2, SLAB));
    larger.set(buffer.subarray(base, this.#length));
    base = 0;
    this.#length = written;
    buffer = larger;
    view = new DataView(buffer.buffer);
  }

  #byte(byte: number): void {
    if (this.#length === buffer.length) this.#need(1);
    buffer[this.#length++] = byte;
  }

  #u32(n: number): void {
    this.#need(4);
    view.setUint32(this.#length, n, true);
    this.#length += 4;
  }

  #index(short: number, long: number, index: number): void {
    if (index < 256) {
      this.#byte(short);
      this.#byte(index);
    } else {
      this.#byte(long);
      this.#u32(index);
    }
  }

  #putIndex(index: number): void {
    this.#index(0x71, 0x72, index); // BINPUT, LONG_BINPUT
  }

  #put(key: unknown): void {
    if (this.#few < FEW) {
      this.#keys[this.#few] = key;
      this.#places[this.#few++] = this.#next;
    } else this.#more.set(key, this.#next);
    this.#putIndex(this.#next++);
  }

  #placeOf(key: unknown): number | undefined {
    for (let i = this.#few - 1; i >= 0; i--) if (this.#keys[i] === key) return this.#places[i];
    return this.#more.size === 0 ? undefined : this.#more.get(key);
  }

  #recall(key: unknown): boolean {
    const index = this.#placeOf(key);
    if (index === undefined) return false;
    this.#index(0x68, 0x6a, index); // BINGET, LONG_BINGET
    return true;
  }

  #save(value: unknown): boolean {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        this.#byte(value ? 0x88 : 0x89); // NEWTRUE, NEWFALSE
        return true;
      case 'undefined':
        this.#byte(0x4e); // NONE
        return true;
      case 'object': {
        if (value === null) {
          this.#byte(0x4e); // NONE
          return true;
        }
        if (++this.#depth > MAX_DEPTH) return false;
        const written = this.#object(value);
        this.#depth--;
        return written;
      }
      default:
        return false;
    }
  }

  #text(text: string): boolean {
    if (this.#recall(text)) return true;
    const { length } = text;
    this.#need(5 + length * 3);
    buffer[this.#length] = 0x58; // BINUNICODE
    const start = this.#length + 5;
    let at = start;
    let i = 0;
    if (length < 80) {
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        buffer[at++] = code;
      }
    }
    if (i < length) {
      // A lone surrogate is written in Python's own way.
      if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) return false;
      at = start + encoder.encodeInto(text, buffer.subarray(start)).written;
    }
    view.setUint32(this.#length + 1, at - start, true);
    this.#length = at;
    this.#put(text);
    return true;
  }

  #number(n: number): boolean {
    if (!Number.isInteger(n) || Object.is(n, -0)) {
      this.#float(n);
      return true;
    }
    if (n >= 0 && n < 256) {
      this.#byte(0x4b); // BININT1
      this.#byte(n);
    } else if (n >= 0 && n < 65_536) {
      this.#byte(0x4d); // BININT2
      this.#byte(n & 255);
      this.#byte(n >> 8);
    } else if (n >= -2_147_483_648 && n <= 2_147_483_647) {
      this.#byte(0x4a); // BININT
      this.#u32(n >>> 0);
    } else if (!Number.isSafeInteger(n)) this.#float(n);
    else if (n > 0) this.#long(n);
    else return false;
    return true;
  }

  /** A large positive integer, least significant byte first; a last byte keeps the sign bit clear. */
  #long(n: number): void {
    this.#need(10);
    const at = this.#length;
    let count = 0;
    for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) buffer[at + 2 + count++] = rest % 256;
    if (buffer[at + 1 + count]! > 127) buffer[at + 2 + count++] = 0;
    buffer[at] = 0x8a; // LONG1
    buffer[at + 1] = count;
    this.#length = at + 2 + count;
  }

  #float(n: number): void {
    this.#need(9);
    buffer[this.#length] = 0x47; // BINFLOAT
    view.setFloat64(this.#length + 1, n);
    this.#length += 9;
  }

  #object(value: object): boolean {
    const target = this.#targetOf(value);
    if (target === null) return false;
    if (target !== undefined) return this.#reference(target);
    if (value instanceof PyFloat) {
      this.#float(value.value);
      return true;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Tuple.prototype) return this.#tuple(value as Tuple);
    if (prototype !== Array.prototype && prototype !== Dict.prototype && prototype !== Object.prototype)
      return false;
    if (this.#recall(value)) return true;
    if (prototype === Array.prototype) {
      this.#byte(0x5d); // EMPTY_LIST
      this.#put(value);
      return this.#items(value as unknown[]);
    }
    this.#byte(0x7d); // EMPTY_DICT
    this.#put(value);
    if (prototype === Object.prototype)
      return this.#pairs(Object.entries(value).filter((entry) => entry[1] !== undefined));
    return hasPlainKeys(value as Dict)
      ? this.#plainDict(value as Map<string, unknown>)
      : this.#pairs([...(value as Dict)]);
  }

  /** As `#pairs`, without an array for each pair. */
  #plainDict(dict: Map<string, unknown>): boolean {
    const { size } = dict;
    let done = 0;
    for (const [key, value] of Map.prototype.entries.call(dict) as MapIterator<[string, unknown]>) {
      if (done % BATCH === 0 && size > 1) this.#byte(0x28); // MARK
      if (!this.#text(key) || !this.#save(value)) return false;
      done++;
      if (done % BATCH === 0 || done === size) this.#byte(size === 1 ? 0x73 : 0x75); // SETITEM, SETITEMS
    }
    this.#endFull(size);
    return true;
  }

  #items(items: readonly unknown[]): boolean {
    for (let start = 0; start < items.length; start += BATCH) {
      const end = Math.min(start + BATCH, items.length);
      if (items.length > 1) this.#byte(0x28); // MARK
      for (let i = start; i < end; i++) if (!this.#save(items[i])) return false;
      this.#byte(items.length === 1 ? 0x61 : 0x65); // APPEND, APPENDS
    }
    return true;
  }

  #pairs(entries: readonly (readonly [unknown, unknown])[]): boolean {
    for (let start = 0; start < entries.length; start += BATCH) {
      const end = Math.min(start + BATCH, entries.length);
      if (entries.length > 1) this.#byte(0x28); // MARK
      for (let i = start; i < end; i++)
        if (!this.#save(entries[i]![0]) || !this.#save(entries[i]![1])) return false;
      this.#byte(entries.length === 1 ? 0x73 : 0x75); // SETITEM, SETITEMS
    }
    this.#endFull(entries.length);
    return true;
  }

  #tuple(value: Tuple): boolean {
    const { length } = value;
    if (length === 0) {
      this.#byte(0x29); // EMPTY_TUPLE
      return true;
    }
    if (this.#recall(value)) return true;
    if (length > 3) this.#byte(0x28); // MARK
    for (let i = 0; i < length; i++) if (!this.#save(value[i])) return false;
    // A tuple that holds itself.
    if (this.#placeOf(value) !== undefined) return false;
    this.#byte(length > 3 ? 0x74 : 0x84 + length); // TUPLE, or TUPLE1 to TUPLE3
    this.#put(value);
    return true;
  }

  /** The pair of oid and class; the pair itself is never referred to again, but has its place in the memo. */
  #reference({ oid, info }: Target): boolean {
    const known = this.#oids.get(oid);
    if (known !== undefined) this.#index(0x68, 0x6a, known); // BINGET, LONG_BINGET
    else {
      this.#need(10);
      buffer[this.#length] = 0x43; // SHORT_BINBYTES
      buffer[this.#length + 1] = 8;
      if (typeof oid === 'number') {
        view.setUint32(this.#length + 2, Math.floor(oid / 4294967296));
        view.setUint32(this.#length + 6, oid >>> 0);
      } else view.setBigUint64(this.#length + 2, oid);
      this.#length += 10;
      this.#oids.set(oid, this.#next);
      this.#putIndex(this.#next++);
    }
    if (!this.#global(info)) return false;
    this.#byte(0x86); // TUPLE2
    this.#putIndex(this.#next++);
    this.#byte(0x51); // BINPERSID
    return true;
  }

  #global(info: ClassInfo): boolean {
    if (this.#recall(info)) return true;
    const { module, name } = info;
    // A class nested in another one takes more than one opcode.
    if (module === undefined || name === undefined || name.includes('.')) return false;
    let opcode = globals.get(info);
    if (opcode === undefined) globals.set(info, (opcode = encoder.encode(`c${module}\n${name}\n`)));
    this.#need(opcode.length);
    buffer.set(opcode, this.#length);
    this.#length += opcode.length;
    this.#put(info);
    return true;
  }
}

const encoder = new TextEncoder();
/** The opcode that names a class. */
const globals = new Map<ClassInfo, Uint8Array>();

/** Whether the keys are texts that stand for themselves in a dict. */
function hasPlainKeys(dict: Dict): boolean {
  for (const key of Map.prototype.keys.call(dict))
    if (typeof key !== 'string' || key.charCodeAt(0) === 0) return false;
  return true;
}
