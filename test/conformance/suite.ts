/** One recorded case: `input` for our code, and `expect`: what the Python original answered. */
export interface Case {
  readonly suite: string;
  readonly name: string;
  /** Name of the JSON file in the suite's folder. */
  readonly file: string;
  readonly about: string;
  // The shape of input and expect differs from suite to suite; each suite's README has it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly input: any;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly expect: any;
}

export interface SuiteContext {
  /** Absolute path of the suite's folder (input files lie there; never write to it). */
  readonly dir: string;
}

/** What `test/conformance/suites/NAME.ts` exports as `default`. */
export interface Suite {
  /** Reads the suite's folder; without it every `*.json` with a list `cases` is read. */
  cases?(context: SuiteContext): Case[];
  /** Runs once before the first case. */
  setUp?(context: SuiteContext): void | Promise<void>;
  /** Returns when the case passed; throws a `Mismatch` (or any other error) when it did not. */
  run(testCase: Case, context: SuiteContext): void | Promise<void>;
  tearDown?(): void | Promise<void>;
  /** How many cases may run at the same time; 1 unless told. More only where cases wait for other processes. */
  readonly concurrency?: number;
}

/** A case whose answer is not the expected one. */
export class Mismatch extends Error {
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(what: string, expected: unknown, actual: unknown) {
    super(what);
    this.name = 'Mismatch';
    this.expected = expected;
    this.actual = actual;
  }
}

/** Throws a `Mismatch` unless both are the same JSON, whatever the order of keys. */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (canonical(actual) !== canonical(expected)) throw new Mismatch(what, expected, actual);
}

/** JSON with sorted keys: equal texts for equal values. */
export function canonical(value: unknown, indent?: number): string {
  return (
    JSON.stringify(
      value,
      (_key, item: unknown) =>
        item !== null && typeof item === 'object' && !Array.isArray(item)
          ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
          : item,
      indent,
    ) ?? 'undefined'
  );
}
