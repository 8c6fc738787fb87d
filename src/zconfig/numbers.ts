/** Python's `int()` and `float()` of a text. */
import { ValueRefused } from './errors.ts';
import { quoted, strip, withAsciiDigits } from './python-text.ts';

/** Longer numbers are refused: their conversion would take long (Python's own limit). */
const MAX_DIGITS = 4300;

/** Python's `int()` of a text. */
export function integer(text: string): number | bigint {
  const digits = withAsciiDigits(strip(text));
  if (!/^[-+]?\d+(?:_\d+)*$/.test(digits))
    throw new ValueRefused(`invalid literal for int() with base 10: ${quoted(text).slice(0, 200)}`);
  const plain = digits.replaceAll('_', '').replace(/^\+/, '');
  const count = plain.length - (plain.startsWith('-') ? 1 : 0);
  if (count > MAX_DIGITS) {
    throw new ValueRefused(
      `Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion: value has ${count} digits`,
    );
  }
  return normalised(BigInt(plain));
}

/** A number where it is exact. */
export const normalised = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

export function float(text: string): number {
  const plain = withAsciiDigits(strip(text));
  const special = /^([-+]?)(?:inf(?:inity)?|(nan))$/i.exec(plain);
  if (special !== null) {
    if (special[2] !== undefined) return Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!/^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/i.test(plain))
    throw new ValueRefused(`could not convert string to float: ${quoted(text)}`);
  return Number(plain.replaceAll('_', ''));
}
