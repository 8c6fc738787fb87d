/** Loads and stores of one moment or interval. */
export interface Activity {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly loads: number;
  readonly stores: number;
  readonly connections: number;
}

/** Keeps count of what connections load and store, for as long as it is told (default an hour). */
export class ActivityMonitor {
  #history: number;
  #entries: { readonly time: number; readonly loads: number; readonly stores: number }[] = [];

  constructor(historySeconds = 3600) {
    this.#history = historySeconds;
  }

  get historyLength(): number {
    return this.#history;
  }

  set historyLength(seconds: number) {
    this.#history = seconds;
    this.#trim(Date.now());
  }

  /** Called by the database when a connection is closed. */
  closedConnection(counts: { readonly loads: number; readonly stores: number }): void {
    const now = Date.now();
    this.#entries.push({ time: now, ...counts });
    this.#trim(now);
  }

  #trim(now: number): void {
    const first = this.#entries.findIndex((entry) => entry.time >= now - this.#history * 1000);
    this.#entries = first === -1 ? [] : this.#entries.slice(first);
  }

  /** The kept time in so many intervals of equal length. */
  getActivityAnalysis(divisions = 10, end = Date.now()): Activity[] {
    const start = end - this.#history * 1000;
    const length = (end - start) / divisions;
    return Array.from({ length: divisions }, (_, index) => {
      const from = start + index * length;
      const to = from + length;
      const entries = this.#entries.filter(({ time }) => time > from && time <= to);
      return {
        start: from,
        end: to,
        loads: entries.reduce((sum, entry) => sum + entry.loads, 0),
        stores: entries.reduce((sum, entry) => sum + entry.stores, 0),
        connections: entries.length,
      };
    });
  }
}
