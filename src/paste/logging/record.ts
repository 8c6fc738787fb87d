import path from 'node:path';
import { pythonError } from './errors.ts';
import { levelName } from './levels.ts';
import { formatMessage } from './percent.ts';
import { FloatValue, repr, TupleValue, str } from './python-text.ts';
import { runtime } from './runtime.ts';
import { formatException } from './traceback.ts';

/** Where a record was logged. */
export interface Caller {
  readonly file: string;
  readonly line: number;
  readonly function?: string | undefined;
}

export type LogArguments = readonly unknown[] | Readonly<Record<string, unknown>>;

export interface LogRecordInit {
  readonly name: string;
  readonly level: number;
  readonly message: unknown;
  readonly args?: LogArguments | undefined;
  readonly error?: unknown;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  readonly caller?: Caller | undefined;
  /** Seconds since 1970; default now. */
  readonly created?: number | undefined;
  /** A traceback that was written already, instead of `error`. */
  readonly exceptionText?: string | undefined;
  readonly thread?: number | undefined;
  readonly threadName?: string | undefined;
  /** One of many of little weight, such as a line of an access log: files gather them for the rest of the turn. */
  readonly bulk?: boolean | undefined;
}

/** One event with the fields of Python's `logging.LogRecord`. What costs something is computed when it is asked for. */
export class LogRecord {
  readonly name: string;
  readonly level: number;
  readonly created: number;
  readonly rawMessage: unknown;
  readonly args: LogArguments;
  readonly error: unknown;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly caller: Caller | undefined;
  readonly thread: number;
  readonly threadName: string;
  readonly bulk: boolean;
  #message: string | undefined;
  #exceptionText: string | undefined;

  constructor(init: LogRecordInit) {
    this.name = init.name;
    this.level = init.level;
    this.created = init.created ?? runtime.now();
    this.rawMessage = init.message;
    this.args = init.args ?? NONE;
    this.error = init.error;
    this.extra = init.extra ?? NOTHING;
    this.caller = init.caller;
    this.thread = init.thread ?? runtime.thread;
    this.threadName = init.threadName ?? runtime.threadName;
    this.bulk = init.bulk ?? false;
    this.#exceptionText = init.exceptionText;
  }

  /** The message with its arguments. Throws Python's `TypeError` and the like when they do not fit. */
  get message(): string {
    if (this.#message === undefined) {
      const empty =
        this.args === NONE ||
        (Array.isArray(this.args) ? this.args.length === 0 : Object.keys(this.args).length === 0);
      const text = typeof this.rawMessage === 'string' ? this.rawMessage : str(this.rawMessage);
      this.#message = empty ? text : formatMessage(text, this.args);
    }
    return this.#message;
  }

  /** The traceback of `error`, or an empty text. */
  get exceptionText(): string {
    this.#exceptionText ??=
      this.error === undefined || this.error === null ? '' : formatException(this.error);
    return this.#exceptionText;
  }

  /** Whole milliseconds within the second, cut. */
  get milliseconds(): number {
    return Math.trunc((this.created - Math.floor(this.created)) * 1000);
  }

  /** A field by the name that formats use. Throws a `KeyError` for an unknown one. */
  field(name: string): unknown {
    switch (name) {
      case 'name':
        return this.name;
      case 'levelno':
        return this.level;
      case 'levelname':
        return levelName(this.level);
      case 'message':
        return this.message;
      case 'msg':
        return this.rawMessage;
      case 'args':
        return Array.isArray(this.args) ? TupleValue.from(this.args) : this.args;
      case 'pathname':
        return this.caller?.file ?? '(unknown file)';
      case 'filename':
        return path.basename(this.caller?.file ?? '(unknown file)');
      case 'module': {
        const file = path.basename(this.caller?.file ?? '(unknown file)');
        return file.slice(0, file.length - path.extname(file).length);
      }
      case 'lineno':
        return this.caller?.line ?? 0;
      case 'funcName':
        return this.caller?.function ?? (this.caller ? '<module>' : '(unknown function)');
      case 'created':
        return new FloatValue(this.created);
      case 'msecs':
        return new FloatValue(this.milliseconds);
      case 'relativeCreated':
        return new FloatValue((this.created - runtime.startedAt) * 1000);
      case 'thread':
        return this.thread;
      case 'threadName':
        return this.threadName;
      case 'process':
        return runtime.process;
      case 'processName':
        return runtime.processName;
      case 'taskName':
      case 'stack_info':
      case 'exc_info':
        return name === 'exc_info' ? (this.error ?? null) : null;
      case 'exc_text':
        return this.exceptionText || null;
    }
    if (Object.hasOwn(this.extra, name)) return this.extra[name];
    throw pythonError('KeyError', repr(name));
  }

  /** All fields, as Python's `record.__dict__`, for handlers that send a record on. */
  fields(): Record<string, unknown> {
    return { ...this.extra, ...Object.fromEntries(SENT_FIELDS.map((name) => [name, this.field(name)])) };
  }
}

const NONE: readonly unknown[] = [];
const NOTHING: Readonly<Record<string, unknown>> = {};
const SENT_FIELDS = [
  'name',
  'msg',
  'args',
  'levelname',
  'levelno',
  'pathname',
  'filename',
  'module',
  'exc_info',
  'exc_text',
  'stack_info',
  'lineno',
  'funcName',
  'created',
  'msecs',
  'relativeCreated',
  'thread',
  'threadName',
  'processName',
  'process',
];
