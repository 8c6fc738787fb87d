/** C's `strftime` in the C locale, as Python's `time.strftime` passes it through (glibc's flags and widths included). */
import { DAYS, MONTHS } from './datetime/calendar.ts';

/** Broken-down time. `weekday` counts from Sunday, `yearday` from 1, `offset` is minutes east of UTC, undefined for none. */
export interface TimeFields {
  /** Since 1970. */
  readonly seconds: () => number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
  readonly yearday: number;
  readonly offset: number | undefined;
  /** The zone's letters. */
  readonly zone: () => string;
}

type Field = (time: TimeFields) => [value: number | string, width?: number, pad?: string];

const FIELDS: Readonly<Record<string, Field>> = {
  a: (t) => [DAYS[t.weekday]!.slice(0, 3)],
  A: (t) => [DAYS[t.weekday]!],
  b: (t) => [MONTHS[t.month - 1]!.slice(0, 3)],
  h: (t) => [MONTHS[t.month - 1]!.slice(0, 3)],
  B: (t) => [MONTHS[t.month - 1]!],
  c: (t) => [strftime('%a %b %e %H:%M:%S %Y', t)],
  C: (t) => [Math.floor(t.year / 100)],
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
  s: (t) => [t.seconds(), 0, ' '],
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
  z: (t) => [offsetNumber(t.offset!), 4, '0'],
  Z: (t) => [t.zone()],
  '%': () => ['%'],
};

/** What the C library takes with a modifier; it changes nothing in this locale. */
const MODIFIED = { E: 'cpxXyYZz%CnPrRtTus', O: 'bBdHIjmMpSUwWyZz%CegGhklnPrRtTuVs' } as const;

/** Formats a broken-down time. An unknown directive stays as it is. */
export function strftime(format: string, time: TimeFields): string {
  return format.replace(
    /%([-_0^#]*)(\d+)?([EO]?)(.)/gs,
    (all, flags: string, width: string | undefined, modifier: string, letter: string) => {
      const field = FIELDS[letter];
      if (!field || (modifier !== '' && !MODIFIED[modifier as 'E' | 'O'].includes(letter)))
        return unknown(all, flags, Number(width ?? 0), letter);
      if (letter === 'z' && time.offset === undefined) return '';
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
      const wide = width === undefined ? size : Math.max(Number(width), shortest);
      if (letter !== 'z') return text.padStart(wide, pad);
      // The sign and the number are two fields of that width.
      const sign = (time.offset! < 0 ? '-' : '+').padStart(
        Number(width ?? 0),
        lastPad(flags) === '0' ? '0' : ' ',
      );
      return sign + text.padStart(wide, pad);
    },
  );
}

/** The C library shows what it does not know, in the width and with the flags. */
function unknown(all: string, flags: string, width: number, letter: string): string {
  const upper = flags.includes('^') || (flags.includes('#') && 'bh'.includes(letter));
  return (upper ? all.toUpperCase() : all).padStart(width, lastPad(flags) === '0' ? '0' : ' ');
}

/** Of the flags that say how a field is filled, the last one counts. */
const lastPad = (flags: string): string | undefined => /[-_0](?=[^-_0]*$)/.exec(flags)?.[0];

/** Hours and minutes. */
function offsetNumber(minutes: number): number {
  const size = Math.abs(minutes);
  return Math.floor(size / 60) * 100 + (size % 60);
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
