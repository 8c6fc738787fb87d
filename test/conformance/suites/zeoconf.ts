/** The command line and configuration of the storage server, by what `runzeo --print-config` shows. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../../src/zope/cli/main.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import { selfSigned } from './lib/certificate.ts';
import { FACTORIES } from './lib/zope-options.ts';

interface Input {
  readonly args: readonly string[];
  readonly config?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly certificates?: readonly string[];
}

interface Expectation {
  readonly options?: Readonly<Record<string, unknown>> & { readonly storages: readonly object[] };
  readonly exit?: number;
  readonly essential?: readonly string[];
}

function prepare(here: string, input: Input): void {
  mkdirSync(path.join(here, 'var'));
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(here, name)), { recursive: true });
    writeFileSync(path.join(here, name), text.replaceAll('@HERE@', here));
  };
  if (input.config !== undefined) write('zeo.conf', input.config);
  for (const [name, text] of Object.entries(input.files ?? {})) write(name, text);
  for (const name of input.certificates ?? []) {
    const { certificate, key } = selfSigned('server.test');
    write(name, certificate);
    write(`${name}.key`, key);
  }
}

async function runzeo(args: readonly string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (said[name] += text) });
  const exit = await run('runzeo', [...args], {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: new PassThrough(),
    env: {},
  });
  return { exit, ...said };
}

interface Section {
  readonly type: string;
  readonly name: string | null;
  readonly values: Readonly<Record<string, unknown>>;
}

const isSection = (value: unknown): value is Section =>
  value !== null && typeof value === 'object' && 'type' in value && 'values' in value;

/** What is printed, in the notation of the recordings. */
function recorded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(recorded);
  if (value === null || typeof value !== 'object') return value;
  if (isSection(value)) {
    const { type, name, values } = value;
    if (type === 'eventlog')
      return {
        '@factory': 'EventLogFactory',
        name,
        level: values.level,
        handler_factories: recorded(values.handlers),
      };
    const factory = FACTORIES[type];
    return {
      '@type': type,
      '@name': name,
      ...(factory === undefined ? {} : { '@factory': factory }),
      ...(recorded(values) as object),
    };
  }
  if ('family' in value && 'address' in value)
    return { '@family': value.family, '@address': recorded(value.address) };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, recorded(item)]));
}

/** Switches, which Python gives as numbers where the file says nothing of them. */
const SWITCHES = ['read_only', 'client_conflict_resolution', 'msgpack'];

function compareOptions(printed: string, expect: Expectation['options'] & object, here: string): void {
  const { ssl, storages, runner, eventlog, family, address, ...others } = JSON.parse(
    printed.replaceAll(here, '${HERE}'),
  ) as Record<string, unknown> & { storages: unknown[]; eventlog: Section | null };
  const shown = {
    ...others,
    family,
    address,
    ssl: ssl ? { '@object': 'ssl.SSLContext' } : null,
    // A storage of the command line was recorded by its path.
    storages: (recorded(storages) as Record<string, unknown>[]).map((storage, index) => {
      const keys = Object.keys(expect.storages[index] ?? storage);
      return Object.fromEntries(keys.map((key) => [key, storage[key]]));
    }),
    runner: recorded(runner),
    eventlog:
      eventlog === null
        ? null
        : { level: eventlog.values.level, handlers: recorded(eventlog.values.handlers) },
  };
  const { testing_exit_immediately: _forTests, ...wanted } = expect;
  const switches = Object.fromEntries(SWITCHES.map((name) => [name, Boolean(wanted[name])]));
  expectSame('the options', shown, { ...wanted, ...switches });
}

const suite: Suite = {
  async run({ input, expect }: Case) {
    const { args } = input as Input;
    const { options, exit = 2, essential = [] } = expect as Expectation;
    const here = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'zeoconf-')));
    const folder = process.cwd();
    try {
      prepare(here, input as Input);
      process.chdir(here);
      const own = args.map((arg) => arg.replaceAll('@HERE@', here));
      const outcome = await runzeo([...own, '--print-config']);
      if (options !== undefined) {
        if (outcome.exit !== 0) throw new Mismatch('an error', options, outcome);
        compareOptions(outcome.stdout, options, here);
        return;
      }
      // Where Python fails without words for its user, an error in words is right.
      if (outcome.exit !== exit) throw new Mismatch('the exit code', exit, outcome);
      if (exit === 0) expectSame('help', /^usage: /i.test(outcome.stdout), true);
      else if (!outcome.stderr.startsWith('Error: ') || outcome.stdout !== '')
        throw new Mismatch('the message', 'Error: …', outcome);
      for (const part of essential)
        if (!outcome.stderr.replaceAll(here, '${HERE}').toLowerCase().includes(part.toLowerCase()))
          throw new Mismatch('what is essential in the message', part, outcome.stderr);
    } finally {
      process.chdir(folder);
      rmSync(here, { recursive: true });
    }
  },
};

export default suite;
