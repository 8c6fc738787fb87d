import { threadId } from 'node:worker_threads';

/** Where records take their circumstances from; tests put a still clock here. */
export interface LoggingRuntime {
  /** Seconds since 1970, with a fraction. */
  now(): number;
  /** When the process started, on the same clock. */
  startedAt: number;
  process: number;
  processName: string;
  thread: number;
  threadName: string;
  stdout: LogStream;
  stderr: LogStream;
}

export interface LogStream {
  readonly name: string;
  write(text: string): void;
}

function standardStream(name: 'stdout' | 'stderr'): LogStream {
  let guarded = false;
  return {
    name,
    write(text) {
      const stream = process[name];
      if (!guarded) {
        guarded = true;
        // A reader that went away must not end the server: writing to it fails later, as an event.
        stream.on('error', () => {});
      }
      stream.write(text);
    },
  };
}

export const runtime: LoggingRuntime = {
  now: () => Date.now() / 1000,
  startedAt: Date.now() / 1000 - process.uptime(),
  process: process.pid,
  processName: 'MainProcess',
  thread: threadId,
  threadName: threadId === 0 ? 'MainThread' : `Thread-${threadId}`,
  stdout: standardStream('stdout'),
  stderr: standardStream('stderr'),
};
