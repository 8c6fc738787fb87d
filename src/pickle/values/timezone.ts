import { BadValueError } from '../errors.ts';
import { KEY } from './key.ts';
import { Timedelta } from './timedelta.ts';

/** A Python `datetime.timezone`: a fixed offset, with a name when one was given. */
export class Timezone {
  static readonly utc = new Timezone(new Timedelta());

  readonly offset: Timedelta;
  readonly name: string | undefined;

  constructor(offset: Timedelta, name?: string) {
    if (Math.abs(offset.totalMicroseconds()) >= 86400e6)
      throw new BadValueError('timezone: the offset must be less than a day');
    this.offset = offset;
    this.name = name;
    Object.freeze(this);
  }

  /** `UTC`, `UTC+02:00` or the name. */
  toString(): string {
    if (this.name !== undefined) return this.name;
    const text = offsetText(this.offset);
    return this.offset.totalMicroseconds() === 0 ? 'UTC' : `UTC${text}`;
  }

  [KEY](): string {
    return `timezone:${this.offset.totalMicroseconds()}`;
  }
}

/** `+02:00`, with seconds and microseconds where there are any. */
export function offsetText(offset: Timedelta): string {
  const total = offset.totalMicroseconds();
  const whole = Math.floor(Math.abs(total) / 1e6);
  const two = (n: number) => String(n).padStart(2, '0');
  let text = `${total < 0 ? '-' : '+'}${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}`;
  const micros = Math.abs(total) % 1e6;
  if (whole % 60 !== 0 || micros !== 0) text += `:${two(whole % 60)}`;
  return micros === 0 ? text : `${text}.${String(micros).padStart(6, '0')}`;
}
