/** Text from a request that holds markup: DTML shows it quoted unless somebody takes the text out of it (INVENTORY P-106). */
import {
  binary,
  builtinValue,
  call,
  chargeMemory,
  contains,
  eq,
  htmlQuote,
  le,
  len,
  lt,
  registerType,
  repr,
  str,
  trustedGetitem,
} from '../../restricted/index.ts';

/** The class is not registered with the database, which refuses to store an instance: it must not get there unnoticed. */
export class TaintedString {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }

  quoted(): string {
    return htmlQuote(this.value);
  }
}

/** A text that holds markup as a TaintedString; everything else as it is. */
export function tainted(value: unknown): unknown {
  return typeof value === 'string' && value.includes('<') ? new TaintedString(value) : value;
}

const bare = (value: unknown): unknown => (value instanceof TaintedString ? value.value : value);

function joined(a: string, b: string): string {
  chargeMemory(16 + Math.min(a.length, b.length));
  return a + b;
}

/** Python declares none of its methods: expressions may not read them. */
const METHODS =
  'capitalize center count encode endswith expandtabs find format index isalnum isalpha isascii isdecimal isdigit isidentifier ' +
  'islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition quoted removeprefix ' +
  'removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate ' +
  'upper zfill casefold format_map';

registerType(TaintedString, {
  pyName: 'TaintedString',
  attributes: [],
  denied: METHODS.split(' '),
  operators: {
    add: (self, other) => new TaintedString(joined(self.value, str(bare(other)))),
    radd: (self, other) => new TaintedString(joined(str(bare(other)), self.value)),
    mul: (self, other) => tainted(binary('*', self.value, other)),
    getitem: (self, key) => tainted(trustedGetitem(self.value, key)),
    len: (self) => len(self.value),
    contains: (self, item) => contains(self.value, str(bare(item))),
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
