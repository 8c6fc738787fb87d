/** `zope bench URL`: clients that ask as fast as they are answered, with a live line, a histogram and a table. */
import { type Command, CommandError, type CommandIo, parseOptions, usageError } from './command-line.ts';
import { type LoadResult, runLoad } from './load-client.ts';
import { isFlat, type MemoryUse, MemoryWatch } from './memory-watch.ts';
import { COMPARED, startServer } from './served-site.ts';

const usage = `usage: zope bench URL [URL ...] [-c CLIENTS] [-t SECONDS] [--json] [--soak] [--metrics=URL]
       zope bench --compare SITE.INI [PATH] [--server NAME ...] [-c CLIENTS] [-t SECONDS] [--json]

Loads each URL in turn and compares them: requests a second, latencies, errors. With --compare, serves the application of
SITE.INI by one server after the other and compares these.

  -c, --clients=N    clients, each on a connection of its own (default 100)
  -t, --time=N       seconds for each URL or server (default 100)
      --compare=INI  compare the servers: ${COMPARED.map(([name]) => name).join(', ')}
      --server=NAME  only this server; may be given several times
  -n, --app-name=X   section of the application (default main)
      --json         print results as JSON instead of tables
      --metrics=URL  watch the memory of the server too, which it tells there
      --soak         exit code 1 also where an answer took longer than 1 s, or where the server needs a quarter more memory at the
                     end than after a quarter of the time
`;

export const bench: Command = {
  name: 'bench',
  about: 'load a URL and show how it fares',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, {
      clients: { type: 'string', short: 'c' },
      time: { type: 'string', short: 't' },
      compare: { type: 'string' },
      server: { type: 'string', multiple: true },
      'app-name': { type: 'string', short: 'n' },
      json: { type: 'boolean' },
      soak: { type: 'boolean' },
      metrics: { type: 'string' },
    });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const clients = count(values.clients, 100, 'clients');
    if (!Number.isInteger(clients)) throw usageError('--clients takes a whole number');
    const seconds = count(values.time, 100, 'time');
    const plan = {
      clients,
      seconds,
      io,
      ...(values.metrics === undefined ? {} : { metrics: urlOf(values.metrics) }),
    };
    let results: Measured[];
    if (values.compare === undefined) {
      if (values.server !== undefined) throw usageError('--server goes with --compare');
      if (positionals.length === 0) throw usageError('a URL is needed');
      const urls = positionals.map(urlOf);
      results = [];
      for (const url of urls) results.push(await load(url, plan));
    } else {
      if (positionals.length > 1) throw usageError('--compare takes one path');
      if (values.metrics !== undefined) throw usageError('--metrics goes with a URL');
      results = await compare(values.compare, serversOf(values.server), {
        ...plan,
        path: positionals[0] ?? '/',
        appName: values['app-name'] ?? 'main',
      });
    }
    if (values.json) io.stdout.write(`${JSON.stringify(results.map(toJson), null, 2)}\n`);
    else {
      for (const result of results) io.stdout.write(`\n${histogram(result)}`);
      io.stdout.write(`\n${tableOf(results)}${otherStatuses(results)}${memories(results)}`);
    }
    const unanswered = results.find((result) => result.answers === 0);
    if (unanswered !== undefined) throw new CommandError(`${unanswered.url} did not answer`);
    const bad = results.some(
      (result) =>
        result.errors > 0 ||
        (values.soak && (result.longestMs > 1000 || (result.memory !== undefined && !isFlat(result.memory)))),
    );
    return bad ? 1 : 0;
  },
};

interface Plan {
  readonly clients: number;
  readonly seconds: number;
  readonly io: CommandIo;
  readonly metrics?: URL;
}

interface Measured extends LoadResult {
  readonly memory?: MemoryUse;
}

function count(text: string | undefined, fallback: number, name: string): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw usageError(`--${name} takes a number above 0, not '${text}'`);
  return value;
}

function urlOf(text: string): URL {
  if (!URL.canParse(text) || new URL(text).protocol !== 'http:')
    throw new CommandError(`${text} is no http: address`);
  return new URL(text);
}

function serversOf(names: readonly string[] | undefined): typeof COMPARED {
  const unknown = names?.find((name) => !COMPARED.some(([known]) => known === name));
  if (unknown !== undefined)
    throw usageError(
      `there is no server '${unknown}'; there are ${COMPARED.map(([name]) => name).join(', ')}`,
    );
  return names === undefined ? COMPARED : COMPARED.filter(([name]) => names.includes(name));
}

/** One server after the other: they share the processor, and a database has one process. */
async function compare(
  ini: string,
  servers: typeof COMPARED,
  plan: Plan & { readonly path: string; readonly appName: string },
): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const [index, [name, uri]] of servers.entries()) {
    const title = `${name} (${index + 1} of ${servers.length})`;
    showProgress(plan.io, `${title}  starting`);
    const site = await startServer(ini, plan.appName, uri);
    try {
      results.push(await load(new URL(plan.path, site.url), plan, name, title));
    } finally {
      await site.stop();
    }
  }
  return results;
}

