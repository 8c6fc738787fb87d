/** What an operator wants to see of a server, in the text format of Prometheus. */
import type { Application } from '../gateway/types.ts';
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

/** Names under which a thread that accepts connections itself tells of its requests; they are shown with those of all threads. */
const [ANSWERS, FAILURES, SECONDS, CLASS] = [
  '.answers_total',
  '.failures_total',
  '.seconds_total',
  '.class',
] as const;
const classOf = (at: number) => `${CLASS}${at}_total`;

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

  /** An application whose answers are counted. */
  measured(app: Application): Application {
    return (request) => {
      const start = performance.now();
      const done = (failed: boolean) => this.answered(performance.now() - start, failed);
      const failed = (error: unknown): never => {
        done(true);
        throw error;
      };
      let result: Response | Promise<Response>;
      try {
        result = app(request);
      } catch (error) {
        return failed(error);
      }
      if (result instanceof Promise)
        return result.then((response) => {
          done(false);
          return response;
        }, failed);
      done(false);
      return result;
    };
  }

  /** What was counted here, for another thread's `render`. */
  stats(): ThreadStats {
    const stats: Record<string, number> = {
      [ANSWERS]: this.#answers,
      [FAILURES]: this.#failures,
      [SECONDS]: this.#seconds,
    };
    for (const [at, count] of this.#counts.entries()) stats[classOf(at)] = count;
    return stats;
  }

  /** The text of a page with all metrics. */
  render(state: PoolState, threads: ReadonlyMap<number, ThreadStats>): string {
    const all = [...threads.values()];
    const total = (own: number, name: string) => all.reduce((sum, stats) => sum + (stats[name] ?? 0), own);
    const answers = total(this.#answers, ANSWERS);
    const failures = total(this.#failures, FAILURES);
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
      ['{outcome="answered"}', answers - failures],
      ['{outcome="failed"}', failures],
    ]);
    let sum = 0;
    add('zope_request_duration_seconds', 'histogram', 'From the arrival of a request to its answer', []);
    for (const [i, bound] of [...BOUNDS, '+Inf'].entries())
      lines.push(
        `zope_request_duration_seconds_bucket{le="${bound}"} ${(sum += total(this.#counts[i]!, classOf(i)))}`,
      );
    lines.push(
      `zope_request_duration_seconds_sum ${total(this.#seconds, SECONDS)}`,
      `zope_request_duration_seconds_count ${answers}`,
    );
    add('zope_queue_depth', 'gauge', 'Requests that wait for a thread', [['', state.queued]]);
    add('zope_requests_running', 'gauge', 'Requests that threads have', [['', state.running]]);
    add('zope_threads', 'gauge', 'Threads, and those that can take requests', [
      ['{state="all"}', state.threads],
      ['{state="ready"}', state.ready],
    ]);
    const names = new Set(all.flatMap((stats) => Object.keys(stats).filter((name) => !name.startsWith('.'))));
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
