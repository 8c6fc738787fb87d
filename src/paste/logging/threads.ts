/**
 * Logging of worker threads: records go to the main thread, whose handlers write them, so that files rotate once and lines of
 * threads do not mix. What a thread posted before it died still arrives.
 */
import { Handler } from './handlers/handler.ts';
import type { LoggerTree } from './loggers.ts';
import { type Caller, LogRecord } from './record.ts';
import { runtime } from './runtime.ts';

/** What a worker knows of the main thread's loggers: enough to drop a record where it is logged. */
export interface Levels {
  readonly levels: readonly (readonly [name: string, level: number])[];
  readonly needsCaller: boolean;
}

export interface PostedRecord {
  readonly name: string;
  readonly level: number;
  readonly message: string;
  readonly exceptionText: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly caller: Caller | undefined;
  readonly created: number;
  readonly thread: number;
  readonly threadName: string;
  readonly bulk: boolean;
}

export function levelsOf(tree: LoggerTree): Levels {
  return {
    levels: tree.all.filter((logger) => logger.level !== 0).map(({ name, level }) => [name, level] as const),
    needsCaller: [...tree.handlers].some((handler) => handler.needsCaller),
  };
}

/** The worker's side: posts every record. */
export class ForwardingHandler extends Handler {
  readonly pythonClass = 'ForwardingHandler';
  readonly #post: (record: PostedRecord) => void;
  readonly #followed = new Map<string, number>();
  #needsCaller = false;

  constructor(post: (record: PostedRecord) => void) {
    super();
    this.#post = post;
  }

  override get needsCaller(): boolean {
    return this.#needsCaller;
  }

  /** Takes over the main thread's levels. */
  follow(tree: LoggerTree, { levels, needsCaller }: Levels): void {
    this.#needsCaller = needsCaller;
    const wanted = new Map(levels);
    for (const name of wanted.keys()) tree.get(name);
    for (const logger of tree.all) {
      const level = wanted.get(logger.name) ?? 0;
      // A level that the thread's own code has set stays.
      if (logger.level === (this.#followed.get(logger.name) ?? logger.level)) logger.level = level;
      this.#followed.set(logger.name, level);
    }
  }

  protected override emit(record: LogRecord): void {
    const posted: PostedRecord = {
      name: record.name,
      level: record.level,
      message: record.message,
      exceptionText: record.exceptionText,
      // Only what can be copied to another thread for certain.
      extra: Object.fromEntries(Object.entries(record.extra).filter(([, value]) => isPlain(value))),
      caller: record.caller,
      created: record.created,
      thread: runtime.thread,
      threadName: runtime.threadName,
      bulk: record.bulk,
    };
    this.#post(posted);
  }

  protected override describeSettings(): Record<string, unknown> {
    return {};
  }
}

const isPlain = (value: unknown) =>
  value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

/** The main thread's side: hands what a worker posted to the logger of that name. Its level was compared in the worker. */
export function receiveRecord(tree: LoggerTree, posted: PostedRecord): void {
  const logger = tree.get(posted.name);
  if (!logger.disabled) logger.handle(new LogRecord(posted));
}
