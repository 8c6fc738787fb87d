import { strftime as format } from '../strftime.ts';
import { gregorianOrdinal } from './calendar.ts';

export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

/** `datetime.strftime` of a date and time without a zone. */
export function strftime(moment: Moment, text: string): string {
  const { year, month, day, hour, minute, second, microsecond } = moment;
  const ordinal = gregorianOrdinal(year, month, day);
  // Python fills these in itself, where nothing stands between the sign and the letter.
  const filled = text.replaceAll(/%(.)/gs, (all, code: string) => {
    if (code === 'f') return String(microsecond).padStart(6, '0');
    return code === 'z' || code === 'Z' ? '' : all;
  });
  return format(filled, {
    ...moment,
    weekday: ordinal % 7,
    yearday: ordinal - gregorianOrdinal(year, 1, 1) + 1,
    seconds: () =>
      Math.floor(new Date(2000, 0, 1, hour, minute, second).setFullYear(year, month - 1, day) / 1000),
    offset: undefined,
    zone: () => '',
  });
}
