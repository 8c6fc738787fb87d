/** The section `[zope-ts]` of an .ini: what an operator sets that Python's servers do not know. Python ignores the section. */
import path from 'node:path';
import {
  booleanOption,
  ConfigParser,
  integerOption,
  LoadError,
  type OptionReader,
  readOptions,
} from '../../paste/index.ts';

export interface OperationSettings {
  /** Path that answers 200 while the process serves; empty: none. */
  readonly health_path: string;
  /** Path that answers 200 while requests can be handled, and 503 otherwise; empty: none. */
  readonly ready_path: string;
  /** `host:port` of the page with metrics, `/metrics`; empty: none. */
  readonly metrics_listen: string;
  /** `main`: the main thread hands requests to threads that are free. `threads`: each thread accepts connections itself. */
  readonly accept: string;
  /** Whether code in threads may make code of texts (`eval`, `new Function`): some libraries do. */
  readonly code_from_text: boolean;
  /** Requests that may wait for a thread; more are answered with 503. */
  readonly queue_limit: number;
  /** Seconds after which a request is logged with the stack of its thread; 0: never. */
  readonly slow_request_seconds: number;
  /** Seconds after which a thread that is stuck in one request is replaced; 0: never. */
  readonly hung_request_seconds: number;
  /** When the application is loaded anew: seconds that requests of before may take, and that a body may stand still. */
  readonly drain_seconds: number;
  /** And those that bodies may take which move. */
  readonly drain_streams_seconds: number;
}

const refused = (text: string, why: string) => new LoadError('option-invalid', `'${text}' ${why}`);

const seconds = (fallback: number): OptionReader<number> => ({
  read: (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= 0)) throw refused(text, 'is no number of seconds');
    return value;
  },
  absent: { value: fallback },
});

const count = (fallback: number): OptionReader<number> => ({
  read: (text) => {
    const value = integerOption().read(text);
    if (value < 0) throw refused(text, 'is less than 0');
    return value;
  },
  absent: { value: fallback },
});

/** The path of a URL, or nothing. */
const urlPath = (fallback: string): OptionReader<string> => ({
  read: (text) => {
    if (text !== '' && !text.startsWith('/')) throw refused(text, 'does not begin with /');
    return text;
  },
  absent: { value: fallback },
});

const address: OptionReader<string> = {
  read: (text) => {
    if (text !== '') addressOf(text);
    return text;
  },
  absent: { value: '' },
};

const TABLE = {
  health_path: urlPath('/@@health'),
  ready_path: urlPath('/@@ready'),
  metrics_listen: address,
  accept: {
    read: (text) => {
      if (text !== 'main' && text !== 'threads') throw refused(text, 'is neither main nor threads');
      return text;
    },
    absent: { value: 'main' },
  } satisfies OptionReader<string>,
  code_from_text: booleanOption(false),
  queue_limit: count(1000),
  slow_request_seconds: seconds(0),
  hung_request_seconds: seconds(0),
  drain_seconds: seconds(60),
  drain_streams_seconds: seconds(3600),
};

const SECTION = 'zope-ts';

/** Reads the section of a file; without a file or a section everything is as by default. Throws a LoadError with the file and the option. */
export function readOperationSettings(
  file: string | undefined,
  globalConf: Readonly<Record<string, string>>,
): OperationSettings {
  if (file === undefined) return readOptions({}, TABLE);
  const parser = ConfigParser.read(file, {
    defaults: { here: path.dirname(file), __file__: file, ...globalConf },
  });
  if (!parser.hasSection(SECTION)) return readOptions({}, TABLE);
  const shared = parser.defaults();
  const names = parser
    .options(SECTION)
    .filter((name) => Object.hasOwn(TABLE, name) || !Object.hasOwn(shared, name));
  const own = Object.fromEntries(names.map((name) => [name, parser.get(SECTION, name)!]));
  try {
    return readOptions(own, TABLE);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const line = parser.lineOf(SECTION, error.option);
    throw error.at({ file, section: SECTION, ...(line === undefined ? {} : { line }) });
  }
}

/** Notes on settings that were changed and change nothing, with so many threads. */
export function settingsWithoutEffect(settings: OperationSettings, threads: number): string[] {
  const defaults = readOptions({}, TABLE);
  const notes: string[] = [];
  const note = (names: readonly (keyof OperationSettings)[], why: string) => {
    for (const name of names)
      if (settings[name] !== defaults[name]) notes.push(`${name} = ${settings[name]} has no effect: ${why}`);
  };
  if (threads === 1) {
    note(['accept', 'queue_limit'], 'one thread serves the site, and accepts connections itself');
    note(
      ['hung_request_seconds'],
      'one thread serves the site; with threads = 2 one that hangs would be replaced',
    );
    note(['drain_seconds', 'drain_streams_seconds'], 'one thread serves the site, and is not replaced');
  } else if (settings.accept === 'threads')
    note(['queue_limit'], 'with accept = threads there is no queue; connection_limit counts for each thread');
  return notes;
}

/** `host:port`, as `[::1]:9100` for an address of IPv6. Throws a LoadError. */
export function addressOf(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text.trim());
  if (match === null || Number(match[3]) > 65_535) throw refused(text, 'is no host:port');
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port: Number(match[3]) };
}
