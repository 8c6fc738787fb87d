/** Dates and times in words and numbers, as people in North America or elsewhere write them; and in ISO 8601. */
import { strip, words } from '../blanks.ts';
import { fullYear, monthLength } from './calendar.ts';
import { DateError, DateSyntaxError, TimeError } from './errors.ts';
import { zoneName } from './zones.ts';

export type DateFormat = 'us' | 'international';

export interface Parsed {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** The seconds were written with a fraction, if only with `.0`. */
  readonly floatSecond: boolean;
  /** Undefined: the machine's. */
  readonly zone: string | undefined;
  /** The text named no zone. */
  readonly naive: boolean;
}

const MONTH_NUMBERS = new Map<string, number>();
'january february march april may june july august september october november december'
  .split(' ')
  .forEach((name, index) => {
    MONTH_NUMBERS.set(name, index + 1);
    MONTH_NUMBERS.set(name.slice(0, 3), index + 1);
  });
MONTH_NUMBERS.set('sept', 9);
const DAY_NAMES = new Set(
  'sunday sun monday mon tuesday tues tue wednesday wed thursday thurs thur thu friday fri saturday sat'.split(
    ' ',
  ),
);
const BLANKS = ' \t\n';
const DELIMITERS = '-/.:,+';

interface Tokens {
  readonly numbers: number[];
  /** Those of the numbers that have a fraction. */
  readonly fractions: number[];
  month: number | undefined;
  half: 'am' | 'pm' | undefined;
  zone: string | undefined;
  /** The delimiter before the last token. */
  delimiter: string;
}

function tokenize(text: string): Tokens {
  const tokens: Tokens = {
    numbers: [],
    fractions: [],
    month: undefined,
    half: undefined,
    zone: undefined,
    delimiter: '',
  };
  const refuse = (): never => {
    throw new DateSyntaxError(text);
  };
  const match = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[1];
  };
  const skipBlanks = () => {
    while (at < text.length && BLANKS.includes(text[at]!)) at++;
  };
  let at = 0;
  while (at < text.length) {
    skipBlanks();
    tokens.delimiter = at < text.length && DELIMITERS.includes(text[at]!) ? text[at++]! : '';
    skipBlanks();
    // A fraction belongs to seconds, so only behind a colon: 1999.12.31 is a date.
    const seconds = match(/:([0-9]+\.[0-9]+)/y, Math.max(0, at - 1));
    if (seconds !== undefined) {
      at += seconds.length;
      tokens.numbers.push(Number(seconds));
      tokens.fractions.push(Number(seconds));
      continue;
    }
    const digits = match(/([0-9]+)/y, at);
    if (digits !== undefined) {
      at += digits.length;
      const complete = tokens.numbers.length + (tokens.month === undefined ? 0 : 1) >= 3;
      if (digits.length === 4 && tokens.delimiter !== '' && '+-'.includes(tokens.delimiter) && complete) {
        tokens.zone = tokens.delimiter + digits;
      } else tokens.numbers.push(Number(digits));
      continue;
    }
    const word = match(/([a-zA-Z]+)/y, at)?.toLowerCase() ?? refuse();
    at += word.length;
    if (text[at] === '.') at++;
    const month = MONTH_NUMBERS.get(word);
    if (month !== undefined) {
      if (tokens.month !== undefined) refuse();
      tokens.month = month;
    } else if (word === 'am' || word === 'pm') {
      if (tokens.half !== undefined) refuse();
      tokens.half = word;
    } else if (!DAY_NAMES.has(word)) refuse();
  }
  return tokens;
}

interface DayParts {
  year: number | undefined;
  month: number | undefined;
  day: number | undefined;
}

/** Takes year, month and day out of the numbers; what is left is the time. */
function takeDate({ numbers, month, delimiter }: Tokens, format: DateFormat): DayParts {
  const date: DayParts = { year: undefined, month, day: undefined };
  const dayFirst = format === 'international';
  const last = numbers.at(-1)!;
  if (last > 60 && !['.', ':', '/'].includes(delimiter) && numbers.length > 2) {
    date.year = numbers.pop();
    if (month !== undefined) date.day = numbers.shift();
    else [date.month, date.day] = dayFirst ? [numbers[1], numbers[0]] : [numbers[0], numbers[1]];
    if (month === undefined) numbers.splice(0, 2);
  } else if (month !== undefined) {
    if (numbers.length > 1) {
      [date.year, date.day] = numbers[0]! > 31 ? [numbers[0], numbers[1]] : [numbers[1], numbers[0]];
      numbers.splice(0, 2);
    }
  } else if (numbers.length > 2) {
    takeThree(date, numbers as unknown as readonly [number, number, number], dayFirst);
    numbers.splice(0, 3);
  }
  return date;
}

function takeThree(date: DayParts, [a, b, c]: readonly [number, number, number], dayFirst: boolean): void {
  if (a > 31) {
    date.year = a;
    [date.day, date.month] = b > 12 ? [b, c] : [c, b];
  }
  if (b > 31) {
    date.year = b;
    if (a > 12 && c <= 12) [date.day, date.month] = [a, c];
    else if (c > 12 && a <= 12) [date.day, date.month] = [c, a];
  } else if (c > 31) {
    date.year = c;
    [date.day, date.month] = a > 12 || dayFirst ? [a, b] : [b, a];
  } else if (a <= 12) [date.month, date.day, date.year] = [a, b, c];
}

