/** The memory of a server while it is loaded, from what it tells Prometheus. */
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError } from './command-line.ts';

const METRIC = /^process_resident_memory_bytes (\S+)$/m;
const SAMPLES = 100;
/** A server that has warmed up and keeps nothing stays below. */
const GROWTH = 1.25;

/** Bytes. */
export interface MemoryUse {
  /** Average of the second quarter of the time: in the first one a server warms up. */
  readonly warm: number;
  /** Average of the last quarter. */
  readonly end: number;
  readonly most: number;
}

/** Whether a server needs no more memory the longer it is loaded. */
export const isFlat = ({ warm, end }: MemoryUse): boolean => end <= warm * GROWTH;

export class MemoryWatch {
  readonly #url: URL;
  readonly #samples: number[] = [];
  readonly #running: Promise<void>;
  #stopped = false;
  #failure: unknown;

  private constructor(url: URL, seconds: number, first: number) {
    this.#url = url;
    this.#samples.push(first);
    this.#running = this.#run((seconds * 1000) / SAMPLES);
  }

  /**
   * Begins to watch for some seconds. Throws a CommandError when the server does not tell its memory.
   * @param url Where it has its metrics.
   */
  static async start(url: URL, seconds: number): Promise<MemoryWatch> {
    return new MemoryWatch(url, seconds, await sample(url));
  }

  async #run(interval: number): Promise<void> {
    try {
      while (!this.#stopped) {
        // oxlint-disable-next-line no-await-in-loop -- one sample after the other
        await delay(interval);
        // oxlint-disable-next-line no-await-in-loop
        this.#samples.push(await sample(this.#url));
      }
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Throws a CommandError when the server did not go on telling it. */
  async stop(): Promise<MemoryUse> {
    this.#stopped = true;
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
    return memoryUse(this.#samples);
  }
}

/** @param samples In order; at least one. */
export function memoryUse(samples: readonly number[]): MemoryUse {
  const part = (from: number, to: number) => {
    const all = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
    return all.reduce((sum, bytes) => sum + bytes, 0) / all.length;
  };
  return { warm: part(0.25, 0.5), end: part(0.75, 1), most: Math.max(...samples) };
}

async function sample(url: URL): Promise<number> {
  let text: string;
  try {
    const response = await fetch(url);
    text = await response.text();
  } catch (error) {
    const { cause, message } = error as Error;
    throw new CommandError(`${url.href}: ${cause instanceof Error ? cause.message : message}`);
  }
  const bytes = Number(METRIC.exec(text)?.[1]);
  if (!(bytes > 0)) throw new CommandError(`${url.href} does not tell process_resident_memory_bytes`);
  return bytes;
}
