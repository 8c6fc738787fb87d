/**
 * Zope's DateTime: an instant, shown in a time zone. Results, rounding and errors are those of the Python class, whose
 * stored state `(microseconds since 1970, made without a zone, zone)` is kept as well.
 *
 * Over 400 lines: one class, whose hundred short methods all read the same few parts.
 */
import { KEY } from '../values/key.ts';
import { float, PyFloat } from '../values/float.ts';
import { int, isInt, type PyInt } from '../values/int.ts';
import { Tuple, tuple } from '../values/tuple.ts';
import { PyDatetime } from '../values/datetime.ts';
import { Timedelta } from '../values/timedelta.ts';
import { Timezone } from '../values/timezone.ts';
import {
  calendarDay,
  civil,
  DAY,
  DAYS,
  EPOCH,
  fullYear,
  gregorian,
  isLeapYear,
  JD_1901,
  julianDay,
  monthLength,
  MONTHS,
  secondsOf,
} from './calendar.ts';
import { BadValueError } from '../errors.ts';
import { DateError, DateSyntaxError, DateTimeError, TimeError } from './errors.ts';
import { type DateFormat, isIso8601, type Parsed, parseDate, parseIso8601 } from './parse.ts';
import { strftime } from './strftime.ts';
import { isKnownZone, localZone, timezones, zoneName, zoneOffset } from './zones.ts';

/** Before any zone had an offset that was not its local mean time. */
const LONG_AGO = -1e10;
const NUMERIC_ZONE = /^[+-]\d{4}/;
const MICROS = 1_000_000;
const two = (n: number) => String(Math.trunc(n)).padStart(2, '0');
const four = (n: number): string => (n < 0 ? `-${four(-n)}` : String(n).padStart(4, '0'));

/** Python's `round()` to an integer: halves go to the even neighbour. */
function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

let defaultFormat: DateFormat = 'us';

/** What an ambiguous date such as 1/2/2003 means unless `datefmt` says so (zope.conf's `datetime-format`). */
export function setDefaultDateFormat(format: DateFormat): void {
  defaultFormat = format;
}

/** Everything that a DateTime holds. */
interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  /** With its fraction. */
  second: number;
  /** Python keeps the seconds as a float, even a whole number of them. */
  floatSecond: boolean;
  zone: string;
  /** Days since 1901, in Greenwich. */
  days: number;
  /** Of a day, in Greenwich. */
  dayFraction: number;
  micros: bigint;
  naive: boolean | undefined;
}

const now = () => Math.round(Date.now() * 1000) / MICROS;

/** Days since 1901 and their fraction, of seconds since 1970. */
function daysOf(time: number): { days: number; dayFraction: number } {
  const days = (time + EPOCH) / DAY;
  return { days, dayFraction: days - Math.floor(days) };
}

/** The local zone's name at a time. */
function localZoneName(time: number): string {
  const zone = localZone();
  return zone.isSummer(time) ? zone.summer : zone.standard;
}

/** The local zone's name at a time told in local seconds since 1901. */
function localZoneNameAt(seconds: number, fraction: number): string {
  const zone = localZone();
  if (zone.standard === zone.summer) return zone.standard;
  return localZoneName(seconds - zoneOffset(zone.standard, 0) - EPOCH + fraction);
}

/** Fields of an instant as a zone shows it. */
function inZone(time: number, zone: string): Fields {
  const fraction = time - Math.floor(time);
  const seconds = zoneOffset(zone, time) + Math.floor(time) + EPOCH;
  const [year, month, day, hour, minute, second] = civil(seconds, fraction);
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    floatSecond: true,
    zone,
    ...daysOf(time),
    micros: microsOf(time),
    naive: undefined,
  };
}

const microsOf = (time: number) => BigInt(roundEven(time * MICROS));

