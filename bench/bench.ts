/** What `bench/NAME.bench.ts` exports as `default`. */
export interface Bench {
  /** One line for `--list`. */
  readonly about: string;
  /**
   * Measures and returns rows, and gives them to `options.row` where there are minutes between them; progress goes to stderr. Every bench measures
   * its reference in the same run.
   */
  run(options: BenchOptions): Promise<BenchRow[]> | BenchRow[];
}

export interface BenchOptions {
  /** Shorter and less exact: to see that the bench works. */
  readonly quick: boolean;
  /** Prints a row before the others are measured. */
  readonly row: (row: BenchRow) => void;
}

export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What `ratio` compares with, e.g. `bare node:http`. */
  readonly reference?: string;
  /** Above 1 is better than the reference, whatever the unit. */
  readonly ratio?: number;
  /** The ratio that the project wants to reach, if it set one. */
  readonly goal?: number;
  readonly note?: string;
}
