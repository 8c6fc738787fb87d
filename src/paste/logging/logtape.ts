/** The way from LogTape, which all code logs with, to Python's loggers, which an `.ini` configures. */
import { configureSync, inspectLogger, type LogLevel, type LogRecord as TapeRecord } from '@logtape/logtape';
import type { LoggerTree } from './loggers.ts';
import { LogRecord } from './record.ts';
import { filePath } from './traceback.ts';

/** LogTape's levels from below, with their numbers in Python. */
const LEVELS: readonly (readonly [LogLevel, number])[] = [
  ['trace', 5],
  ['debug', 10],
  ['info', 20],
  ['warning', 30],
  ['error', 40],
  ['fatal', 50],
];
const numberOf = new Map(LEVELS);

// What an application gives an exception's traceback with: `logger.error('…', { error })`.
const ERROR_PROPERTIES = ['error', 'exception', 'err'];

const SINK = 'python';

/** Whether this process's LogTape is configured by somebody else, who may have a copy of it of his own. */
export function isForeign(): boolean {
  const { source, loggers } = inspectLogger([]);
  return source !== 'unconfigured' && !loggers.some(({ sinkIds }) => sinkIds.includes(SINK));
}

/**
 * Configures LogTape for the levels of a tree. Each logger with a level of its own gets LogTape's threshold, so that a disabled
 * call ends in LogTape; where a message was logged is found out only if a format shows it.
 */
export function connectLogTape(tree: LoggerTree): void {
  const captureSourceLocation = [...tree.handlers].some((handler) => handler.needsCaller);
  configureSync<typeof SINK, never>({
    reset: true,
    sinks: { [SINK]: (record) => deliver(tree, record) },
    loggers: [
      { category: ['logtape', 'meta'], sinks: [SINK], lowestLevel: 'warning', parentSinks: 'override' },
      ...tree.all
        .filter((logger) => logger === tree.root || logger.level !== 0)
        .map((logger) => ({
          category: logger === tree.root ? [] : logger.name.split('.'),
          sinks: [SINK] as [typeof SINK],
          parentSinks: 'override' as const,
          lowestLevel: LEVELS.find(([, number]) => number >= logger.level)?.[0] ?? null,
          captureSourceLocation,
        })),
    ],
  });
}

function deliver(tree: LoggerTree, tape: TapeRecord): void {
  const logger = tree.get(tape.category.join('.'));
  const level = numberOf.get(tape.level)!;
  if (!logger.isEnabledFor(level)) return;
  const { sourceLocation, properties } = tape;
  const errorName = ERROR_PROPERTIES.find((name) => properties[name] instanceof Error);
  const text = textOf(tape);
  logger.handle(
    new LogRecord({
      name: logger.name,
      level,
      message: text,
      error: errorName === undefined ? undefined : properties[errorName],
      extra: properties,
      created: tape.timestamp / 1000,
      caller: sourceLocation && {
        file: filePath(sourceLocation.file),
        line: sourceLocation.line,
      },
    }),
  );
}

function textOf({ message }: TapeRecord): string {
  if (message.length === 1) return String(message[0]);
  return message
    .map((part) => (part instanceof Error ? `${part.name}: ${part.message}` : String(part)))
    .join('');
}
