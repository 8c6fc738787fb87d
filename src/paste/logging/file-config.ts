/** Python's `logging.config.fileConfig`: the sections `loggers`, `handlers` and `formatters` of an `.ini`. */
import { integer, ValueRefused } from '../../zconfig/index.ts';
import { ConfigParser, quoted } from '../loader/config-parser.ts';
import { LoggingConfigError, type LoggingConfigErrorCode } from './errors.ts';
import { readExpression } from './expressions.ts';
import { Formatter } from './formatter.ts';
import { handlerClassOf, handlerWith } from './handler-classes.ts';
import type { Handler } from './handlers/handler.ts';
import { MemoryHandler } from './handlers/memory.ts';
import { levelNumber, NOTSET } from './levels.ts';
import type { LoggerTree, PythonLogger } from './loggers.ts';
import { TupleValue } from './python-text.ts';

/** What the file describes, ready to be installed. Handlers have opened their files. */
export interface LoggingSetup {
  readonly formatters: ReadonlyMap<string, Formatter>;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly loggers: readonly LoggerSetup[];
}

interface LoggerSetup {
  readonly name: string;
  /** Undefined: as it is. */
  readonly level: number | undefined;
  readonly propagate: boolean;
  readonly handlers: readonly Handler[];
}

/** Reads the logging sections without opening anything. Throws `LoggingConfigError` or, for the language of the file, `LoadError`. */
export function planLogging(parser: ConfigParser) {
  const reader = new SectionReader(parser);
  const formatterNames = reader.keys('formatters');
  const handlerNames = reader.keys('handlers');
  const loggerNames = reader.loggerKeys();
  const formatters = new Map(formatterNames.map((name) => [name, reader.formatter(name)]));
  const plans = handlerNames.map((name) => reader.handlerPlan(name, formatters));
  const known = new Set(handlerNames);
  const loggerPlans = loggerNames.map((name) => reader.loggerPlan(name, known));
  reader.checkTargets(plans, known);
  return { formatters, plans, loggerPlans };
}

/**
 * Reads the logging sections, and opens what they name. Throws as `planLogging` does. Before anything is opened all names are checked, so
 * that a mistake leaves no half-made set-up behind.
 */
export function readLoggingSetup(parser: ConfigParser): LoggingSetup {
  const { formatters, plans, loggerPlans } = planLogging(parser);
  const handlers = new Map<string, Handler>();
  try {
    for (const plan of plans) handlers.set(plan.name, plan.create());
    for (const plan of plans) {
      const handler = handlers.get(plan.name);
      if (plan.target && handler instanceof MemoryHandler) handler.setTarget(handlers.get(plan.target)!);
    }
  } catch (error) {
    for (const handler of handlers.values()) handler.close();
    throw error;
  }
  return {
    formatters,
    handlers,
    loggers: loggerPlans.map((plan) => ({
      ...plan,
      handlers: plan.handlers.map((name) => handlers.get(name)!),
    })),
  };
}

/** Puts a set-up in force: named loggers are replaced, their descendants reset, all others stay as they are. */
export function installLoggingSetup(tree: LoggerTree, setup: LoggingSetup): void {
  const existing = tree.all;
  for (const handler of tree.handlers) {
    handler.flush();
    handler.close();
  }
  tree.configured = [...setup.handlers.values()];
  const configured = new Set<PythonLogger>();
  for (const { name, level, propagate, handlers } of setup.loggers) {
    const logger = tree.get(name);
    configured.add(logger);
    logger.configured = true;
    if (level !== undefined) logger.level = level;
    if (logger !== tree.root) logger.propagate = propagate;
    logger.disabled = false;
    logger.handlers = [...new Set(handlers)];
  }
  for (const logger of existing) {
    if (configured.has(logger) || !logger.isChanged || !hasAncestor(logger, configured, tree.root)) continue;
    logger.configured = true;
    logger.level = NOTSET;
    logger.handlers = [];
    logger.propagate = true;
  }
}

function hasAncestor(logger: PythonLogger, of: ReadonlySet<PythonLogger>, root: PythonLogger): boolean {
  for (let at = logger.parent; at && at !== root; at = at.parent) if (of.has(at)) return true;
  return false;
}

interface HandlerPlan {
  readonly name: string;
  readonly section: string;
  readonly target: string | undefined;
  create(): Handler;
}

class SectionReader {
  readonly #parser: ConfigParser;

  constructor(parser: ConfigParser) {
    this.#parser = parser;
  }

  #error(code: LoggingConfigErrorCode, problem: string, section: string, option?: string, cause?: unknown) {
    return new LoggingConfigError(
      code,
      problem,
      { file: this.#parser.file, line: this.#parser.lineOf(section, option), section, option },
      { cause },
    );
  }

  #section(section: string): string {
    if (this.#parser.hasSection(section)) return section;
    throw new LoggingConfigError('missing-section', `no section [${section}]`, { file: this.#parser.file });
  }

  #required(section: string, option: string): string {
    const value = this.#parser.get(this.#section(section), option);
    if (value !== undefined) return value;
    throw this.#error('missing-option', `the option ${quoted(option)} is missing`, section);
  }

  /** A comma-separated list; empty text is an empty list. */
  #list(section: string, option: string): string[] {
    const text = this.#required(section, option);
    return text === '' ? [] : text.split(',').map((name) => name.trim());
  }

