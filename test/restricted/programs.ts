/** Random programs of the Python subset for comparison with a real Python. The same seed gives the same programs. */

/** A small generator of random numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

type Kind = 'int' | 'float' | 'str' | 'bool' | 'list' | 'tuple' | 'dict' | 'any';

const INTS = [
  '0',
  '1',
  '2',
  '3',
  '-1',
  '-7',
  '10',
  '255',
  '1000',
  '2**31',
  '2**53',
  '-2**53',
  '2**64',
  '10**20',
  '-10**18',
];
const FLOATS = [
  '0.0',
  '1.0',
  '0.5',
  '-2.5',
  '1e16',
  '1e-5',
  '3.14159',
  '0.1',
  '-0.0',
  '1e300',
  '123456789.125',
  '2.675',
  '7.0',
];
const TEXTS = [
  "''",
  "'a'",
  "'abc'",
  "'Hello World'",
  "'  pad '",
  "'a,b,,c'",
  "'1234'",
  "'-5'",
  "'Äpfel straße'",
  "'\\u20ac'",
  "'\\U0001f40d snake'",
  "'x\\ty\\n'",
  '"it\'s"',
  "'line1\\nline2\\r\\nline3'",
  "'%s and %d'",
  "'ABC'",
  "'aXbXc'",
  "'0x1F'",
  "'3.5'",
  "'Title Case'",
];
const BINARY = ['+', '-', '*', '/', '//', '%', '&', '|', '^', '<<', '>>'];
const COMPARE = ['<', '<=', '>', '>=', '==', '!=', 'in', 'not in', 'is', 'is not'];

export class ProgramWriter {
  readonly #random: Random;
  #names: string[] = [];
  #functions: string[] = [];
  #next = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The body of a function; what it returns tells its variables. */
  program(): string {
    this.#names = [];
    this.#functions = [];
    this.#next = 0;
    const lines: string[] = [];
    const n = 3 + this.#random.below(6);
    for (let i = 0; i < n; i++) lines.push(...this.statement(2));
    const shown = this.#names.slice(-5);
    lines.push(`return [${shown.join(', ')}]`);
    return lines.join('\n');
  }

  #name(): string {
    const name = `v${this.#next++}`;
    return name;
  }

  #block(depth: number): string[] {
    const names = [...this.#names];
    const functions = [...this.#functions];
    const lines: string[] = [];
    const n = 1 + this.#random.below(2);
    for (let i = 0; i < n; i++) lines.push(...this.statement(depth - 1));
    this.#names = names;
    this.#functions = functions;
    return lines.map((line) => `    ${line}`);
  }

  statement(depth: number): string[] {
    const r = this.#random;
    const choice = r.below(depth > 0 ? 15 : 5);
    switch (choice) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const value = this.expr('any', 3);
        const name = this.#name();
        this.#names.push(name);
        // Most programs should get to their end.
        if (r.below(5) === 0) return [`${name} = ${value}`];
        return ['try:', `    ${name} = ${value}`, 'except Exception as e:', `    ${name} = repr(e)`];
      }
      case 4: {
        if (this.#names.length === 0) return ['pass'];
        const name = r.pick(this.#names);
        const statement = `${name} ${r.pick(['+', '-', '*', '//', '%', '&'])}= ${this.expr('any', 2)}`;
        return ['try:', `    ${statement}`, 'except TypeError as e:', `    ${name} = str(e)`];
      }
      case 5:
        return [
          `if ${this.expr('any', 2)}:`,
          ...this.#block(depth),
          ...(r.below(2) === 0 ? ['else:', ...this.#block(depth)] : []),
        ];
      case 6: {
        const item = this.#name();
        const iter = r.pick([
          `range(${r.below(5)})`,
          this.expr('list', 2),
          this.expr('str', 1),
          this.expr('tuple', 2),
          this.expr('dict', 2),
        ]);
        const total = this.#name();
        this.#names.push(total);
        const names = [...this.#names];
        this.#names.push(item);
        const body = this.#block(depth);
        const add = `    ${total}.append(${item})`;
        const extra = r.pick([
          '',
          '',
          `    if len(${total}) > 2: break`,
          `    if ${this.expr('any', 1)}: continue`,
        ]);
        this.#names = names;
        return [
          `${total} = []`,
          `for ${item} in ${iter}:`,
          ...(extra === '' ? [] : [extra]),
          add,
          ...body,
          ...(r.below(3) === 0 ? ['else:', `    ${total}.append('else')`] : []),
        ];
      }
      case 7: {
        const count = this.#name();
        const out = [`${count} = 0`, `while ${count} < ${1 + r.below(5)}:`, `    ${count} += 1`];
        this.#names.push(count);
        this.#names.pop();
        const body = this.#block(depth);
        this.#names.push(count);
        return [...out, ...body];
      }
      case 8:
      case 9: {
        const name = this.#name();
        this.#names.push(name);
        const body = [`    ${name} = ${this.expr('any', 3)}`];
        const kinds = r.pick([
          'TypeError',
          'ValueError',
          '(TypeError, ValueError)',
          'Exception',
          'ZeroDivisionError',
          'LookupError',
        ]);
        return [
          `${name} = None`,
          'try:',
          ...body,
          `except ${kinds} as e:`,
          `    ${name} = str(e)`,
          ...(r.below(3) === 0 ? ['else:', `    ${name} = (${name}, 'fine')`] : []),
          ...(r.below(3) === 0 ? ['finally:', `    ${name} = [${name}]`] : []),
        ];
      }
      case 10: {
        const fn = `f${this.#next++}`;
        const names = this.#names;
        const params = r.pick(['a', 'a, b=2', '*a', 'a, *b, **k', "a, b=3, *, c='x'", 'a=1, /, b=2']);
        this.#names = [...names.slice(-2), params.startsWith('*') ? 'a' : 'a'];
        const body = [`    return ${this.expr('any', 3)}`];
        this.#names = names;
        this.#functions.push(fn);
        return [`def ${fn}(${params}):`, ...body];
      }
      case 11: {
        const [a, b] = [this.#name(), this.#name()];
        const source = r.pick([
          `${this.expr('any', 1)}, ${this.expr('any', 1)}`,
          `${this.expr('int', 1)}, ${this.expr('any', 1)}`,
          this.expr('str', 1),
          `(${this.expr('int', 1)}, ${this.expr('str', 1)})`,
        ]);
        const targets = r.pick([`${a}, ${b}`, `${a}, *${b}`, `*${a}, ${b}`, `(${a}, ${b})`, `[${a}, ${b}]`]);
        this.#names.push(a, b);
        return [`${targets} = ${source}`];
      }
      case 12: {
        const name = this.#name();
        this.#names.push(name);
        const list = this.expr('list', 2);
        const change = r.pick([
          `${name}.append(${this.expr('any', 1)})`,
          `${name}.insert(${r.below(4) - 1}, ${this.expr('any', 1)})`,
          `${name}.extend(${this.expr('list', 1)})`,
          `${name}.reverse()`,
          `${name}[0:2] = ${this.expr('list', 1)}`,
          `${name}[::2] = ${this.expr('list', 1)}`,
          `del ${name}[-1:]`,
          `${name}[${r.below(3) - 1}] = ${this.expr('any', 1)}`,
          `${name}.sort(key=repr)`,
          `${name}.sort(key=lambda q: str(q), reverse=True)`,
          `${name}.remove(${this.expr('int', 1)})`,
          `${name} *= 2`,
        ]);
        return [
          `${name} = []`,
          'try:',
          `    ${name} = ${list}`,
          `    ${change}`,
          'except Exception as e:',
          `    ${name} = repr(e)`,
        ];
      }
      case 13: {
        const name = this.#name();
        this.#names.push(name);
        const change = r.pick([
          `${name}[${this.expr('any', 1)}] = ${this.expr('any', 1)}`,
          `${name}.update(${this.expr('dict', 1)})`,
          `${name}.setdefault(${this.expr('str', 1)}, 5)`,
          `del ${name}[${this.expr('int', 1)}]`,
          `${name}.pop(${this.expr('any', 1)}, None)`,
          `${name}.popitem()`,
          `${name} = {**${name}, 'z': 1}`,
        ]);
        return [
          'try:',
          `    ${name} = ${this.expr('dict', 2)}`,
          `    ${change}`,
          'except Exception as e:',
          `    ${name} = repr(e)`,
        ];
      }
      default: {
        const c = `C${this.#next++}`;
        const o = this.#name();
        this.#names.push(o);
        return [
          `class ${c}:`,
          `    x = ${this.expr('int', 1)}`,
          '    def __init__(self, y=3):',
          '        self.y = y',
          '    def m(self, z):',
          `        return (self.x, self.y, z, ${this.expr('int', 1)})`,
          `${o} = [${c}().m(1), ${c}(${this.expr('int', 1)}).y, ${c}.x]`,
        ];
      }
    }
  }

  expr(kind: Kind, depth: number): string {
    const r = this.#random;
    if (kind === 'any') {
      if (this.#names.length > 0 && r.below(4) === 0) return r.pick(this.#names);
      return this.expr(
        r.pick(['int', 'int', 'float', 'str', 'str', 'bool', 'list', 'tuple', 'dict'] as const),
        depth,
      );
    }
    if (depth <= 0) return this.#leaf(kind);
    if (this.#functions.length > 0 && r.below(20) === 0)
      return `${r.pick(this.#functions)}(${r.pick([this.expr('any', 1), '', `${this.expr('int', 1)}, ${this.expr('str', 1)}`, `a=${this.expr('int', 1)}`, `*${this.expr('list', 1)}`])})`;
    const d = depth - 1;
    const any = (): string => this.expr('any', d);
    switch (kind) {
      case 'int':
        return r.pick([
          () => this.#leaf('int'),
          () => `(${this.expr('int', d)} ${r.pick(BINARY)} ${this.expr('int', d)})`,
          () => `(-${this.expr('int', d)})`,
          () => `(~${this.expr('int', d)})`,
          () => `len(${this.expr(r.pick(['str', 'list', 'dict', 'tuple']), d)})`,
          () => `int(${this.expr(r.pick(['float', 'str', 'bool']), d)})`,
          () =>
            `${this.expr('str', d)}.${r.pick(['find', 'count', 'rfind', 'index'])}(${this.expr('str', 0)})`,
          () => `sum([${this.expr('int', d)}, ${this.expr('int', d)}])`,
          () => `${r.pick(['min', 'max'])}(${this.expr('int', d)}, ${this.expr('int', d)})`,
          () => `(${this.expr('int', d)} if ${any()} else ${this.expr('int', d)})`,
          () => `ord(${this.expr('str', 0)}[0])`,
          () => `round(${this.expr('float', d)})`,
          () => `abs(${this.expr('int', d)})`,
          () => `(${r.below(12)} ** ${r.below(9)})`,
          () => `divmod(${this.expr('int', d)}, ${this.expr('int', d)})[${r.below(2)}]`,
        ])();
      case 'float':
        return r.pick([
          () => this.#leaf('float'),
          () =>
            `(${this.expr('float', d)} ${r.pick(['+', '-', '*', '/', '//', '%'])} ${this.expr(r.pick(['float', 'int']), d)})`,
          () => `(${this.expr('int', d)} / ${this.expr('int', d)})`,
          () => `float(${this.expr(r.pick(['int', 'str', 'float']), d)})`,
          () => `round(${this.expr('float', d)}, ${r.below(4)})`,
          () => `abs(${this.expr('float', d)})`,
          () => `(${this.expr('float', 0)} ** ${r.below(4)})`,
        ])();
      case 'str':
        return this.#text(d);
      case 'bool':
        return r.pick([
          () => this.#leaf('bool'),
          () => `(${any()} ${r.pick(COMPARE.slice(4, 6))} ${any()})`,
          () => `(${this.expr('int', d)} ${r.pick(COMPARE.slice(0, 6))} ${this.expr('float', d)})`,
          () => `(${this.expr('str', d)} ${r.pick(COMPARE.slice(0, 8))} ${this.expr('str', d)})`,
          () => `(${any()} ${r.pick(COMPARE.slice(0, 8))} ${any()})`,
          () => `(not ${any()})`,
          () => `(${any()} ${r.pick(['and', 'or'])} ${any()})`,
          () => `(${this.expr('int', d)} < ${this.expr('int', d)} <= ${this.expr('int', d)})`,
          () => `isinstance(${any()}, ${r.pick(['int', 'str', '(int, float)', 'float', 'bool', 'tuple'])})`,
          () => `${r.pick(['any', 'all'])}(${this.expr('list', d)})`,
          () =>
            `${this.expr('str', d)}.${r.pick(['isdigit', 'isalpha', 'isupper', 'islower', 'isspace', 'istitle', 'isalnum', 'isnumeric'])}()`,
          () => `${this.expr('str', d)}.${r.pick(['startswith', 'endswith'])}(${this.expr('str', 0)})`,
          () => `bool(${any()})`,
        ])();
      case 'list':
        return r.pick([
          () => `[${any()}, ${any()}, ${any()}]`,
          () => `[${this.expr('int', d)}, ${this.expr('int', d)}]`,
          () => `[q for q in ${this.expr(r.pick(['list', 'str', 'tuple']), d)} if q]`,
          () => `[(q, ${this.expr('int', 0)}) for q in range(${r.below(5)})]`,
          () => `[q + w for q in ${this.expr('str', 0)} for w in 'xy']`,
          () => `sorted(${this.expr('list', d)})`,
          () => `sorted(${this.expr('list', d)}, key=repr)`,
          () => `list(${this.expr(r.pick(['str', 'tuple', 'dict']), d)})`,
          () => `${this.expr('list', d)}${this.#slice()}`,
          () => `(${this.expr('list', d)} + ${this.expr('list', d)})`,
          () => `(${this.expr('list', d)} * ${r.below(3)})`,
          () => `${this.expr('str', d)}.split(${r.pick(['', "','", "' ', 1", "'X'"])})`,
          () => `${this.expr('str', d)}.${r.pick(['splitlines()', "rsplit(' ', 1)", 'rsplit(None, 1)'])}`,
          () => `list(${this.expr('dict', d)}.${r.pick(['keys', 'values', 'items'])}())`,
          () => `[*${this.expr('list', d)}, ${any()}]`,
          () => `list(range(${r.below(9) - 3}, ${r.below(9)}, ${r.pick(['1', '2', '3', '-1'])}))`,
        ])();
      case 'tuple':
        return r.pick([
          () => `(${any()}, ${any()})`,
          () => `(${any()},)`,
          () => '()',
          () => `tuple(${this.expr('list', d)})`,
          () => `${this.expr('tuple', d)}${this.#slice()}`,
          () => `(${this.expr('tuple', d)} + ${this.expr('tuple', d)})`,
          () => `${this.expr('str', d)}.${r.pick(['partition', 'rpartition'])}(${this.expr('str', 0)})`,
        ])();
      default:
        return r.pick([
          () => `{${this.expr('str', 0)}: ${any()}, ${this.expr('int', 0)}: ${any()}}`,
          () => `{${this.expr('tuple', 1)}: ${any()}, None: ${any()}}`,
          () => `{q: ${this.expr('int', 0)} for q in ${this.expr(r.pick(['str', 'tuple']), d)}}`,
          () => `dict([(${this.expr('str', 0)}, ${any()})], k=${any()})`,
          () => `{**${this.expr('dict', d)}, ${this.expr('float', 0)}: ${any()}}`,
          () => `(${this.expr('dict', d)} | ${this.expr('dict', d)})`,
        ])();
    }
  }

  #slice(): string {
    const r = this.#random;
    return r.pick([
      `[${r.below(5) - 2}:]`,
      `[:${r.below(5) - 2}]`,
      `[${r.below(4) - 2}:${r.below(5) - 1}]`,
      '[::-1]',
      '[::2]',
      `[${r.below(5)}::-2]`,
      '[:]',
    ]);
  }

  #text(d: number): string {
    const r = this.#random;
    const s = (): string => this.expr('str', d);
    return r.pick([
      () => this.#leaf('str'),
      () => `(${s()} + ${s()})`,
      () => `(${s()} * ${r.below(4)})`,
      () =>
        `${s()}.${r.pick(['upper', 'lower', 'title', 'capitalize', 'strip', 'swapcase', 'lstrip', 'casefold'])}()`,
      () => `${s()}.replace(${this.expr('str', 0)}, ${this.expr('str', 0)}${r.pick(['', ', 1'])})`,
      () =>
        `${this.expr('str', 0)}.join(${r.pick(["['a', 'b']", this.expr('str', 0), '[str(q) for q in range(3)]'])})`,
      () => `str(${this.expr('any', d)})`,
      () => `repr(${this.expr('any', d)})`,
      () => `${s()}${this.#slice()}`,
      () => `${s()}[${r.below(5) - 2}]`,
      () => `${s()}.${r.pick(['center', 'ljust', 'rjust', 'zfill'])}(${r.below(12)})`,
      () =>
        `('%${r.pick(['s', 'r', 'd', '5.2f', '05d', 'x', '-6s|', '+d', 'e', 'g', '.3g', '10.3e', 'c', '%', '#x', 'i', 'o', '6.1f', '.0f'])}' % (${this.expr(r.pick(['int', 'float', 'str', 'any']), d)},))`,
      () => `('%(k)s %(k)r' % {'k': ${this.expr('any', d)}})`,
      () => `'{0}|{1!r:>${r.below(9)}}'.format(${this.expr('int', d)}, ${this.expr('any', d)})`,
      () =>
        `'{:${r.pick(['>6', '<6', '^7', '*^9', '05', '+', ',', '.2f', 'x', '#b', '10.3f', '.3', 'e', 'g', '%', '_', '08.2f', 'c', 'o', 'X', ' ', ''])}}'.format(${this.expr(r.pick(['int', 'float', 'str', 'bool']), d)})`,
      () =>
        `f'{${this.expr(r.pick(['int', 'float']), 0)}:${r.pick(['>5', '.1f', '', '04', ','])}}-{${this.expr('int', 0)}!r}'`,
      () => `chr(${32 + r.below(90)})`,
      () => `hex(${this.expr('int', d)})`,
      () => `${s()}.encode('utf-8').decode('${r.pick(['utf-8', 'latin-1'])}')`,
      () => `${s()}.expandtabs(4)`,
      () => `${s()}.${r.pick(['removeprefix', 'removesuffix', 'strip', 'rstrip'])}(${this.expr('str', 0)})`,
    ])();
  }

  #leaf(kind: Kind): string {
    const r = this.#random;
    switch (kind) {
      case 'int':
        return r.below(3) === 0 ? String(r.below(100)) : `(${r.pick(INTS)})`;
      case 'float':
        return `(${r.pick(FLOATS)})`;
      case 'str':
        return r.pick(TEXTS);
      case 'bool':
        return r.pick(['True', 'False', 'None']);
      case 'list':
        return r.pick(['[]', '[1, 2, 3]', "['b', 'a']", '[3, 1, 2]', '[0.5, 2]', '[[1], [2]]']);
      case 'tuple':
        return r.pick(['()', '(1, 2)', "('x',)", '(1, (2, 3))']);
      case 'dict':
        return r.pick(['{}', "{'a': 1}", "{1: 'x', 2.5: 'y'}", "{'b': [1], 'a': None}"]);
      default:
        return '1';
    }
  }
}
