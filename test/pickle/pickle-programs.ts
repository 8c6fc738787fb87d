/** Random pickles: programs of opcodes that mostly fit together, and sometimes do not. */

/** A generator of numbers from a seed (mulberry32): the same pickles wherever it runs. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** What the generator knows of a value on the stack. */
type Kind = 'atom' | 'list' | 'dict' | 'set' | 'tuple' | 'class' | 'made' | 'other';

interface Value {
  readonly kind: Kind;
  /** The name of a class, of its call, or of what was made by it. */
  readonly name?: string;
}

/** Classes with what Python calls them with. */
const KNOWN: readonly (readonly [module: string, name: string, args: readonly string[]])[] = [
  ['builtins', 'list', ['list', '']],
  ['builtins', 'set', ['list', '']],
  ['builtins', 'frozenset', ['list', '']],
  ['builtins', 'bytearray', ['bytes', '']],
  ['builtins', 'complex', ['float float']],
  ['builtins', 'range', ['int int int']],
  ['builtins', 'slice', ['any any any']],
  ['builtins', 'bytes', ['bytes', '']],
  ['builtins', 'dict', ['pairs', '']],
  ['collections', 'OrderedDict', ['', 'pairs']],
  ['collections', 'defaultdict', ['', 'none pairs']],
  ['collections', 'Counter', ['']],
  ['collections', 'deque', ['', 'list', 'list int']],
  ['datetime', 'date', ['date', 'int int int']],
  ['datetime', 'datetime', ['datetime', 'datetime none']],
  ['datetime', 'time', ['time', 'int int int int']],
  ['datetime', 'timedelta', ['int int int']],
  ['datetime', 'timezone', ['delta', 'delta str']],
  ['decimal', 'Decimal', ['number']],
  ['fractions', 'Fraction', ['int int', 'ratio']],
  ['uuid', 'UUID', ['']],
  ['_codecs', 'encode', ['str latin1']],
  ['copyreg', '_reconstructor', ['class object none']],
  ['copyreg', '__newobj__', ['class', 'class any']],
];
/** Names that no reader may call: all that it may do is to keep them. */
const DANGEROUS: readonly (readonly [string, string])[] = [
  ['os', 'system'],
  ['posix', 'system'],
  ['builtins', 'eval'],
  ['builtins', 'exec'],
  ['subprocess', 'Popen'],
  ['app.models', 'Thing'],
  ['app.models', 'Outer.Inner'],
  ['constructor', 'prototype'],
  ['__proto__', '__proto__'],
  ['process', 'exit'],
];

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const u32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n >>> 0);
  return bytes;
};
const u64 = (n: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, n));
  return bytes;
};

const TEXTS = [
  '',
  'a',
  'title',
  'é',
  '\u20ac',
  '\u{1f600}',
  'x'.repeat(70),
  '__proto__',
  'constructor',
  'line\nline',
  '\\u0041',
  "it's",
];
const WHOLE = [
  0n,
  1n,
  255n,
  256n,
  65_535n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 53n,
  2n ** 63n,
  2n ** 100n,
];

/** One random pickle. */
export class Program {
  readonly #random: Random;
  readonly #protocol: number;
  readonly #parts: Buffer[] = [];
  readonly #stack: Value[] = [];
  readonly #marks: number[] = [];
  readonly #memo: [index: number, value: Value][] = [];
  #memoized = 0;
  /** How many opcodes in a hundred are any. */
  readonly #wild: number;

  constructor(random: Random) {
    this.#random = random;
    this.#protocol = random.below(6);
    this.#wild = random.of([0, 0, 0, 2, 10]);
  }

