/** `zope bench URL`: clients that ask as fast as they are answered, with a live line, a histogram and a table. */
import { type Command, CommandError, type CommandIo, parseOptions, usageError } from './command-line.ts';
import { type LoadResult, runLoad } from './load-client.ts';

const usage = `usage: zope bench URL [URL ...] [-c CLIENTS] [-t SECONDS]

Loads each URL in turn and compares them: requests a second, latencies, errors.

  -c, --clients=N    clients, each on a connection of its own (default 100)
  -t, --time=N       seconds a URL (default 100)
      --soak         look every second for answers that stall; exit code 1 for an error or a stall longer than 1 s
`;

export const bench: Command = {
  name: 'bench',
  about: 'load a URL and show how it fares',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, {
      clients: { type: 'string', short: 'c' },
      time: { type: 'string', short: 't' },
      soak: { type: 'boolean' },
    });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    if (positionals.length === 0) throw usageError('a URL is needed');
    const clients = count(values.clients, 100, 'clients');
    const seconds = count(values.time, 100, 'time');
    const results: LoadResult[] = [];
    for (const url of positionals) results.push(await load(url, clients, seconds, io));
    for (const result of results) io.stdout.write(`\n${histogram(result)}`);
    io.stdout.write(`\n${tableOf(results)}`);
    const bad = results.some((result) => result.errors > 0 || (values.soak && result.longestMs > 1000));
    return bad ? 1 : 0;
  },
};

function count(text: string | undefined, fallback: number, name: string): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) throw usageError(`--${name} takes a number above 0, not '${text}'`);
  return value;
}

async function load(text: string, clients: number, seconds: number, io: CommandIo): Promise<LoadResult> {
  if (!URL.canParse(text) || new URL(text).protocol !== 'http:')
    throw new CommandError(`${text} is no http: address`);
  const live = io.stderr.isTTY === true;
  const result = await runLoad(new URL(text), clients, seconds, (elapsed, answers, errors) => {
    if (live)
      io.stderr.write(
        `\r${text}  ${elapsed.toFixed(0)}/${seconds} s  ${Math.round(answers / elapsed)} requests/s  ${errors} errors   `,
      );
  });
  if (live) io.stderr.write('\n');
  return result;
}

const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));

function histogram({ url, buckets, answers }: LoadResult): string {
  const top = Math.max(...buckets.map(([, n]) => n));
  const rows = buckets.map(
    ([limit, n]) =>
      `  up to ${ms(limit).padStart(8)} ms ${String(n).padStart(9)} ${'█'.repeat(Math.ceil((n / top) * 50))}`,
  );
  return `${url}: ${answers} answers\n${rows.join('\n')}\n`;
}

function tableOf(results: readonly LoadResult[]): string {
  const head = ['URL', 'requests/s', 'median ms', '95 % ms', '99 % ms', 'longest ms', 'errors', 'server'];
  const rows = results.map((result) => [
    result.url,
    Math.round(result.answers / result.seconds).toString(),
    ms(result.percentile(50)),
    ms(result.percentile(95)),
    ms(result.percentile(99)),
    ms(result.longestMs),
    String(result.errors),
    result.server,
  ]);
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]!.length)));
  return [head, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
