/**
 * Reads pickles of protocols 0 to 5 (the opcodes are those of Python's `pickletools`). One loop over the opcodes: whatever the
 * data is, time and memory are bounded by its length. No class is called but those that `value-classes.ts` has registered.
 *
 * Over 400 lines: the frequent opcodes are carried out in one loop on local variables, which is what makes it fast; all others are
 * in `#rare`, on the same variables kept in fields.
 */
import {
  Budget,
  checkHashable,
  finished,
  instantiated,
  newObject,
  newObjectWith,
  reduced,
  setState,
} from './construct.ts';
import { fault, OpcodeFault, UnpicklingError } from './errors.ts';
import { CONSTANTS } from './known-classes.ts';
import { PlainDicts } from './plain.ts';
import { inPython3 } from './python2-names.ts';
import {
  floatArgument,
  indexArgument,
  intArgument,
  literalArgument,
  quotedArgument,
  rawUnicodeArgument,
} from './text-arguments.ts';
import { latin1Text, utf8Text } from './text.ts';
import { ByteArray } from './values/bytearray.ts';
import { Deque } from './values/collections.ts';
import { Dict } from './values/dict.ts';
import { PyFloat } from './values/float.ts';
import { int } from './values/int.ts';
import { GlobalRef, Instance, PersistentRef, Reduce } from './values/references.ts';
import { FrozenSet, PySet } from './values/set.ts';
import { Tuple, tupleFrom } from './values/tuple.ts';
import { Unfinished } from './value-classes.ts';

export interface UnpicklerOptions {
  /** A class or function by name; undefined: the classes of this room, else a `GlobalRef`. */
  findGlobal?(module: string, name: string): unknown;
  /** What a persistent id stands for; without it a `PersistentRef`. */
  persistentLoad?(pid: unknown): unknown;
  /** Python 2 strings: as text (`ascii` is strict), or as bytes. Default `ascii`. */
  readonly encoding?: 'ascii' | 'latin1' | 'bytes' | 'ascii-or-bytes';
  /** `object`: dicts whose keys are all texts become plain objects. */
  readonly dict?: 'Dict' | 'object';
  /** Classes that EXT opcodes mean, by code. */
  extension?(code: number): GlobalRef | undefined;
  /**
   * `zodb` reads what the reader of Python's ZODB reads: protocols up to 3, a last line without its end, and opcodes that take values
   * from before the last MARK. `standard` (default) reads protocols up to 5 and refuses those.
   */
  readonly dialect?: 'standard' | 'zodb';
}

/** Memo entries at most so far beyond the others are kept in the array; a hostile pickle must not make a long one. */
const MEMO_GAP = 16;
const view = new DataView(new ArrayBuffer(8));

/**
 * Reads the pickles in some bytes, one after another. The memo is kept from one to the next, as Python's reader does it: the second
 * pickle of an object record may refer to what the first one has named.
 */
export class Unpickler {
  readonly #data: Uint8Array;
  readonly #options: UnpicklerOptions;
  readonly #isZodb: boolean;
  /** Offset of the next byte; after `load` the end of the pickle. */
  position = 0;
  #stack: unknown[] = [];
  /** How many values are on the stack; what the array has beyond is left from before. */
  #size = 0;
  readonly #marks: number[] = [];
  readonly #memo: unknown[] = [];
  /** Memo entries far beyond the others. */
  #far: Map<number, unknown> | undefined;
  /** How many entries the memo has, which is where MEMOIZE puts the next. */
  #memoized = 0;
  #protocol = 0;
  #opcodeAt = 0;
  /** Values below belong to before the last MARK. */
  #limit = 0;
  #budget: Budget | undefined;
  #plain: PlainDicts | undefined;

  /** @param data Is not copied, and must not change while it is read; what is read does not refer to it. */
  constructor(data: Uint8Array, options: UnpicklerOptions = {}) {
    this.#data = data;
    this.#options = options;
    this.#isZodb = options.dialect === 'zodb';
  }