  bytes(): Buffer {
    const random = this.#random;
    if (this.#protocol >= 2 || random.chance(20)) this.#emit('\x80', Buffer.of(this.#protocol));
    const steps = 1 + random.below(random.of([5, 15, 40]));
    for (let i = 0; i < steps; i++) {
      if (random.chance(this.#wild)) this.#anything();
      else this.#step();
    }
    this.#finish();
    return Buffer.concat(this.#parts);
  }

  #emit(opcode: string, ...args: (Buffer | string)[]): void {
    this.#parts.push(latin1(opcode));
    for (const arg of args) this.#parts.push(typeof arg === 'string' ? latin1(arg) : arg);
  }

  #push(kind: Kind, name?: string): void {
    this.#stack.push(name === undefined ? { kind } : { kind, name });
  }

  #top(back = 1): Value | undefined {
    return this.#stack.length - back >= (this.#marks.at(-1) ?? 0) ? this.#stack.at(-back) : undefined;
  }

  #available(): number {
    return this.#stack.length - (this.#marks.at(-1) ?? 0);
  }

  #step(): void {
    const random = this.#random;
    const roll = random.below(100);
    if (roll < 34) this.#atom();
    else if (roll < 44) this.#container();
    else if (roll < 50) {
      this.#emit('(');
      this.#marks.push(this.#stack.length);
    } else if (roll < 62) this.#close();
    else if (roll < 72) this.#into();
    else if (roll < 80) this.#remember();
    else if (roll < 86) this.#recall();
    else if (roll < 96) this.#make();
    else this.#shuffle();
  }

  #shuffle(): void {
    if (this.#available() === 0) return;
    if (this.#random.chance(50)) {
      this.#emit('2');
      this.#stack.push(this.#stack.at(-1)!);
    } else {
      this.#emit('0');
      this.#stack.pop();
    }
  }

  #text(text: string): void {
    const bytes = Buffer.from(text);
    const random = this.#random;
    const kinds: (() => void)[] = [() => this.#emit('X', u32(bytes.length), bytes)];
    if (this.#protocol >= 4) {
      if (bytes.length < 256) kinds.push(() => this.#emit('\x8c', Buffer.of(bytes.length), bytes));
      kinds.push(() => this.#emit('\x8d', u64(BigInt(bytes.length)), bytes));
    }
    if (this.#protocol === 0)
      kinds.push(() =>
        this.#emit(
          'V',
          `${text
            .replaceAll('\\', '\\u005c')
            .replaceAll('\n', '\\u000a')
            .replaceAll(/[^\0-\xff]/gu, (c) => `\\U${c.codePointAt(0)!.toString(16).padStart(8, '0')}`)}\n`,
        ),
      );
    if (/^[\0-\x7f]*$/.test(text) && this.#protocol < 3) {
      kinds.push(() => this.#emit('U', Buffer.of(bytes.length), bytes));
      kinds.push(() => this.#emit('T', u32(bytes.length), bytes));
      if (!/[\n\\']/.test(text)) kinds.push(() => this.#emit('S', `'${text}'\n`));
    }
    random.of(kinds)();
    this.#push('atom');
  }

  #blob(bytes: Buffer): void {
    const kinds: (() => void)[] = [
      () => this.#emit('B', u32(bytes.length), bytes),
      () => this.#emit('C', Buffer.of(bytes.length), bytes),
    ];
    if (this.#protocol >= 4) kinds.push(() => this.#emit('\x8e', u64(BigInt(bytes.length)), bytes));
    this.#random.of(kinds)();
    this.#push('atom');
  }

  #integer(n: bigint): void {
    const kinds: (() => void)[] = [() => this.#emit('I', `${n}\n`), () => this.#emit('L', `${n}L\n`)];
    if (n >= 0 && n < 256) kinds.push(() => this.#emit('K', Buffer.of(Number(n))));
    if (n >= 0 && n < 65_536) kinds.push(() => this.#emit('M', Buffer.of(Number(n) & 255, Number(n) >> 8)));
    if (n >= -(2n ** 31n) && n < 2n ** 31n) kinds.push(() => this.#emit('J', u32(Number(n))));
    const width = this.#random.of([9, 14, 20]);
    const long = Buffer.alloc(width);
    for (let i = 0, rest = BigInt.asUintN(width * 8, n); i < width; i++, rest >>= 8n)
      long[i] = Number(rest & 255n);
    kinds.push(() => this.#emit('\x8a', Buffer.of(width), long));
    kinds.push(() => this.#emit('\x8b', u32(width), long));
    this.#random.of(kinds)();
    this.#push('atom');
  }

  #float(n: number): void {
    if (this.#random.chance(30) && Number.isFinite(n)) this.#emit('F', `${n}\n`);
    else {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(n);
      this.#emit('G', bytes);
    }
    this.#push('atom');
  }

  #atom(): void {
    const random = this.#random;
    switch (random.below(9)) {
      case 0:
        this.#emit('N');
        return this.#push('atom');
      case 1:
        if (this.#protocol < 2) this.#emit('I', random.of(['00\n', '01\n']));
        else this.#emit(random.of(['\x88', '\x89']));
        return this.#push('atom');
      case 2:
      case 3:
        return this.#integer(random.of(WHOLE) * (random.chance(30) ? -1n : 1n) - BigInt(random.below(2)));
      case 4:
        return this.#float(random.of([0, -0, 1, 1.5, -2.25, 1e300, 5e-324, Infinity, -Infinity, NaN, 0.1]));
      case 5:
        return this.#blob(Buffer.from(random.of(['', 'a', 'bytes', '\x80\xff', 'x'.repeat(60)]), 'latin1'));
      case 6:
        if (random.chance(70)) return this.#text(random.of(TEXTS));
        if (random.chance(50)) {
          this.#emit('P', `${random.of(['1', 'id', ''])}\n`);
          return this.#push('other');
        }
        this.#text('id');
        this.#stack.pop();
        this.#emit('Q');
        return this.#push('other');
      default:
        return this.#text(random.of(TEXTS));
    }
  }

  #container(): void {
    const random = this.#random;
    switch (random.below(this.#protocol >= 4 ? 4 : 3)) {
      case 0:
        this.#emit(']');
        return this.#push('list');
      case 1:
        this.#emit('}');
        return this.#push('dict');
      case 2:
        this.#emit(')');
        return this.#push('tuple');
      default:
        this.#emit('\x8f');
        return this.#push('set');
    }
  }

  /** An opcode that takes what there is since the last MARK. */
  #close(): void {
    const mark = this.#marks.at(-1);
    const random = this.#random;
    if (mark === undefined || random.chance(25)) {
      const count = 1 + random.below(3);
      if (this.#available() < count) return;
      this.#emit(String.fromCharCode(0x84 + count));
      this.#stack.length -= count;
      return this.#push('tuple');
    }
    const items = this.#stack.length - mark;
    const below = this.#stack[mark - 1];
    const options = ['t', 'l'];
    if (items % 2 === 0) options.push('d');
    if (below?.kind === 'list') options.push('e', 'e', 'e');
    if (below?.kind === 'dict' && items % 2 === 0) options.push('u', 'u', 'u');
    if (below?.kind === 'set') options.push('\x90', '\x90', '\x90');
    if (below?.kind === 'made') options.push(items % 2 === 0 ? 'u' : 'e');
    if (this.#protocol >= 4) options.push('\x91');
    if (items > 0 && this.#stack[mark]!.kind === 'class') options.push('o', 'o');
    options.push('1');
    const opcode = random.of(options);
    this.#emit(opcode);
    this.#marks.pop();
    this.#stack.length = mark;
    if (opcode === 't') this.#push('tuple');
    else if (opcode === 'l') this.#push('list');
    else if (opcode === 'd') this.#push('dict');
    else if (opcode === '\x91') this.#push('atom');
    else if (opcode === 'o') this.#push('made');
  }

  /** A value into the container before it, or a state into the object before it. */
  #into(): void {
    const random = this.#random;
    const [first, second, third] = [this.#top(1), this.#top(2), this.#top(3)];
    if (second?.kind === 'list' || (second?.kind === 'made' && random.chance(30))) {
      this.#emit('a');
      this.#stack.pop();
    } else if (third?.kind === 'dict' || (third?.kind === 'made' && random.chance(30))) {
      this.#emit('s');
      this.#stack.length -= 2;
    } else if (second?.kind === 'made' && (first?.kind === 'dict' || random.chance(50))) {
      this.#emit('b');
      this.#stack.pop();
    }
  }

  #remember(): void {
    const value = this.#top();
    if (value === undefined) return;
    const random = this.#random;
    const index =
      this.#protocol >= 4 && random.chance(60)
        ? this.#memoized
        : random.of([this.#memo.length, random.below(300), 70_000]);
    if (this.#protocol >= 4 && index === this.#memoized) this.#emit('\x94');
    else if (index < 256 && random.chance(70)) this.#emit('q', Buffer.of(index));
    else if (random.chance(50)) this.#emit('r', u32(index));
    else this.#emit('p', `${index}\n`);
    const known = this.#memo.findIndex(([at]) => at === index);
    if (known >= 0) this.#memo[known] = [index, value];
    else {
      this.#memo.push([index, value]);
      this.#memoized++;
    }
  }

  #recall(): void {
    if (this.#memo.length === 0) return;
    const random = this.#random;
    const [index, value] = random.of(this.#memo);
    if (index < 256 && random.chance(70)) this.#emit('h', Buffer.of(index));
    else if (random.chance(50)) this.#emit('j', u32(index));
    else this.#emit('g', `${index}\n`);
    this.#stack.push(value);
  }

  #class(module: string, name: string): void {
    const random = this.#random;
    if (this.#protocol >= 4 && random.chance(60)) {
      this.#text(module);
      this.#text(name);
      this.#stack.length -= 2;
      this.#emit('\x93');
    } else {
      const old: Record<string, string> = { builtins: '__builtin__', copyreg: 'copy_reg' };
      this.#emit(
        'c',
        `${this.#protocol < 3 && Object.hasOwn(old, module) ? old[module] : module}\n${name}\n`,
      );
    }
    this.#push('class', name);
  }

  #argument(what: string): void {
    const random = this.#random;
    switch (what) {
      case 'int':
        return this.#integer(BigInt(random.below(13)));
      case 'float':
        return this.#float(random.of([0, 1.5, -2]));
      case 'str':
        return this.#text(random.of(TEXTS));
      case 'latin1':
        return this.#text(random.of(['latin1', 'latin-1', 'utf-8']));
      case 'number':
        return this.#text(random.of(['1', '1.50', '-0', '1E+10', 'NaN', 'Infinity', '0.000']));
      case 'ratio':
        return this.#text(random.of(['1/2', '-3', '6/4']));
      case 'bytes':
        return this.#blob(Buffer.from(random.of(['', 'abc', '\xff']), 'latin1'));
      case 'date':
        return this.#blob(Buffer.of(7, 100 + random.below(150), 1 + random.below(13), 1 + random.below(31)));
      case 'time':
        return this.#blob(
          Buffer.of(random.below(25), random.below(60), random.below(60), 1, 2, random.below(256)),
        );
      case 'datetime':
        return this.#blob(
          Buffer.of(
            7,
            200,
            1 + random.below(12),
            1 + random.below(29),
            random.below(24),
            30,
            random.below(60),
            0,
            2,
            3,
          ),
        );
      case 'delta':
        this.#class('datetime', 'timedelta');
        this.#stack.pop();
        this.#emit('(');
        for (let i = 0; i < 3; i++) this.#integer(BigInt(random.below(i === 1 ? 80_000 : 1)));
        this.#stack.length -= 3;
        this.#emit('tR');
        return this.#push('atom');
      case 'list':
        this.#emit('](');
        for (let i = random.below(4); i > 0; i--) {
          this.#atom();
          this.#stack.pop();
        }
        this.#emit('e');
        return this.#push('list');
      case 'pairs':
        this.#emit('](');
        for (let i = random.below(3); i > 0; i--) {
          this.#atom();
          this.#atom();
          this.#stack.length -= 2;
          this.#emit('\x86');
        }
        this.#emit('e');
        return this.#push('list');
      case 'none':
        this.#emit('N');
        return this.#push('atom');
      case 'class':
        return this.#class(...random.of(DANGEROUS));
      case 'object':
        return this.#class('builtins', 'object');
      default:
        return this.#atom();
    }
  }

  /** A call of a class, or an instance of it. */
  #make(): void {
    const random = this.#random;
    const isKnown = random.chance(60);
    const [module, name, args] = isKnown
      ? random.of(KNOWN)
      : ([...random.of(DANGEROUS), ['', 'any', 'int str']] as const);
    const wanted = random.chance(6) ? random.of(['any', 'any any', 'list', 'str', 'int']) : random.of(args);
    const isInstance = !isKnown && random.chance(25);
    if (isInstance) {
      this.#emit('(');
      for (const what of wanted.split(' ').filter(Boolean)) this.#argument(what);
      this.#stack.length -= wanted.split(' ').filter(Boolean).length;
      this.#emit('i', `${module}\n${name}\n`);
      return this.#push('made');
    }
    this.#class(module, name);
    this.#emit('(');
    const given = wanted.split(' ').filter(Boolean);
    for (const what of given) this.#argument(what);
    this.#emit('t');
    this.#stack.length -= given.length + 1;
    const isFunction = module === '_codecs' || module === 'copyreg';
    if (this.#protocol >= 4 && !isFunction && random.chance(20)) this.#emit('}\x92');
    else this.#emit(!isFunction && random.chance(name === 'UUID' ? 90 : 30) ? '\x81' : 'R');
    if (name === 'UUID') {
      this.#emit('}');
      this.#text('int');
      this.#integer(random.of(WHOLE));
      this.#stack.length -= 2;
      this.#emit('sb');
      return this.#push('atom');
    }
    if (name === 'list' || name === 'deque') return this.#push('list');
    if (/[dD]ict|Counter/.test(name)) return this.#push('dict');
    this.#push(isKnown && module !== 'copyreg' ? 'atom' : 'made');
  }

  /** Any opcode, with an argument that need not fit. */
  #anything(): void {
    const random = this.#random;
    const opcode = random.of([
      ...'(.012FGIJKLMNPQRSTUVXabcdehgijlopqrstu)}]BC\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98\xff',
    ]);
    const args: (() => Buffer)[] = [
      () => Buffer.alloc(0),
      () => Buffer.of(random.below(256)),
      () => u32(random.of([0, 1, 5, 0x7fffffff, 0xffffffff, 0x42, 0x1234, 0xabcdef])),
      () => u64(random.of([0n, 3n, 2n ** 31n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n])),
      () =>
        latin1(
          `${random.of(['1', '-1', '99999999999999999999', 'nan', '0x10', "'a'", '"b', '1_0', ' 5', 'é'])}\n`,
        ),
      () => latin1(`${random.of(['os', 'builtins', ''])}\n${random.of(['system', 'list', ''])}\n`),
    ];
    this.#emit(opcode, random.of(args)());
  }

  #finish(): void {
    while (this.#marks.length > 0) {
      this.#emit(this.#random.of(['t', 'l']));
      this.#stack.length = this.#marks.pop()!;
      this.#push('other');
    }
    if (this.#stack.length === 0) this.#atom();
    // All of it in one value, so that all of it is compared.
    while (this.#stack.length > 1) {
      const count = Math.min(3, this.#stack.length);
      this.#emit(String.fromCharCode(0x84 + count));
      this.#stack.length -= count;
      this.#push('tuple');
    }
    this.#emit('.');
  }
}

/** The pickle with some of its bytes changed, taken away or doubled, or cut off. */
export function mutated(pickle: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(pickle);
  for (let change = random.below(4); change >= 0 && bytes.length > 0; change--) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(4);
    switch (random.below(5)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at] = bytes[at]! ^ (1 << random.below(8));
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      default:
        if (random.chance(30)) bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}
