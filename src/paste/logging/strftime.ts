/** C's `strftime` in the C locale, as Python's `time.strftime` passes it through (glibc's flags and widths included). */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
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

/** Broken-down time. `weekday` counts from Sunday, `yearday` from 1, `offset` is minutes east of UTC. */
interface TimeFields {
  readonly seconds: number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
  readonly yearday: number;
  readonly offset: number;
  readonly isDst: boolean;
  readonly utc: boolean;
}

/** `time.localtime` of the thread's zone, or with `utc` `time.gmtime`. `seconds` are cut to whole ones. */
export function timeFields(seconds: number, utc = false): TimeFields {
  const whole = Math.floor(seconds);
  const local = new Date(whole * 1000);
  const offset = utc ? 0 : -local.getTimezoneOffset();
  // Shifted, so that the UTC getters give the zone's fields.
  const date = new Date((whole + offset * 60) * 1000);
  const year = date.getUTCFullYear();
  const startOfYear = new Date(0).setUTCFullYear(year, 0, 1);
  return {
    seconds: whole,
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
    yearday: Math.floor((date.getTime() - startOfYear) / 86_400_000) + 1,
    offset,
    isDst: !utc && offset > standardOffset(year),
    utc,
  };
}

const standardOffset = (year: number) =>
  -Math.max(new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset());

type Field = (time: TimeFields) => [value: number | string, width?: number, pad?: string];

const FIELDS: Readonly<Record<string, Field>> = {
  a: (t) => [DAYS[t.weekday]!.slice(0, 3)],
  A: (t) => [DAYS[t.weekday]!],
  b: (t) => [MONTHS[t.month - 1]!.slice(0, 3)],
  h: (t) => [MONTHS[t.month - 1]!.slice(0, 3)],
  B: (t) => [MONTHS[t.month - 1]!],
  c: (t) => [strftime('%a %b %e %H:%M:%S %Y', t)],
  C: (t) => [Math.floor(t.year / 100), 2, '0'],
  d: (t) => [t.day, 2, '0'],
  D: (t) => [strftime('%m/%d/%y', t)],
  e: (t) => [t.day, 2, ' '],
  F: (t) => [strftime('%Y-%m-%d', t)],
  g: (t) => [isoWeek(t)[0] % 100, 2, '0'],
  G: (t) => [isoWeek(t)[0]],
  H: (t) => [t.hour, 2, '0'],
  I: (t) => [t.hour % 12 || 12, 2, '0'],
  j: (t) => [t.yearday, 3, '0'],
  k: (t) => [t.hour, 2, ' '],
  l: (t) => [t.hour % 12 || 12, 2, ' '],
  m: (t) => [t.month, 2, '0'],
  M: (t) => [t.minute, 2, '0'],
  n: () => ['\n'],
  p: (t) => [t.hour < 12 ? 'AM' : 'PM'],
  P: (t) => [t.hour < 12 ? 'am' : 'pm'],
  r: (t) => [strftime('%I:%M:%S %p', t)],
  R: (t) => [strftime('%H:%M', t)],
  s: (t) => [t.seconds, 0, ' '],
  S: (t) => [t.second, 2, '0'],
  t: () => ['\t'],
  T: (t) => [strftime('%H:%M:%S', t)],
  u: (t) => [t.weekday || 7],
  U: (t) => [Math.floor((t.yearday + 6 - t.weekday) / 7), 2, '0'],
  V: (t) => [isoWeek(t)[1], 2, '0'],
  w: (t) => [t.weekday],
  W: (t) => [Math.floor((t.yearday + 6 - ((t.weekday + 6) % 7)) / 7), 2, '0'],
  x: (t) => [strftime('%m/%d/%y', t)],
  X: (t) => [strftime('%H:%M:%S', t)],
  y: (t) => [((t.year % 100) + 100) % 100, 2, '0'],
  Y: (t) => [t.year],
  z: (t) => [zoneOffset(t.offset)],
  Z: (t) => [zoneName(t)],
  '%': () => ['%'],
};