  /**
   * The value of the next pickle.
   *
   * @throws UnpicklingError for what is no sound pickle. What `persistentLoad` and `findGlobal` throw is passed on.
   */
  load(): unknown {
    this.#stack = [];
    this.#size = 0;
    this.#marks.length = 0;
    this.#limit = 0;
    this.#protocol = 0;
    let value: unknown;
    try {
      value = this.#run();
    } catch (error) {
      if (!(error instanceof OpcodeFault)) throw error;
      const options = error.cause === undefined ? undefined : { cause: error.cause };
      throw new UnpicklingError(
        error.code,
        error.message,
        this.#opcodeAt,
        this.#data[this.#opcodeAt],
        options,
      );
    } finally {
      this.#stack = [];
    }
    return this.#options.dict === 'object' ? (this.#plain ??= new PlainDicts()).convert(value) : value;
  }

  #run(): unknown {
    const data = this.#data;
    const end = data.length;
    const stack = this.#stack;
    const memo = this.#memo;
    const marks = this.#marks;
    const isStandard = !this.#isZodb;
    let at = this.position;
    let size = 0;
    let limit = 0;
    for (;;) {
      this.#opcodeAt = at;
      if (at >= end) return fault('PICKLE_END', 'the data ends before the pickle does');
      const opcode = data[at++]!;
      switch (opcode) {
        case 0x58: // BINUNICODE
        case 0x8c: {
          // SHORT_BINUNICODE
          let length: number;
          if (opcode === 0x58) {
            if (end - at < 4) truncated();
            length = (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
            at += 4;
          } else {
            if (!isStandard) unknownOpcode(opcode);
            if (at >= end) truncated();
            length = data[at++]!;
          }
          if (length > end - at) truncated();
          const text = utf8Text(data, at, at + length);
          if (text === undefined) fault('PICKLE_ENCODING', 'the text is not UTF-8');
          stack[size++] = text;
          at += length;
          break;
        }
        case 0x71: {
          // BINPUT
          if (at >= end) truncated();
          if (size <= limit) this.#underflow(size);
          const index = data[at++]!;
          if (memo[index] === undefined) this.#memoized++;
          const value = stack[size - 1];
          if (value instanceof Unfinished) value.places.push(index);
          memo[index] = value;
          break;
        }
        case 0x68: {
          // BINGET
          if (at >= end) truncated();
          const index = data[at++]!;
          stack[size++] = memo[index] ?? this.#recall(index);
          break;
        }
        case 0x28: // MARK
          marks.push(size);
          if (isStandard) limit = size;
          break;
        case 0x4b: // BININT1
          if (at >= end) truncated();
          stack[size++] = data[at++];
          break;
        case 0x4d: // BININT2
          if (end - at < 2) truncated();
          stack[size++] = data[at]! | (data[at + 1]! << 8);
          at += 2;
          break;
        case 0x4a: // BININT
          if (end - at < 4) truncated();
          stack[size++] = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
          at += 4;
          break;
        case 0x47: {
          // BINFLOAT
          if (end - at < 8) truncated();
          for (let i = 0; i < 8; i++) view.setUint8(i, data[at + i]!);
          const number = view.getFloat64(0);
          stack[size++] = Number.isInteger(number) ? new PyFloat(number) : number;
          at += 8;
          break;
        }
        case 0x4e: // NONE
          stack[size++] = null;
          break;
        case 0x88: // NEWTRUE
          stack[size++] = true;
          break;
        case 0x89: // NEWFALSE
          stack[size++] = false;
          break;
        case 0x43: {
          // SHORT_BINBYTES
          if (at >= end) truncated();
          const length = data[at++]!;
          if (length > end - at) truncated();
          stack[size++] = bytesOf(data, at, length);
          at += length;
          break;
        }
        case 0x7d: // EMPTY_DICT
          stack[size++] = new Dict();
          break;
        case 0x5d: // EMPTY_LIST
          stack[size++] = [];
          break;
        case 0x29: // EMPTY_TUPLE
          stack[size] = tupleOf(stack, size, size);
          size++;
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: {
          // TUPLE3
          const length = opcode - 0x84;
          if (size - length < limit) this.#underflow(size);
          size -= length;
          stack[size] = tupleOf(stack, size, size + length);
          size++;
          break;
        }
        case 0x74: {
          // TUPLE
          const mark = this.#mark(size);
          limit = this.#limit;
          stack[mark] = tupleOf(stack, mark, size);
          size = mark + 1;
          break;
        }
        case 0x61: // APPEND
        case 0x65: {
          // APPENDS
          let from = size - 1;
          if (opcode === 0x65) {
            from = marks.pop() ?? noMark();
            limit = isStandard && marks.length > 0 ? marks[marks.length - 1]! : 0;
          }
          if (from > size || from <= limit) this.#underflow(from);
          const target = stack[from - 1];
          if (isList(target)) for (let i = from; i < size; i++) target.push(stack[i]);
          else if (size > from) this.#append(target, from, size);
          size = from;
          break;
        }
        case 0x73: // SETITEM
        case 0x75: {
          // SETITEMS
          let from = size - 2;
          if (opcode === 0x75) {
            from = marks.pop() ?? noMark();
            limit = isStandard && marks.length > 0 ? marks[marks.length - 1]! : 0;
          }
          if (from > size || from <= limit) this.#underflow(from);
          if ((size - from) % 2 !== 0) fault('PICKLE_ODD_ITEMS', 'odd number of items for SETITEMS');
          const target = stack[from - 1];
          if (target instanceof Dict) {
            for (let i = from; i < size; i += 2) {
              const key = stack[i];
              if ((typeof key === 'object' && key !== null) || typeof key === 'bigint')
                checkHashable(key, this.#charge());
              target.set(key, stack[i + 1]);
            }
          } else if (size > from) this.#setItems(target, from, size);
          size = from;
          break;
        }
        case 0x51: {
          // BINPERSID
          if (size <= limit) this.#underflow(size);
          this.position = at;
          stack[size - 1] = this.#persistent(stack[size - 1]);
          break;
        }
        case 0x2e: // STOP
          this.position = at;
          if (size <= limit) this.#underflow(size);
          return stack[size - 1];
        default:
          this.position = at;
          this.#size = size;
          this.#limit = limit;
          this.#rare(opcode);
          at = this.position;
          size = this.#size;
          limit = this.#limit;
      }
    }
  }

  /** The opcodes that are rare, or dear anyway. */
  #rare(opcode: number): void {
    const data = this.#data;
    switch (opcode) {
      case 0x80: {
        // PROTO
        const protocol = data[this.#need(1)]!;
        if (protocol > (this.#isZodb ? 3 : 5))
          fault('PICKLE_PROTOCOL', `unsupported pickle protocol: ${protocol}`);
        this.#protocol = protocol;
        break;
      }
      case 0x30: // POP
        if (this.#marks.length > 0 && this.#marks[this.#marks.length - 1] === this.#size) {
          this.#marks.pop();
          this.#limit = this.#lastMark();
        } else this.#pop();
        break;
      case 0x31: {
        // POP_MARK
        const mark = this.#marks.pop() ?? noMark();
        this.#limit = this.#lastMark();
        this.#size = Math.min(mark, this.#size);
        break;
      }
      case 0x32: // DUP
        this.#push(this.#top());
        break;
      case 0x49: // INT
        this.#push(intArgument(this.#line()));
        break;
      case 0x4c: // LONG
        this.#push(literalArgument(this.#line().replace(/L$/, '')));
        break;
      case 0x8a: // LONG1
        this.#long(data[this.#need(1)]!);
        break;
      case 0x8b: // LONG4
        this.#long(this.#count('LONG'));
        break;
      case 0x46: // FLOAT
        this.#push(floatArgument(this.#line()));
        break;
      case 0x53: // STRING
        this.#oldText(quotedArgument(this.#line()));
        break;
      case 0x54: // BINSTRING
        this.#oldText(this.#bytes(this.#count('BINSTRING')));
        break;
      case 0x55: // SHORT_BINSTRING
        this.#oldText(this.#bytes(data[this.#need(1)]!));
        break;
      case 0x42: // BINBYTES
        this.#push(this.#bytes(this.#u32()));
        break;
      case 0x56: // UNICODE
        this.#push(rawUnicodeArgument(this.#line(0)));
        break;
      case 0x6c: {
        // LIST
        const mark = this.#mark(this.#size);
        this.#replaceFrom(mark, this.#stack.slice(mark, this.#size));
        break;
      }
      case 0x64: // DICT
        this.#dict();
        break;
      case 0x63: // GLOBAL
        this.#globalLine();
        break;
      case 0x82: // EXT1
        this.#extension(data[this.#need(1)]!);
        break;
      case 0x83: // EXT2
        this.#extension(this.#u16());
        break;
      case 0x84: // EXT4
        this.#extension(this.#i32());
        break;
      case 0x52: {
        // REDUCE
        const args = this.#pop();
        this.#push(reduced(this.#pop(), args, this.#charge()));
        break;
      }
      case 0x81: {
        // NEWOBJ
        const args = this.#pop();
        this.#push(newObject(this.#pop(), args, this.#charge()));
        break;
      }
      case 0x69: // INST
        this.#instance();
        break;
      case 0x6f: {
        // OBJ
        const mark = this.#mark(this.#size);
        if (mark === this.#size)
          fault(this.#isZodb ? 'PICKLE_MARK_GONE' : 'PICKLE_UNDERFLOW', 'OBJ without a class');
        const args = tupleFrom(this.#stack.slice(mark + 1, this.#size));
        this.#replaceFrom(mark, instantiated(this.#stack[mark], args, this.#charge()));
        break;
      }
      case 0x62: // BUILD
        this.#build();
        break;
      case 0x70: {
        // PUT
        const line = this.#line();
        if (this.#size <= this.#limit) this.#underflow(this.#size);
        const index = indexArgument(line);
        if (index < 0) fault('PICKLE_BAD_NUMBER', 'negative PUT argument');
        this.#put(index);
        break;
      }
      case 0x72: // LONG_BINPUT
        this.#put(this.#u32());
        break;
      case 0x67: // GET
        this.#push(this.#recall(indexArgument(this.#line())));
        break;
      case 0x6a: // LONG_BINGET
        this.#push(this.#recall(this.#u32()));
        break;
      case 0x50: // PERSID
        this.#persistentLine();
        break;
      default:
        if (this.#isZodb) unknownOpcode(opcode);
        this.#modern(opcode);
    }
  }

  /** The opcodes that protocols 4 and 5 have added. */
  #modern(opcode: number): void {
    const data = this.#data;
    switch (opcode) {
      case 0x94: // MEMOIZE
        this.#put(this.#memoized);
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = this.#pop();
        const module = this.#pop();
        if (typeof name !== 'string' || typeof module !== 'string')
          return fault('PICKLE_BAD_NEWOBJ', 'STACK_GLOBAL requires str');
        this.#push(this.#global(module, name));
        break;
      }
      case 0x95: {
        // FRAME: its length is only a help for readers of files
        const count = this.#u64();
        if (count > data.length - this.position) truncated();
        break;
      }
      case 0x8d: {
        // BINUNICODE8
        const length = this.#u64();
        const at = this.#need(length);
        const text = utf8Text(data, at, at + length);
        if (text === undefined) fault('PICKLE_ENCODING', 'the text is not UTF-8');
        this.#push(text);
        break;
      }
      case 0x8e: // BINBYTES8
        this.#push(this.#bytes(this.#u64()));
        break;
      case 0x96: // BYTEARRAY8
        this.#push(new ByteArray(this.#bytes(this.#u64())));
        break;
      case 0x97: // NEXT_BUFFER
        fault('PICKLE_NO_BUFFERS', 'pickle stream refers to out-of-band data but no buffers were given');
        break;
      case 0x98: // READONLY_BUFFER
        if (this.#top() instanceof Uint8Array && !(this.#top() instanceof ByteArray)) break;
        fault('PICKLE_NO_BUFFERS', 'out-of-band buffers are not supported');
        break;
      case 0x8f: // EMPTY_SET
        this.#push(new PySet());
        break;
      case 0x90: // ADDITEMS
        this.#addItems();
        break;
      case 0x91: {
        // FROZENSET
        const mark = this.#mark(this.#size);
        const items = this.#stack.slice(mark, this.#size);
        for (const item of items) checkHashable(item, this.#charge());
        this.#replaceFrom(mark, new FrozenSet(items));
        break;
      }
      case 0x92: {
        // NEWOBJ_EX
        const kwargs = this.#pop();
        const args = this.#pop();
        this.#push(newObjectWith(this.#pop(), args, kwargs, this.#charge()));
        break;
      }
      default:
        unknownOpcode(opcode);
    }
  }

  #charge(): Budget {
    return (this.#budget ??= new Budget(this.#data.length));
  }

  #need(count: number): number {
    const start = this.position;
    if (count > this.#data.length - start) truncated();
    this.position = start + count;
    return start;
  }

  /** The bytes of the next line as characters. */
  #line(least = 1): string {
    const start = this.position;
    let end = this.#data.indexOf(0x0a, start);
    if (end < 0) {
      if (!this.#isZodb) truncated();
      end = this.#data.length;
      if (end - start <= least) fault('PICKLE_BAD_LINE', 'pickle data was truncated');
      this.position = end;
    } else this.position = end + 1;
    if (end - start < least) fault('PICKLE_BAD_LINE', 'an argument of the pickle is empty');
    return latin1Text(this.#data, start, end);
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
    const at = this.#need(8);
    const bytes = new DataView(this.#data.buffer, this.#data.byteOffset + at, 8);
    const count = Number(bytes.getBigUint64(0, true));
    // What Python cannot count either.
    if (count >= 2 ** 63) fault('PICKLE_TOO_LARGE', 'a count is beyond every limit');
    return count;
  }

  #count(what: string): number {
    const count = this.#i32();
    if (count < 0) fault('PICKLE_NEGATIVE_COUNT', `${what} pickle has negative byte count`);
    return count;
  }

  #bytes(count: number): Uint8Array {
    return bytesOf(this.#data, this.#need(count), count);
  }

  /** A string of Python 2. */
  #oldText(bytes: Uint8Array): void {
    const { encoding = 'ascii' } = this.#options;
    if (encoding === 'bytes') return this.#push(bytes);
    if (encoding !== 'latin1' && bytes.some((byte) => byte > 127)) {
      if (encoding === 'ascii-or-bytes') return this.#push(bytes);
      fault('PICKLE_ENCODING', "'ascii' codec can't decode a byte of the text");
    }
    this.#push(latin1Text(bytes, 0, bytes.length));
  }

  #push(value: unknown): void {
    this.#stack[this.#size++] = value;
  }

  #pop(): unknown {
    if (this.#size <= this.#limit) this.#underflow(this.#size);
    return this.#stack[--this.#size];
  }

  #top(): unknown {
    if (this.#size <= this.#limit) this.#underflow(this.#size);
    return this.#stack[this.#size - 1];
  }

  #underflow(size: number): never {
    if (this.#isZodb || size <= 0 || this.#marks.length === 0)
      return fault('PICKLE_UNDERFLOW', 'unexpected end of the stack');
    return fault('PICKLE_MARK_CROSSED', 'unexpected MARK found');
  }

  #lastMark(): number {
    return this.#isZodb || this.#marks.length === 0 ? 0 : this.#marks[this.#marks.length - 1]!;
  }

  /** Takes the last MARK off: where its values begin. */
  #mark(size: number): number {
    const mark = this.#marks.pop() ?? noMark();
    this.#limit = this.#lastMark();
    if (mark > size) fault('PICKLE_MARK_GONE', 'the values since the MARK are gone');
    return mark;
  }

  #replaceFrom(mark: number, value: unknown): void {
    this.#size = mark;
    this.#push(value);
  }

  #put(index: number): void {
    const value = this.#top();
    const memo = this.#memo;
    if (value instanceof Unfinished) value.places.push(index);
    if (index < memo.length + MEMO_GAP) {
      if (memo[index] === undefined && this.#far?.has(index) !== true) this.#memoized++;
      memo[index] = value;
      this.#far?.delete(index);
    } else {
      this.#far ??= new Map();
      if (!this.#far.has(index)) this.#memoized++;
      this.#far.set(index, value);
    }
  }

  #recall(index: number): unknown {
    const value = this.#memo[index];
    if (value !== undefined) return value;
    return this.#far?.get(index) ?? this.#unknownPlace(index);
  }

  #unknownPlace(index: number): unknown {
    // Null may have been put as well.
    if (this.#far?.has(index)) return null;
    return fault('PICKLE_NO_MEMO', `Memo value not found at index ${index}`);
  }

  /** Two's complement, least significant byte first. */
  #long(count: number): void {
    const at = this.#need(count);
    const data = this.#data;
    if (count <= 6) {
      let value = 0;
      for (let i = count - 1; i >= 0; i--) value = value * 256 + data[at + i]!;
      return this.#push(count > 0 && data[at + count - 1]! > 127 ? value - 2 ** (8 * count) : value);
    }
    const hex = Buffer.from(data.subarray(at, at + count))
      .reverse()
      .toString('hex');
    this.#push(int(BigInt.asIntN(count * 8, BigInt(`0x${hex}`))));
  }

  #dict(): void {
    const mark = this.#marks.pop() ?? noMark();
    this.#limit = this.#lastMark();
    const dict = new Dict();
    const size = this.#size;
    if ((size - mark) % 2 !== 0 && !this.#isZodb) fault('PICKLE_ODD_ITEMS', 'odd number of items for DICT');
    for (let i = mark; i + 1 < size; i += 2) {
      const key = this.#stack[i];
      checkHashable(key, this.#charge());
      dict.set(key, this.#stack[i + 1]);
    }
    this.#replaceFrom(Math.min(mark, size), dict);
  }

  /** GLOBAL: two lines of UTF-8. */
  #globalLine(): void {
    this.#push(this.#global(this.#name(), this.#name()));
  }

  #name(): string {
    const start = this.position;
    this.#line();
    const end = this.#data[this.position - 1] === 0x0a ? this.position - 1 : this.position;
    const text = utf8Text(this.#data, start, end);
    if (text === undefined) return fault('PICKLE_ENCODING', 'a name is not UTF-8');
    return text;
  }

  /** INST is older than names with other letters. */
  #asciiName(): string {
    const name = this.#name();
    // oxlint-disable-next-line no-control-regex -- all of ASCII
    if (!/^[\u0000-\u007f]*$/.test(name)) fault('PICKLE_ENCODING', 'a name in INST is not ASCII');
    return name;
  }

  #global(module: string, name: string): unknown {
    const [realModule, realName] = this.#protocol < 3 ? inPython3(module, name) : [module, name];
    const found = this.#options.findGlobal?.(realModule, realName);
    if (found !== undefined) return found;
    const ref = GlobalRef.of(realModule, realName);
    return CONSTANTS.get(ref) ?? ref;
  }

  #extension(code: number): void {
    if (code <= 0) fault('PICKLE_BAD_EXTENSION', 'EXT specifies code <= 0');
    const ref = this.#options.extension?.(code);
    if (ref === undefined) return fault('PICKLE_UNKNOWN_EXTENSION', `unregistered extension code ${code}`);
    this.#push(this.#global(ref.module, ref.name));
  }

  #persistent(pid: unknown): unknown {
    const { persistentLoad } = this.#options;
    if (persistentLoad === undefined) return new PersistentRef(pid);
    return this.#options.persistentLoad!(pid) ?? null;
  }

