import { BadValueError } from '../errors.ts';
import { KEY } from './key.ts';

/** A Python `datetime.timedelta`, normalised: 0 ≤ seconds < 86400, 0 ≤ microseconds < 1000000. */
export class Timedelta {
  readonly days: number;
  readonly seconds: number;
  readonly microseconds: number;

  constructor(days = 0, seconds = 0, microseconds = 0) {
    for (const part of [days, seconds, microseconds])
      if (!Number.isSafeInteger(part)) throw new BadValueError('timedelta: parts must be integers');
    seconds += Math.floor(microseconds / 1e6);
    this.days = days + Math.floor(seconds / 86400);
    this.seconds = modulo(seconds, 86400);
    this.microseconds = modulo(microseconds, 1e6);
    if (Math.abs(this.days) > 999_999_999) throw new BadValueError(`timedelta: ${this.days} days`);
    Object.freeze(this);
  }

  /** In microseconds; exact within ±2^53. */
  totalMicroseconds(): number {
    return (this.days * 86400 + this.seconds) * 1e6 + this.microseconds;
  }

  totalSeconds(): number {
    return this.totalMicroseconds() / 1e6;
  }

  [KEY](): string {
    return `timedelta:${this.days}:${this.seconds}:${this.microseconds}`;
  }

  /** Python's `str()`: `-1 day, 23:59:59.000001`. */
  toString(): string {
    const clock = `${Math.floor(this.seconds / 3600)}:${two(Math.floor(this.seconds / 60) % 60)}:${two(this.seconds % 60)}`;
    const micros = this.microseconds === 0 ? '' : `.${String(this.microseconds).padStart(6, '0')}`;
    const days = this.days === 0 ? '' : `${this.days} day${Math.abs(this.days) === 1 ? '' : 's'}, `;
    return `${days}${clock}${micros}`;
  }
}

const modulo = (n: number, by: number): number => ((n % by) + by) % by;
const two = (n: number): string => String(n).padStart(2, '0');
