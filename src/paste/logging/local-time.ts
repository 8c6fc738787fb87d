/** The broken-down time of this thread's zone. */
import type { TimeFields } from '../../pickle/index.ts';

export interface LocalTime extends TimeFields {
  readonly offset: number;
  readonly isDst: boolean;
}

/** `time.localtime` of the thread's zone, or with `utc` `time.gmtime`. `seconds` are cut to whole ones. */
export function timeFields(seconds: number, utc = false): LocalTime {
  const whole = Math.floor(seconds);
  const local = new Date(whole * 1000);
  const offset = utc ? 0 : -local.getTimezoneOffset();
  // Shifted, so that the UTC getters give the zone's fields.
  const date = new Date((whole + offset * 60) * 1000);
  const year = date.getUTCFullYear();
  const startOfYear = new Date(0).setUTCFullYear(year, 0, 1);
  const isDst = !utc && offset > standardOffset(year);
  return {
    seconds: () => whole,
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
    yearday: Math.floor((date.getTime() - startOfYear) / 86_400_000) + 1,
    offset,
    isDst,
    zone: () => (utc ? 'UTC' : zoneName({ seconds: whole, offset, isDst })),
  };
}

const standardOffset = (year: number) =>
  -Math.max(new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset());

/** What names of a zone are of. */
interface Instant {
  readonly seconds: number;
  readonly offset: number;
  readonly isDst: boolean;
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
function zoneName(time: Instant): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const key = `${zone} ${time.offset} ${time.isDst}`;
  let name = zoneNames.get(key);
  if (name === undefined) {
    name = findZoneName(zone, time);
    zoneNames.set(key, name);
  }
  return name;
}

function findZoneName(zone: string, time: Instant): string {
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
