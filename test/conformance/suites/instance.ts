/** The commands, each run as a process in a folder of its own. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeInstance, writeInitialUser } from '../../../src/zope/cli/mkwsgiinstance.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import {
  BIN,
  buildIfOld,
  freePorts,
  listen,
  type Outcome,
  runCommand,
  RunningCommand,
} from './lib/commands.ts';
import { exchange } from './lib/http-client.ts';
import { type Entry, readTree } from './lib/instance-tree.ts';

interface Serve {
  readonly port?: number;
  readonly requests?: readonly {
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly port?: number;
  }[];
  readonly exists?: readonly string[];
  readonly second?: readonly string[];
  readonly signal?: NodeJS.Signals;
}

interface Input {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly instance?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  readonly modes?: Readonly<Record<string, string>>;
  readonly edit?: { readonly file: string; readonly replace: readonly (readonly [string, string])[] };
  readonly before?: readonly { readonly command: string; readonly args: readonly string[] }[];
  readonly env?: Readonly<Record<string, string>>;
  readonly umask?: string;
  readonly stdin?: string;
  readonly busy_port?: number;
  readonly serve?: Serve;
  readonly tree_of?: string;
}

interface ExpectedOutcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Expectation extends ExpectedOutcome {
  readonly essential?: readonly string[];
  readonly tree?: readonly Entry[] | null;
  readonly served?: boolean;
  readonly responses?: readonly { readonly status: number; readonly json?: unknown }[];
  readonly files_while_serving?: Readonly<Record<string, boolean>>;
  readonly files_after?: Readonly<Record<string, boolean>>;
  readonly second?: ExpectedOutcome;
  readonly files?: Readonly<Record<string, string | null>>;
  readonly quirk?: string;
}

/** The ports of the recordings; each case has two of its own in their place. */
const PORTS = [8303, 8304] as const;

class Place {
  readonly here: string;
  readonly ports: readonly number[];

  constructor(here: string, ports: readonly number[]) {
    this.here = here;
    this.ports = ports;
  }

  /** A text of a case as it is used here. */
  local(text: string): string {
    return text
      .replaceAll('@INSTANCE@', `${this.here}/inst`)
      .replaceAll('@HERE@', this.here)
      .replaceAll(/\b830[34]\b/g, (port) => String(this.port(Number(port))));
  }

  port(recorded: number): number {
    return this.ports[PORTS.indexOf(recorded as 8303)] ?? recorded;
  }

  /** What came out here in the notation of the recordings. */
  recorded(text: string): string {
    const ports = new RegExp(`\\b(?:${this.ports.join('|')})\\b`, 'g');
    return text
      .replaceAll(`${this.here}/inst`, '${INSTANCE}')
      .replaceAll(this.here, '${HERE}')
      .replaceAll(BIN, '${BIN}')
      .replaceAll(process.execPath, '${PYTHON}')
      .replaceAll(ports, (port) => String(PORTS[this.ports.indexOf(Number(port))]))
      .replaceAll(/\bPID \d+/g, 'PID <PID>')
      .replace(/^usage: [^]*$/i, '<USAGE>\n');
  }

  recordedJson(value: unknown): unknown {
    return value === undefined ? undefined : JSON.parse(this.recorded(JSON.stringify(value)));
  }

  path(name: string): string {
    return path.join(this.here, name);
  }
}

function prepare(place: Place, input: Input): void {
  mkdirSync(place.path('home'));
  if (input.instance) {
    writeInitialUser(makeInstance(place.path('inst')), 'admin', 'secret');
    const ini = place.path('inst/etc/zope.ini');
    writeFileSync(ini, readFileSync(ini, 'utf8').replace('port = 8080', `port = ${place.ports[0]}`));
  }
  for (const [name, text] of Object.entries(input.files ?? {})) {
    const file = place.path(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, place.local(text));
  }
  for (const [name, mode] of Object.entries(input.modes ?? {}))
    chmodSync(place.path(name), Number.parseInt(mode, 8));
  if (input.edit !== undefined) {
    const file = place.path(input.edit.file);
    const text = input.edit.replace.reduce(
      (old, [from, to]) => old.replaceAll(place.local(from), place.local(to)),
      readFileSync(file, 'utf8'),
    );
    writeFileSync(file, text);
  }
}

const present = (place: Place, names: readonly string[] = []) =>
  Object.fromEntries(names.map((name) => [name, existsSync(place.path(name))]));

interface Served {
  readonly served: boolean;
  readonly responses: unknown[];
  readonly filesWhileServing: Readonly<Record<string, boolean>>;
  readonly second: Outcome | undefined;
}

async function useServer(
  running: RunningCommand,
  place: Place,
  serve: Serve,
  second: (args: readonly string[]) => Promise<Outcome>,
): Promise<Served> {
  const served = await running.answersAt(place.port(serve.port ?? PORTS[0]));
  const responses: unknown[] = [];
  for (const request of served ? (serve.requests ?? []) : []) {
    const headers = { Host: 'site.test', Connection: 'close', ...request.headers };
    // oxlint-disable-next-line no-await-in-loop -- in the order of the recording
    const answer = await exchange(place.port(request.port ?? PORTS[0]), {
      method: 'GET',
      target: request.path,
      headers: Object.entries(headers),
      body: undefined,
    });
    const json = answer.headers.some(
      ([name, value]) => /^content-type$/i.test(name) && value === 'application/json',
    );
    responses.push({
      status: answer.status,
      ...(json ? { json: place.recordedJson(JSON.parse(answer.body.toString('utf8'))) } : {}),
    });
  }
  const filesWhileServing = present(place, serve.exists);
  const other = serve.second === undefined ? undefined : await second(serve.second);
  running.kill(serve.signal ?? 'SIGINT');
  return { served, responses, filesWhileServing, second: other };
}

