/** Transaction ids are times (INVENTORY Z-001): minutes since 1900, as if all months had 31 days, and a part of a minute in 2^32. */
import type { Tid } from './interfaces.ts';

const PART = 60 / 65_536 / 65_536;

/** The id of a moment in seconds since 1970. */
export function tidOfSeconds(seconds: number): Tid {
  const minute = Math.floor(seconds / 60);
  if (minute !== lastMinute) {
    lastId = idOfMinute(seconds);
    lastMinute = minute;
  }
  return lastId | BigInt(Math.floor((seconds - minute * 60) / PART));
}

/** Ids are mostly made for moments of the same minute. */
let lastMinute = Number.NaN;
let lastId: Tid = 0n;

function idOfMinute(seconds: number): Tid {
  const date = new Date(Math.floor(seconds * 1000));
  const minutes =
    ((((date.getUTCFullYear() - 1900) * 12 + date.getUTCMonth()) * 31 + date.getUTCDate() - 1) * 24 +
      date.getUTCHours()) *
      60 +
    date.getUTCMinutes();
  return BigInt(minutes) << 32n;
}

/** Seconds since 1970 of an id. */
export function secondsOfTid(tid: Tid): number {
  let minutes = Number(tid >> 32n);
  const part = Number(tid & 0xffff_ffffn) * PART;
  const minute = minutes % 60;
  minutes = Math.floor(minutes / 60);
  const hour = minutes % 24;
  minutes = Math.floor(minutes / 24);
  const day = minutes % 31;
  minutes = Math.floor(minutes / 31);
  return Date.UTC(1900 + Math.floor(minutes / 12), minutes % 12, day + 1, hour, minute) / 1000 + part;
}

/** The id for a transaction of now, later than the last one even when the clock is not. */
export function tidAfter(last: Tid, seconds: number): Tid {
  const now = tidOfSeconds(seconds);
  return now > last ? now : last + 1n;
}
