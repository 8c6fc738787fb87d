/** Writes pickles of protocol 3, byte for byte as Python's zodbpickle does for the same values. */
import { UnpicklableError } from './errors.ts';
import { type Reduction, reductionOf } from './known-classes.ts';
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
  /** How an object of a class of one's own is written; undefined: this room's way. */
  reduce?(value: object): Reduction | undefined;
}

const BATCH = 1000;
/** JavaScript's stack holds some ten thousand calls; a nesting as deep as this is refused before it overflows. */
const MAX_DEPTH = 4000;
const scratch = new DataView(new ArrayBuffer(8));

/** One key for a value that Python would meet as one object. Texts and bytes are told apart by their content. */
type MemoKey = unknown;

export class Pickler {
  readonly #options: PicklerOptions;
  #buffer = new Uint8Array(1024);
  #length = 0;
  #memo = new Map<MemoKey, number>();
  #depth = 0;

  constructor(options: PicklerOptions = {}) {
    this.#options = options;
  }

  /** Writes a value behind what was written before. What an earlier `dump` has written is referred to unless `clearMemo` was called. */
  dump(value: unknown): void {
    this.#byte(0x80);
    this.#byte(3);
    this.#depth = 0;
    try {
      this.#save(value);
    } catch (error) {
      if (error instanceof Refused) throw new UnpicklableError(error.what, error.path(), error.value);
      throw error;
    }
    this.#byte(0x2e);
  }

  clearMemo(): void {
    this.#memo.clear();
  }

  /** A copy of all that was written. */
  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  #grow(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }

