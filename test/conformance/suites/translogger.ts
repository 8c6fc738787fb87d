import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { environOf } from '../../../src/paste/gateway/environ.ts';
import { registerDistributions } from '../../../src/zope/app/distributions.ts';
import { GatewayResponse, type ResponseBody } from '../../../src/paste/gateway/response.ts';
import type { Application, RunningServer } from '../../../src/paste/gateway/types.ts';
import { registerModule } from '../../../src/paste/loader/distributions.ts';
import { LoadError } from '../../../src/paste/loader/errors.ts';
import { loadApp } from '../../../src/paste/loader/load.ts';
import { Handler } from '../../../src/paste/logging/handlers/handler.ts';
import { levelName, levelNumber } from '../../../src/paste/logging/levels.ts';
import type { LogRecord } from '../../../src/paste/logging/record.ts';
import { runtime } from '../../../src/paste/logging/runtime.ts';
import { pythonLogger, resetLogging, setUpLogging } from '../../../src/paste/logging/set-up.ts';
import { serve } from '../../../src/paste/servers/index.ts';
import { type Case, expectSame, Mismatch, type Suite } from '../suite.ts';
import {
  compareAnswer,
  type Exchange,
  exceptionOf,
  oneOf,
  type Play,
  talk,
  withoutTime,
} from './lib/translogger-exchange.ts';
import { runSiteCase, stopSite } from './lib/translogger-site.ts';

interface LogLine {
  readonly logger: string;
  readonly level: string;
  readonly message: string;
  readonly exception?: string;
}

let play: Play = {};
let log: LogLine[] = [];
let consoleText = '';

/** Parts of a body. WSGI's "status first, exception then" is a body that fails before its first part. */
async function* parts({
  body = ['ok'],
  raise_in_body: late,
  raise_after_start: early,
}: Play): AsyncGenerator<string> {
  if (early !== undefined) throw exceptionOf(early);
  yield* body;
  if (late !== undefined) throw exceptionOf(late);
}

const application: Application = (request) => {
  const { raise, status = '200 OK', headers = [['Content-Type', 'text/plain']], body = ['ok'] } = play;
  if (play.remote_user !== undefined) environOf(request).remoteUser = play.remote_user;
  if (raise !== undefined) throw exceptionOf(raise);
  // Without an answer: whoever forgets to return one in TypeScript answers undefined.
  if (play.start_response === false) return undefined as unknown as Response;
  const flat = headers.flat();
  if (play.content_length !== false) flat.push('Content-Length', String(Buffer.byteLength(body.join(''))));
  const streams =
    play.generator === true ||
    body.length !== 1 ||
    play.raise_in_body !== undefined ||
    play.raise_after_start !== undefined;
  const content: ResponseBody = streams ? parts(play) : body[0]!;
  const [, code, reason = ''] = /^(\d+)(?: (.*))?$/.exec(status)!;
  return new GatewayResponse(content, { status: Number(code), statusText: reason, headers: flat });
};

class Recorder extends Handler {
  readonly pythonClass = 'Recorder';

  protected override emit(record: LogRecord): void {
    const { error } = record;
    const line = {
      logger: record.name,
      level: levelName(record.level),
      message: withoutTime(record.message),
    };
    log.push(error instanceof Error ? { ...line, exception: `${error.name}: ${error.message}` } : line);
  }

  protected override describeSettings(): Record<string, unknown> {
    return {};
  }
}

/** A recorded line as it would be without Python's accidents: the true offset from UTC, and paths encoded once. */
function better(line: string): string {
  const minutes = -new Date().getTimezoneOffset();
  const offset = `${minutes < 0 ? '-' : '+'}${String(Math.trunc(Math.abs(minutes) / 60)).padStart(2, '0')}${String(Math.abs(minutes) % 60).padStart(2, '0')}`;
  return line
    .replaceAll(/<TIME> [+-]\d{4}/g, `<TIME> ${offset}`)
    .replaceAll(/(?:%C[23]%[89AB][0-9A-F])+/g, (twice) =>
      [...Buffer.from(decodeURIComponent(twice), 'latin1')]
        .map((byte) => `%${byte.toString(16).toUpperCase()}`)
        .join(''),
    );
}