/** Fields of a date and time as they are told in a zone; without one in the machine's. */
function fromParts(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  zoneOrNone: string | undefined,
): Fields {
  const seconds = secondsOf(year, month, day, hour, minute, second);
  const fraction = second - Math.floor(second);
  const zone = zoneOrNone ?? localZoneNameAt(seconds, fraction);
  const near = seconds - zoneOffset(zone, 0) - EPOCH + fraction;
  const offset = Math.trunc(zoneOffset(zone, near));
  const days = (seconds - offset) / DAY + fraction / DAY;
  const micros = BigInt(seconds - offset - EPOCH) * BigInt(MICROS) + BigInt(roundEven(fraction * MICROS));
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    floatSecond: !Number.isInteger(second),
    zone,
    days,
    dayFraction: days - Math.floor(days),
    micros,
    naive: undefined,
  };
}

function knownZone(zone: string, message: string): string {
  const name = zoneName(zone);
  if (name !== undefined) return name;
  if (NUMERIC_ZONE.test(zone)) return zone;
  throw new DateTimeError(message);
}

const validTime = (hour: number, minute: number, second: number) =>
  hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second < 60;

function validDate(year: number, month: number, day: number): boolean {
  const length = year < 0 ? undefined : monthLength(year, month);
  return length !== undefined && day >= 1 && day <= length;
}

const dayInYear = (year: number, days: number): [number, number] => {
  const [, month, day] = calendarDay(julianDay(isoYear(year, '01-01'), 1, 1) + days);
  return [month, day];
};
const isoFields = (text: string) =>
  parseIso8601(text, dayInYear, (year) => (julianDay(isoYear(year, '01-04'), 1, 4) + 2) % 7);

/** Weeks and days are counted from a date of that year as a text: less than four digits are no year of ISO 8601. */
function isoYear(year: number, rest: string): number {
  return year < 1000 ? parseDate(`${year}-${rest}`, 'us', today).year : year;
}

function fromText(text: string, format: DateFormat): Fields {
  if (text === '') throw new DateSyntaxError(text);
  if (text.trim() === '') throw new RangeError('a blank text');
  const zone = zoneName(text);
  if (zone !== undefined) return inZone(now(), zone);
  const parsed: Parsed = isIso8601(text) ? isoFields(text) : parseDate(text, format, today);
  const { year, month, day, hour, minute, second } = parsed;
  if (!validDate(year, month, day)) throw new DateError(`Invalid date: ${text}`);
  if (!validTime(hour, minute, Math.trunc(second))) throw new TimeError(`Invalid time: ${text}`);
  const named =
    parsed.zone === undefined ? undefined : knownZone(parsed.zone, `Unknown time zone in date: ${text}`);
  const fields = fromParts(year, month, day, hour, minute, second, named);
  return { ...fields, floatSecond: fields.floatSecond || parsed.floatSecond, naive: parsed.naive };
}

function today(): [number, number, number] {
  const time = now();
  const { year, month, day } = inLocalZone(time);
  return [year, month, day];
}

function inLocalZone(time: number): Fields {
  const zone = localZone();
  const fraction = time - Math.floor(time);
  const [year, month, day, hour, minute, second] = gregorian(zone.offsetAt(time) + Math.floor(time));
  return {
    year,
    month,
    day,
    hour,
    minute,
    second: second + fraction,
    floatSecond: true,
    zone: localZoneName(time),
    ...daysOf(time),
    micros: microsOf(time),
    naive: undefined,
  };
}

