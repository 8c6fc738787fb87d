/** Time zones by the names that Zope's DateTime knows: Olson's, and its own aliases. */
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

// Where pytz's tables end: later times have the last offset that they tell.
const LAST = Date.UTC(2037, 11, 31) / 1000;
/** Offsets change only at quarters of an hour. */
const STEP = 900;
const CACHE_LIMIT = 20_000;

class OlsonZone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  offsetAt(time: number): number {
    const step = Math.floor(Math.min(time, LAST) / STEP);
    let offset = this.#offsets.get(step);
    if (offset === undefined) {
      if (this.#offsets.size > CACHE_LIMIT) this.#offsets.clear();
      offset = this.#compute(step * STEP);
      this.#offsets.set(step, offset);
    }
    return offset;
  }

  #compute(time: number): number {
    const milliseconds = Math.max(time * 1000, -8.64e15);
    const text = this.#format.formatToParts(milliseconds).find((part) => part.type === 'timeZoneName')!.value;
    const match = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
    if (match === null) return 0;
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    // Local mean times are rounded to minutes, as pytz does.
    return Math.floor((Number(`${match[1]}1`) * seconds + 30) / 60) * 60;
  }
}

const zones = new Map<string, OlsonZone | undefined>();

function olson(name: string): OlsonZone | undefined {
  if (zones.has(name)) return zones.get(name);
  let zone: OlsonZone | undefined;
  try {
    zone = new OlsonZone(name);
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

const NUMERIC = /^([+-])(\d\d)(\d\d)/;

/** Seconds east of Greenwich in a zone at a time (seconds since 1970). A zone that nobody knows has the offset 0. */
export function zoneOffset(name: string, time: number): number {
  const kept = zoneName(name) ?? name;
  const fixed = numeric.get(kept);
  if (fixed !== undefined) return fixed;
  const zone = NUMERIC.test(kept) ? undefined : olson(kept);
  if (zone !== undefined) return zone.offsetAt(time);
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
  const year = new Date().getUTCFullYear();
  const offsets = [0, 3, 6, 9].map((month) => zone.offsetAt(Date.UTC(year, month, 1) / 1000));
  const [low, high] = [Math.min(...offsets), Math.max(...offsets)];
  const at = (offset: number) => Date.UTC(year, [0, 3, 6, 9][offsets.indexOf(offset)]!, 1);
  const standard = localName(name, low, at(low));
  return {
    name,
    standard,
    summer: high === low ? standard : localName(name, high, at(high)),
    offsetAt: (time) => zone.offsetAt(time),
    isSummer: (time) => high !== low && zone.offsetAt(time) !== standardOffset(zone, time),
  };
}

function standardOffset(zone: OlsonZone, time: number): number {
  const year = new Date(time * 1000).getUTCFullYear();
  return Math.min(zone.offsetAt(Date.UTC(year, 0, 1) / 1000), zone.offsetAt(Date.UTC(year, 6, 1) / 1000));
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