  keys(section: string): string[] {
    return this.#list(section, 'keys');
  }

  loggerKeys(): string[] {
    const keys = this.keys('loggers');
    if (!keys.includes('root')) {
      throw this.#error(
        'missing-root',
        `the root logger is not among the keys: add 'root'`,
        'loggers',
        'keys',
      );
    }
    return ['root', ...keys.filter((key) => key !== 'root')];
  }

  /** Runs what throws errors under Python's names, and adds the place. */
  #within<T>(code: LoggingConfigErrorCode, section: string, option: string | undefined, run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof LoggingConfigError) {
        throw error.at({
          file: this.#parser.file,
          line: this.#parser.lineOf(section, option),
          section,
          option,
        });
      }
      if (!(error instanceof Error)) throw error;
      throw this.#error(code, `${error.name}: ${error.message}`, section, option, error);
    }
  }

  formatter(name: string): Formatter {
    const section = this.#section(`formatter_${name}`);
    const parser = this.#parser;
    const className = parser.get(section, 'class');
    if (className !== undefined && className !== '' && !/^(?:logging\.)?Formatter$/.test(className)) {
      throw this.#error(
        'unknown-class',
        `unknown formatter class ${quoted(className)} (classes: logging.Formatter)`,
        section,
        'class',
      );
    }
    // Formats are full of percent signs that mean fields, so they are taken as written.
    const format = parser.raw(section, 'format');
    const dateFormat = parser.raw(section, 'datefmt');
    const style = parser.raw(section, 'style') ?? '%';
    const defaultsText = parser.get(section, 'defaults');
    const defaults =
      defaultsText === undefined
        ? undefined
        : this.#within('bad-expression', section, 'defaults', () => readExpression(defaultsText));
    if (defaults !== undefined && !(defaults instanceof Map)) {
      throw this.#error('bad-expression', 'the defaults are no dictionary', section, 'defaults');
    }
    return this.#within(
      'bad-format',
      section,
      style === '%' || style === '{' || style === '$' ? 'format' : 'style',
      () =>
        new Formatter(
          format,
          dateFormat,
          style,
          defaults && (Object.fromEntries(defaults) as Record<string, unknown>),
        ),
    );
  }

  handlerPlan(name: string, formatters: ReadonlyMap<string, Formatter>): HandlerPlan {
    const section = this.#section(`handler_${name}`);
    const parser = this.#parser;
    const className = this.#required(section, 'class');
    const formatterName = parser.get(section, 'formatter') ?? '';
    const handlerClass = this.#within('unknown-class', section, undefined, () => handlerClassOf(className));
    const args = this.#expression(section, 'args') ?? new TupleValue();
    const kwargs = this.#expression(section, 'kwargs') ?? new Map<unknown, unknown>();
    const create = this.#within('bad-arguments', section, undefined, () =>
      handlerWith(handlerClass, args, kwargs),
    );
    const level = this.#level(section);
    const formatter = formatterName === '' ? null : formatters.get(formatterName);
    if (formatter === undefined) {
      throw this.#error('unknown-name', `unknown formatter ${quoted(formatterName)}`, section, 'formatter');
    }
    return {
      name,
      section,
      target: parser.get(section, 'target') || undefined,
      create: () => {
        const handler = this.#within('handler-failed', section, undefined, create);
        handler.formatter = formatter;
        if (level !== undefined) handler.level = level;
        return handler;
      },
    };
  }

  checkTargets(plans: readonly HandlerPlan[], known: ReadonlySet<string>): void {
    for (const { section, target } of plans) {
      if (target === undefined || known.has(target)) continue;
      throw this.#error('unknown-name', `unknown handler ${quoted(target)}`, section, 'target');
    }
  }

  loggerPlan(
    key: string,
    handlers: ReadonlySet<string>,
  ): Omit<LoggerSetup, 'handlers'> & { handlers: string[] } {
    const section = this.#section(`logger_${key}`);
    const name = key === 'root' ? '' : this.#required(section, 'qualname');
    const propagate = key === 'root' || this.#integer(section, 'propagate', 1) !== 0;
    const level = this.#level(section);
    const names = this.#list(section, 'handlers');
    for (const handler of names) {
      if (handlers.has(handler)) continue;
      throw this.#error('unknown-name', `unknown handler ${quoted(handler)}`, section, 'handlers');
    }
    return { name, level, propagate, handlers: names };
  }

  #expression(section: string, option: string): unknown {
    const text = this.#parser.get(section, option);
    if (text === undefined) return undefined;
    return this.#within('bad-expression', section, option, () => readExpression(text));
  }

  #level(section: string): number | undefined {
    const text = this.#parser.get(section, 'level');
    return text === undefined
      ? undefined
      : this.#within('unknown-level', section, 'level', () => levelNumber(text));
  }

  #integer(section: string, option: string, fallback: number): number {
    const text = this.#parser.get(section, option);
    if (text === undefined) return fallback;
    try {
      return Number(integer(text));
    } catch (error) {
      if (!(error instanceof ValueRefused)) throw error;
      throw this.#error(
        'bad-number',
        `not a whole number: ${error.message} (1 for yes, 0 for no)`,
        section,
        option,
      );
    }
  }
}
