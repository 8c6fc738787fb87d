import { parseArgs, type ParseArgsConfig } from 'node:util';
import { POSError } from '../errors.ts';

/** A command: `run` gives the exit code, and throws an error with a message to show for what it cannot do. */
export interface DbCommand {
  readonly about: string;
  readonly usage: string;
  run(args: readonly string[], io: DbCommandStreams): Promise<number>;
}

export interface DbCommandStreams {
  readonly stdout: { write(text: string | Uint8Array): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; allowPositionals: true; args: string[] }>
>;

/**
 * Makes a command from its options and from what does the work. Wrong arguments show the usage and exit with 2.
 *
 * @param positionals Fewest and most arguments beside the options.
 */
export function command<const T extends Options>(definition: {
  readonly about: string;
  readonly usage: string;
  readonly options: T;
  readonly positionals: readonly [number, number];
  run(
    values: Parsed<T>['values'],
    positionals: readonly string[],
    io: DbCommandStreams,
  ): number | Promise<number>;
}): DbCommand {
  const { about, usage, options } = definition;
  const [fewest, most] = definition.positionals;
  return {
    about,
    usage,
    async run(args, io) {
      let parsed: Parsed<T>;
      try {
        parsed = parseArgs({ args: [...args], options, allowPositionals: true });
      } catch (error) {
        io.stderr.write(`${(error as Error).message}\n${usage}`);
        return 2;
      }
      const { length } = parsed.positionals;
      if (length < fewest || length > most) {
        io.stderr.write(usage);
        return 2;
      }
      return await definition.run(parsed.values, parsed.positionals, io);
    },
  };
}

/** A whole number that was given as an option. */
export function wholeNumber(text: string, option: string): number {
  if (!/^\d+$/.test(text)) throw new POSError(`--${option}: ${JSON.stringify(text)} is no whole number`);
  return Number(text);
}

/** Shows on a terminal how far a long command has come; quiet in a pipe. */
export class Progress {
  readonly #stream: DbCommandStreams['stderr'];
  readonly #what: string;
  #shownAt = 0;
  #shown = false;

  constructor({ stderr }: DbCommandStreams, what: string) {
    this.#stream = stderr;
    this.#what = what;
  }

  show(done: number, total: number): void {
    if (this.#stream.isTTY !== true) return;
    const now = performance.now();
    if (now - this.#shownAt < 100 && done < total) return;
    this.#shownAt = now;
    this.#shown = true;
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    this.#stream.write(`\r${this.#what}: ${String(percent).padStart(3)} %`);
  }

  end(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K');
  }
}
