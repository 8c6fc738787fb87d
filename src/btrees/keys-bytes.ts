/** Keys and values of `fs` trees: two and six bytes, kept as big-endian numbers, which have the order of the bytes. */
import { BTreeTypeError } from './errors.ts';
import {
  compareNumbers,
  childForNumber,
  descendToNumber,
  hotNumberMethods,
  placeOfNumber,
  putNumberInLeaf,
} from './keys-int.ts';
import type { KeyKind, ValueKind } from './kinds.ts';

function toNumber(value: unknown, length: number): number | undefined {
  if (!(value instanceof Uint8Array) || value.length !== length) return undefined;
  let number = 0;
  for (const byte of value) number = number * 256 + byte;
  return number;
}

function toBytes(value: unknown, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value as number;
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

export const twoByteKeys: KeyKind = {
  integral: false,
  distinct: true,
  lookUp: (key) => toNumber(key, 2),
  convert(key) {
    const number = toNumber(key, 2);
    if (number === undefined) throw new BTreeTypeError('expected a key of two bytes');
    return number;
  },
  checkNew() {},
  none: () => [],
  expose: (key) => toBytes(key, 2),
  converts: true,
  compare: compareNumbers,
  placeIn: placeOfNumber,
  putInLeaf: putNumberInLeaf,
  childFor: childForNumber,
  descend: descendToNumber,
  hot: hotNumberMethods((key) => toNumber(key, 2), false),
};

export const sixByteValues: ValueKind = {
  convert(value) {
    const number = toNumber(value, 6);
    if (number === undefined) throw new BTreeTypeError('expected a value of six bytes');
    return number;
  },
  expose: (value) => toBytes(value, 6),
  converts: true,
  compare: compareNumbers,
  none: () => [],
  same: () => false,
  normalize: (value) => value,
  arithmetic: null,
};