/** Lines of a stack trace. */
const TRACE = /^\s+at .+:\d+:\d+\)?$/m;

/** Where Python's answer is an accident: an orderly end, or an error that is told in words. */
function compareBetter({ exit, stdout, stderr }: Outcome): void {
  if (![0, 1, 2, 128 + 2, 128 + 15].includes(exit))
    throw new Mismatch('the exit code', 'an orderly end', exit);
  const failed = exit === 1 || exit === 2;
  if (failed && (TRACE.test(stderr) || `${stdout}${stderr}`.trim() === ''))
    throw new Mismatch('the message', 'words and no stack trace', stderr);
}

function compareOutcome(what: string, place: Place, outcome: Outcome, expect: Expectation): void {
  const stdout = place.recorded(outcome.stdout);
  try {
    if (outcome.exit !== expect.exit)
      throw new Mismatch(`${what}: the exit code`, expect.exit, { ...outcome, stdout });
    if (expect.exit === 0) expectSame(`${what}: stdout`, stdout, expect.stdout);
  } catch (error) {
    if (expect.quirk === undefined) throw error;
    compareBetter(outcome);
  }
  const all = `${outcome.stdout}${outcome.stderr}`.toLowerCase();
  for (const part of expect.quirk === undefined ? (expect.essential ?? []) : []) {
    if (!all.includes(place.local(part).toLowerCase()))
      throw new Mismatch(`${what}: what it says`, part, { stdout, stderr: outcome.stderr });
  }
}

/** Compares what the recording says of each file, and nothing else of it. */
function compareTree(place: Place, folder: string, expect: Expectation): void {
  const actual = readTree(place.path(folder));
  if (expect.tree === null || actual === null) {
    expectSame('the folder', actual, expect.tree);
    return;
  }
  const wanted = withoutFactories(expect.tree) as readonly Entry[];
  const shown = actual.map((entry) => {
    const recorded = wanted.find((other) => other.path === entry.path);
    const keys = recorded === undefined ? ['path', 'type'] : Object.keys(recorded);
    return withoutFactories(place.recordedJson(Object.fromEntries(keys.map((key) => [key, entry[key]]))));
  });
  if (expect.quirk !== undefined && shown.length === 0) return;
  expectSame('the folder', shown, wanted);
}

/** `@factory` names a class of Python's. */
function withoutFactories(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item: unknown) => (key === '@factory' ? undefined : item)));
}

function compareFiles(place: Place, expect: Expectation): void {
  for (const [name, text] of Object.entries(expect.files ?? {})) {
    const file = place.path(name);
    const actual = existsSync(file) ? place.recorded(readFileSync(file, 'utf8')) : null;
    if (actual === text) continue;
    // Another scheme for the password of the same user.
    const [user] = /^[^:]+:\{\w+\}/.exec(text ?? '') ?? [];
    if (expect.quirk === undefined || user === undefined || actual?.split(':')[0] !== user.split(':')[0])
      throw new Mismatch(name, text, actual);
  }
}

async function runIn(place: Place, input: Input, expect: Expectation): Promise<void> {
  prepare(place, input);
  const stub = Object.values(input.files ?? {}).some((text) => text.includes('conf_stub_app'));
  const spec = (command: string, args: readonly string[]) => ({
    command,
    args: args.map((arg) => place.local(arg)),
    cwd: place.here,
    stub,
  });
  for (const { command, args } of input.before ?? []) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await runCommand(spec(command, args));
  }
  const busy = input.busy_port === undefined ? undefined : await listen(place.port(input.busy_port));
  try {
    const running = new RunningCommand({
      ...spec(input.command, input.args),
      cwd: place.path(input.cwd ?? '.'),
      env: Object.fromEntries(
        Object.entries(input.env ?? {}).map(([key, value]) => [key, place.local(value)]),
      ),
      ...(input.umask === undefined ? {} : { umask: input.umask }),
      stdin: input.stdin ?? '',
    });
    if (input.serve !== undefined) {
      const { served, responses, filesWhileServing, second } = await useServer(
        running,
        place,
        input.serve,
        (args) => runCommand(spec('runwsgi', args)),
      );
      if (!served) throw new Mismatch('whether it serves', true, await running.finished());
      const wanted = expect.responses?.map(({ status, json }) =>
        json === undefined ? { status } : { status, json },
      );
      const shown = responses.map((response, index) =>
        wanted !== undefined && 'json' in (wanted[index] ?? {})
          ? response
          : { status: (response as { status: number }).status },
      );
      expectSame('the responses', shown, wanted ?? []);
      expectSame('files while it serves', filesWhileServing, expect.files_while_serving ?? {});
      if (expect.second !== undefined)
        compareOutcome('the second process', place, second!, {
          essential: expect.essential ?? [],
          ...expect.second,
        });
    }
    const outcome = await running.finished();
    // What is essential was said by the second process, if there is one.
    compareOutcome(
      input.command,
      place,
      outcome,
      expect.second === undefined ? expect : { ...expect, essential: [] },
    );
    if (expect.files_after !== undefined && expect.quirk === undefined)
      expectSame('files afterwards', present(place, input.serve?.exists), expect.files_after);
    if (expect.tree !== undefined) compareTree(place, input.tree_of ?? '.', expect);
    compareFiles(place, expect);
  } finally {
    await busy?.close();
  }
}

const suite: Suite = {
  concurrency: 3,
  setUp: buildIfOld,
  async run({ input, expect }: Case) {
    const here = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'zope-instance-')));
    try {
      await runIn(new Place(here, await freePorts(PORTS.length)), input as Input, expect as Expectation);
    } finally {
      rmSync(here, { recursive: true, force: true });
    }
  },
};

export default suite;
