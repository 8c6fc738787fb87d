/** What all commands share: options, errors that end a command, output. */
import { parseArgs } from 'node:util';

/** Streams and surroundings of a command; tests give their own. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly about: string;
  /** How it is called and what its options are. */
  readonly usage: string;
  /** Returns the exit code. */
  run(args: string[], io: CommandIo): Promise<number>;
}

/** Ends a command with a message for its user and no stack trace. */
export class CommandError extends Error {
  readonly code = 'COMMAND';
  readonly exitCode: number;
  /** Show how the command is called. */
  readonly showUsage: boolean;

  constructor(message: string, options: { exitCode?: number; usage?: boolean } = {}) {
    super(message);
    this.exitCode = options.exitCode ?? 1;
    this.showUsage = options.usage ?? false;
  }
}

export const usageError = (message: string) => new CommandError(message, { exitCode: 2, usage: true });

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
}

type Values<T extends Record<string, Option>> = {
  [K in keyof T]?: T[K]['type'] extends 'boolean'
    ? boolean
    : T[K]['multiple'] extends true
      ? string[]
      : string;
} & { help?: boolean };

/**
 * Options and positional arguments. A long option may be cut short as long as it is the only one that begins so.
 * With `stopAtPositional` everything behind the first `n` positional arguments is left as it is.
 */
export function parseOptions<T extends Record<string, Option>>(
  args: readonly string[],
  spec: T,
  settings: { stopAfter?: number } = {},
): { values: Values<T>; positionals: string[] } {
  const options: Record<string, Option> = { ...spec, help: { type: 'boolean', short: 'h' } };
  const [own, rest] = splitAfter(args, options, settings.stopAfter);
  try {
    const { values, positionals } = parseArgs({
      args: own.map((arg) => unabbreviated(arg, options)),
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values: values as Values<T>, positionals: [...positionals, ...rest] };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code?.startsWith('ERR_PARSE_ARGS')) throw usageError(plainMessage(message));
    throw error;
  }
}

function plainMessage(message: string): string {
  const unknown = /Unknown option '([^']+)'/.exec(message);
  if (unknown !== null) return `no such option: ${unknown[1]}`;
  const missing = /Option '(?:-\w, )?([^ ']+)[^']*' argument missing/.exec(message);
  if (missing !== null) return `option ${missing[1]} requires an argument`;
  return message.split('\n', 1)[0]!.replace(/\. .*/, '');
}

function unabbreviated(arg: string, options: Record<string, Option>): string {
  const match = /^--([^=]+)(=.*)?$/s.exec(arg);
  if (match === null || Object.hasOwn(options, match[1]!)) return arg;
  const found = Object.keys(options).filter((name) => name.startsWith(match[1]!));
  if (found.length > 1)
    throw usageError(`option --${match[1]} is not unique: ${found.map((name) => `--${name}`).join(', ')}`);
  return found.length === 1 ? `--${found[0]}${match[2] ?? ''}` : arg;
}

/** Splits behind the n-th positional argument. */
function splitAfter(
  args: readonly string[],
  options: Record<string, Option>,
  n = Number.POSITIVE_INFINITY,
): [string[], string[]] {
  let count = 0;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') return [[...args], []];
    const option = Object.entries(options).find(
      ([name, { short }]) => arg === `--${name}` || arg === `-${short}`,
    );
    if (option !== undefined) {
      if (option[1].type === 'string') i++;
    } else if (!arg.startsWith('-') && ++count >= n) return [args.slice(0, i + 1), args.slice(i + 1)];
  }
  return [[...args], []];
}

/** ` Did you mean "a" or "b"?` for a mistyped name; '' when none is near. */
export async function didYouMean(word: string, names: readonly string[]): Promise<string> {
  // Loaded for mistakes only: most commands need nothing else of that room.
  const zconfig = await import('../../zconfig/index.ts');
  const near = zconfig.didYouMean(word, names).map((name) => `"${name}"`);
  return near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
}
