/** Time zones by the names that Zope's DateTime knows: Olson's, and its own aliases. */
import { gregorian } from './calendar.ts';
import { COMMON_ZONES, OTHER_ZONES } from './zone-names.ts';

/** Aliases that win over Olson's names. */
const ALIASES =
  'aest=GMT+10 aedt=GMT+11 mst=US/Mountain pst=US/Pacific cst=US/Central est=US/Eastern ut=Universal bst=GMT+1 mest=GMT+2 ' +
  'sst=GMT+2 fst=GMT+2 wadt=GMT+8 eadt=GMT+11 nzdt=GMT+13 wet=GMT wat=GMT+1 at=GMT-2 ast=GMT-4 nt=GMT-11 idlw=GMT-12 cet=GMT+1 ' +
  'cest=GMT+2 met=GMT+1 mewt=GMT+1 swt=GMT+1 fwt=GMT+1 eet=GMT+2 eest=GMT+3 bt=GMT+3 zp4=GMT+4 zp5=GMT+5 zp6=GMT+6 wast=GMT+7 ' +
  'cct=GMT+8 jst=GMT+9 east=GMT+10 gst=GMT+10 nzt=GMT+12 nzst=GMT+12 idle=GMT+12 ret=GMT+4 ist=GMT+0530 edt=GMT-4 gmt+0000=GMT+0 gmt+0=GMT+0';
const LONG_ALIASES: Readonly<Record<string, string>> = {
  'aus eastern standard time': 'GMT+10',
  'sydney standard time': 'GMT+10',
  'tasmania standard time': 'GMT+10',
  'e. australia standard time': 'GMT+10',
  'aus central standard time': 'GMT+0930',
  'cen. australia standard time': 'GMT+0930',
  'w. australia standard time': 'GMT+8',
  'central europe standard time': 'GMT+1',
  'eastern standard time': 'US/Eastern',
  'us eastern standard time': 'US/Eastern',
  'central standard time': 'US/Central',
  'mountain standard time': 'US/Mountain',
  'pacific standard time': 'US/Pacific',
};

/** Offsets of `GMT±N` zones in seconds east of Greenwich. */
const numeric = new Map<string, number>([
  ['GMT', 0],
  ['GMT+0', 0],
]);
const byName = new Map<string, string>();

