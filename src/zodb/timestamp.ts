/** Transaction ids are times (INVENTORY Z-001): minutes since 1900, as if all months had 31 days, and a part of a minute in 2^32. */
import type { Tid } from './interfaces.ts';

/** Seconds since 1970 of an id. */
export { timeOfTid as secondsOfTid } from '../persistent/index.ts';

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

/** The id for a transaction of now, later than the last one even when the clock is not. */
export function tidAfter(last: Tid, seconds: number): Tid {
  const now = tidOfSeconds(seconds);
  return now > last ? now : last + 1n;
}
