/** What an operator wants to see of a server, in the text format of Prometheus. */
import type { Application } from '../gateway/types.ts';
import type { PoolState } from './pool.ts';
import type { ThreadStats } from './pool-thread.ts';
import { answered } from './request-events.ts';

/** Upper bounds of the classes of durations, seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const ABOUT: Readonly<Record<string, string>> = {
  zope_conflicts_total: 'Transactions that lost against another one',
  zope_retries_total: 'Requests that were begun again after a conflict',
  zope_loads_total: 'Objects that were loaded from a storage',
  zope_stores_total: 'Objects that were stored',
  zope_commits_total: 'Transactions that were committed',
  zope_commit_seconds_total: 'Time that committing took',
  zope_cache_hits_total: 'Uses of objects that were loaded already',
  zope_cache_objects: 'Objects that are loaded',
  zope_thread_heap_bytes: 'Memory that objects of the thread take',
};

/** Where each count is in memory; behind them are the classes of durations. */
const [BEGUN, ANSWERS, FAILURES, SECONDS, REFUSED, CLASSES] = [0, 1, 2, 3, 4, 5] as const;
const WORDS = CLASSES + BOUNDS.length + 1;

/** For what a thread counts that accepts connections itself: the main thread sees it there also when the thread has ended. */
export const metricsMemory = () => new SharedArrayBuffer(WORDS * Float64Array.BYTES_PER_ELEMENT);

export class Metrics {
  readonly #counts: Float64Array;

  constructor(memory: ArrayBufferLike = new ArrayBuffer(WORDS * Float64Array.BYTES_PER_ELEMENT)) {
    this.#counts = new Float64Array(memory);
  }

  /** An answer was sent, or could not be. */
  readonly answered = (milliseconds: number, failed: boolean): void => {
    const counts = this.#counts;
    const seconds = milliseconds / 1000;
    counts[ANSWERS]!++;
    if (failed) counts[FAILURES]!++;
    counts[SECONDS]! += seconds;
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]!) at++;
    counts[CLASSES + at]!++;
  };

  /** A request found the queue full. */
  readonly refused = (): void => {
    this.#counts[REFUSED]!++;
  };

  /** An application whose requests are counted. */
  measured(app: Application): Application {
    return (request) => {
      const start = performance.now();
      this.#counts[BEGUN]!++;
      return answered(app, request, (failed) => this.answered(performance.now() - start, failed));
    };
  }

  /** Requests of a measured application that have no answer yet. */
  get running(): number {
    return Math.max(0, this.#counts[BEGUN]! - this.#counts[ANSWERS]!);
  }

  /** Adds what another one has counted, whose thread has ended: it answers nothing any more. */
  take(other: Metrics): void {
    for (let i = other.running; i > 0; i--) other.answered(0, true);
    for (const [at, count] of other.#counts.entries()) if (at !== BEGUN) this.#counts[at]! += count;
  }

  /** The text of a page with all metrics. @param others Threads that count their requests themselves. */
  render(
    state: PoolState,
    threads: ReadonlyMap<number, ThreadStats>,
    others: readonly Metrics[] = [],
  ): string {
    const all = [...threads.values()];
    const counts = this.#counts.map((own, at) =>
      others.reduce((sum, other) => sum + other.#counts[at]!, own),
    );
    const answers = counts[ANSWERS]!;
    const failures = counts[FAILURES]!;
    const lines: string[] = [];
    const add = (
      name: string,
      type: string,
      about: string,
      values: readonly (readonly [string, number])[],
    ) => {
      lines.push(`# HELP ${name} ${about}`, `# TYPE ${name} ${type}`);
      for (const [labels, value] of values) lines.push(`${name}${labels} ${value}`);
    };
    add('zope_requests_total', 'counter', 'Requests by what became of them; refused: the queue was full', [
      ['{outcome="answered"}', answers - failures],
      ['{outcome="failed"}', failures],
      ['{outcome="refused"}', counts[REFUSED]!],
    ]);
    let sum = 0;
    add('zope_request_duration_seconds', 'histogram', 'From the arrival of a request to its answer', []);
    for (const [i, bound] of [...BOUNDS, '+Inf'].entries())
      lines.push(`zope_request_duration_seconds_bucket{le="${bound}"} ${(sum += counts[CLASSES + i]!)}`);
    lines.push(
      `zope_request_duration_seconds_sum ${counts[SECONDS]!}`,
      `zope_request_duration_seconds_count ${answers}`,
    );
    add('zope_queue_depth', 'gauge', 'Requests that wait for a thread', [['', state.queued]]);
    add('zope_requests_running', 'gauge', 'Requests that threads have', [['', state.running]]);
    add('zope_threads', 'gauge', 'Threads, and those that can take requests', [
      ['{state="all"}', state.threads],
      ['{state="ready"}', state.ready],
    ]);
    const names = new Set(all.flatMap((stats) => Object.keys(stats)));
    for (const name of [...names].sort()) {
      const values = [...threads]
        .filter(([, stats]) => stats[name] !== undefined)
        .map(([number, stats]) => [`{thread="${number === 0 ? 'ended' : number}"}`, stats[name]!] as const);
      add(name, name.endsWith('_total') ? 'counter' : 'gauge', ABOUT[name] ?? name, values);
    }
    add('process_resident_memory_bytes', 'gauge', 'Memory of the process', [['', process.memoryUsage.rss()]]);
    return `${lines.join('\n')}\n`;
  }
}