function fill(): void {
  for (const name of [...COMMON_ZONES, ...OTHER_ZONES]) byName.set(name.toLowerCase(), name);
  for (const [sign, last] of [
    ['+', 13],
    ['-', 12],
  ] as const) {
    for (let hour = 1; hour <= last; hour++) {
      const two = String(hour).padStart(2, '0');
      const name = `GMT${sign}${hour}`;
      numeric.set(name, Number(`${sign}1`) * hour * 3600);
      byName.set(`gmt${sign}${hour}`, name);
      byName.set(`gmt${sign}${two}00`, name);
      if (hour <= 12) {
        const half = `GMT${sign}${two}30`;
        numeric.set(half, Number(`${sign}1`) * (hour * 3600 + 1800));
        byName.set(`gmt${sign}${two}30`, half);
        if (hour < 10) byName.set(`gmt${sign}${hour}30`, half);
      }
      if (hour <= 12) byName.set(`${sign}${two}00`, name);
    }
  }
  byName.set('-0000', 'GMT-0');
  byName.set('+0000', 'GMT+0');
  for (const pair of ALIASES.split(' ')) {
    const equals = pair.indexOf('=');
    byName.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  for (const [alias, name] of Object.entries(LONG_ALIASES)) byName.set(alias, name);
}
fill();

/** The name of a zone as it is kept, from any spelling; undefined when nobody knows it. */
export function zoneName(name: string): string | undefined {
  return byName.get(name.toLowerCase());
}

/** Names that DateTime offers to choose from. */
export function timezones(): string[] {
  return [...new Set(byName.values())].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

// Where pytz's tables end: later times have the last offset that they tell, and earlier ones the first.
const LAST = Date.UTC(2037, 11, 31) / 1000;
const FIRST = -(2 ** 31);
/** Before any zone had an offset that was not its local mean time. */
const LONG_AGO = -1e10;
/** Offsets change only at quarters of an hour. */
const STEP = 900;
const CACHE_LIMIT = 20_000;

class OlsonZone {
  readonly #name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  #names: Intl.DateTimeFormat | undefined;

  constructor(name: string) {
    this.#name = name;
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** Seconds east of Greenwich as pytz tells them. */
  offsetAt(time: number): number {
    const exact = this.exactOffsetAt(time < FIRST ? LONG_AGO : Math.min(time, LAST));
    // Local mean times are rounded to minutes.
    return Math.floor((exact + 30) / 60) * 60;
  }

  /** Whether clocks are put forward; undefined where the zone's names do not tell. */
  isSummerAt(time: number): boolean | undefined {
    this.#names ??= new Intl.DateTimeFormat('en-US', { timeZone: this.#name, timeZoneName: 'long' });
    const text = nameIn(this.#names, time);
    return /Summer|Daylight/.test(text) ? true : /Standard|Mean/.test(text) ? false : undefined;
  }

  /** Seconds east of Greenwich as C tells them. */
  exactOffsetAt(time: number): number {
    const step = Math.floor(time / STEP);
    let offset = this.#offsets.get(step);
    if (offset === undefined) {
      if (this.#offsets.size > CACHE_LIMIT) this.#offsets.clear();
      offset = this.#compute(step * STEP);
      this.#offsets.set(step, offset);
    }
    return offset;
  }

  #compute(time: number): number {
    const text = nameIn(this.#format, time);
    const match = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
    if (match === null) return 0;
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return Number(`${match[1]}1`) * seconds;
  }
}

function nameIn(format: Intl.DateTimeFormat, time: number): string {
  const milliseconds = Math.min(Math.max(time * 1000, -8.64e15), 8.64e15);
  return format.formatToParts(milliseconds).find((part) => part.type === 'timeZoneName')!.value;
}

/** Zones of American law alone: what is put forward in a whole country, never by a city. */
class LawZone extends OlsonZone {
  readonly #standard: number;

  constructor(city: string, standard: number) {
    super(city);
    this.#standard = standard;
  }

  override exactOffsetAt(time: number): number {
    const lawful = LAWFUL.some(([from, to]) => time >= from && time < to);
    return lawful ? super.exactOffsetAt(time) : this.#standard;
  }
}

const startOf = (year: number) => Date.UTC(year, 0, 1) / 1000;
const LAWFUL = [
  [startOf(1918), startOf(1920)],
  [startOf(1942), startOf(1946)],
  [startOf(1967), Infinity],
] as const;
const LAW_ZONES: Readonly<Record<string, readonly [city: string, hours: number]>> = {
  EST5EDT: ['America/New_York', -5],
  CST6CDT: ['America/Chicago', -6],
  MST7MDT: ['America/Denver', -7],
  PST8PDT: ['America/Los_Angeles', -8],
};

const zones = new Map<string, OlsonZone | undefined>();

function olson(name: string): OlsonZone | undefined {
  if (zones.has(name)) return zones.get(name);
  let zone: OlsonZone | undefined;
  try {
    const law = LAW_ZONES[name];
    zone = law === undefined ? new OlsonZone(name) : new LawZone(law[0], law[1] * 3600);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  zones.set(name, zone);
  return zone;
}

/** Whether offsets of a zone can be told. */
export function isKnownZone(name: string): boolean {
  const kept = zoneName(name) ?? name;
  return numeric.has(kept) || olson(kept) !== undefined;
}

const FIRST_YEAR = -62_135_596_800;
const LAST_YEAR = 253_402_300_800;
const NUMERIC = /^([+-])(\d\d)(\d\d)/;

/** Seconds east of Greenwich in a zone at a time (seconds since 1970). A zone that nobody knows has the offset 0. */
export function zoneOffset(name: string, time: number): number {
  const kept = zoneName(name) ?? name;
  // Python's calendar has the years 1 to 9999 only; outside it there are no offsets but those that a name tells.
  if (time >= FIRST_YEAR && time < LAST_YEAR) {
    const fixed = numeric.get(kept);
    const offset = fixed ?? (NUMERIC.test(kept) ? undefined : olson(kept)?.offsetAt(time));
    if (offset !== undefined && time + offset >= FIRST_YEAR && time + offset < LAST_YEAR) return offset;
  }
  const match = NUMERIC.exec(name);
  return match === null ? 0 : Number(`${match[1]}1`) * (Number(match[2]) * 3600 + Number(match[3]) * 60);
}

/** The machine's zone: names of its two halves of the year as DateTime calls them, and its offset at a time. */
export interface LocalZone {
  readonly standard: string;
  readonly summer: string;
  offsetAt(time: number): number;
  isSummer(time: number): boolean;
}

/** Abbreviations that the runtime does not tell, of zones whose offset alone would give another name. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  'Europe/Lisbon': 'wet',
  'Atlantic/Canary': 'wet',
  'Atlantic/Faroe': 'wet',
  'Atlantic/Madeira': 'wet',
};

let local: (LocalZone & { readonly name: string }) | undefined;

/** The zone of the environment variable TZ, or of the machine. */
export function localZone(): LocalZone {
  const name = process.env.TZ || Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (local?.name !== name) local = makeLocalZone(name);
  return local;
}

function makeLocalZone(name: string): LocalZone & { readonly name: string } {
  const zone = olson(name) ?? olson('UTC')!;
  const thisYear = new Date().getUTCFullYear();
  const offsets = [0, 3, 6, 9].map((month) => zone.offsetAt(Date.UTC(thisYear, month, 1) / 1000));
  const [low, high] = [Math.min(...offsets), Math.max(...offsets)];
  const at = (offset: number) => Date.UTC(thisYear, [0, 3, 6, 9][offsets.indexOf(offset)]!, 1);
  const standard = localName(name, low, at(low));
  return {
    name,
    standard,
    summer: high === low ? standard : localName(name, high, at(high)),
    offsetAt: (time) => zone.exactOffsetAt(time),
    isSummer: (time) => high !== low && (zone.isSummerAt(time) ?? isForward(zone, time)),
  };
}

/** Whether clocks are put forward, by what they showed in the last years: for times of which no names are kept. */
function isForward(zone: OlsonZone, time: number): boolean {
  // Far away from now, dates of JavaScript end.
  const [year] = gregorian(Math.min(Math.max(time, -8e12), 8e12));
  const offset = zone.exactOffsetAt(time);
  const at = (year: number, month: number) => new Date(0).setUTCFullYear(year, month, 1) / 1000;
  const earlier = [0, 1, 2, 3, 4].flatMap((ago) =>
    [0, 6].map((month) => offset - zone.exactOffsetAt(at(year - ago, month))),
  );
  // Other differences are those to the local mean time of before.
  const difference = Math.max(...earlier);
  return difference > 0 && difference % 1800 === 0;
}

function localName(zone: string, offset: number, milliseconds: number): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(
    milliseconds,
  );
  const short = parts.find((part) => part.type === 'timeZoneName')!.value;
  const abbreviation = offset === 0 ? (ABBREVIATIONS[zone] ?? short) : short;
  const known = /^[A-Za-z]+$/.test(abbreviation) ? zoneName(abbreviation) : undefined;
  if (known !== undefined) return known;
  const minutes = Math.trunc(Math.abs(offset) / 60);
  const text = `${offset < 0 ? '-' : '+'}${String(Math.trunc(minutes / 60)).padStart(2, '0')}${String(minutes % 60).padStart(2, '0')}`;
  return zoneName(`gmt${text}`) ?? '';
}