  #byte(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.#length++] = byte;
  }

  #u32(n: number): void {
    this.#grow(4);
    const buffer = this.#buffer;
    buffer[this.#length++] = n & 255;
    buffer[this.#length++] = (n >> 8) & 255;
    buffer[this.#length++] = (n >> 16) & 255;
    buffer[this.#length++] = n >>> 24;
  }

  #raw(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #memoize(key: MemoKey): void {
    const index = this.#memo.size;
    this.#memo.set(key, index);
    if (index < 256) {
      this.#byte(0x71);
      this.#byte(index);
    } else {
      this.#byte(0x72);
      this.#u32(index);
    }
  }

  /** Refers to what was written before; false when it was not. */
  #recall(key: MemoKey): boolean {
    const index = this.#memo.get(key);
    if (index === undefined) return false;
    if (index < 256) {
      this.#byte(0x68);
      this.#byte(index);
    } else {
      this.#byte(0x6a);
      this.#u32(index);
    }
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
        this.#byte(value ? 0x88 : 0x89);
        return;
      case 'bigint':
        this.#long(value);
        return;
      case 'undefined':
        this.#byte(0x4e);
        return;
      case 'object':
      case 'function':
        if (value === null) this.#byte(0x4e);
        else this.#object(value);
        return;
      default:
        throw new Refused(`a ${typeof value}`, value);
    }
  }

  #text(text: string): void {
    if (this.#recall(text)) return;
    this.#byte(0x58);
    const { length } = text;
    // Most texts are short and ASCII: written without a detour.
    if (length < 64) {
      this.#grow(4 + length);
      const buffer = this.#buffer;
      let at = this.#length + 4;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        buffer[at++] = code;
      }
      if (i === length) {
        this.#u32(length);
        this.#length = at;
        this.#memoize(text);
        return;
      }
    }
    const bytes = utf8Bytes(text);
    this.#u32(bytes.length);
    this.#raw(bytes);
    this.#memoize(text);
  }

  #integer(n: number): void {
    if (n >= 0 && n < 256) {
      this.#byte(0x4b);
      this.#byte(n);
    } else if (n >= 0 && n < 65_536) {
      this.#byte(0x4d);
      this.#byte(n & 255);
      this.#byte(n >> 8);
    } else if (n >= -2_147_483_648 && n <= 2_147_483_647) {
      this.#byte(0x4a);
      this.#u32(n >>> 0);
    } else if (Number.isSafeInteger(n)) this.#long(BigInt(n));
    else this.#float(n);
  }

  #long(value: bigint): void {
    if (value >= -2_147_483_648n && value <= 2_147_483_647n) {
      this.#integer(Number(value));
      return;
    }
    let bits = (value < 0n ? -value - 1n : value).toString(2).length;
    const count = Math.floor(bits / 8) + 1;
    bits = count * 8;
    const hex = BigInt.asUintN(bits, value)
      .toString(16)
      .padStart(count * 2, '0');
    const bytes = Buffer.from(hex, 'hex').reverse();
    if (count < 256) {
      this.#byte(0x8a);
      this.#byte(count);
    } else {
      this.#byte(0x8b);
      this.#u32(count);
    }
    this.#raw(bytes);
  }

  #float(n: number): void {
    this.#byte(0x47);
    scratch.setFloat64(0, n);
    this.#grow(8);
    for (let i = 0; i < 8; i++) this.#buffer[this.#length++] = scratch.getUint8(i);
  }

  #bytesValue(bytes: Uint8Array): void {
    // Python has one object for each of the empty and the one-byte ones.
    const key = bytes.length < 2 ? `\u0000bytes${bytes.length === 0 ? '' : bytes[0]}` : bytes;
    if (this.#recall(key)) return;
    if (bytes.length < 256) {
      this.#byte(0x43);
      this.#byte(bytes.length);
    } else {
      this.#byte(0x42);
      this.#u32(bytes.length);
    }
    this.#raw(bytes);
    this.#memoize(key);
  }

  #object(value: object): void {
    const pid = this.#options.persistentId?.(value);
    if (pid !== undefined) {
      this.#save(pid);
      this.#byte(0x51);
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
      this.#byte(0x5d);
      this.#memoize(value);
      this.#items(value);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Dict.prototype) {
      this.#byte(0x7d);
      this.#memoize(value);
      this.#pairs([...(value as Dict)].flat());
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
      this.#byte(0x51);
    } else if (prototype === Object.prototype || prototype === null) {
      this.#byte(0x7d);
      this.#memoize(value);
      this.#pairs(plainItems(value as Record<string, unknown>));
    } else {
      const names = this.#options.globalOf?.(value);
      if (names === undefined) throw new Refused(whatIs(value), value);
      this.#global(value, names[0], names[1]);
    }
  }

  #global(key: MemoKey, module: string, name: string): void {
    if (this.#recall(key)) return;
    // Protocol 3 has no opcode for a name with dots: it is fetched from what it is nested in.
    const dot = name.lastIndexOf('.');
    if (dot > 0) {
      this.#global(GlobalRef.of('builtins', 'getattr'), 'builtins', 'getattr');
      this.#global(GlobalRef.of(module, name.slice(0, dot)), module, name.slice(0, dot));
      this.#text(name.slice(dot + 1));
      this.#byte(0x86);
      this.#memoize({});
      this.#byte(0x52);
      this.#memoize(key);
      return;
    }
    this.#byte(0x63);
    this.#raw(utf8Bytes(`${module}\n${name}\n`));
    this.#memoize(key);
  }

  #tuple(value: Tuple): void {
    if (value.length === 0) {
      this.#byte(0x29);
      return;
    }
    if (this.#recall(value)) return;
    const short = value.length <= 3;
    if (!short) this.#byte(0x28);
    for (let i = 0; i < value.length; i++) this.#part(value[i], `[${i}]`);
    const index = this.#memo.get(value);
    if (index !== undefined) {
      // The tuple holds itself, and was written on the way: what was put on the stack is taken off again.
      if (short) for (let i = 0; i < value.length; i++) this.#byte(0x30);
      else this.#byte(0x31);
      this.#recall(value);
      return;
    }
    this.#byte(short ? 0x84 + value.length : 0x74);
    this.#memoize(value);
  }

  /** Saves a part of a value; an error tells the way to it. */
  #part(value: unknown, step: string): void {
    try {
      this.#save(value);
    } catch (error) {
      if (error instanceof Refused) error.steps.push(step);
      throw error;
    }
  }

  #items(items: readonly unknown[]): void {
    const { length } = items;
    for (let start = 0; start < length; start += BATCH) {
      const end = Math.min(start + BATCH, length);
      if (end - start === 1) {
        this.#part(items[start], `[${start}]`);
        this.#byte(0x61);
        continue;
      }
      this.#byte(0x28);
      for (let i = start; i < end; i++) this.#part(items[i], `[${i}]`);
      this.#byte(0x65);
    }
  }

  /** Keys and values in turn. */
  #pairs(items: readonly unknown[]): void {
    const { length } = items;
    for (let start = 0; start < length; start += BATCH * 2) {
      const end = Math.min(start + BATCH * 2, length);
      const single = end - start === 2;
      if (!single) this.#byte(0x28);
      for (let i = start; i < end; i += 2) {
        const key = items[i];
        const step =
          typeof key === 'string'
            ? /^[A-Za-z_$][\w$]*$/.test(key)
              ? `.${key}`
              : `[${JSON.stringify(key)}]`
            : `[${String(key)}]`;
        this.#part(key, step);
        this.#part(items[i + 1], step);
      }
      this.#byte(single ? 0x73 : 0x75);
    }
  }

  #reduced(value: object, { callable, args, newObject, state, items, dictItems }: Reduction): void {
    this.#global(callable, callable.module, callable.name);
    this.#tuple(args);
    this.#byte(newObject ? 0x81 : 0x52);
    this.#memoize(value);
    if (items !== undefined) this.#items(items);
    if (dictItems !== undefined) this.#pairs(dictItems);
    if (state !== undefined) {
      this.#save(state);
      this.#byte(0x62);
    }
  }

  #rest(value: Instance | Reduce): void {
    if (value.items !== undefined) this.#items(value.items);
    if (value.dictItems !== undefined) this.#pairs(value.dictItems);
    if (value.state !== undefined) {
      this.#save(value.state);
      this.#byte(0x62);
    }
  }

  #instance(value: Instance): void {
    if (value.base !== undefined) {
      const reconstructor = GlobalRef.of('copyreg', '_reconstructor');
      this.#global(reconstructor, 'copyreg', '_reconstructor');
      this.#tuple(tuple<unknown[]>(value.cls, value.base, value.baseValue));
      this.#byte(0x52);
    } else if (value.kwargs !== undefined) {
      const partial = GlobalRef.of('copyreg', '__newobj_ex__');
      this.#global(partial, 'copyreg', '__newobj_ex__');
      this.#tuple(tuple<unknown[]>(value.cls, value.args, value.kwargs));
      this.#byte(0x52);
    } else {
      this.#save(value.cls);
      this.#tuple(value.args);
      this.#byte(0x81);
    }
    this.#memoize(value);
    this.#rest(value);
  }

  #call(value: Reduce): void {
    this.#save(value.callable);
    this.#tuple(value.args);
    this.#byte(0x52);
    this.#memoize(value);
    this.#rest(value);
  }
}

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
    return this.steps.reverse().join('').replace(/^\./, '');
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