function compareLines(what: string, actual: unknown, expected: unknown, quirk: string | undefined): void {
  const allowed = [expected];
  if (quirk !== undefined) allowed.push(JSON.parse(better(JSON.stringify(expected))));
  oneOf(what, actual, allowed);
}

async function withPipeline(
  ini: string,
  settings: Record<string, string>,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const here = mkdtempSync(path.join(os.tmpdir(), 'translogger-'));
  try {
    const file = path.join(here, 'x.ini');
    writeFileSync(file, ini);
    await resetLogging();
    await setUpLogging(file);
    const root = pythonLogger('');
    root.level = levelNumber('DEBUG');
    root.addHandler(new Recorder());
    // The recordings have what the server reports as an error.
    pythonLogger('waitress').level = levelNumber('ERROR');
    const app = await loadApp(`config:${file}`);
    const server = await serve(app, { host: '127.0.0.1', port: '0', ...settings });
    try {
      await use(server);
    } finally {
      await server.close(0);
    }
  } finally {
    rmSync(here, { recursive: true });
  }
}

async function runStub({ input, expect }: Case): Promise<void> {
  const exchanges = input.exchanges as readonly Exchange[];
  const quirk = expect.quirk as string | undefined;
  process.env['TZ'] = input.tz ?? 'UTC';
  let loaded = false;
  try {
    await withPipeline(input.ini, input.server ?? {}, async (server) => {
      loaded = true;
      if (expect.error !== undefined) {
        if (quirk === undefined) throw new Mismatch('the pipeline was made', expect.error, 'a pipeline');
        await checkLevel(input.ini, server);
        return;
      }
      for (const [index, exchange] of exchanges.entries()) {
        play = exchange.app ?? {};
        log = [];
        consoleText = '';
        // oxlint-disable-next-line no-await-in-loop -- one after the other, as they were recorded
        const raw = await talk(server, exchange);
        const expected = expect.exchanges[index];
        compareAnswer(raw, exchange, expected.response, quirk);
        compareLines('the log', log, expected.log, quirk);
        const lines = consoleText.split('\n').slice(0, -1).map(withoutTime);
        compareLines('the console', lines, expected.console, quirk);
      }
    });
  } catch (error) {
    if (loaded || !(error instanceof LoadError)) throw error;
    compareError(error, expect, quirk);
  }
}

/** Python cannot take a level there; it is right to take it, so a line is logged with it. */
async function checkLevel(ini: string, server: RunningServer): Promise<void> {
  const wanted = /^logging_level\s*=\s*(.*)$/m.exec(ini)?.[1];
  if (wanted === undefined) return;
  play = {};
  log = [];
  await talk(server, { request: { path: '/' } });
  const number = /^\d+$/.test(wanted) ? Number(wanted) : levelNumber(wanted);
  expectSame(
    'the level of a line',
    log.map((line) => line.level),
    [levelName(number)],
  );
}

function compareError(error: LoadError, expect: Case['expect'], quirk: string | undefined): void {
  if (expect.error === undefined) {
    // A mistake that Python finds with the first request is better found at the start.
    if (quirk === undefined || error.code !== 'option-invalid') throw error;
    return;
  }
  for (const word of expect.error.essential as string[]) {
    if (!error.message.includes(word))
      throw new Mismatch(`the error names ${word}`, expect.error, error.message);
  }
}

const suite: Suite = {
  setUp() {
    registerDistributions();
    registerModule('translogger_stub', { make_app: () => application });
    runtime.stderr = {
      name: 'stderr',
      write: (text) => {
        consoleText += text;
      },
    };
  },
  async run(testCase) {
    if (testCase.input.site !== undefined) {
      await runSiteCase(testCase);
      return;
    }
    await stopSite();
    await runStub(testCase);
  },
  async tearDown() {
    await stopSite();
    await resetLogging();
  },
};

export default suite;
