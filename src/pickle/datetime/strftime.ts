/** `strftime` of the C locale, for a date and time without a zone. */
import { DAYS, gregorianOrdinal, MONTHS } from './calendar.ts';

export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

const two = (n: number) => String(n).padStart(2, '0');
const blank = (n: number) => String(n).padStart(2, ' ');
const half = (hour: number) => hour % 12 || 12;

/** Year and number of the ISO 8601 week. */
function isoWeek(year: number, yearDay: number, weekDay: number): [year: number, week: number] {
  const monday = (weekDay + 6) % 7;
  const week = Math.floor((yearDay - monday + 10) / 7);
  if (week < 1) {
    const last = yearDay + (gregorianOrdinal(year, 1, 1) - gregorianOrdinal(year - 1, 1, 1));
    return isoWeek(year - 1, last, weekDay);
  }
  const length = gregorianOrdinal(year + 1, 1, 1) - gregorianOrdinal(year, 1, 1);
  // The days before the first Thursday of the next year belong to that year.
  return week === 53 && yearDay - monday + 3 >= length ? [year + 1, 1] : [year, week];
}

export function strftime(moment: Moment, format: string): string {
  const { year, month, day, hour, minute, second, microsecond } = moment;
  const ordinal = gregorianOrdinal(year, month, day);
  const weekDay = ordinal % 7;
  // 0 for January 1st.
  const yearDay = ordinal - gregorianOrdinal(year, 1, 1);
  const [isoYear, week] = isoWeek(year, yearDay, weekDay);
  const expand = (text: string): string =>
    text.replaceAll(/%([-_0^#]?)(.)/gs, (all, flag: string, code: string) => {
      const value = codes[code]?.();
      return value === undefined ? all : flagged(value, flag);
    });
  const codes: Record<string, () => string> = {
    a: () => DAYS[weekDay]!.slice(0, 3),
    A: () => DAYS[weekDay]!,
    b: () => MONTHS[month - 1]!.slice(0, 3),
    B: () => MONTHS[month - 1]!,
    c: () => expand('%a %b %e %H:%M:%S %Y'),
    C: () => String(Math.floor(year / 100)),
    d: () => two(day),
    D: () => expand('%m/%d/%y'),
    e: () => blank(day),
    f: () => String(microsecond).padStart(6, '0'),
    F: () => expand('%Y-%m-%d'),
    g: () => two(isoYear % 100),
    G: () => String(isoYear),
    h: () => MONTHS[month - 1]!.slice(0, 3),
    H: () => two(hour),
    I: () => two(half(hour)),
    j: () => String(yearDay + 1).padStart(3, '0'),
    k: () => blank(hour),
    l: () => blank(half(hour)),
    m: () => two(month),
    M: () => two(minute),
    n: () => '\n',
    p: () => (hour < 12 ? 'AM' : 'PM'),
    P: () => (hour < 12 ? 'am' : 'pm'),
    r: () => expand('%I:%M:%S %p'),
    R: () => expand('%H:%M'),
    s: () => {
      const local = new Date(2000, 0, 1, hour, minute, second);
      return String(Math.floor(local.setFullYear(year, month - 1, day) / 1000));
    },
    S: () => two(second),
    t: () => '\t',
    T: () => expand('%H:%M:%S'),
    u: () => String(weekDay || 7),
    U: () => two(Math.floor((yearDay + 7 - weekDay) / 7)),
    V: () => two(week),
    w: () => String(weekDay),
    W: () => two(Math.floor((yearDay + 7 - ((weekDay + 6) % 7)) / 7)),
    x: () => expand('%m/%d/%y'),
    X: () => expand('%H:%M:%S'),
    y: () => two(year % 100),
    Y: () => String(year),
    z: () => '',
    Z: () => '',
    '%': () => '%',
  };
  return expand(format);
}

function flagged(value: string, flag: string): string {
  switch (flag) {
    case '-':
      return value.replace(/^[0 ]+(?=\d)/, '');
    case '_':
      return value.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length));
    case '0':
      return value.replace(/^ +(?=\d)/, (blanks) => '0'.repeat(blanks.length));
    case '^':
      return value.toUpperCase();
    case '#':
      return value.toUpperCase() === value ? value.toLowerCase() : value.toUpperCase();
    default:
      return value;
  }
}
