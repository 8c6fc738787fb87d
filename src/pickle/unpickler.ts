/**
 * Reads pickles of protocols 0 to 5 (the opcodes are those of Python's `pickletools`). One loop over the opcodes: whatever the
 * data is, time and memory are bounded by its length. No class is called but those of `known-classes.ts`.
 *
 * Over 400 lines: a switch over all opcodes, which is fast because it is one function.
 */
import { BadValueError, UnpicklingError, type UnpicklingCode } from './errors.ts';
import { CONSTANTS, valueClassOf } from './known-classes.ts';
import { inPython3 } from './python2-names.ts';
import { latin1Text, utf8Text } from './text.ts';
import { ByteArray } from './values/bytearray.ts';
import { Deque } from './values/collections.ts';
import { Dict } from './values/dict.ts';
import { float } from './values/float.ts';
import { int } from './values/int.ts';
import { isHashable } from './values/key.ts';
import { GlobalRef, Instance, PersistentRef, Reduce } from './values/references.ts';
import { FrozenSet, PySet } from './values/set.ts';
import { Tuple, tuple, tupleFrom } from './values/tuple.ts';

export interface UnpicklerOptions {
  /** A class or function by name; undefined: the classes of this room, else a `GlobalRef`. */
  findGlobal?(module: string, name: string): unknown;
  /** What a persistent id stands for; without it a `PersistentRef`. */
  persistentLoad?(pid: unknown): unknown;
  /** Python 2 strings: as text (`ascii` is strict), or as bytes. Default `ascii`. */
  readonly encoding?: 'ascii' | 'latin1' | 'bytes' | 'ascii-or-bytes';
  /** `object`: dicts whose keys are all texts become plain objects. */
  readonly dict?: 'Dict' | 'object';
  readonly maxProtocol?: number;
  /** Classes that EXT opcodes mean, by code. */
  extension?(code: number): GlobalRef | undefined;
  /** `standard` refuses what takes values from before the last MARK, as Python's own reader does. */
  readonly dialect?: 'standard' | 'zodb';
}

const HIGHEST = 5;
const MARKED: readonly unknown[] = [];
const view = new DataView(new ArrayBuffer(8));

export class Unpickler {
  readonly #data: Uint8Array;
  readonly #options: UnpicklerOptions;
  readonly #plain: boolean;
  /** Offset of the next byte; after `load` the end of the pickle. */
  position = 0;
  #stack: unknown[] = [];
  readonly #marks: number[] = [];
  #memo: unknown[] = [];
  /** Memo entries far beyond the others: a hostile pickle must not make a long array. */
  #far: Map<number, unknown> | undefined;
  #protocol = 0;
  #opcodeAt = 0;
  #limit = 0;

  constructor(data: Uint8Array, options: UnpicklerOptions = {}) {
    this.#data = data;
    this.#options = options;
    this.#plain = options.dict === 'object';
  }

  #fail(code: UnpicklingCode, message: string, cause?: unknown): never {
    const options = cause === undefined ? undefined : { cause };
    throw new UnpicklingError(code, message, this.#opcodeAt, this.#data[this.#opcodeAt], options);
  }

  #need(count: number): number {
    const start = this.position;
    if (count > this.#data.length - start) this.#fail('PICKLE_TRUNCATED', 'pickle data was truncated');
    this.position = start + count;
    return start;
  }

  #line(): string {
    const end = this.#data.indexOf(0x0a, this.position);
    if (end < 0) this.#fail('PICKLE_TRUNCATED', 'pickle data was truncated');
    const text = latin1Text(this.#data, this.position, end);
    this.position = end + 1;
    return text;
  }