/** Hour, minute and second from what the date left over. */
function takeTime(
  numbers: readonly number[],
  half: 'am' | 'pm' | undefined,
  text: string,
): [number, number, number] {
  let [hour = 0, minute = 0, second = 0] = numbers;
  if (half === 'pm' && hour < 12 && numbers.length > 0) hour += 12;
  if (half === 'am' && hour === 12) hour = 0;
  if (hour > 24 || minute > 60 || second > 60) throw new TimeError(text);
  if (numbers.length > 3) throw new DateSyntaxError(text);
  const total = Math.trunc(hour) * 3600 + Math.trunc(minute) * 60 + second;
  const whole = Math.floor(total);
  hour = Math.floor(whole / 3600);
  minute = Math.floor((whole % 3600) / 60);
  second = (whole % 60) + (total - whole);
  return [hour, minute, second];
}

/** A date in any of the common ways to write one. Throws a DateSyntaxError, DateError or TimeError. */
export function parseDate(source: string, format: DateFormat, today: () => [number, number, number]): Parsed {
  let text = strip(source);
  const parts = words(text);
  // A zone is the last word, and is taken off first: it may have a slash.
  let zone: string | undefined;
  if (parts.length > 0 && zoneName(parts.at(-1)!) !== undefined) {
    zone = parts.pop();
    text = parts.join(' ');
  }
  const naive = zone === undefined;
  const tokens = tokenize(text);
  if (tokens.numbers.length === 0) throw new RangeError('no numbers');
  zone = tokens.zone ?? zone;
  const date = takeDate(tokens, format);
  let { year, month, day } = date;
  if (day === undefined) [year, month, day] = today();
  if (year === undefined || month === undefined || !Number.isInteger(month))
    throw new RangeError('no year or month');
  year = fullYear(year);
  if (year < 1000) throw new DateSyntaxError(text);
  const length = monthLength(year, month);
  // Month 0 has no days.
  if (day === 0 || length === undefined || day > length) throw new DateError(text);
  const [hour, minute, second] = takeTime(tokens.numbers, tokens.half, text);
  const floatSecond = tokens.numbers.length === 3 && tokens.fractions.includes(tokens.numbers[2]!);
  return { year, month, day, hour, minute, second, floatSecond, zone, naive };
}

const ISO =
  /^(?<year>\d{4})(?:-?(?:(?<yearDay>\d{3}(?!\d))|W(?<week>\d\d)(?:-?(?<weekDay>\d))?|(?<month>\d\d)?(?:-?(?<day>\d\d)?)?))?(?:[T ](?<hour>\d\d)(?::?(?<minute>\d\d)?(?::?(?<second>\d\d)?(?:[.,](?<fraction>\d+))?)?)?(?:(?<z>Z)|(?<sign>[-+])(?<hourOff>\d(?:\d(?!\d$))?)(?::?(?<minOff>\d\d))?)?)?(?<garbage>.*)/;

/** Whether a text is written in ISO 8601. */
export function isIso8601(text: string): boolean {
  const match = ISO.exec(strip(text));
  return match !== null && match.groups!.garbage === '';
}

/** A date in ISO 8601. Without a zone it is one of Greenwich, other than the standard says. */
export function parseIso8601(
  text: string,
  dayOf: (year: number, days: number) => [number, number],
  weekDayOf: (year: number) => number,
): Parsed {
  const match = ISO.exec(strip(text));
  if (match === null || match.groups!.garbage !== '')
    throw new DateSyntaxError(`Not an ISO 8601 compliant date string: "${text}"`);
  const { groups: part = {} } = match;
  const number = (value: string | undefined, fallback: number) =>
    value === undefined ? fallback : Number(value);
  const year = Number(part.year);
  let [month, day] = [number(part.month, 1), number(part.day, 1)];
  if (part.yearDay !== undefined) [month, day] = dayOf(year, Number(part.yearDay) - 1);
  if (part.week !== undefined) {
    // January 4th is always in the first week, and Monday is a week's first day.
    const days = 3 - ((weekDayOf(year) + 6) % 7) + Number(part.week) * 7 + number(part.weekDay, 1) - 8;
    [month, day] = dayOf(year, days);
  }
  let minute = number(part.minute, 0);
  let second = number(part.second, 0);
  const fraction = part.fraction === undefined ? undefined : Number(`0.${part.fraction}`);
  if (fraction !== undefined) {
    if (part.second !== undefined) second += fraction;
    else if (part.minute !== undefined) second = 60 * fraction;
    else {
      minute = Math.trunc(60 * fraction);
      second = 60 * (60 * fraction - minute);
    }
  }
  const sign = part.sign === '-' ? -1 : 1;
  const hours = sign * number(part.hourOff, 0);
  const offset = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}${String(number(part.minOff, 0)).padStart(2, '0')}`;
  return {
    year,
    month,
    day,
    hour: number(part.hour, 0),
    minute,
    second,
    floatSecond: fraction !== undefined,
    zone: `GMT${offset}`,
    naive: part.sign === undefined && part.z === undefined,
  };
}
