/**
 * Ctrl-C for a site whose code does not return. Node tells signals on the main thread's event loop only, so where that thread runs the
 * site's code, another thread listens as well and ends the process when the main thread does not.
 */
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { fromSource, moduleUrl, packageRoot } from '../package-files.ts';

export interface SignalWatchData {
  /** How many signals the main thread has heard of. */
  readonly heard: SharedArrayBuffer;
  /** Milliseconds that running requests have. */
  readonly graceMs: number;
  /** A signal that comes so soon after the first one is the same one, sent to all processes of a terminal. */
  readonly sameSignalMs: number;
}

/** Of a timer. */
const LONGEST_MS = 2 ** 31 - 1;
const SOURCE_OPTIONS = {
  execArgv: ['--import', pathToFileURL(path.join(packageRoot, 'scripts/register-ts.js')).href],
};

export class SignalWatch {
  readonly #heard = new SharedArrayBuffer(4);
  #worker: Worker | undefined;

  /** Listens until the process ends. */
  start(graceMs: number, sameSignalMs: number): void {
    const workerData: SignalWatchData = {
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
