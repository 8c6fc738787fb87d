/** What an operator wants to see of a server, in the text format of Prometheus. */
import type { PoolState } from './pool.ts';
import type { ThreadStats } from './pool-thread.ts';

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

export class Metrics {
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #answers = 0;
  #failures = 0;
  #seconds = 0;

  /** An answer was sent, or could not be. */
  readonly answered = (milliseconds: number, failed: boolean): void => {
    const seconds = milliseconds / 1000;
    this.#answers++;
    if (failed) this.#failures++;
    this.#seconds += seconds;
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]!) at++;
    this.#counts[at]!++;
  };

  /** The text of a page with all metrics. */
  render(state: PoolState, threads: ReadonlyMap<number, ThreadStats>): string {
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
    add('zope_requests_total', 'counter', 'Requests that threads have answered', [
      ['{outcome="answered"}', this.#answers - this.#failures],
      ['{outcome="failed"}', this.#failures],
    ]);
    let sum = 0;
    add('zope_request_duration_seconds', 'histogram', 'From the arrival of a request to its answer', []);
    for (const [i, bound] of [...BOUNDS, '+Inf'].entries())
      lines.push(`zope_request_duration_seconds_bucket{le="${bound}"} ${(sum += this.#counts[i]!)}`);
    lines.push(
      `zope_request_duration_seconds_sum ${this.#seconds}`,
      `zope_request_duration_seconds_count ${this.#answers}`,
    );
    add('zope_queue_depth', 'gauge', 'Requests that wait for a thread', [['', state.queued]]);
    add('zope_requests_running', 'gauge', 'Requests that threads have', [['', state.running]]);
    add('zope_threads', 'gauge', 'Threads, and those that can take requests', [
      ['{state="all"}', state.threads],
      ['{state="ready"}', state.ready],
    ]);
    const names = new Set([...threads.values()].flatMap((stats) => Object.keys(stats)));
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
