/** The handler classes that an `.ini` may name, with Python's parameters in Python's order. */
import { strip } from '../../zconfig/index.ts';
import { LoggingConfigError, pythonError } from './errors.ts';
import type { EncodeErrors } from './encodings.ts';
import { SOCK_STREAM, TimeValue } from './expression-names.ts';
import { FileHandler, WatchedFileHandler } from './handlers/file.ts';
import { type Handler, NullHandler } from './handlers/handler.ts';
import { HTTPHandler } from './handlers/http.ts';
import { MemoryHandler } from './handlers/memory.ts';
import { RotatingFileHandler } from './handlers/rotating.ts';
import { SMTPHandler } from './handlers/smtp.ts';
import { DatagramHandler, SocketHandler } from './handlers/socket.ts';
import { StreamHandler } from './handlers/stream.ts';
import { SysLogHandler, type SyslogAddress } from './handlers/syslog.ts';
import { TimedRotatingFileHandler } from './handlers/timed-rotating.ts';
import { levelNumber } from './levels.ts';
import { typeName } from './percent.ts';
import { repr } from './python-text.ts';
import { type LogStream, runtime } from './runtime.ts';

type Given = Record<string, unknown>;

interface HandlerClass {
  /** Names of the parameters; those that end in `!` are required. */
  readonly parameters: readonly string[];
  create(given: Given): Handler;
}

/** A check of one argument; an absent one stays undefined, so that the class's default counts. */
type Check<T> = (name: string, value: unknown) => T;

const refuse = (name: string, wanted: string, value: unknown) =>
  pythonError('TypeError', `argument ${repr(name)} must be ${wanted}, not ${repr(typeName(value))}`);

const check = {
  text: ((name, value) => {
    if (typeof value === 'string') return value;
    throw refuse(name, 'a string', value);
  }) as Check<string>,
  integer: ((name, value) => {
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    throw refuse(name, 'an integer', value);
  }) as Check<number>,
  seconds: ((name, value) => {
    const number = typeof value === 'object' && value !== null ? Number(value) : value;
    if (typeof number === 'number' && number > 0) return number;
    throw refuse(name, 'a number of seconds', value);
  }) as Check<number>,
  flag: ((_name, value) => Boolean(value)) as Check<boolean>,
  level: ((name, value) =>
    typeof value === 'string' ? levelNumber(value) : check.integer(name, value)) as Check<number>,
  stream: ((name, value) => {
    if (value === null) return runtime.stderr;
    if (value === runtime.stdout || value === runtime.stderr) return value as LogStream;
    throw refuse(name, 'sys.stdout or sys.stderr', value);
  }) as Check<LogStream>,
  pair: ((name, value) => {
    if (Array.isArray(value) && value.length === 2 && typeof value[0] === 'string') {
      return [value[0], value[1]] as [string, never];
    }
    throw refuse(name, 'a pair', value);
  }) as Check<[string, never]>,
  texts: ((name, value) => {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
      return [...value] as string[];
    throw refuse(name, 'a sequence of strings', value);
  }) as Check<string[]>,
};

/** Applies a check unless the argument is absent, or None where that is allowed. */
function read<T>(given: Given, name: string, checked: Check<T>): T | undefined {
  return given[name] === undefined ? undefined : checked(name, given[name]);
}

const orNull =
  <T>(checked: Check<T>): Check<T | null> =>
  (name, value) =>
    value === null ? null : checked(name, value);

