import { BadValueError } from '../errors.ts';
import { type PyInt, int } from './int.ts';
import { KEY } from './key.ts';

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

/** A Python `fractions.Fraction`, always in lowest terms with a positive denominator. */
export class Fraction {
  readonly numerator: PyInt;
  readonly denominator: PyInt;

  constructor(numerator: PyInt, denominator: PyInt = 1) {
    let [n, d] = [BigInt(numerator), BigInt(denominator)];
    if (d === 0n) throw new BadValueError(`Fraction(${numerator}, 0)`);
    const divisor = d < 0n ? -gcd(n, d) : gcd(n, d);
    n /= divisor;
    d /= divisor;
    this.numerator = int(n);
    this.denominator = int(d);
    Object.freeze(this);
  }

  valueOf(): number {
    return Number(this.numerator) / Number(this.denominator);
  }

  toString(): string {
    return this.denominator === 1 ? String(this.numerator) : `${this.numerator}/${this.denominator}`;
  }

  [KEY](): string | number | bigint {
    return this.denominator === 1 ? this.numerator : `fraction:${this.numerator}/${this.denominator}`;
  }
}