  /** PERSID: the reader of ZODB takes bytes, the standard one text. */
  #persistentLine(): void {
    const line = this.#line(this.#isZodb ? 1 : 0);
    if (this.#isZodb) return this.#push(this.#persistent(Uint8Array.from(Buffer.from(line, 'latin1'))));
    // oxlint-disable-next-line no-control-regex -- all of ASCII
    if (!/^[\u0000-\u007f]*$/.test(line))
      fault('PICKLE_BAD_PERSISTENT_ID', 'persistent IDs in protocol 0 must be ASCII strings');
    this.#push(this.#persistent(line));
  }

  #instance(): void {
    const mark = this.#mark(this.#size);
    const cls = this.#global(this.#asciiName(), this.#asciiName());
    const args = tupleFrom(this.#stack.slice(mark, this.#size));
    this.#replaceFrom(mark, instantiated(cls, args, this.#charge()));
  }

  #build(): void {
    if (this.#size - 2 < this.#limit) this.#underflow(this.#size - 1);
    const state = this.#stack[--this.#size];
    const value = this.#stack[this.#size - 1];
    if (!(value instanceof Unfinished)) return setState(value, state);
    const built = finished(value, state);
    this.#stack[this.#size - 1] = built;
    for (const index of value.places) {
      if (this.#memo[index] === value) this.#memo[index] = built;
      else if (this.#far?.get(index) === value) this.#far.set(index, built);
    }
  }

  #append(target: unknown, from: number, to: number): void {
    const stack = this.#stack;
    if (target instanceof Deque) for (let i = from; i < to; i++) target.append(stack[i]);
    else if (target instanceof Instance || target instanceof Reduce) {
      const items = (target.items ??= []);
      for (let i = from; i < to; i++) items.push(stack[i]);
    } else fault('PICKLE_NO_ITEMS', 'the value takes no items');
  }

  #setItems(target: unknown, from: number, to: number): void {
    const stack = this.#stack;
    if (target instanceof Instance || target instanceof Reduce) {
      const items = (target.dictItems ??= []);
      for (let i = from; i < to; i++) items.push(stack[i]);
    } else if (isList(target)) {
      for (let i = from; i < to; i += 2) {
        const index = stack[i];
        if (typeof index !== 'number' || !Number.isInteger(index))
          return fault('PICKLE_NO_KEYS', 'list indices must be integers');
        if (index >= target.length || index < -target.length)
          fault('PICKLE_NO_INDEX', 'list assignment index out of range');
        target[index < 0 ? index + target.length : index] = stack[i + 1];
      }
    } else fault('PICKLE_NO_KEYS', 'the value does not support item assignment');
  }

