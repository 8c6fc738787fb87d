/** The datatype `timedelta`: parts such as `4w 2d 7h 12m 0.00001s`. */
import { float } from './numbers.ts';
import { ValueRefused } from './errors.ts';
import { words } from './python-text.ts';

/** Seconds as a class of its own, to tell it from a plain number. */
export class TimeDelta {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

const MICROSECONDS = 1_000_000;
/** In the order in which Python sums them up, in seconds. */
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Days that Python's type holds on either side of zero. */
const MAX_DAYS = 999_999_999n;

function roundHalfEven(value: number): number {
  const whole = Math.round(value);
  return Math.abs(whole - value) === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
}

/** In whole microseconds, fractions of all parts summed up before they are rounded. */
function microseconds(given: ReadonlyMap<string, number>): bigint {
  let whole = 0n;
  let left = 0;
  for (const [unit, factor] of Object.entries(UNITS)) {
    const value = given.get(unit) ?? 0;
    if (Number.isNaN(value)) throw new ValueRefused('cannot convert float NaN to integer');
    if (!Number.isFinite(value)) throw new ValueRefused('cannot convert float infinity to integer');
    const integral = Math.trunc(value);
    whole += BigInt(integral) * BigInt(factor * MICROSECONDS);
    const rest = (value - integral) * (factor * MICROSECONDS);
    whole += BigInt(Math.trunc(rest));
    left += rest - Math.trunc(rest);
  }
  const odd = whole % 2n === 0n ? 0 : 1;
  return whole + BigInt(roundHalfEven(left + odd) - odd);
}

/** The last of a unit counts. */
export function timedelta(text: string): TimeDelta {
  const given = new Map<string, number>();
  for (const part of words(text)) {
    const letters = Array.from(part);
    const unit = letters.pop()!;
    const value = float(letters.join(''));
    if (!Object.hasOwn(UNITS, unit)) throw new ValueRefused(`bad part ${part} in ${text}`);
    given.set(unit, value);
  }
  const total = microseconds(given);
  const day = BigInt(UNITS.d! * MICROSECONDS);
  const days = total / day - (total < 0n && total % day !== 0n ? 1n : 0n);
  if (days > MAX_DAYS || days < -MAX_DAYS)
    throw new ValueRefused(`days=${days}; must have magnitude <= ${MAX_DAYS}`);
  const million = BigInt(MICROSECONDS);
  const exact = BigInt(Number(total)) === total;
  return new TimeDelta(
    exact ? Number(total) / MICROSECONDS : Number(total / million) + Number(total % million) / MICROSECONDS,
  );
}
