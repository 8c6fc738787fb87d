import { BadValueError } from '../errors.ts';
import { KEY } from './key.ts';
import { Timezone, offsetText } from './timezone.ts';

const two = (n: number): string => String(n).padStart(2, '0');
const daysIn = (year: number, month: number): number =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : 30 + ((month + (month >> 3)) & 1);

function check(ok: boolean, message: string): void {
  if (!ok) throw new BadValueError(message);
}

const isIn = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

function checkDate(year: number, month: number, day: number): void {
  check(isIn(year, 1, 9999), `year ${year} is out of range`);
  check(isIn(month, 1, 12), 'month must be in 1..12');
  check(isIn(day, 1, daysIn(year, month)), 'day is out of range for month');
}

function checkTime(hour: number, minute: number, second: number, microsecond: number, fold: number): void {
  check(isIn(hour, 0, 23), 'hour must be in 0..23');
  check(isIn(minute, 0, 59), 'minute must be in 0..59');
  check(isIn(second, 0, 59), 'second must be in 0..59');
  check(isIn(microsecond, 0, 999_999), 'microsecond must be in 0..999999');
  check(isIn(fold, 0, 1), 'fold must be either 0 or 1');
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
function dayNumber(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / 86_400_000;
}

/** A Python `datetime.date`. */
export class PyDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;

  constructor(year: number, month: number, day: number) {
    checkDate(year, month, day);
    this.year = year;
    this.month = month;
    this.day = day;
    Object.freeze(this);
  }

  isoformat(): string {
    return `${String(this.year).padStart(4, '0')}-${two(this.month)}-${two(this.day)}`;
  }

  toString(): string {
    return this.isoformat();
  }

  toJSON(): string {
    return this.isoformat();
  }

  [KEY](): string {
    return `date:${this.isoformat()}`;
  }
}

/**
 * The zone of an aware time: a `Timezone`, or any other tzinfo as it was stored (`Reduce`, `Instance` of pytz or
 * zoneinfo …), which is written back as it came.
 */
export type TzInfo = Timezone | object | null;

/** A Python `datetime.time`. */
export class PyTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly tzinfo: TzInfo;
  readonly fold: 0 | 1;

  constructor(hour = 0, minute = 0, second = 0, microsecond = 0, tzinfo: TzInfo = null, fold: 0 | 1 = 0) {
    checkTime(hour, minute, second, microsecond, fold);
    this.hour = hour;
    this.minute = minute;
    this.second = second;
    this.microsecond = microsecond;
    this.tzinfo = tzinfo;
    this.fold = fold;
    Object.freeze(this);
  }

  /** Local time, without the zone. */
  clock(): string {
    const micros = this.microsecond === 0 ? '' : `.${String(this.microsecond).padStart(6, '0')}`;
    return `${two(this.hour)}:${two(this.minute)}:${two(this.second)}${micros}`;
  }

  /** With the offset when the zone is a `Timezone`; other zones' offsets are not known here. */
  isoformat(): string {
    return this.clock() + (this.tzinfo instanceof Timezone ? offsetText(this.tzinfo.offset) : '');
  }

  toString(): string {
    return this.isoformat();
  }

  toJSON(): string {
    return this.isoformat();
  }

  [KEY](): string {
    if (!(this.tzinfo instanceof Timezone)) return `time:${this.clock()}${zoneKey(this.tzinfo)}`;
    const local = ((this.hour * 60 + this.minute) * 60 + this.second) * 1e6 + this.microsecond;
    return `time:utc:${local - this.tzinfo.offset.totalMicroseconds()}`;
  }
}

/** A Python `datetime.datetime`. */
export class PyDatetime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly tzinfo: TzInfo;
  readonly fold: 0 | 1;

  constructor(
    year: number,
    month: number,
    day: number,
    hour = 0,
    minute = 0,
    second = 0,
    microsecond = 0,
    tzinfo: TzInfo = null,
    fold: 0 | 1 = 0,
  ) {
    checkDate(year, month, day);
    checkTime(hour, minute, second, microsecond, fold);
    this.year = year;
    this.month = month;
    this.day = day;
    this.hour = hour;
    this.minute = minute;
    this.second = second;
    this.microsecond = microsecond;
    this.tzinfo = tzinfo;
    this.fold = fold;
    Object.freeze(this);
  }

  /** The UTC datetime of a JavaScript date; throws for an invalid one and for years outside 1 to 9999. */
  static fromDate(date: Date): PyDatetime {
    check(!Number.isNaN(date.getTime()), 'an invalid date');
    return new PyDatetime(
      date.getUTCFullYear(),
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds(),
      date.getUTCMilliseconds() * 1000,
      Timezone.utc,
    );
  }

  /** The instant, in milliseconds. A naive datetime and one in a zone unknown here is taken as UTC. */
  toDate(): Date {
    return new Date(this.microseconds() / 1000);
  }

  /** Microseconds since 1970-01-01 UTC (local time where the offset is not known). */
  microseconds(): number {
    const days = dayNumber(this.year, this.month, this.day);
    const seconds = ((days * 24 + this.hour) * 60 + this.minute) * 60 + this.second;
    const offset = this.tzinfo instanceof Timezone ? this.tzinfo.offset.totalMicroseconds() : 0;
    return seconds * 1e6 + this.microsecond - offset;
  }

  isoformat(separator = 'T'): string {
    const micros = this.microsecond === 0 ? '' : `.${String(this.microsecond).padStart(6, '0')}`;
    const date = `${String(this.year).padStart(4, '0')}-${two(this.month)}-${two(this.day)}`;
    const offset = this.tzinfo instanceof Timezone ? offsetText(this.tzinfo.offset) : '';
    return `${date}${separator}${two(this.hour)}:${two(this.minute)}:${two(this.second)}${micros}${offset}`;
  }

  toString(): string {
    return this.isoformat(' ');
  }

  toJSON(): string {
    return this.isoformat();
  }

  [KEY](): string {
    if (this.tzinfo instanceof Timezone) return `datetime:utc:${this.microseconds()}`;
    return `datetime:${this.microseconds()}${zoneKey(this.tzinfo)}`;
  }
}

const zones = new WeakMap<object, number>();
let nextZone = 1;

/** Zones that are not understood here are told apart by identity. */
function zoneKey(zone: TzInfo): string {
  if (zone === null) return '';
  let number = zones.get(zone);
  if (number === undefined) zones.set(zone, (number = nextZone++));
  return `:zone${number}`;
}