  #addItems(): void {
    const mark = this.#marks.pop() ?? noMark();
    this.#limit = this.#lastMark();
    if (mark > this.#size || mark <= this.#limit) this.#underflow(mark);
    const target = this.#stack[mark - 1];
    if (this.#size > mark) {
      if (!(target instanceof PySet) || target instanceof FrozenSet)
        return fault('PICKLE_NO_ITEMS', 'the value has no attribute add');
      for (let i = mark; i < this.#size; i++) {
        const item = this.#stack[i];
        checkHashable(item, this.#charge());
        target.add(item);
      }
    }
    this.#size = mark;
  }
}

function tupleOf(stack: readonly unknown[], from: number, to: number): Tuple {
  const items = new Tuple(to - from);
  for (let i = from; i < to; i++) items[i - from] = stack[i];
  return items;
}

function bytesOf(data: Uint8Array, start: number, length: number): Uint8Array {
  // `slice` of a Buffer would be a view that keeps all of the data.
  const bytes = new Uint8Array(length);
  for (let i = 0; length <= 32 && i < length; i++) bytes[i] = data[start + i]!;
  if (length > 32) bytes.set(data.subarray(start, start + length));
  return bytes;
}

/** A list, and nothing that only passes for one: a persistent object, a tuple. */
function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype;
}

function truncated(): never {
  return fault('PICKLE_TRUNCATED', 'pickle data was truncated');
}

function noMark(): never {
  return fault('PICKLE_NO_MARK', 'could not find MARK');
}

function unknownOpcode(opcode: number): never {
  return fault('PICKLE_OPCODE', `invalid load key, 0x${opcode.toString(16).padStart(2, '0')}`);
}
