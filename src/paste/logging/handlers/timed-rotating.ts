import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { pythonError } from '../errors.ts';
import { runtime } from '../runtime.ts';
import { strftime } from '../../../pickle/index.ts';
import { timeFields } from '../local-time.ts';
import type { FileSettings } from './file.ts';
import { RollingFileHandler } from './rotating.ts';

const DAY = 86_400;

/** Time of day of a rollover (`datetime.time`). */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

interface Unit {
  readonly seconds: number;
  readonly suffix: string;
  readonly pattern: RegExp;
}

const DATE = { suffix: '%Y-%m-%d', pattern: /^\d{4}-\d\d-\d\d(?:\.\w+)?$/ };
const UNITS: Readonly<Record<string, Unit>> = {
  S: { seconds: 1, suffix: '%Y-%m-%d_%H-%M-%S', pattern: /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(?:\.\w+)?$/ },
  M: { seconds: 60, suffix: '%Y-%m-%d_%H-%M', pattern: /^\d{4}-\d\d-\d\d_\d\d-\d\d(?:\.\w+)?$/ },
  H: { seconds: 3600, suffix: '%Y-%m-%d_%H', pattern: /^\d{4}-\d\d-\d\d_\d\d(?:\.\w+)?$/ },
  D: { seconds: DAY, ...DATE },
  MIDNIGHT: { seconds: DAY, ...DATE },
  W: { seconds: 7 * DAY, ...DATE },
};

/** `handlers.TimedRotatingFileHandler`: the file of a past interval is named for the interval's start. */
export class TimedRotatingFileHandler extends RollingFileHandler {
  override readonly pythonClass = 'TimedRotatingFileHandler';
  readonly #when: string;
  readonly #unit: Unit;
  readonly #interval: number;
  readonly #backupCount: number;
  readonly #utc: boolean;
  readonly #atTime: TimeOfDay | null;
  #rolloverAt: number;

  constructor({
    when = 'h',
    interval = 1,
    backupCount = 0,
    utc = false,
    atTime = null,
    ...settings
  }: Omit<FileSettings, 'mode'> & {
    readonly when?: string;
    readonly interval?: number;
    readonly backupCount?: number;
    readonly utc?: boolean;
    readonly atTime?: TimeOfDay | null;
  }) {
    const unitName = when.toUpperCase();
    const unit = unitOf(unitName);
    // Before the file is opened, which may make it.
    const existing = statSync(settings.filename, { throwIfNoEntry: false });
    super(settings);
    this.#when = unitName;
    this.#unit = unit;
    this.#interval = unit.seconds * interval;
    this.#backupCount = backupCount;
    this.#utc = utc;
    this.#atTime = atTime;
    this.#rolloverAt = this.#nextRollover(Math.floor(existing ? existing.mtimeMs / 1000 : runtime.now()));
  }

  protected override isDue(): boolean {
    const now = Math.floor(runtime.now());
    if (now < this.#rolloverAt) return false;
    if (this.isRegularFile()) return true;
    this.#rolloverAt = this.#nextRollover(now);
    return false;
  }

  protected override setAside(): void {
    const now = Math.floor(runtime.now());
    const start = this.#rolloverAt - this.#interval;
    let fields = timeFields(start, this.#utc);
    const isDst = timeFields(now).isDst;
    if (!this.#utc && fields.isDst !== isDst) fields = timeFields(start + (isDst ? 3600 : -3600));
    const target = `${this.filename}.${strftime(this.#unit.suffix, fields)}`;
    if (existsSync(this.filename)) renameSync(this.filename, target);
    for (const file of this.#outdated()) rmSync(file, { force: true });
    this.#rolloverAt = this.#rolloverAfter(now);
  }

  #outdated(): string[] {
    if (this.#backupCount <= 0) return [];
    const folder = path.dirname(this.filename);
    const base = path.basename(this.filename);
    // As Python does, up to the last dot only: `event.log` has old files `event.log.2023-11-14`.
    const prefix = `${path.basename(base, path.extname(base))}.`;
    const old = readdirSync(folder).filter(
      (name) =>
        name.startsWith(base) &&
        name.startsWith(prefix) &&
        name
          .slice(prefix.length)
          .split('.')
          .some((part) => this.#unit.pattern.test(part)),
    );
    return old
      .sort()
      .slice(0, Math.max(0, old.length - this.#backupCount))
      .map((name) => path.join(folder, name));
  }

  get #byDay(): boolean {
    return this.#when === 'MIDNIGHT' || this.#when.startsWith('W');
  }

  /** The first rollover after a time, before summer time is considered. */
  #nextRollover(time: number): number {
    if (!this.#byDay) return time + this.#interval;
    const now = timeFields(time, this.#utc);
    // Monday is 0.
    let day = (now.weekday + 6) % 7;
    const at = this.#atTime ? (this.#atTime.hour * 60 + this.#atTime.minute) * 60 + this.#atTime.second : DAY;
    let wait = at - ((now.hour * 60 + now.minute) * 60 + now.second);
    if (wait < 0) {
      wait += DAY;
      day = (day + 1) % 7;
    }
    const result = time + wait;
    if (!this.#when.startsWith('W')) return result;
    const wanted = Number(this.#when[1]);
    if (day === wanted) return result;
    return this.#summerTime(now.isDst, result + ((wanted - day + 7) % 7) * DAY);
  }

  #rolloverAfter(now: number): number {
    let next = this.#nextRollover(now);
    while (next <= now) next += this.#interval;
    return this.#byDay ? this.#summerTime(timeFields(now).isDst, next) : next;
  }

  /** Keeps the hour of the day when summer time begins or ends before a rollover. */
  #summerTime(isDst: boolean, rollover: number): number {
    if (this.#utc || timeFields(rollover).isDst === isDst) return rollover;
    return rollover + (isDst ? 3600 : -3600);
  }

  protected override describeSettings(): Record<string, unknown> {
    return {
      ...super.describeSettings(),
      backupCount: this.#backupCount,
      when: this.#when,
      interval: this.#interval,
      suffix: this.#unit.suffix,
      utc: this.#utc,
      atTime: this.#atTime,
    };
  }
}

function unitOf(when: string): Unit {
  if (when.startsWith('W')) {
    if (when.length !== 2) {
      throw pythonError(
        'ValueError',
        `You must specify a day for weekly rollover from 0 to 6 (0 is Monday): ${when}`,
      );
    }
    if (!/[0-6]/.test(when[1]!)) {
      throw pythonError('ValueError', `Invalid day specified for weekly rollover: ${when}`);
    }
    return UNITS['W']!;
  }
  const unit = UNITS[when];
  if (unit && when !== 'W') return unit;
  throw pythonError('ValueError', `Invalid rollover interval specified: ${when}`);
}
