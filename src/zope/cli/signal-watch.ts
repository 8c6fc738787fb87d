/**
 * Ctrl-C, and the log of slow requests, for a site whose code does not return. Node tells signals on the main thread's event loop only, so where that thread runs the
 * site's code, another thread listens as well and ends the process when the main thread does not.
 */
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { fromSource, moduleUrl, packageRoot } from '../package-files.ts';
import type { OwnRequests } from '../threads/own-requests.ts';

export interface SignalWatchData {
  /** How many signals the main thread has heard of. */
  readonly heard: SharedArrayBuffer;
  /** Milliseconds that running requests have. */
  readonly graceMs: number;
  /** A signal that comes so soon after the first one is the same one, sent to all processes of a terminal. */
  readonly sameSignalMs: number;
  /** The pulse of the main thread, and for how many milliseconds it may stop; 0: for ever. */
  readonly pulse: SharedArrayBuffer;
  readonly slowMs: number;
}

/** Of a timer. */
const LONGEST_MS = 2 ** 31 - 1;
const SOURCE_OPTIONS = {
  execArgv: ['--import', pathToFileURL(path.join(packageRoot, 'scripts/register-ts.js')).href],
};

export class SignalWatch {
  readonly #heard = new SharedArrayBuffer(4);
  #worker: Worker | undefined;

  /** Listens until the process ends, and tells `slow` where the main thread is when it does not come to its events. */
  start(graceMs: number, sameSignalMs: number, slow?: OwnRequests): void {
    const workerData: SignalWatchData = {
      pulse: slow?.pulse ?? new SharedArrayBuffer(4),
      slowMs: slow?.slowMs ?? 0,
      heard: this.#heard,
      graceMs: Math.min(graceMs, LONGEST_MS),
      sameSignalMs,
    };
    this.#worker = new Worker(moduleUrl('zope/cli/signal-watch-thread'), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
      ...(fromSource ? SOURCE_OPTIONS : {}),
    });
    // It only helps: without it the second signal ends a site that still hears it.
    this.#worker.on('error', () => {});
    if (slow !== undefined) this.#worker.on('message', slow.tell);
    this.#worker.unref();
  }

  /** The main thread has heard a signal, and does what it asks for. */
  heard(): void {
    Atomics.add(new Int32Array(this.#heard), 0, 1);
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate();
  }
}
