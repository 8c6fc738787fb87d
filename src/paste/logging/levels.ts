import { quoted } from '../loader/config-parser.ts';
import { LoggingConfigError } from './errors.ts';

export const NOTSET = 0;
const INFO = 20;
export const WARNING = 30;
export const ERROR = 40;

const nameOf = new Map<number, string>();
const numberOf = new Map<string, number>();

/** Gives a level a name, in messages and in the `level` options of an `.ini`; Python's `logging.addLevelName`. */
export function addLevelName(level: number, name: string): void {
  nameOf.set(level, name);
  numberOf.set(name, level);
}

numberOf.set('WARN', WARNING);
numberOf.set('FATAL', 50);
addLevelName(50, 'CRITICAL');
addLevelName(ERROR, 'ERROR');
addLevelName(WARNING, 'WARNING');
addLevelName(INFO, 'INFO');
addLevelName(10, 'DEBUG');
addLevelName(NOTSET, 'NOTSET');

/** `INFO` for 20; a level without a name is `Level 25`. */
export const levelName = (level: number): string => nameOf.get(level) ?? `Level ${level}`;

/** The names that expressions of `args` know. */
export const levelNames = (): ReadonlyMap<string, number> => numberOf;

/** A level's number by its exact name. Throws `LoggingConfigError`. */
export function levelNumber(name: string): number {
  const level = numberOf.get(name);
  if (level !== undefined) return level;
  throw new LoggingConfigError(
    'unknown-level',
    `Unknown level: ${quoted(name)} (levels: ${[...numberOf.keys()].join(', ')})`,
  );
}
