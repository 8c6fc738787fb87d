/** Settings of other servers in terms of the one that is underneath all of them. */
import type { Settings } from '../loader/factories.ts';
import { SettingError } from './errors.ts';
import { oneThread, readSettings, type ServerSettings } from './settings.ts';

export interface ReadSettings {
  readonly settings: ServerSettings;
  /** What was given and changes nothing, with the reason. */
  readonly notes: readonly string[];
}

/** Options of ours for the text of another server's option; or why it changes nothing; may throw a SettingError. */
export type Translation = ((text: string) => Settings) | { readonly noEffect: string };
export type Translations = Readonly<Record<string, Translation>>;

const ADDRESS = ['host', 'port', 'listen', 'unix_socket', 'unix_socket_perms'];

/** Throws a SettingError for an option that the table does not have. */
export function translate(
  server: string,
  given: Settings,
  options: Translations,
  defaults: Settings,
): ReadSettings {
  const notes: string[] = [];
  /** By our settings: the option that gave them. */
  const origins = new Map<string, string>();
  const translated: Record<string, string> = { ...defaults };
  for (const [name, text] of Object.entries(given)) {
    const option = Object.hasOwn(options, name) ? options[name]! : undefined;
    if (option === undefined)
      throw new SettingError(name, `${server}: unknown option '${name}'`, { known: Object.keys(options) });
    if (typeof option === 'function') {
      const values = option(text);
      for (const key of Object.keys(values)) origins.set(key, name);
      // An address of another kind replaces the default one.
      if ('listen' in values || 'unix_socket' in values) for (const key of ADDRESS) delete translated[key];
      Object.assign(translated, values);
      if (Number(values['threads'] ?? 1) > 1) notes.push(oneThread(name, text));
    } else notes.push(`${name} has no effect: ${option.noEffect}`);
  }
  try {
    return { settings: readSettings(translated, true), notes };
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    // People know what they have written.
    const name = origins.get(error.setting) ?? error.setting;
    const message = error.message.replace(new RegExp(String.raw`^${error.setting}\b`), name);
    throw new SettingError(name, `${server}: ${message}`, { cause: error });
  }
}

export const as =
  (name: string): Translation =>
  (text) => ({ [name]: text });

export const noEffect = (reason: string): Translation => ({ noEffect: reason });

export const refused =
  (name: string, reason: string): Translation =>
  () => {
    throw new SettingError(name, `${name}: ${reason}`);
  };

export const encryption = (name: string): Translation =>
  refused(name, 'encrypted connections are for a proxy in front of the server');

/** Seconds after which an idle connection is closed; 0 and less mean never. */
export const timeout =
  (name: string): Translation =>
  (text) => {
    const seconds = Number(text);
    if (text.trim() === '' || Number.isNaN(seconds))
      throw new SettingError(name, `${name}: '${text}' is no number of seconds`);
    return { channel_timeout: String(seconds > 0 ? Math.ceil(seconds) : NEVER) };
  };

/** Whole seconds that running requests have when the server stops. */
export const grace =
  (name: string): Translation =>
  (text) => {
    if (!/^\s*\d+\s*$/.test(text)) throw new SettingError(name, `${name}: '${text}' is no number of seconds`);
    return { grace: text };
  };

/** As many seconds as a timer of Node can wait. */
const NEVER = 2_000_000;