/** What the C library knows with a modifier; it changes nothing here. */
const MODIFIED = { E: 'cCpxXyY', O: 'bBdehHIjmMpSuUVwWy' } as const;

/** Formats a broken-down time. An unknown directive stays as it is. */
export function strftime(format: string, time: TimeFields): string {
  return format.replace(
    /%([-_0^#]*)(\d+)?([EO]?)(.)/gs,
    (all, flags: string, width: string | undefined, modifier: string, letter: string) => {
      const field = FIELDS[letter];
      // The C library shows what it does not know, in the width.
      if (!field || (modifier !== '' && !MODIFIED[modifier as 'E' | 'O'].includes(letter)))
        return all.padStart(Number(width ?? 0), flags.includes('0') ? '0' : ' ');
      const [value, usualWidth = 0, usualPad = typeof value === 'number' ? '0' : ' '] = field(time);
      let text = String(value);
      let pad = usualPad;
      let size = usualWidth;
      let shortest = usualWidth;
      for (const flag of flags) {
        if (flag === '-') [size, shortest, pad] = [0, 0, ' '];
        else if (flag === '_') pad = ' ';
        else if (flag === '0') pad = '0';
        else if (letter === 'P') continue;
        else if (flag === '^') text = text.toUpperCase();
        else if (letter !== 'c')
          text = letter === 'p' || letter === 'Z' ? text.toLowerCase() : text.toUpperCase();
      }
      return text.padStart(width === undefined ? size : Math.max(Number(width), shortest), pad);
    },
  );
}

function isoWeek(t: TimeFields): [year: number, week: number] {
  const weekday = t.weekday || 7;
  const week = Math.floor((t.yearday - weekday + 10) / 7);
  if (week < 1) return [t.year - 1, weeksOf(t.year - 1)];
  return week > weeksOf(t.year) ? [t.year + 1, 1] : [t.year, week];
}

function weeksOf(year: number): number {
  const lastDay = (y: number) => (y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)) % 7;
  return lastDay(year) === 4 || lastDay(year - 1) === 3 ? 53 : 52;
}

function zoneOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const text = `${Math.floor(size / 60)}`.padStart(2, '0') + `${size % 60}`.padStart(2, '0');
  return (minutes < 0 ? '-' : '+') + text;
}

// English short names differ by where English is spoken; together these cover the zones that have letters.
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'en-CA', 'en-NZ'];
// Zones whose letters no English locale of ICU uses.
const LETTERS: Readonly<Record<string, string>> = {
  'Asia/Tokyo': 'JST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Taipei': 'CST',
  'Asia/Macau': 'CST',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Manila': 'PST',
  'Asia/Jakarta': 'WIB',
  'Asia/Makassar': 'WITA',
  'Asia/Jayapura': 'WIT',
  'Asia/Karachi': 'PKT',
  'Africa/Lagos': 'WAT',
  'Africa/Nairobi': 'EAT',
  'Africa/Maputo': 'CAT',
  'Europe/Moscow': 'MSK',
};

const zoneNames = new Map<string, string>();

/** The zone's letters as C has them (`CET`, `JST`), or the offset (`+03`) for a zone without letters. */
function zoneName(time: TimeFields): string {
  if (time.utc) return 'UTC';
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const key = `${zone} ${time.offset} ${time.isDst}`;
  let name = zoneNames.get(key);
  if (name === undefined) {
    name = findZoneName(zone, time);
    zoneNames.set(key, name);
  }
  return name;
}

function findZoneName(zone: string, time: TimeFields): string {
  if (LETTERS[zone]) return LETTERS[zone];
  if (zone === 'Asia/Jerusalem') return time.isDst ? 'IDT' : 'IST';
  const date = new Date(time.seconds * 1000);
  for (const locale of LOCALES) {
    const format = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' });
    const name = format.formatToParts(date).find((part) => part.type === 'timeZoneName')?.value;
    if (name !== undefined && /^[A-Z]{2,5}$/.test(name)) return name;
  }
  const text = zoneOffset(time.offset);
  return text.endsWith('00') ? text.slice(0, 3) : text;
}
