/** What a thread has counted, in memory that outlives it: it may be ended at any moment, by an endless loop or for want of memory. */
import type { ThreadStats } from './pool-thread.ts';

const MOST_COUNTS = 64;
const isCount = (name: string) => name.endsWith('_total');

export const countsMemory = () => new SharedArrayBuffer(MOST_COUNTS * Float64Array.BYTES_PER_ELEMENT);

/** Names are not kept: the thread tells them once, and has them in the same order always. */
export class ThreadCounts {
  readonly #values: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#values = new Float64Array(memory);
  }

  /** In the thread. */
  keep(stats: ThreadStats): void {
    let at = 0;
    for (const name in stats) if (isCount(name)) this.#values[at++] = stats[name]!;
  }

  /** What the thread has told, with the counts as they are now. */
  newest(told: ThreadStats): ThreadStats {
    let at = 0;
    return Object.fromEntries(
      Object.entries(told).map(([name, value]) => [
        name,
        isCount(name) ? Math.max(value, this.#values[at++] ?? 0) : value,
      ]),
    );
  }
}