  #u16(): number {
    const at = this.#need(2);
    return this.#data[at]! | (this.#data[at + 1]! << 8);
  }

  #i32(): number {
    const at = this.#need(4);
    const data = this.#data;
    return data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
  }

  #u32(): number {
    return this.#i32() >>> 0;
  }

  #u64(): number {
    const low = this.#u32();
    const high = this.#u32();
    if (high > 0x1fffff) this.#fail('PICKLE_TOO_LARGE', 'a count is beyond every limit');
    return high * 0x1_0000_0000 + low;
  }

  #bytes(count: number): Uint8Array {
    const at = this.#need(count);
    return this.#data.slice(at, at + count);
  }

  #utf8(count: number): string {
    const at = this.#need(count);
    const text = utf8Text(this.#data, at, at + count);
    if (text === undefined) this.#fail('PICKLE_ENCODING', 'the text is not UTF-8');
    return text;
  }

  /** A string of Python 2. */
  #oldText(bytes: Uint8Array): string | Uint8Array {
    const { encoding = 'ascii' } = this.#options;
    if (encoding === 'bytes') return bytes;
    if (encoding === 'latin1') return latin1Text(bytes, 0, bytes.length);
    for (const byte of bytes) {
      if (byte < 128) continue;
      if (encoding === 'ascii-or-bytes') return bytes;
      this.#fail('PICKLE_ENCODING', "'ascii' codec can't decode a byte of the text");
    }
    return latin1Text(bytes, 0, bytes.length);
  }

  #pop(): unknown {
    if (this.#stack.length <= this.#limit) this.#underflow();
    return this.#stack.pop();
  }

  #top(): unknown {
    if (this.#stack.length <= this.#limit) this.#underflow();
    return this.#stack[this.#stack.length - 1];
  }

  #underflow(): never {
    if (this.#stack.length === 0 || this.#marks.length === 0)
      return this.#fail('PICKLE_UNDERFLOW', 'unexpected end of the stack');
    return this.#fail('PICKLE_MARK_CROSSED', 'unexpected MARK found');
  }

  /** The values since the last MARK. */
  #popMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) this.#fail('PICKLE_NO_MARK', 'could not find MARK');
    this.#limit = this.#marks.at(-1) ?? 0;
    if (mark > this.#stack.length) this.#fail('PICKLE_UNDERFLOW', 'the values since the MARK are gone');
    return this.#stack.splice(mark);
  }

  #put(index: number, value: unknown): void {
    if (index <= this.#memo.length + 64) this.#memo[index] = value === undefined ? null : value;
    else (this.#far ??= new Map()).set(index, value);
  }

  #get(index: number): unknown {
    const value = this.#memo[index];
    if (value !== undefined) return value;
    if (this.#far?.has(index)) return this.#far.get(index);
    return this.#fail('PICKLE_NO_MEMO', `Memo value not found at index ${index}`);
  }

  #number(text: string): number {
    if (!/^\s*[-+]?\d+\s*$/.test(text))
      this.#fail(
        text === '' ? 'PICKLE_BAD_LINE' : 'PICKLE_BAD_NUMBER',
        `'${text.slice(0, 50)}' is no integer`,
      );
    return Number(text);
  }

  #integer(text: string): number | bigint {
    const plain = text.trim().replace(/^\+/, '');
    if (/^-?\d{1,15}$/.test(plain)) return Number(plain) + 0;
    // CPython's limit: longer texts take too long to convert.
    if (plain.length > 4301) this.#fail('PICKLE_BAD_NUMBER', 'the integer has more than 4300 digits');
    if (/^-?\d+$/.test(plain)) return int(BigInt(plain));
    const hex = /^(-?)0x([0-9a-f]+)$/i.exec(plain);
    if (hex !== null) return int(hex[1] === '-' ? -BigInt(`0x${hex[2]}`) : BigInt(`0x${hex[2]}`));
    return this.#fail(
      text === '' ? 'PICKLE_BAD_LINE' : 'PICKLE_BAD_NUMBER',
      `'${text.slice(0, 50)}' is no integer`,
    );
  }

  /** Two's complement, least significant byte first. */
  #long(count: number): number | bigint {
    const at = this.#need(count);
    const data = this.#data;
    if (count <= 6) {
      let value = 0;
      for (let i = count - 1; i >= 0; i--) value = value * 256 + data[at + i]!;
      return count > 0 && data[at + count - 1]! > 127 ? value - 2 ** (8 * count) : value;
    }
    const hex = Buffer.from(data.subarray(at, at + count))
      .reverse()
      .toString('hex');
    return int(BigInt.asIntN(count * 8, BigInt(`0x${hex}`)));
  }

  #floatText(text: string): unknown {
    const plain = text.trim().toLowerCase();
    const special = /^([-+]?)(inf(?:inity)?|nan)$/.exec(plain);
    if (special !== null)
      return special[2] === 'nan'
        ? Number.NaN
        : special[1] === '-'
          ? Number.NEGATIVE_INFINITY
          : Number.POSITIVE_INFINITY;
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(plain))
      this.#fail(
        text === '' ? 'PICKLE_BAD_LINE' : 'PICKLE_BAD_NUMBER',
        `could not convert string to float: '${text.slice(0, 50)}'`,
      );
    return float(Number(plain));
  }

  /** A STRING of protocol 0, in quotes and with Python's escapes. */
  #quoted(text: string): Uint8Array {
    const body = text.trim();
    const quote = body[0];
    if (body.length < 2 || (quote !== "'" && quote !== '"') || !body.endsWith(quote))
      this.#fail('PICKLE_BAD_STRING', 'the STRING opcode argument must be quoted');
    const bytes: number[] = [];
    for (let i = 1; i < body.length - 1; i++) {
      if (body[i] !== '\\') {
        bytes.push(body.charCodeAt(i));
        continue;
      }
      const next = body[++i]!;
      const simple = '\\\'"abfnrtv'.indexOf(next);
      if (i >= body.length - 1) this.#fail('PICKLE_BAD_ESCAPE', 'Trailing \\ in string');
      if (simple >= 0) bytes.push([92, 39, 34, 7, 8, 12, 10, 13, 9, 11][simple]!);
      else if (next === 'x') {
        const hex = body.slice(i + 1, i + 3);
        if (!/^[0-9a-fA-F]{2}$/.test(hex) || i + 2 >= body.length - 1)
          this.#fail('PICKLE_BAD_ESCAPE', 'invalid \\x escape');
        bytes.push(Number.parseInt(hex, 16));
        i += 2;
      } else if (/[0-7]/.test(next)) {
        const octal = /^[0-7]{1,3}/.exec(body.slice(i, -1))![0];
        bytes.push(Number.parseInt(octal, 8) & 255);
        i += octal.length - 1;
      } else if (next !== '\n') bytes.push(92, next.charCodeAt(0));
    }
    return Uint8Array.from(bytes);
  }

  /** A UNICODE of protocol 0: Latin-1 with `\\u` and `\\U` escapes. */
  #rawUnicode(text: string): string {
    if (!text.includes('\\')) return text;
    return text.replaceAll(
      /((?:^|[^\\])(?:\\\\)*)?\\(u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8})/g,
      (_all, before: string | undefined, escape: string) => {
        const code = Number.parseInt(escape.slice(1), 16);
        if (escape.length !== (escape[0] === 'u' ? 5 : 9) || code > 0x10_ffff)
          this.#fail('PICKLE_ENCODING', 'truncated \\u escape');
        return (before ?? '') + (code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code));
      },
    );
  }

  #global(module: string, name: string): unknown {
    const [realModule, realName] = this.#protocol < 3 ? inPython3(module, name) : [module, name];
    const found = this.#options.findGlobal?.(realModule, realName);
    if (found !== undefined) return found;
    const ref = GlobalRef.of(realModule, realName);
    return CONSTANTS.get(ref) ?? ref;
  }

  #extension(code: number): unknown {
    if (code <= 0) this.#fail('PICKLE_BAD_EXTENSION', 'EXT specifies code <= 0');
    const ref = this.#options.extension?.(code);
    if (ref === undefined) this.#fail('PICKLE_BAD_EXTENSION', `unregistered extension code ${code}`);
    return this.#global(ref.module, ref.name);
  }

  #persistent(pid: unknown): unknown {
    return this.#options.persistentLoad === undefined
      ? new PersistentRef(pid)
      : this.#options.persistentLoad(pid);
  }

  #guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof UnpicklingError || !(error instanceof Error)) throw error;
      const ours =
        error instanceof BadValueError ||
        (error as { pyName?: string }).pyName !== undefined ||
        error instanceof TypeError ||
        error instanceof RangeError ||
        error instanceof SyntaxError;
      if (!ours) throw error;
      return this.#fail('PICKLE_BAD_VALUE', error.message, error);
    }
  }

  #reduce(callable: unknown, args: unknown): unknown {
    if (!(args instanceof Tuple)) this.#fail('PICKLE_BAD_ARGUMENTS', 'the arguments are no tuple');
    if (!(callable instanceof GlobalRef)) {
      if (typeof callable !== 'function')
        this.#fail('PICKLE_NOT_CALLABLE', 'what is to be called cannot be called');
      return new Reduce(callable, args);
    }
    const { module, name } = callable;
    if (module === 'copyreg' || module === 'copy_reg') {
      if (name === '_reconstructor' && args.length === 3) return this.#reconstruct(args);
      if (name === '__newobj__' && args.length > 0) return this.#newObject(args[0], tupleFrom(args.slice(1)));
      if (name === '__newobj_ex__' && args.length === 3) return this.#newObject(args[0], args[1], args[2]);
    }
    const known = valueClassOf(callable);
    return known === undefined ? new Reduce(callable, args) : this.#guard(() => known.construct(args));
  }

  #reconstruct([cls, base, value]: Tuple): unknown {
    const object = base instanceof GlobalRef && base.module === 'builtins' && base.name === 'object';
    const known = cls instanceof GlobalRef ? valueClassOf(cls) : undefined;
    if (object && known !== undefined) return this.#guard(() => known.construct(tuple()));
    if (!(cls instanceof GlobalRef) && typeof cls !== 'function')
      this.#fail('PICKLE_NOT_A_CLASS', 'what is to be made an instance of is no class');
    return object ? new Instance(cls, tuple()) : new Instance(cls, tuple(), undefined, base, value);
  }

  #newObject(cls: unknown, args: unknown, kwargs?: unknown): unknown {
    if (!(args instanceof Tuple)) this.#fail('PICKLE_BAD_ARGUMENTS', 'NEWOBJ expected an arg tuple');
    if (kwargs !== undefined && !(kwargs instanceof Map))
      this.#fail('PICKLE_BAD_ARGUMENTS', 'NEWOBJ_EX expected a kwargs dict');
    if (!(cls instanceof GlobalRef) && typeof cls !== 'function')
      this.#fail('PICKLE_NOT_A_CLASS', 'NEWOBJ class argument must be a type');
    const known = cls instanceof GlobalRef ? valueClassOf(cls) : undefined;
    if (known !== undefined && (kwargs === undefined || kwargs.size === 0))
      return this.#guard(() => known.construct(args));
    return new Instance(cls, args, kwargs === undefined || kwargs.size === 0 ? undefined : kwargs);
  }

  /** OBJ and INST: a call, or an instance without `__init__` where there are no arguments. */
  #instantiate(cls: unknown, args: unknown[]): unknown {
    if (!(cls instanceof GlobalRef))
      this.#fail('PICKLE_NOT_CALLABLE', 'what is to be called cannot be called');
    const known = valueClassOf(cls);
    if (known !== undefined) return this.#guard(() => known.construct(tupleFrom(args)));
    return args.length === 0 ? new Instance(cls, tuple()) : new Reduce(cls, tupleFrom(args));
  }

  #build(state: unknown): void {
    const value = this.#top();
    if (value instanceof Instance || value instanceof Reduce) {
      value.state = state;
      return;
    }
    const ref = this.#made.get(value as object);
    const known = ref === undefined ? undefined : valueClassOf(ref);
    if (known?.build !== undefined) {
      const built = this.#guard(() => known.build!(value, state));
      if (built !== value) this.#replace(value, built);
      return;
    }
    if (
      value !== null &&
      typeof value === 'object' &&
      typeof (value as { __setstate__?: unknown }).__setstate__ === 'function'
    ) {
      this.#guard(() => (value as { __setstate__(state: unknown): void }).__setstate__(state));
      return;
    }
    this.#fail('PICKLE_NO_STATE', 'the value takes no state');
  }

  /** Which class made a value that may still get a state. */
  readonly #made = new Map<object, GlobalRef>();

  /** A value that cannot change was finished: what was made before it stands in its place on the stack and in the memo. */
  #replace(before: unknown, after: unknown): void {
    this.#stack[this.#stack.length - 1] = after;
    for (let i = this.#memo.length - 1; i >= 0; i--) if (this.#memo[i] === before) this.#memo[i] = after;
    for (const [index, value] of this.#far ?? []) if (value === before) this.#far!.set(index, after);
  }

  #make(callable: unknown, value: unknown): unknown {
    if (
      callable instanceof GlobalRef &&
      value !== null &&
      typeof value === 'object' &&
      valueClassOf(callable)?.build !== undefined
    )
      this.#made.set(value, callable);
    return value;
  }

  #append(items: readonly unknown[]): void {
    const target = this.#top();
    if (Array.isArray(target) && !(target instanceof Tuple)) for (const item of items) target.push(item);
    else if (target instanceof Deque) for (const item of items) target.append(item);
    else if (target instanceof Instance || target instanceof Reduce)
      target.items = [...(target.items ?? []), ...items];
    else if (target instanceof PySet && !(target instanceof FrozenSet) && items.length > 0)
      for (const item of items) target.add(this.#hashable(item));
    else if (target instanceof ByteArray) this.#fail('PICKLE_NO_CONTAINER', 'the value takes no items');
    else this.#fail('PICKLE_NO_CONTAINER', 'the value takes no items');
  }

  #hashable(key: unknown): unknown {
    if (!isHashable(key)) this.#fail('PICKLE_UNHASHABLE', 'unhashable type');
    return key;
  }

  #setItems(items: readonly unknown[]): void {
    let target = this.#top();
    if (items.length % 2 !== 0) this.#fail('PICKLE_ODD_ITEMS', 'odd number of items for SETITEMS');
    if (target instanceof Instance || target instanceof Reduce) {
      target.dictItems = [...(target.dictItems ?? []), ...items];
      return;
    }
    if (this.#plain && isPlain(target)) {
      for (let i = 0; i < items.length; i += 2) {
        const key = items[i];
        if (typeof key !== 'string') {
          const dict = Dict.from(target as Record<string, unknown>);
          this.#replace(target, dict);
          target = dict;
          break;
        }
        if (key === '__proto__')
          Object.defineProperty(target, key, {
            value: items[i + 1],
            writable: true,
            enumerable: true,
            configurable: true,
          });
        else (target as Record<string, unknown>)[key] = items[i + 1];
      }
      if (!(target instanceof Map)) return;
    }
    if (Array.isArray(target) && !(target instanceof Tuple)) {
      for (let i = 0; i < items.length; i += 2) {
        const index = items[i];
        if (typeof index !== 'number' || !(index < target.length && index >= -target.length))
          this.#fail('PICKLE_NO_CONTAINER', 'the list has no such item');
        target[index < 0 ? index + target.length : index] = items[i + 1];
      }
      return;
    }
    if (!(target instanceof Map)) this.#fail('PICKLE_NO_CONTAINER', 'the value takes no keys');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      (target as Map<unknown, unknown>).set(
        typeof key === 'string' || typeof key === 'number' ? key : this.#hashable(key),
        items[i + 1],
      );
    }
  }

  #newDict(items: readonly unknown[]): void {
    this.#stack.push(this.#plain ? {} : new Dict());
    if (items.length > 0) this.#setItems(items);
  }

  /** The next pickle of the data. Throws an UnpicklingError. */
  load(): unknown {
    this.#stack = [];
    this.#marks.length = 0;
    this.#memo = [];
    this.#far = undefined;
    this.#limit = 0;
    this.#protocol = 0;
    this.#made.clear();
    const data = this.#data;
    const standard = this.#options.dialect !== 'zodb';
    for (;;) {
      const stack = this.#stack;
      this.#opcodeAt = this.position;
      if (this.position >= data.length) this.#fail('PICKLE_TRUNCATED', 'pickle data was truncated');
      switch (data[this.position++]) {
        case 0x80: {
          const protocol = data[this.#need(1)]!;
          if (protocol > (this.#options.maxProtocol ?? HIGHEST))
            this.#fail('PICKLE_PROTOCOL', `unsupported pickle protocol: ${protocol}`);
          this.#protocol = protocol;
          break;
        }
        case 0x28: // MARK
          this.#marks.push(stack.length);
          if (standard) this.#limit = stack.length;
          break;
        case 0x2e: // STOP
          return this.#pop();
        case 0x30: // POP
          if (this.#marks.length > 0 && this.#marks.at(-1) === stack.length) {
            this.#marks.pop();
            this.#limit = this.#marks.at(-1) ?? 0;
          } else this.#pop();
          break;
        case 0x31: // POP_MARK
          this.#popMark();
          break;
        case 0x32: // DUP
          stack.push(this.#top());
          break;
        case 0x4e:
          stack.push(null);
          break;
        case 0x88:
          stack.push(true);
          break;
        case 0x89:
          stack.push(false);
          break;
        case 0x49: {
          // INT
          const line = this.#line();
          stack.push(line === '01' ? true : line === '00' ? false : this.#integer(line));
          break;
        }
        case 0x4a:
          stack.push(this.#i32());
          break;
        case 0x4b:
          stack.push(data[this.#need(1)]);
          break;
        case 0x4d:
          stack.push(this.#u16());
          break;
        case 0x4c: // LONG
          stack.push(this.#integer(this.#line().replace(/L$/, '')));
          break;
        case 0x8a:
          stack.push(this.#long(data[this.#need(1)]!));
          break;
        case 0x8b: {
          const count = this.#i32();
          if (count < 0) this.#fail('PICKLE_NEGATIVE_COUNT', 'LONG pickle has negative byte count');
          stack.push(this.#long(count));
          break;
        }
        case 0x46:
          stack.push(this.#floatText(this.#line()));
          break;
        case 0x47: {
          const at = this.#need(8);
          for (let i = 0; i < 8; i++) view.setUint8(i, data[at + i]!);
          stack.push(float(view.getFloat64(0)));
          break;
        }
        case 0x53:
          stack.push(this.#oldText(this.#quoted(this.#line())));
          break;
        case 0x54: {
          const count = this.#i32();
          if (count < 0) this.#fail('PICKLE_NEGATIVE_COUNT', 'BINSTRING pickle has negative byte count');
          stack.push(this.#oldText(this.#bytes(count)));
          break;
        }
        case 0x55:
          stack.push(this.#oldText(this.#bytes(data[this.#need(1)]!)));
          break;
        case 0x42:
          stack.push(this.#bytes(this.#u32()));
          break;
        case 0x43:
          stack.push(this.#bytes(data[this.#need(1)]!));
          break;
        case 0x8e:
          stack.push(this.#bytes(this.#u64()));
          break;
        case 0x96:
          stack.push(new ByteArray(this.#bytes(this.#u64())));
          break;
        case 0x97:
        case 0x98:
          this.#fail(
            'PICKLE_NO_BUFFERS',
            'pickle stream refers to out-of-band data but no buffers were given',
          );
          break;
        case 0x56:
          stack.push(this.#rawUnicode(this.#line()));
          break;
        case 0x58:
          stack.push(this.#utf8(this.#u32()));
          break;
        case 0x8c:
          stack.push(this.#utf8(data[this.#need(1)]!));
          break;
        case 0x8d:
          stack.push(this.#utf8(this.#u64()));
          break;
        case 0x5d:
          stack.push([]);
          break;
        case 0x6c:
          stack.push(this.#popMark());
          break;
        case 0x61:
          this.#append([this.#pop()]);
          break;
        case 0x65:
          this.#append(this.#popMark());
          break;
        case 0x29:
          stack.push(tuple());
          break;
        case 0x74:
          stack.push(tupleFrom(this.#popMark()));
          break;
        case 0x85:
          stack.push(tuple(this.#pop()));
          break;
        case 0x86: {
          const b = this.#pop();
          stack.push(tuple(this.#pop(), b));
          break;
        }
        case 0x87: {
          const c = this.#pop();
          const b = this.#pop();
          stack.push(tuple(this.#pop(), b, c));
          break;
        }
        case 0x7d:
          this.#newDict(MARKED);
          break;
        case 0x64: {
          const items = this.#popMark();
          if (items.length % 2 !== 0) this.#fail('PICKLE_ODD_ITEMS', 'odd number of items for DICT');
          this.#newDict(items);
          break;
        }
        case 0x73: {
          const value = this.#pop();
          this.#setItems([this.#pop(), value]);
          break;
        }
        case 0x75:
          this.#setItems(this.#popMark());
          break;
        case 0x8f:
          stack.push(new PySet());
          break;
        case 0x90: {
          const items = this.#popMark();
          const target = this.#top();
          if (!(target instanceof PySet) || target instanceof FrozenSet)
            this.#fail('PICKLE_NO_CONTAINER', 'the value is no set');
          for (const item of items) target.add(this.#hashable(item));
          break;
        }
        case 0x91: {
          const items = this.#popMark();
          for (const item of items) this.#hashable(item);
          stack.push(new FrozenSet(items));
          break;
        }
        case 0x63: {
          const module = this.#line();
          const name = this.#line();
          if (module === '' || name === '')
            this.#fail('PICKLE_BAD_LINE', 'a global needs a module and a name');
          stack.push(this.#global(module, name));
          break;
        }
        case 0x93: {
          const name = this.#pop();
          const module = this.#pop();
          if (typeof name !== 'string' || typeof module !== 'string')
            this.#fail('PICKLE_BAD_ARGUMENTS', 'STACK_GLOBAL requires str');
          stack.push(this.#global(module, name));
          break;
        }
        case 0x82:
          stack.push(this.#extension(data[this.#need(1)]!));
          break;
        case 0x83:
          stack.push(this.#extension(this.#u16()));
          break;
        case 0x84:
          stack.push(this.#extension(this.#i32()));
          break;
        case 0x52: {
          const args = this.#pop();
          const callable = this.#pop();
          stack.push(this.#make(callable, this.#reduce(callable, args)));
          break;
        }
        case 0x81: {
          const args = this.#pop();
          const cls = this.#pop();
          stack.push(this.#make(cls, this.#newObject(cls, args)));
          break;
        }
        case 0x92: {
          const kwargs = this.#pop();
          const args = this.#pop();
          const cls = this.#pop();
          stack.push(
            this.#make(
              cls,
              this.#newObject(cls, args, isPlain(kwargs) ? Dict.from(kwargs) : (kwargs ?? null)),
            ),
          );
          break;
        }
        case 0x69: {
          const module = this.#line();
          const name = this.#line();
          const args = this.#popMark();
          const cls = this.#global(module, name);
          stack.push(this.#make(cls, this.#instantiate(cls, args)));
          break;
        }
        case 0x6f: {
          const [cls, ...args] = this.#popMark();
          if (cls === undefined) this.#fail('PICKLE_UNDERFLOW', 'OBJ without a class');
          stack.push(this.#make(cls, this.#instantiate(cls, args)));
          break;
        }
        case 0x62:
          this.#build(this.#pop());
          break;
        case 0x70:
          this.#put(this.#memoIndex(this.#number(this.#line())), this.#top());
          break;
        case 0x71:
          this.#put(data[this.#need(1)]!, this.#top());
          break;
        case 0x72:
          this.#put(this.#u32(), this.#top());
          break;
        case 0x94:
          this.#put(this.#memo.length + this.#farCount(), this.#top());
          break;
        case 0x67:
          stack.push(this.#get(this.#number(this.#line())));
          break;
        case 0x68:
          stack.push(this.#get(data[this.#need(1)]!));
          break;
        case 0x6a:
          stack.push(this.#get(this.#u32()));
          break;
        case 0x50:
          stack.push(this.#persistent(this.#line()));
          break;
        case 0x51:
          stack.push(this.#persistent(this.#pop()));
          break;
        case 0x95: {
          // FRAME: its length is only a help for readers of files
          const count = this.#u64();
          if (count > data.length - this.position)
            this.#fail('PICKLE_TRUNCATED', 'pickle data was truncated');
          break;
        }
        default:
          this.#fail(
            'PICKLE_OPCODE',
            `invalid load key, 0x${data[this.#opcodeAt]!.toString(16).padStart(2, '0')}`,
          );
      }
    }
  }

  #farCount(): number {
    return this.#far === undefined ? 0 : this.#far.size;
  }

  #memoIndex(index: number): number {
    if (index < 0) this.#fail('PICKLE_NEGATIVE_COUNT', 'negative PUT argument');
    return index;
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
