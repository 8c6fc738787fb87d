import { quoted } from './config-parser.ts';
import { LoadError } from './errors.ts';
import type { Settings } from './factories.ts';

const TRUE = new Set(['true', 'yes', 'on', 'y', 't', '1']);
const FALSE = new Set(['false', 'no', 'off', 'n', 'f', '0']);

/** How one option becomes a value; without `absent` the option is required. */
export interface OptionReader<T> {
  read(text: string): T;
  readonly absent?: { readonly value: T };
}

const reader = <T>(read: (text: string) => T, fallback: readonly [T?]): OptionReader<T> =>
  fallback.length === 0 ? { read } : { read, absent: { value: fallback[0] as T } };

/** Text as it is; required unless a default is given (which may be undefined). */
export function textOption(): OptionReader<string>;
export function textOption(fallback: string): OptionReader<string>;
export function textOption(fallback: undefined): OptionReader<string | undefined>;
export function textOption(...fallback: [(string | undefined)?]): OptionReader<string | undefined> {
  return reader((text) => text, fallback);
}

/** PasteDeploy's `asbool`: true yes on y t 1, false no off n f 0, without case. */
export function booleanOption(...fallback: [boolean?]): OptionReader<boolean> {
  return reader((text) => {
    const word = text.trim().toLowerCase();
    if (TRUE.has(word)) return true;
    if (FALSE.has(word)) return false;
    throw new LoadError('option-invalid', `String is not true/false: ${quoted(text)}`);
  }, fallback);
}

/** PasteDeploy's `asint`. */
export function integerOption(...fallback: [number?]): OptionReader<number> {
  return reader((text) => {
    if (/^\s*[+-]?\d+(_\d+)*\s*$/.test(text)) return Number(text.replaceAll('_', ''));
    throw new LoadError('option-invalid', `Bad integer value: ${quoted(text)}`);
  }, fallback);
}

/** Words separated by blanks. */
export function listOption(...fallback: [string[]?]): OptionReader<string[]> {
  return reader((text) => text.split(/\s+/).filter((word) => word !== ''), fallback);
}

type Values<Schema> = { [Name in keyof Schema]: Schema[Name] extends OptionReader<infer T> ? T : never };

/**
 * Reads the settings of a factory by a table of its options. Throws `LoadError` for an option that the table does not have,
 * for a required one that is absent and for a bad value; the loader adds file, section and line.
 *
 * ```ts
 * const { greeting, loud } = readOptions(localConf, { greeting: textOption(), loud: booleanOption(false) });
 * ```
 */
export function readOptions<Schema extends Record<string, OptionReader<unknown>>>(
  settings: Settings,
  schema: Schema,
): Values<Schema> {
  const unknown = Object.keys(settings).filter((name) => !Object.hasOwn(schema, name));
  if (unknown.length > 0) {
    const known = Object.keys(schema);
    throw new LoadError(
      'option-unexpected',
      `unexpected option ${unknown.map(quoted).join(', ')} (options: ${known.join(', ') || 'none'})`,
      { option: unknown[0] },
    );
  }
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(schema)) {
    const text = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (text === undefined) {
      if (!option.absent) {
        throw new LoadError('option-missing', `missing the required option ${quoted(name)}`, {
          option: name,
        });
      }
      values[name] = option.absent.value;
      continue;
    }
    try {
      values[name] = option.read(text);
    } catch (error) {
      throw error instanceof LoadError ? error.at({ option: name }) : error;
    }
  }
  return values as Values<Schema>;
}
