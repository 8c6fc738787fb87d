/** Text from a request that holds markup: DTML shows it quoted unless somebody takes the text out of it (INVENTORY P-106). */
import { tupleFrom } from '../../pickle/index.ts';
import {
  builtinValue,
  call,
  eq,
  htmlQuote,
  le,
  lt,
  registerType,
  repr,
  str,
  SystemError,
  trustedGetattr,
  trustedGetitem,
} from '../../restricted/index.ts';

export class TaintedString {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }

  quoted(): string {
    return htmlQuote(this.value);
  }

  /** It must not get into the database unnoticed. */
  __getstate__(): never {
    throw new SystemError(
      'A TaintedString cannot be pickled. Code that caused this TaintedString to be stored should be more ' +
        'careful with untrusted data from the REQUEST.',
    );
  }
}

/** A text that holds markup as a TaintedString; everything else as it is. */
export function tainted(value: unknown): unknown {
  return typeof value === 'string' && value.includes('<') ? new TaintedString(value) : value;
}

const bare = (value: unknown): unknown => (value instanceof TaintedString ? value.value : value);

/** Methods whose result stays tainted. */
const KEEPING =
  'capitalize center expandtabs ljust lower lstrip replace rjust rstrip strip swapcase title translate upper join zfill format'.split(
    ' ',
  );
const SPLITTING = ['split', 'rsplit', 'splitlines', 'partition', 'rpartition'];
const PLAIN =
  'count endswith find index isalnum isalpha isdigit islower isspace isupper rfind rindex startswith encode'.split(
    ' ',
  );

type TextMethod = readonly [string, (self: TaintedString, ...args: never[]) => unknown];

function method(name: string, wrap: (result: unknown) => unknown): [string, TextMethod] {
  const forward = (self: TaintedString, ...args: readonly unknown[]) =>
    wrap(call(trustedGetattr(self.value, name), args.map(bare)));
  return [name, ['*args', forward as never]];
}

const taintAll = (result: unknown): unknown =>
  Array.isArray(result)
    ? result.constructor === Array
      ? result.map(tainted)
      : tupleFrom(result.map(tainted))
    : result;

registerType(TaintedString, {
  pyName: 'TaintedString',
  attributes: [],
  methods: Object.fromEntries([
    ...KEEPING.map((name) => method(name, tainted)),
    ...SPLITTING.map((name) => method(name, taintAll)),
    ...PLAIN.map((name) => method(name, (result) => result)),
    ['quoted', ['', (self: TaintedString) => self.quoted()]],
    ['__untaint__', ['', (self: TaintedString) => self.quoted()]],
  ]) as never,
  operators: {
    add: (self, other) => new TaintedString(self.value + str(bare(other))),
    radd: (self, other) => new TaintedString(str(bare(other)) + self.value),
    mul: (self, other) => tainted(self.value.repeat(Math.min(Math.max(0, Number(other)), 1e6))),
    getitem: (self, key) => tainted(trustedGetitem(self.value, key)),
    len: (self) => Array.from(self.value).length,
    contains: (self, item) => self.value.includes(str(bare(item))),
    bool: (self) => self.value !== '',
    str: (self) => self.value,
    repr: (self) => repr(self.quoted()),
    eq: (self, other) => eq(self.value, bare(other)) === true,
    lt: (self, other) => lt(self.value, bare(other)) as boolean,
    le: (self, other) => le(self.value, bare(other)) as boolean,
    int: (self) => call(builtinValue('int'), [self.value]) as number,
    float: (self) => call(builtinValue('float'), [self.value]) as number,
  },
});