/** Shows a line in the place of the one before, where somebody looks on. */
function showProgress(io: CommandIo, text: string): void {
  if (io.stderr.isTTY === true) io.stderr.write(`\r\x1b[K${text}`);
}

const PROGRESS_WIDTH = 20;

async function load(
  url: URL,
  { clients, seconds, io, metrics }: Plan,
  label?: string,
  title = label ?? url.href,
): Promise<Measured> {
  const watch = metrics && (await MemoryWatch.start(metrics, seconds));
  const result = await runLoad(
    url,
    clients,
    seconds,
    ({ elapsed, answers, errors, medianMs }) => {
      const share = Math.min(1, elapsed / seconds);
      const bar = '█'.repeat(Math.round(share * PROGRESS_WIDTH)).padEnd(PROGRESS_WIDTH, '░');
      const done = `${Math.floor(share * seconds)}/${seconds} s`;
      const speed =
        answers === 0 ? 'no answer yet' : `${shown(answers / elapsed)} requests/s  median ${ms(medianMs)} ms`;
      showProgress(io, `${title}  ${bar} ${done}  ${speed}  ${shown(errors)} errors`);
    },
    label,
  );
  showProgress(io, '');
  return watch === undefined ? result : { ...result, memory: await watch.stop() };
}

const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
/** With separators, which long numbers need to be read. */
const shown = (value: number) => Math.round(value).toLocaleString('en-US');
const BAR = 40;

function histogram({ url, label, buckets, answers }: LoadResult): string {
  const top = Math.max(...buckets.map(([, n]) => n));
  const rows = buckets.map(
    ([limit, n]) =>
      `  up to ${ms(limit).padStart(8)} ms ${shown(n).padStart(11)} ${percent(n / answers).padStart(6)} ${'█'.repeat(Math.ceil((n / top) * BAR))}\n`,
  );
  return `${label === undefined ? '' : `${label}, `}${url}: ${shown(answers)} answers\n${rows.join('')}`;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

const PERCENTILES = [50, 90, 95, 99, 99.9] as const;

const rateOf = ({ answers, seconds }: LoadResult) => answers / seconds;

function tableOf(results: readonly LoadResult[]): string {
  const several = results.length > 1;
  const best = Math.max(...results.map((result) => rateOf(result)));
  const head = [
    results.some((result) => result.label !== undefined) ? 'server' : 'URL',
    'requests/s',
    ...(several ? ['of the best'] : []),
    ...PERCENTILES.map((percent) => (percent === 50 ? 'median ms' : `${percent} % ms`)),
    'longest ms',
    'stall ms',
    'errors',
    'calls itself',
  ];
  const rows = results.map((result) => [
    result.label ?? result.url,
    shown(rateOf(result)),
    ...(several ? [`${Math.round((rateOf(result) / best) * 100)} %`] : []),
    ...PERCENTILES.map((percent) => ms(result.percentile(percent))),
    ms(result.longestMs),
    ms(result.longestStallMs),
    shown(result.errors),
    result.server || '-',
  ]);
  const last = head.length - 1;
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) =>
        index === 0 || index === last ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!),
      )
      .join('  ')
      .trimEnd();
  return [head, ...rows].map((row) => `${line(row)}\n`).join('');
}

/** What was answered instead of a page. */
function otherStatuses(results: readonly LoadResult[]): string {
  return results
    .map(({ label, url, statuses }) => {
      const others = Object.entries(statuses).filter(([status]) => status !== '200');
      const words = others.map(([status, n]) => `${shown(n)} with status ${status}`).join(', ');
      return words === '' ? '' : `\n${label ?? url}: ${words}`;
    })
    .join('')
    .replace(/.$/s, '$&\n');
}

function memories(results: readonly Measured[]): string {
  const mb = (bytes: number) => `${shown(bytes / 2 ** 20)} MB`;
  return results
    .map(({ url, memory }) =>
      memory === undefined
        ? ''
        : `\n${url}: the server's memory is ${mb(memory.warm)} warm, ${mb(memory.end)} at the end, at most ${mb(memory.most)}\n`,
    )
    .join('');
}

/** Times are milliseconds. */
function toJson(result: Measured): Record<string, unknown> {
  const { url, label, server, clients, seconds, answers, errors, bytes, statuses, buckets, memory } = result;
  return {
    url,
    ...(label === undefined ? {} : { compared: label }),
    server,
    clients,
    seconds,
    answers,
    errors,
    bytes,
    statuses,
    requestsPerSecond: answers / seconds,
    latency: {
      ...Object.fromEntries(PERCENTILES.map((percent) => [`p${percent}`, result.percentile(percent)])),
      longest: result.longestMs,
    },
    longestStall: result.longestStallMs,
    ...(memory === undefined ? {} : { memory }),
    histogram: buckets.map(([upTo, n]) => ({ upTo, answers: n })),
  };
}