/** Settings without the absent ones. */
function present<T extends object>(settings: { [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T;
}

type FileArguments = ConstructorParameters<typeof FileHandler>[0];

const fileSettings = (given: Given) => ({
  filename: check.text('filename', given['filename']),
  mode: read(given, 'mode', check.text),
  encoding: read(given, 'encoding', orNull(check.text)),
  delay: read(given, 'delay', check.flag),
  errors: read(given, 'errors', orNull(check.text)) as EncodeErrors | null | undefined,
});

const FILE = ['filename!', 'mode', 'encoding', 'delay', 'errors'];

const CLASSES: Readonly<Record<string, HandlerClass>> = {
  StreamHandler: {
    parameters: ['stream'],
    create: (given) => new StreamHandler(read(given, 'stream', check.stream)),
  },
  NullHandler: { parameters: [], create: () => new NullHandler() },
  FileHandler: {
    parameters: FILE,
    create: (given) => new FileHandler(present<FileArguments>(fileSettings(given))),
  },
  'handlers.WatchedFileHandler': {
    parameters: FILE,
    create: (given) => new WatchedFileHandler(present<FileArguments>(fileSettings(given))),
  },
  'handlers.RotatingFileHandler': {
    parameters: ['filename!', 'mode', 'maxBytes', 'backupCount', 'encoding', 'delay', 'errors'],
    create: (given) =>
      new RotatingFileHandler(
        present<ConstructorParameters<typeof RotatingFileHandler>[0]>({
          ...fileSettings(given),
          maxBytes: read(given, 'maxBytes', check.integer),
          backupCount: read(given, 'backupCount', check.integer),
        }),
      ),
  },
  'handlers.TimedRotatingFileHandler': {
    parameters: [
      'filename!',
      'when',
      'interval',
      'backupCount',
      'encoding',
      'delay',
      'utc',
      'atTime',
      'errors',
    ],
    create: (given) =>
      new TimedRotatingFileHandler(
        present<ConstructorParameters<typeof TimedRotatingFileHandler>[0]>({
          ...fileSettings(given),
          when: read(given, 'when', check.text),
          interval: read(given, 'interval', check.integer),
          backupCount: read(given, 'backupCount', check.integer),
          utc: read(given, 'utc', check.flag),
          atTime: read(
            given,
            'atTime',
            orNull((name, value) => {
              if (value instanceof TimeValue) return value;
              throw refuse(name, 'a datetime.time', value);
            }),
          ),
        }),
      ),
  },
  'handlers.MemoryHandler': {
    parameters: ['capacity!', 'flushLevel', 'target', 'flushOnClose'],
    create: (given) => {
      if (given['target'] !== undefined && given['target'] !== null) {
        throw pythonError(
          'TypeError',
          "argument 'target' cannot be given here: write it as an option of the section",
        );
      }
      return new MemoryHandler(
        present<ConstructorParameters<typeof MemoryHandler>[0]>({
          capacity: check.integer('capacity', given['capacity']),
          flushLevel: read(given, 'flushLevel', check.level),
          flushOnClose: read(given, 'flushOnClose', check.flag),
        }),
      );
    },
  },
  'handlers.SysLogHandler': {
    parameters: ['address', 'facility', 'socktype'],
    create: (given) => {
      const address: Check<SyslogAddress> = (name, value) =>
        typeof value === 'string' ? value : check.pair(name, value);
      const facility: Check<string | number> = (name, value) =>
        typeof value === 'string' ? value : check.integer(name, value);
      const stream: Check<boolean | null> = (_name, value) => (value === null ? null : value === SOCK_STREAM);
      return new SysLogHandler(
        present<ConstructorParameters<typeof SysLogHandler>[0]>({
          address: read(given, 'address', address),
          facility: read(given, 'facility', facility),
          stream: read(given, 'socktype', stream) ?? undefined,
        }),
      );
    },
  },
  'handlers.SMTPHandler': {
    parameters: ['mailhost!', 'fromaddr!', 'toaddrs!', 'subject!', 'credentials', 'secure', 'timeout'],
    create: (given) => {
      const host: Check<string | [string, never]> = (name, value) =>
        typeof value === 'string' ? value : check.pair(name, value);
      const addresses: Check<string | string[]> = (name, value) =>
        typeof value === 'string' ? value : check.texts(name, value);
      return new SMTPHandler(
        present<ConstructorParameters<typeof SMTPHandler>[0]>({
          mailhost: host('mailhost', given['mailhost']),
          fromaddr: check.text('fromaddr', given['fromaddr']),
          toaddrs: addresses('toaddrs', given['toaddrs']),
          subject: check.text('subject', given['subject']),
          credentials: read(given, 'credentials', orNull(check.pair)),
          secure: read(given, 'secure', orNull(check.texts)),
          timeout: read(given, 'timeout', check.seconds),
        }),
      );
    },
  },
  'handlers.SocketHandler': {
    parameters: ['host!', 'port!'],
    create: (given) =>
      new SocketHandler({
        host: check.text('host', given['host']),
        port: orNull(check.integer)('port', given['port']),
      }),
  },
  'handlers.DatagramHandler': {
    parameters: ['host!', 'port!'],
    create: (given) =>
      new DatagramHandler({
        host: check.text('host', given['host']),
        port: check.integer('port', given['port']),
      }),
  },
  'handlers.HTTPHandler': {
    parameters: ['host!', 'url!', 'method', 'secure', 'credentials', 'context'],
    create: (given) => {
      if (given['context'] !== undefined && given['context'] !== null) {
        throw pythonError('TypeError', "argument 'context' is not offered");
      }
      return new HTTPHandler(
        present<ConstructorParameters<typeof HTTPHandler>[0]>({
          host: check.text('host', given['host']),
          url: check.text('url', given['url']),
          method: read(given, 'method', check.text),
          secure: read(given, 'secure', check.flag),
          credentials: read(given, 'credentials', orNull(check.pair)),
        }),
      );
    },
  },
};

/** Classes of Python that have no counterpart, and what to take instead. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  'handlers.NTEventLogHandler': 'it is for Windows only',
  'handlers.BufferingHandler': 'take handlers.MemoryHandler',
  'handlers.QueueHandler': 'no handler waits here',
};

/** A class of handlers by its name in an `.ini`. Throws `LoggingConfigError` without a place. */
export function handlerClassOf(className: string): HandlerClass & { readonly name: string } {
  if (!/^[\w.]+$/u.test(strip(className)))
    throw new LoggingConfigError('bad-expression', `SyntaxError: ${repr(className)} is no name of a class`);
  const name = strip(className).replace(/^logging\./, '');
  const handlerClass = Object.hasOwn(CLASSES, name) ? CLASSES[name]! : undefined;
  if (!handlerClass) {
    const advice = Object.hasOwn(NOT_OFFERED, name) ? NOT_OFFERED[name] : undefined;
    if (advice !== undefined)
      throw new LoggingConfigError('not-offered', `${name} is not offered: ${advice}`);
    throw new LoggingConfigError(
      'unknown-class',
      `unknown handler class ${repr(className)} (classes: ${Object.keys(CLASSES).join(', ')})`,
    );
  }
  return { name, ...handlerClass };
}

/** What makes a handler with these arguments. Throws `LoggingConfigError` without a place for arguments that do not fit. */
export function handlerWith(
  { name, parameters, create }: ReturnType<typeof handlerClassOf>,
  args: unknown,
  kwargs: unknown,
): () => Handler {
  if (!Array.isArray(args)) {
    throw new LoggingConfigError(
      'bad-arguments',
      `args is no tuple of arguments: write (${repr(args)},) for a single one`,
    );
  }
  if (!(kwargs instanceof Map)) {
    throw new LoggingConfigError('bad-arguments', `kwargs is no dictionary of arguments`);
  }
  const given = bind(name, parameters, args, kwargs);
  return () => create(given);
}

function bind(
  className: string,
  parameters: readonly string[],
  args: readonly unknown[],
  kwargs: ReadonlyMap<unknown, unknown>,
): Given {
  const names = parameters.map((parameter) => parameter.replace('!', ''));
  const fail = (problem: string) => new LoggingConfigError('bad-arguments', `${className}: ${problem}`);
  if (args.length > names.length) {
    throw fail(
      `too many arguments: it takes ${names.length} (${names.join(', ')}), ${args.length} were given`,
    );
  }
  const given: Given = Object.create(null) as Given;
  for (const [index, value] of args.entries()) given[names[index]!] = value;
  for (const [key, value] of kwargs) {
    if (typeof key !== 'string' || !names.includes(key)) {
      throw fail(`got an unexpected keyword argument ${repr(key)} (arguments: ${names.join(', ')})`);
    }
    if (Object.hasOwn(given, key)) throw fail(`got multiple values for argument ${repr(key)}`);
    given[key] = value;
  }
  const missing = parameters.filter(
    (parameter) => parameter.endsWith('!') && !Object.hasOwn(given, parameter.slice(0, -1)),
  );
  if (missing.length > 0) {
    throw fail(`missing the required arguments ${missing.map((name) => repr(name.slice(0, -1))).join(', ')}`);
  }
  return given;
}
