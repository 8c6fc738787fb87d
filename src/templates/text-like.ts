/** Values that are texts in Python, and objects of their own here. */
import {
  contains,
  declareText,
  eq,
  hash,
  le,
  len,
  lt,
  type Operators,
  trustedGetitem,
  trustedIterate,
} from '../restricted/index.ts';

/** Methods of Python's texts. */
export const TEXT_ATTRIBUTES: readonly string[] =
  'capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate upper zfill'.split(
    ' ',
  );

/** What Python does with a text, by the text of an object. */
export function textOperators<T>(textOf: (self: T) => string): Operators<T> {
  // Two such objects are compared as texts, too.
  const bare = (value: unknown): unknown => {
    for (const [cls, text] of classes) if (value instanceof cls) return text(value as never);
    return value;
  };
  return {
    add: (self, other) =>
      typeof bare(other) === 'string' ? textOf(self) + (bare(other) as string) : undefined,
    radd: (self, other) => (typeof other === 'string' ? other + textOf(self) : undefined),
    eq: (self, other) => eq(textOf(self), bare(other)) === true,
    lt: (self, other) =>
      typeof bare(other) === 'string' ? (lt(textOf(self), bare(other)) as boolean) : undefined,
    le: (self, other) =>
      typeof bare(other) === 'string' ? (le(textOf(self), bare(other)) as boolean) : undefined,
    hash: (self) => hash(textOf(self)),
    len: (self) => len(textOf(self)),
    bool: (self) => textOf(self) !== '',
    contains: (self, item) => contains(textOf(self), bare(item)),
    getitem: (self, key) => trustedGetitem(textOf(self), key),
    iter: (self) => trustedIterate(textOf(self)),
  };
}

type TextClass = abstract new (...args: never[]) => object;
const classes: [TextClass, (value: never) => string][] = [];

/** Makes the objects of a class comparable with those of the others. */
export function registerTextClass<T extends object>(
  cls: abstract new (...args: never[]) => T,
  textOf: (value: T) => string,
): void {
  classes.push([cls, textOf]);
  declareText(cls);
}