function fromDatetime(value: PyDatetime): Fields {
  const { year, month, day, hour, minute, microsecond, tzinfo } = value;
  const second = value.second + microsecond / MICROS;
  if (tzinfo === null)
    return { ...fromParts(year, month, day, hour, minute, second, undefined), naive: true };
  const own = (tzinfo as { zone?: unknown }).zone;
  const offset = tzinfo instanceof Timezone ? tzinfo.offset.totalSeconds() / 60 : 0;
  const sign = offset < 0 ? '-' : '+';
  const numeric = `GMT${sign}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
  const name = typeof own === 'string' && isKnownZone(own) ? (zoneName(own) ?? own) : zoneName(numeric);
  if (name === undefined)
    throw new DateTimeError(`Unknown time zone in date: ${value.isoformat().replace('T', ' ')}`);
  return { ...fromParts(year, month, day, hour, minute, second, name), naive: false };
}

/** The name of a value's Python type, for messages. */
function pyTypeName(value: unknown): string {
  if (typeof value === 'string') return 'str';
  if (Array.isArray(value)) return value instanceof Tuple ? 'tuple' : 'list';
  if (value instanceof Map) return 'dict';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof PyDatetime) return 'datetime.datetime';
  if (value === null) return 'NoneType';
  return typeof value === 'object' ? value.constructor.name : typeof value;
}

const numberOf = (value: unknown, refusal = 'a number is needed'): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  const { value: inner } = (value ?? {}) as { value?: unknown };
  if (typeof inner === 'number') return inner;
  throw new TypeError(refusal);
};

function fromArguments(args: readonly unknown[], format: DateFormat): Fields {
  if (args.length === 0 || args[0] === null || args[0] === undefined)
    return { ...inLocalZone(now()), naive: false };
  if (args.length === 1) {
    const [value] = args;
    if (typeof value === 'string') return fromText(value, format);
    if (value instanceof DateTime) {
      const [year, month, day, hour, minute, second, zone] = value.parts() as unknown as [
        number,
        number,
        number,
        number,
        number,
        number | PyFloat,
        string,
      ];
      const time = numberOf(value.timeTime());
      return {
        year,
        month,
        day,
        hour,
        minute,
        second: Number(second),
        floatSecond: typeof second !== 'number' || !Number.isInteger(second),
        zone,
        ...daysOf(time),
        micros: microsOf(time),
        naive: undefined,
      };
    }
    if (value instanceof PyDatetime) return fromDatetime(value);
    return { ...inLocalZone(numberOf(value)), floatSecond: !isInt(value) && typeof value !== 'boolean' };
  }
  if (args.length === 2) {
    const [first, second] = args;
    if (typeof second === 'string') {
      const fields = inZone(numberOf(first), knownZone(second, `Unknown time zone: ${second}`));
      return { ...fields, floatSecond: !isInt(first) };
    }
    return fromDayOfYear(fullYear(numberOf(first)), numberOf(second));
  }
  return fromList(args);
}

function fromDayOfYear(year: number, offset: number): Fields {
  const exact = (julianDay(year, 1, 0) - JD_1901 + offset) * DAY;
  const seconds = Math.floor(exact);
  const parts = civil(seconds, exact - seconds);
  return { ...fromParts(...parts, localZoneName(now())), floatSecond: true };
}

/** A value as Python's `repr` shows it. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    const escaped = value
      .replaceAll('\\', '\\\\')
      .replaceAll(quote, `\\${quote}`)
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')
      .replaceAll('\t', '\\t')
      .replaceAll('\u00a0', '\\xa0');
    return `${quote}${escaped}${quote}`;
  }
  if (value instanceof Uint8Array) return `b'${Buffer.from(value).toString('latin1')}'`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null || value === undefined) return 'None';
  if (value instanceof Map)
    return `{${Array.from(value, ([key, item]) => `${shown(key)}: ${shown(item)}`).join(', ')}}`;
  if (value instanceof Tuple) return listed(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (value instanceof DateTime) return value.__repr__();
  if (value instanceof PyFloat || typeof value === 'number') return floatText(value);
  return String(value);
}

/** A number as Python shows it. */
function floatText(value: number | PyFloat): string {
  const number = Number(value);
  if (!Number.isInteger(number) || !(value instanceof PyFloat))
    return String(number).replace(/e-(\d)$/, 'e-0$1');
  return Math.abs(number) < 1e16 ? number.toFixed(1) : String(number);
}

/** Values as Python shows a tuple. */
const listed = (values: readonly unknown[]): string =>
  `(${values.map(shown).join(', ')}${values.length === 1 ? ',' : ''})`;

function fromList(args: readonly unknown[]): Fields {
  const [yearArgument, month, day, hour = 0, minute = 0, second = 0] = args
    .slice(0, 6)
    .map((value) => numberOf(value)) as number[];
  const year = fullYear(yearArgument!);
  if (!validDate(year, month!, day!)) throw new DateError(`Invalid date: ${listed(args)}`);
  if (args.length > 7) throw new DateTimeError('Too many arguments');
  if (!validTime(hour, minute, second)) throw new TimeError(`Invalid time: ${listed(args.slice(7))}`);
  const zone = args[6] ? knownZone(String(args[6]), `Unknown time zone: ${String(args[6])}`) : undefined;
  const fields = fromParts(year, month!, day!, hour, minute, second, zone);
  return { ...fields, floatSecond: fields.floatSecond || typeof args[5] === 'object' };
}

/** As Python's `float()`, which reads texts as well. */
function daysNumber(value: unknown): number {
  if (typeof value !== 'string')
    return numberOf(value, `float() argument must be a string or a real number, not '${pyTypeName(value)}'`);
  const number = value.trim() === '' ? NaN : Number(value);
  if (Number.isNaN(number)) throw new BadValueError(`could not convert string to float: ${shown(value)}`);
  return number;
}

const MADE: unique symbol = Symbol('fields');

export class DateTime {
  readonly #fields: Fields;

  /**
   * As in Python: nothing (now), a text, a number of seconds since 1970 (and a zone), a DateTime, a `datetime`, a year and
   * a day of it, or year, month, day, hour, minute, second and zone.
   * Throws a DateSyntaxError, DateError, TimeError or DateTimeError.
   */
  constructor(...args: unknown[]) {
    if (args[0] === MADE) this.#fields = args[1] as Fields;
    else this.#fields = checked(args);
  }

  /** As the constructor, with `datefmt` for ambiguous dates. */
  static withFormat(format: DateFormat, ...args: unknown[]): DateTime {
    return new DateTime(MADE, checked(args, format));
  }

  /** A date from what `__getstate__` gave, or from the dictionaries and floats of old databases. */
  static fromState(state: unknown): DateTime {
    if (state instanceof Tuple) {
      const [stored, naive, zone] = state as unknown as [PyInt | PyFloat, boolean, string];
      const micros =
        typeof stored === 'number' && Number.isInteger(stored)
          ? BigInt(stored)
          : typeof stored === 'bigint'
            ? stored
            : BigInt(Math.trunc(Number(stored) * MICROS));
      const fields = checked([float(Number(micros) / MICROS), zone]);
      return new DateTime(MADE, { ...fields, micros, naive });
    }
    if (state instanceof Map) return fromOldState(state);
    throw new DateSyntaxError('the stored state is none of a DateTime');
  }

  __getstate__(): Tuple<unknown> {
    const { micros, naive, zone } = this.#fields;
    return tuple<unknown[]>(int(micros), naive ?? false, zone);
  }

  [KEY](): string {
    return `DateTime:${this.#fields.micros}:${this.#fields.zone}`;
  }

  get #time(): number {
    return Number(this.#fields.micros) / MICROS;
  }

  get #offset(): number {
    return zoneOffset(this.#fields.zone, this.#time);
  }

  get #weekDay(): number {
    const { year, month, day } = this.#fields;
    return (((julianDay(year, month, day) + 2) % 7) + 7) % 7;
  }

  get #wholeSecond(): number {
    return Math.floor(this.#fields.second);
  }

  timeTime(): number | PyFloat {
    return float(this.#time);
  }

  __float__(): number | PyFloat {
    return float(this.#time);
  }

  __int__(): PyInt {
    const { micros } = this.#fields;
    return int((micros - (((micros % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
  }

  toZone(zone: string): DateTime {
    const name = zoneName(zone);
    if (name === undefined) throw new UnknownZoneKey(zone.toLowerCase());
    const fields = this.#fields;
    const shown = Math.floor(this.#time + zoneOffset(name, this.#time));
    let parts = gregorian(shown);
    // C counts years in 32 bits.
    if (Math.abs(parts[0]) > 2 ** 31) {
      const difference = zoneOffset(name, this.#time) - this.#offset;
      if (difference === 0) return this;
      const { year, month, day, hour, minute, second } = fields;
      parts = civil(secondsOf(year, month, day, hour, minute, second) + difference, 0);
    }
    const [year, month, day, hour, minute] = parts;
    return new DateTime(MADE, { ...fields, year, month, day, hour, minute, zone: name, naive: false });
  }

  isFuture(): boolean {
    return this.#time > now();
  }

  isPast(): boolean {
    return this.#time < now();
  }

  /** The same moment of today as this date's zone shows it, cut to the number of parts that are compared. */
  #isCurrent(parts: number): boolean {
    const { year, month, day, hour, minute, zone } = this.#fields;
    const current = inZone(now(), zone);
    const ours = [year, month, day, hour, minute];
    return [current.year, current.month, current.day, current.hour, current.minute]
      .slice(0, parts)
      .every((part, index) => part === ours[index]);
  }

  isCurrentYear(): boolean {
    return this.#isCurrent(1);
  }

  isCurrentMonth(): boolean {
    return this.#isCurrent(2);
  }

  isCurrentDay(): boolean {
    return this.#isCurrent(3);
  }

  isCurrentHour(): boolean {
    return this.#isCurrent(4);
  }

  isCurrentMinute(): boolean {
    return this.#isCurrent(5);
  }

  earliestTime(): DateTime {
    const { year, month, day, zone } = this.#fields;
    return new DateTime(year, month, day, 0, 0, 0, zone);
  }

  latestTime(): DateTime {
    const { year, month, day, zone } = this.#fields;
    return new DateTime(year, month, day, 23, 59, 59, zone);
  }

  /** Less than 0 when this is before `other` (a date or a number of seconds), 0 when equal; undefined for anything else. */
  #compare(other: unknown): number | undefined {
    const { micros } = this.#fields;
    const number =
      typeof other === 'number' ||
      typeof other === 'bigint' ||
      typeof other === 'boolean' ||
      other instanceof PyFloat;
    if (!number && !(other instanceof DateTime)) return undefined;
    const theirs =
      other instanceof DateTime ? other.#fields.micros : BigInt(Math.trunc(numberOf(other) * MICROS));
    return micros < theirs ? -1 : micros > theirs ? 1 : 0;
  }

  #order(operator: string, other: unknown): number {
    const order = this.#compare(other);
    if (order === undefined)
      throw new TypeError(
        `'${operator}' not supported between instances of 'int' and '${pyTypeName(other)}'`,
      );
    return order;
  }

  /** Every date is later than None. */
  greaterThan(other: unknown): boolean {
    return other === null || this.#order('>', other) > 0;
  }

  greaterThanEqualTo(other: unknown): boolean {
    return other === null || this.#order('>=', other) >= 0;
  }

  lessThan(other: unknown): boolean {
    return other !== null && this.#order('<', other) < 0;
  }

  lessThanEqualTo(other: unknown): boolean {
    return other !== null && this.#order('<=', other) <= 0;
  }

  equalTo(other: unknown): boolean {
    return this.#compare(other) === 0;
  }

  notEqualTo(other: unknown): boolean {
    return !this.equalTo(other);
  }

  /** Python's `==`: the same instant in the same zone. */
  __eq__(other: unknown): boolean {
    return (
      other instanceof DateTime &&
      other.#fields.micros === this.#fields.micros &&
      other.#fields.zone === this.#fields.zone
    );
  }

  __hash__(): number {
    const { year, month, day, dayFraction } = this.#fields;
    return Math.trunc((((year % 100) * 12 + month) * 31 + day + dayFraction) * 100);
  }

  isLeapYear(): boolean {
    return isLeapYear(this.#fields.year);
  }

  dayOfYear(): number {
    const { days, year } = this.#fields;
    return Math.trunc(Math.trunc(days + this.#offset / DAY) + JD_1901 - julianDay(year, 1, 0));
  }

  parts(): Tuple<unknown> {
    const { year, month, day, hour, minute, zone } = this.#fields;
    return tuple<unknown[]>(year, month, day, hour, minute, this.second(), zone);
  }

  /** The name of the machine's zone now. */
  localZone(): string {
    return localZoneName(now());
  }

  /** A name with a `%` is a format: `date['%d']()`. */
  __getattr__(name: string): (() => string) | undefined {
    return name.includes('%') ? () => this.strftime(name) : undefined;
  }

  timezone(): string {
    return this.#fields.zone;
  }

  tzoffset(): number {
    return this.#offset;
  }

  year(): number {
    return this.#fields.year;
  }

  month(): number {
    return this.#fields.month;
  }

  Month(): string {
    return MONTHS[this.#fields.month - 1]!;
  }

  aMonth(): string {
    return this.Month().slice(0, 3);
  }

  Mon(): string {
    return this.aMonth();
  }

  /** Abbreviated with a period, but for the short names. */
  pMonth(): string {
    const name = this.Month();
    return name.length <= 4 ? name : `${name.slice(0, 3)}.`;
  }

  Mon_(): string {
    return this.pMonth();
  }

  day(): number {
    return this.#fields.day;
  }

  Day(): string {
    return DAYS[this.#weekDay]!;
  }

  DayOfWeek(): string {
    return this.Day();
  }

  aDay(): string {
    return this.Day().slice(0, 3);
  }

  pDay(): string {
    return `${this.aDay()}.`;
  }

  Day_(): string {
    return this.pDay();
  }

  dow(): number {
    return this.#weekDay;
  }

  dow_1(): number {
    return this.#weekDay + 1;
  }

  h_12(): number {
    return this.#fields.hour % 12 || 12;
  }

  h_24(): number {
    return this.#fields.hour;
  }

  ampm(): string {
    return this.#fields.hour >= 12 ? 'pm' : 'am';
  }

  hour(): number {
    return this.#fields.hour;
  }

  minute(): number {
    return this.#fields.minute;
  }

  second(): number | PyFloat {
    const { second, floatSecond } = this.#fields;
    return floatSecond ? float(second) : second;
  }

  millis(): PyInt {
    const { micros } = this.#fields;
    return int((micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n);
  }

  micros(): PyInt {
    return int(this.#fields.micros);
  }

  timezoneNaive(): boolean | null {
    return this.#fields.naive ?? null;
  }

  /** As C's `strftime` shows the date in the machine's zone. */
  strftime(format: string): string {
    const { year, month, day, hour, minute, second } = this.#fields;
    const local = localZoneNameAt(secondsOf(year, month, day, hour, minute, second), 0);
    const shift = zoneOffset(local, this.#time) - this.#offset;
    // Counted anew even where nothing is shifted: the parts of an old local date may not be those that its zone has.
    const shown = this.add(shift / DAY).#fields;
    const fields = {
      ...shown,
      second: Math.floor(shown.second),
      microsecond: Math.trunc((shown.second - Math.floor(shown.second)) * MICROS),
    };
    // A `datetime`, which counts in the Gregorian calendar, has not all of these days.
    new PyDatetime(
      fields.year,
      fields.month,
      fields.day,
      fields.hour,
      fields.minute,
      fields.second,
      fields.microsecond,
    );
    return strftime(fields, format);
  }

  __format__(format: string): string {
    return format === '' ? this.toString() : this.strftime(format);
  }

  Date(): string {
    const { year, month, day } = this.#fields;
    return `${year}/${two(month)}/${two(day)}`;
  }

  TimeMinutes(): string {
    return `${two(this.#fields.hour)}:${two(this.#fields.minute)}`;
  }

  Time(): string {
    return `${this.TimeMinutes()}:${two(this.#wholeSecond)}`;
  }

  AMPMMinutes(): string {
    return `${two(this.h_12())}:${two(this.#fields.minute)} ${this.ampm()}`;
  }

  AMPM(): string {
    return `${two(this.h_12())}:${two(this.#fields.minute)}:${two(this.#wholeSecond)} ${this.ampm()}`;
  }

  PreciseTime(): string {
    return `${this.TimeMinutes()}:${this.#fields.second.toFixed(3).padStart(6, '0')}`;
  }

  PreciseAMPM(): string {
    return `${two(this.h_12())}:${two(this.#fields.minute)}:${this.#fields.second.toFixed(3).padStart(6, '0')} ${this.ampm()}`;
  }

  yy(): string {
    return String(this.#fields.year).slice(-2);
  }

  mm(): string {
    return two(this.#fields.month);
  }

  dd(): string {
    return two(this.#fields.day);
  }

  rfc822(): string {
    const { year, day } = this.#fields;
    return `${this.aDay()}, ${two(day)} ${this.aMonth()} ${year} ${this.Time()} ${offsetText(this.#offset, '')}`;
  }

  #common(month: string): string {
    const { day, year, minute } = this.#fields;
    return `${month} ${day}, ${four(year)} ${this.h_12()}:${two(minute)} ${this.ampm()}`;
  }

  fCommon(): string {
    return this.#common(this.Month());
  }

  fCommonZ(): string {
    return `${this.fCommon()} ${this.#fields.zone}`;
  }

  aCommon(): string {
    return this.#common(this.aMonth());
  }

  aCommonZ(): string {
    return `${this.aCommon()} ${this.#fields.zone}`;
  }

  pCommon(): string {
    return this.#common(this.pMonth());
  }

  pCommonZ(): string {
    return `${this.pCommon()} ${this.#fields.zone}`;
  }

  #iso(separator: string): string {
    const { year, month, day } = this.#fields;
    return `${four(year)}-${two(month)}-${two(day)}${separator}${this.Time()}`;
  }

  /** With a blank between date and time; `ISO8601` is the standard's form. */
  ISO(): string {
    return this.#iso(' ');
  }

  ISO8601(): string {
    return this.#fields.naive ? this.#iso('T') : this.#iso('T') + offsetText(this.#offset, ':');
  }

  HTML4(): string {
    return `${this.toZone('UTC').#iso('T')}Z`;
  }

  asdatetime(): PyDatetime {
    const { naive, zone: name } = this.#fields;
    // Python hands pytz's zone over unadjusted, so that the offset is the first one that the zone ever had.
    if (!naive && !isKnownZone(name)) throw new DateTimeError(`Unrecognized timezone: ${name}`);
    const zone = naive ? null : new Timezone(new Timedelta(0, zoneOffset(name, LONG_AGO)), name);
    return this.#datetime(zone);
  }

  utcdatetime(): PyDatetime {
    return this.toZone('UTC').#datetime(null);
  }

  #datetime(zone: Timezone | null): PyDatetime {
    const { year, month, day, hour, minute, micros } = this.#fields;
    const microsecond = Number(((micros % 1_000_000n) + 1_000_000n) % 1_000_000n);
    return new PyDatetime(year, month, day, hour, minute, this.#wholeSecond, microsecond, zone);
  }

  JulianDay(): number {
    const { year, month, day } = this.#fields;
    const a = Math.floor((14 - month) / 12);
    const y = year + 4800 - a;
    const m = month + 12 * a - 3;
    return (
      day +
      Math.floor((153 * m + 2) / 5) +
      365 * y +
      Math.floor(y / 4) -
      Math.floor(y / 100) +
      Math.floor(y / 400) -
      32_045
    );
  }

  /** Number of the ISO 8601 week. */
  week(): number {
    const julian = this.JulianDay();
    const d4 = (((julian + 31_741 - (julian % 7)) % 146_097) % 36_524) % 1461;
    const leap = Math.floor(d4 / 1460);
    return Math.floor((((d4 - leap) % 365) + leap) / 7) + 1;
  }

  /** The date some days later. */
  add(days: number): DateTime {
    const { micros, zone, naive } = this.#fields;
    const sum = micros + BigInt(roundEven(days * DAY * MICROS));
    const time = Number(sum) / MICROS;
    const shown = inZone(time, zone);
    // Counted from a day earlier than elsewhere, as Python does.
    const counted = (Number(sum) + (EPOCH + DAY) * MICROS) / (DAY * MICROS);
    return new DateTime(MADE, {
      ...normal(shown),
      days: counted,
      dayFraction: counted - Math.floor(counted),
      micros: sum,
      naive,
    });
  }

  /** Days from another date to this one. */
  daysSince(other: DateTime): number | PyFloat {
    return float(Number(this.#fields.micros - other.#fields.micros) / (DAY * MICROS));
  }

  /** Python's `+`: a number of days later. Throws a DateTimeError for another date. */
  __add__(other: unknown): DateTime {
    if (other instanceof DateTime) throw new DateTimeError('Cannot add two DateTimes');
    return this.add(daysNumber(other));
  }

  /** Python's `-`: days since another date, or the date a number of days earlier. */
  __sub__(other: unknown): number | PyFloat | DateTime {
    return other instanceof DateTime
      ? this.daysSince(other)
      : this.add(-numberOf(other, `bad operand type for unary -: '${pyTypeName(other)}'`));
  }

  toString(): string {
    const { year, month, day, second, zone } = this.#fields;
    const seconds = Number.isInteger(second) ? two(second) : second.toFixed(6);
    return `${four(year)}/${two(month)}/${two(day)} ${this.TimeMinutes()}:${seconds} ${zone}`;
  }

  __str__(): string {
    return this.toString();
  }

  __repr__(): string {
    return `DateTime('${this.toString()}')`;
  }

  toJSON(): string {
    return this.ISO8601();
  }
}

/** `toZone` of a zone that nobody knows; a KeyError in Python. */
export class UnknownZoneKey extends DateTimeError {
  override readonly code = 'UNKNOWN_ZONE';
  override readonly pyName = 'KeyError';

  constructor(zone: string) {
    super(`'${zone}'`);
  }
}

/** A stored state that lacks what every date has. */
class MissingKey extends DateTimeError {
  override readonly pyName = 'KeyError';

  constructor(name: string) {
    super(`'${name}'`);
  }
}

/** Seconds are kept to the microsecond. */
function normal(fields: Fields): Fields {
  let second = Number(fields.second.toFixed(6));
  if (second >= 60) second = 59.999999;
  return { ...fields, second };
}

function checked(args: readonly unknown[], format?: DateFormat): Fields {
  try {
    return normal(fromArguments(args, format ?? defaultFormat));
  } catch (error) {
    if (error instanceof DateTimeError) throw error;
    const options = format === undefined ? '{}' : `{'datefmt': '${format}'}`;
    throw new DateSyntaxError(`Unable to parse ${listed(args)}, ${options}`, { cause: error });
  }
}

function offsetText(seconds: number, colon: string): string {
  const minutes = Math.floor(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), ((minutes % 60) + 60) % 60];
  return `${hours < 0 ? '-' : '+'}${two(Math.abs(hours))}${colon}${two(rest)}`;
}

function known(state: ReadonlyMap<unknown, unknown>, name: string): unknown {
  if (!state.has(name)) throw new MissingKey(name);
  return state.get(name);
}

/** States of old databases: a dictionary of attributes. */
function fromOldState(state: ReadonlyMap<unknown, unknown>): DateTime {
  const zone = String(state.get('_tz') ?? 'UTC');
  const stored = state.get('_micros');
  const micros =
    stored === undefined
      ? BigInt(Math.trunc(numberOf(known(state, '_t')) * MICROS))
      : BigInt(Math.trunc(numberOf(stored)));
  const fields = checked([float(Number(micros) / MICROS), zone]);
  const naive = state.get('_timezone_naive');
  return new DateTime(MADE, { ...fields, micros, naive: typeof naive === 'boolean' ? naive : false });
}

export { timezones as Timezones };
