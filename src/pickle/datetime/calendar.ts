/** Days and dates: Julian before October 15th 1582, Gregorian since (the arithmetic of Meeus, Astronomical Algorithms). */

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Julian day of January 1st 1901 less one: where DateTime counts days from. */
export const JD_1901 = 2_415_385;
/** Seconds from the day after it to 1970. */
export const EPOCH = 2_177_452_800;
export const DAY = 86_400;

const div = (a: number, b: number) => Math.floor(a / b);

export const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** Length of a month (1 to 12); undefined for another number. */
export function monthLength(year: number, month: number): number | undefined {
  return month === 2 && isLeapYear(year) ? 29 : LENGTHS[month - 1];
}

export function julianDay(year: number, month: number, day: number): number {
  let [y, m] = [Math.trunc(year), Math.trunc(month)];
  const d = Math.trunc(day);
  if (m > 12) {
    y += div(m, 12);
    m %= 12;
  } else if (m < 1) {
    m = -m;
    y -= div(m, 12) + 1;
    m = 12 - (m % 12);
  }
  const correction = y > 0 ? 0 : 3;
  if (m < 3) {
    y--;
    m += 12;
  }
  const gregorian = y * 10_000 + m * 100 + d > 15_821_014 ? 2 - div(y, 100) + div(y, 400) : 0;
  return div(1461 * y - correction, 4) + div(306_001 * (m + 1), 10_000) + d + 1_720_994 + gregorian;
}

export function calendarDay(julian: number): [year: number, month: number, day: number] {
  const j = Math.trunc(julian);
  const a = div(4 * j - 7_468_861, 146_097);
  const b = j < 2_299_160 ? j + 1525 : j + 1526 + a - div(a, 4);
  const c = div(20 * b - 2442, 7305);
  const d = div(1461 * c, 4);
  const e = div(10_000 * (b - d), 306_001);
  const month = e < 14 ? e - 1 : e - 13;
  // As in Python, the year before 1 is called 1, too.
  return [month > 2 ? c - 4716 || 1 : c - 4715, month, b - d - div(306_001 * e, 10_000)];
}

/** Year, month, day, hour, minute and second of seconds since 1901, plus a fraction of a second. */
export function civil(seconds: number, fraction: number): [number, number, number, number, number, number] {
  const [year, month, day] = calendarDay(div(seconds, DAY) + JD_1901);
  const rest = seconds - div(seconds, DAY) * DAY;
  return [year, month, day, div(rest, 3600), div(rest % 3600, 60), (rest % 60) + fraction];
}

/** Days from January 1st of the year 1 (day 1) of a date of the Gregorian calendar, which C and `datetime` use for all times. */
export function gregorianOrdinal(year: number, month: number, day: number): number {
  const before = year - 1;
  let days = before * 365 + div(before, 4) - div(before, 100) + div(before, 400) + day;
  for (let each = 1; each < month; each++) days += monthLength(year, each)!;
  return days;
}

/** Year, month, day, hour, minute and second of seconds since 1970, in the Gregorian calendar as C has it. */
export function gregorian(seconds: number): [number, number, number, number, number, number] {
  const days = div(seconds, DAY);
  // Months are counted from March on, so that the leap day is the last one.
  const shifted = days + 719_468;
  const era = div(shifted, 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = div(dayOfEra - div(dayOfEra, 1460) + div(dayOfEra, 36_524) - div(dayOfEra, 146_096), 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + div(yearOfEra, 4) - div(yearOfEra, 100));
  const fromMarch = div(5 * dayOfYear + 2, 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const rest = seconds - days * DAY;
  return [
    yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfYear - div(153 * fromMarch + 2, 5) + 1,
    div(rest, 3600),
    div(rest % 3600, 60),
    rest % 60,
  ];
}

/** Seconds since 1901 of a date and time; a fraction of a second is cut off. */
export function secondsOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  return (
    Math.trunc(julianDay(year, month, day) - JD_1901) * DAY +
    Math.trunc(hour) * 3600 +
    Math.trunc(minute) * 60 +
    Math.trunc(second)
  );
}

/** Two-digit years are of 1970 to 2069. */
export const fullYear = (year: number): number =>
  year < 0 || year >= 100 ? year : year < 70 ? 2000 + year : 1900 + year;
