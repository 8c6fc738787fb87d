import { BadValueError } from '../errors.ts';
import { KEY } from './key.ts';

const NUMBER = /^([-+]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([-+]?\d+))?$/i;
const SPECIAL = /^([-+]?)(?:(inf)(?:inity)?|(s?nan)(\d*))$/i;

/**
 * A Python `decimal.Decimal`: an exact decimal text. It is kept and shown as Python shows it; arithmetic is not part
 * of this class.
 */
export class Decimal {
  /** Python's `str()` of it. */
  readonly text: string;

  constructor(value: string | number | bigint) {
    this.text = canonical(String(value));
    Object.freeze(this);
  }

  valueOf(): number {
    return Number(this.text.replace(/s?nan\d*/i, 'NaN'));
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  [KEY](): string | number | bigint {
    const parts = NUMBER.exec(this.text);
    if (parts === null) return /inf/i.test(this.text) ? this.valueOf() : `decimal:${this.text}`;
    const [, sign = '', whole = '', fraction = '', only = '', exponent = '0'] = parts;
    const digits = `${whole}${fraction}${only}`.replace(/^0+/, '');
    if (digits === '') return 0;
    const significant = digits.replace(/0+$/, '');
    const power = Number(exponent) - (fraction + only).length + (digits.length - significant.length);
    // Integral values are equal to ints; beyond this a key would only cost memory.
    if (power >= 0 && power < 4300) return BigInt(`${sign}${significant}${'0'.repeat(power)}`);
    return `decimal:${sign === '-' ? '-' : ''}${significant}e${power}`;
  }
}

/** Python's canonical text (the to-scientific-string of the General Decimal Arithmetic specification). */
function canonical(text: string): string {
  const trimmed = text.trim().replaceAll('_', '');
  const special = SPECIAL.exec(trimmed);
  if (special !== null) {
    const sign = special[1] === '-' ? '-' : '';
    if (special[2] !== undefined) return `${sign}Infinity`;
    const payload = special[4]!.replace(/^0+/, '');
    return `${sign}${special[3]!.toLowerCase() === 'nan' ? 'NaN' : 'sNaN'}${payload}`;
  }
  const parts = NUMBER.exec(trimmed);
  if (parts === null) throw new BadValueError(`not a decimal number: ${text.slice(0, 40)}`);
  const sign = parts[1] === '-' ? '-' : '';
  const fraction = parts[3] ?? parts[4] ?? '';
  const digits = `${parts[2] ?? ''}${fraction}`.replace(/^0+(?=\d)/, '');
  const exponent = Number(parts[5] ?? '0') - fraction.length;
  if (!Number.isSafeInteger(exponent))
    throw new BadValueError('the exponent of a decimal number is too large');
  const adjusted = exponent + digits.length - 1;
  if (exponent <= 0 && adjusted >= -6) {
    if (exponent === 0) return sign + digits;
    const padded = digits.padStart(1 - exponent, '0');
    return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
  }
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${sign}${mantissa}E${adjusted < 0 ? '-' : '+'}${Math.abs(adjusted)}`;
}
