/** Python's tree of loggers: names with dots, levels that come from above, handlers that records go up to. */
import { type Handler, reportError } from './handlers/handler.ts';
import { StreamHandler } from './handlers/stream.ts';
import { levelName, NOTSET, WARNING } from './levels.ts';
import { type Caller, type LogArguments, LogRecord } from './record.ts';
import { runtime } from './runtime.ts';

export interface LogOptions {
  /** An exception to show with its traceback. */
  readonly error?: unknown;
  /** Fields of the record for formats of one's own: `%(user)s`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  readonly caller?: Caller | undefined;
  /** Seconds since 1970; default now. */
  readonly created?: number | undefined;
  /** One of many of little weight: files gather them for the rest of the turn. */
  readonly bulk?: boolean | undefined;
}

/** One of Python's loggers. */
export class PythonLogger {
  readonly name: string;
  readonly parent: PythonLogger | null;
  readonly #changed: () => void;
  #level: number;
  #handlers: readonly Handler[] = [];
  propagate = true;
  disabled = false;
  /** Whether a set-up has named it or put it back. */
  configured = false;

  constructor(name: string, parent: PythonLogger | null, level: number, changed: () => void) {
    this.name = name;
    this.parent = parent;
    this.#level = level;
    this.#changed = changed;
  }

  /** 0: the nearest level above counts. */
  get level(): number {
    return this.#level;
  }

  set level(level: number) {
    if (level === this.#level) return;
    this.#level = level;
    this.#changed();
  }

  get handlers(): readonly Handler[] {
    return this.#handlers;
  }

  set handlers(handlers: readonly Handler[]) {
    this.#handlers = handlers;
    this.#changed();
  }

  get effectiveLevel(): number {
    return this.#level === NOTSET ? (this.parent?.effectiveLevel ?? NOTSET) : this.#level;
  }

  /** Whether it differs from a logger that was only asked for. */
  get isChanged(): boolean {
    return this.#level !== NOTSET || !this.propagate || this.disabled || this.#handlers.length > 0;
  }

  isEnabledFor(level: number): boolean {
    return !this.disabled && level >= this.effectiveLevel;
  }

  addHandler(handler: Handler): void {
    if (!this.#handlers.includes(handler)) this.handlers = [...this.#handlers, handler];
  }

  removeHandler(handler: Handler): void {
    if (this.#handlers.includes(handler)) this.handlers = this.#handlers.filter((item) => item !== handler);
  }

  /** Logs `message % args` at a numeric level. Never throws. */
  log(level: number, message: unknown, args?: LogArguments, options?: LogOptions): void {
    if (!this.isEnabledFor(level)) return;
    this.handle(new LogRecord({ name: this.name, level, message, args, ...options }));
  }

  /** Gives a record to the handlers here and above; its level has been compared with this logger's. */
  handle(record: LogRecord): void {
    if (!this.#deliver(record) && record.level >= WARNING) writeLastResort(record);
  }

  /** Whether there was any handler on the way up. */
  #deliver(record: LogRecord): boolean {
    for (const handler of this.#handlers) {
      if (record.level >= handler.level) handler.handle(record);
    }
    const above = this.propagate && this.parent !== null && this.parent.#deliver(record);
    return above || this.#handlers.length > 0;
  }
}

/** Without any handler warnings go to stderr, bare. */
function writeLastResort(record: LogRecord): void {
  try {
    lastResort ??= new StreamHandler();
    runtime.stderr.write(`${lastResort.format(record)}\n`);
  } catch (error) {
    reportError(error, record);
  }
}

let lastResort: StreamHandler | undefined;

/** All loggers of a thread. */
export class LoggerTree {
  readonly root: PythonLogger;
  readonly #loggers = new Map<string, PythonLogger>();
  readonly #changed: () => void;

  /** `changed` is called when levels or handlers change. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
    this.root = new PythonLogger('root', null, WARNING, changed);
  }

  /** A logger by its dotted name; an empty name and `root` are the root. */
  get(name: string): PythonLogger {
    if (name === '' || name === 'root') return this.root;
    let logger = this.#loggers.get(name);
    if (!logger) {
      const dot = name.lastIndexOf('.');
      // Unlike Python's, ancestors are made at once, so that a parent never changes.
      logger = new PythonLogger(
        name,
        dot < 0 ? this.root : this.#ancestor(name.slice(0, dot)),
        NOTSET,
        this.#changed,
      );
      this.#loggers.set(name, logger);
    }
    return logger;
  }

  #ancestor(name: string): PythonLogger {
    return name === '' || name === 'root' ? this.root : this.get(name);
  }

  get all(): readonly PythonLogger[] {
    return [this.root, ...this.#loggers.values()];
  }

  /** Handlers of the last set-up, among them those that only another handler or no logger uses. */
  configured: readonly Handler[] = [];

  /** Every handler in use. */
  get handlers(): ReadonlySet<Handler> {
    return new Set([...this.configured, ...this.all.flatMap((logger) => logger.handlers)]);
  }

  /** Drops every logger but the root, which is as it was born. */
  reset(): void {
    this.#loggers.clear();
    this.configured = [];
    this.root.handlers = [];
    this.root.level = WARNING;
    this.root.disabled = false;
  }

  /** The root, what a set-up has touched and every other logger that is not as it was born, in the words of Python. */
  describe(): Record<string, LoggerDescription> {
    const described: Record<string, LoggerDescription> = {};
    for (const logger of this.all) {
      const { level, propagate, disabled, handlers } = logger;
      if (logger !== this.root && !logger.configured && !logger.isChanged) continue;
      described[logger.name] = {
        level: levelName(level),
        effective: levelName(logger.effectiveLevel),
        propagate,
        disabled,
        handlers: handlers.map((handler) => handler.describe()),
      };
    }
    return described;
  }
}

export interface LoggerDescription {
  readonly level: string;
  readonly effective: string;
  readonly propagate: boolean;
  readonly disabled: boolean;
  readonly handlers: readonly Record<string, unknown>[];
}
