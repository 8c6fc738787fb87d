import path from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { ConfigParser } from '../loader/config-parser.ts';
import type { Settings } from '../loader/factories.ts';
import { reportError } from './handlers/handler.ts';
import { installLoggingSetup, planLogging, readLoggingSetup } from './file-config.ts';
import { type LoggerDescription, LoggerTree, type PythonLogger } from './loggers.ts';
import { connectLogTape, isForeign } from './logtape.ts';
import { LogRecord } from './record.ts';
import { runtime } from './runtime.ts';
import { ForwardingHandler, type Levels, levelsOf, type PostedRecord, receiveRecord } from './threads.ts';

// A receiver of mails or web requests that does not answer must not hold the end of the process.
const SHUTDOWN_MS = 5000;

let connected = false;
let scheduled = false;

const tree = new LoggerTree(() => {
  if (!connected || scheduled) return;
  scheduled = true;
  queueMicrotask(connectNow);
});

/** Several changes in a row reconfigure LogTape once. */
function connectNow(): void {
  scheduled = false;
  if (!connected) return;
  connectLogTape(tree);
  for (const port of workers) port.postMessage(levelsOf(tree));
}

const workers = new Set<MessagePort>();

/** In the main thread: hands a record that a worker thread has posted to the handlers here. */
export const receiveRecordOfThread = (posted: PostedRecord): void => receiveRecord(tree, posted);

/** In the main thread: takes the records of a worker thread from a port whose other end it gave to `forwardLogging`. */
export function receiveLogging(port: MessagePort): void {
  workers.add(port);
  port.on('message', (posted: PostedRecord) => receiveRecord(tree, posted));
  port.on('close', () => workers.delete(port));
  port.unref();
  port.postMessage(levelsOf(tree));
}

/**
 * In a worker thread: sends all records to the main thread, whose levels count here as well, and follows when they change.
 * Resolves when the levels are known.
 *
 * @param post How records are sent, to end at `receiveRecordOfThread`; by the port unless told.
 */
export async function forwardLogging(
  port: MessagePort,
  threadName = runtime.threadName,
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of Node, not a window
  post: (record: PostedRecord) => void = (record) => port.postMessage(record),
): Promise<void> {
  runtime.threadName = threadName;
  const handler = new ForwardingHandler(post);
  tree.root.handlers = [handler];
  connected = true;
  await new Promise<void>((resolve) => {
    port.on('message', (levels: Levels) => {
      handler.follow(tree, levels);
      connectNow();
      resolve();
    });
  });
  port.unref();
}

function parserOf(iniPath: string, globalConf: Settings): ConfigParser {
  const file = path.resolve(iniPath);
  return ConfigParser.read(file, {
    defaults: { __file__: file, here: path.dirname(file), ...globalConf },
    lowerCaseOptions: true,
  });
}

/**
 * Sets logging up from the sections `loggers`, `handlers` and `formatters` of an `.ini`, as Python's `runwsgi` does; a file without
 * `[loggers]` leaves warnings going to stderr. `globalConf` are variables for `%(name)s`, besides `here` and `__file__`.
 * A LogTape that the embedding program has configured itself is left alone, unless the file has `[loggers]`.
 *
 * Throws `LoggingConfigError` for the sections and `LoadError` for the language of the file; then nothing has changed.
 */
export async function setUpLogging(iniPath: string, globalConf: Settings = {}): Promise<void> {
  const parser = parserOf(iniPath, globalConf);
  if (parser.hasSection('loggers')) installLoggingSetup(tree, readLoggingSetup(parser));
  else if (isForeign()) return;
  if (!connected) process.on('exit', flushLogging);
  connected = true;
  connectNow();
}

/** Reads the logging sections of an `.ini` without opening anything. Throws as `setUpLogging` does. */
export function checkLogging(iniPath: string, globalConf: Settings = {}): void {
  const parser = parserOf(iniPath, globalConf);
  if (parser.hasSection('loggers')) planLogging(parser);
}

/** A logger by its dotted name (`waitress.queue`; empty for the root), for levels and handlers and Python's own kind of calls. */
export function pythonLogger(name: string): PythonLogger {
  return tree.get(name);
}

/** The loggers that are not as they were born: levels, propagation and handlers with what they were given. */
export function describeLoggers(): Record<string, LoggerDescription> {
  return tree.describe();
}

/** Opens all log files anew; for SIGUSR2 or SIGHUP, after a program like logrotate has moved them. */
export function reopenLogs(): void {
  for (const handler of tree.handlers) {
    try {
      handler.reopen();
    } catch (error) {
      reportError(
        error,
        new LogRecord({ name: 'root', level: 40, message: 'a log file cannot be opened again' }),
      );
    }
  }
}

/** Gives on what handlers hold back. */
function flushLogging(): void {
  for (const handler of tree.handlers) {
    try {
      handler.flush();
    } catch (error) {
      reportError(
        error,
        new LogRecord({ name: 'root', level: 40, message: 'a log handler cannot be flushed' }),
      );
    }
  }
}

/** Flushes and closes all handlers and waits, at most 5 seconds, for what is on its way. Loggers keep their settings. */
export async function shutDownLogging(): Promise<void> {
  flushLogging();
  const handlers = [...tree.handlers].toReversed();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, SHUTDOWN_MS)));
  await Promise.race([late, Promise.all(handlers.map((handler) => handler.settled()))]);
  clearTimeout(timer);
  for (const handler of handlers) handler.close();
}

/** Forgets all loggers and leaves LogTape alone; for tests. */
export async function resetLogging(): Promise<void> {
  await shutDownLogging();
  tree.reset();
  connected = false;
  process.off('exit', flushLogging);
}
