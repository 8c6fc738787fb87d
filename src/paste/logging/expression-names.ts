/** The names that expressions in an `.ini` may use. */
import os from 'node:os';
import path from 'node:path';
import { pythonError } from './errors.ts';
import { FACILITIES } from './handlers/syslog.ts';
import { levelNames } from './levels.ts';
import { typeName } from './percent.ts';
import { repr, str } from './python-text.ts';
import { runtime } from './runtime.ts';

type Callable = (args: readonly unknown[], keywords: ReadonlyMap<string, unknown>) => unknown;

/** A function of the table. */
export class NamedFunction {
  readonly name: string;
  readonly call: Callable;

  constructor(name: string, call: Callable) {
    this.name = name;
    this.call = call;
  }
}

/** `datetime.time(…)`, for `atTime`. */
export class TimeValue {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;

  constructor(hour = 0, minute = 0, second = 0) {
    this.hour = hour;
    this.minute = minute;
    this.second = second;
  }
}

export const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

const texts = (args: readonly unknown[]): string[] =>
  args.map((arg) => {
    if (typeof arg === 'string') return arg;
    throw pythonError('TypeError', `expected str, not ${typeName(arg)}`);
  });

const textFunction = (name: string, call: (...args: string[]) => unknown): [string, NamedFunction] => [
  name,
  new NamedFunction(name, (args) => call(...texts(args))),
];

/** `process.env` inherits from Object. */
const variable = (name: string) => (Object.hasOwn(process.env, name) ? process.env[name] : undefined);

export function environment(name: string): string {
  const value = variable(name);
  if (value === undefined) throw pythonError('KeyError', repr(name));
  return value;
}

const FUNCTIONS: ReadonlyMap<string, NamedFunction> = new Map([
  textFunction('os.path.join', (...parts) =>
    parts.reduce((base, part) =>
      part.startsWith('/') ? part : base === '' || base.endsWith('/') ? base + part : `${base}/${part}`,
    ),
  ),
  textFunction('os.path.abspath', (file) => path.resolve(file)),
  textFunction('os.path.basename', (file) => file.slice(file.lastIndexOf('/') + 1)),
  textFunction('os.path.dirname', (file) =>
    file.slice(0, Math.max(file.lastIndexOf('/'), file[0] === '/' ? 1 : 0)),
  ),
  textFunction('os.path.normpath', (file) => path.normalize(file)),
  textFunction('os.path.expanduser', (file) => file.replace(/^~(?=\/|$)/, () => os.homedir())),
  textFunction('os.getcwd', () => process.cwd()),
  textFunction('os.getpid', () => runtime.process),
  textFunction('os.environ.get', (name, fallback) => variable(name) ?? fallback ?? null),
  textFunction('os.getenv', (name, fallback) => variable(name) ?? fallback ?? null),
  ['str', new NamedFunction('str', ([value = '']) => str(value))],
  ['int', new NamedFunction('int', ([value = 0]) => toInteger(value))],
  [
    'dict',
    new NamedFunction('dict', (args, keywords) =>
      args[0] instanceof Map ? new Map([...args[0], ...keywords]) : new Map(keywords),
    ),
  ],
  [
    'datetime.time',
    new NamedFunction('datetime.time', (args) => new TimeValue(...(args as [number?, number?, number?]))),
  ],
]);

function toInteger(value: unknown): number {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value)) return Number(value);
  throw pythonError('ValueError', `invalid literal for int() with base 10: ${repr(value)}`);
}

/** The value of a dotted name; undefined for a prefix of one (`os.path`); throws for none. */
export function lookUp(name: string): unknown {
  const level = levelNames().get(name.replace(/^logging\./, ''));
  if (level !== undefined) return level;
  const plain = name.replace(/^logging\.(?=handlers\b)/, '');
  const facility = /^handlers\.SysLogHandler\.LOG_([A-Z0-9]+)$/.exec(plain)?.[1]?.toLowerCase();
  if (facility !== undefined && Object.hasOwn(FACILITIES, facility)) return FACILITIES[facility];
  switch (plain) {
    case 'None':
      return null;
    case 'True':
      return true;
    case 'False':
      return false;
    case 'sys.stdout':
    case 'sys.__stdout__':
      return runtime.stdout;
    case 'sys.stderr':
    case 'sys.__stderr__':
      return runtime.stderr;
    case 'os.sep':
      return '/';
    case 'os.devnull':
      return '/dev/null';
    case 'handlers.SYSLOG_UDP_PORT':
    case 'handlers.SYSLOG_TCP_PORT':
      return 514;
    case 'handlers.DEFAULT_TCP_LOGGING_PORT':
      return 9020;
    case 'handlers.DEFAULT_UDP_LOGGING_PORT':
      return 9021;
    case 'handlers.DEFAULT_HTTP_LOGGING_PORT':
      return 9022;
    case 'socket.SOCK_STREAM':
    case 'handlers.socket.SOCK_STREAM':
      return SOCK_STREAM;
    case 'socket.SOCK_DGRAM':
    case 'handlers.socket.SOCK_DGRAM':
      return SOCK_DGRAM;
    case 'os.environ':
      return ENVIRONMENT;
  }
  const found = FUNCTIONS.get(plain);
  if (found) return found;
  const root = name.split('.')[0]!;
  if (MODULES.has(root)) {
    const rest = name.split('.').slice(1).join('.');
    throw pythonError('AttributeError', `${repr(root)} has no attribute ${repr(rest)} that an .ini may use`);
  }
  throw pythonError('NameError', `name ${repr(root)} is not defined`);
}

export const ENVIRONMENT = Symbol('os.environ');
const MODULES = new Set(['os', 'sys', 'handlers', 'logging', 'socket', 'datetime']);
