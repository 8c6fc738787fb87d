import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LoadError } from '../../../src/paste/loader/errors.ts';
import { LoggingConfigError } from '../../../src/paste/logging/errors.ts';
import { Formatter } from '../../../src/paste/logging/formatter.ts';
import { RollingFileHandler } from '../../../src/paste/logging/handlers/rotating.ts';
import { StreamHandler } from '../../../src/paste/logging/handlers/stream.ts';
import { levelNumber } from '../../../src/paste/logging/levels.ts';
import type { LogArguments } from '../../../src/paste/logging/record.ts';
import { runtime } from '../../../src/paste/logging/runtime.ts';
import {
  describeLoggers,
  pythonLogger,
  resetLogging,
  setUpLogging,
  shutDownLogging,
} from '../../../src/paste/logging/set-up.ts';
import { expectSame, Mismatch, type Suite } from '../suite.ts';

interface Input {
  ini: string;
  files?: Record<string, string>;
  global_conf?: Record<string, string>;
  tz?: string;
  existing?: Record<string, { level?: string; stdout?: boolean }>;
  calls: Call[];
}

interface Call {
  logger?: string;
  level?: string | number;
  message?: string;
  args?: LogArguments;
  extra?: Record<string, unknown>;
  exception?: { type: string; message: string; cause?: [string, string] };
  at?: number;
  do?: 'rename' | 'remove' | 'rollover' | 'print';
  from?: string;
  to?: string;
  text?: string;
}

const START = 1700000000.25;
const CALLER = { file: '/srv/app/caller.py', line: 17, function: 'handle_order' };

// Python's exceptions for the codes of ours; those of the language of the file come from the loader.
const PYTHON_TYPES: Record<string, string[]> = {
  'missing-section': ['KeyError'],
  'missing-option': ['KeyError'],
  'missing-root': ['ValueError'],
  'unknown-name': ['KeyError'],
  'unknown-level': ['ValueError', 'TypeError'],
  'unknown-class': ['ModuleNotFoundError', 'AttributeError', 'NameError', 'ImportError'],
  'bad-number': ['ValueError'],
  'bad-format': ['ValueError'],
  'bad-expression': [
    'SyntaxError',
    'NameError',
    'TypeError',
    'AttributeError',
    'ValueError',
    'KeyError',
    'ZeroDivisionError',
  ],
  'bad-arguments': ['TypeError', 'ValueError'],
  'handler-failed': [
    'ValueError',
    'TypeError',
    'FileNotFoundError',
    'PermissionError',
    'IsADirectoryError',
    'OSError',
    'LookupError',
    'KeyError',
  ],
  'ini-syntax': ['ParsingError'],
  'ini-missing-section-header': ['MissingSectionHeaderError'],
  'ini-duplicate-section': ['DuplicateSectionError'],
  'ini-duplicate-option': ['DuplicateOptionError'],
  'ini-interpolation-missing': ['InterpolationMissingOptionError'],
  'ini-interpolation-syntax': ['InterpolationSyntaxError'],
  'ini-interpolation-depth': ['InterpolationDepthError'],
  'ini-encoding': ['UnicodeDecodeError'],
};

interface Answer {
  loggers?: unknown;
  stdout?: string;
  stderr?: string;
  files?: Record<string, unknown>;
  error?: unknown;
}

async function answer(input: Input, here: string): Promise<Answer> {
  for (const [name, text] of Object.entries(input.files ?? {})) {
    const file = path.join(here, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    utimesSync(file, START, START);
  }
  const iniFile = path.join(here, 'log.ini');
  writeFileSync(iniFile, input.ini.replaceAll('@HERE@', here));

  const output = { stdout: '', stderr: '' };
  const real = { ...runtime };
  const zone = process.env['TZ'];
  const folder = process.cwd();
  let now = START;
  process.env['TZ'] = input.tz ?? 'UTC';
  process.chdir(here);
  Object.assign(runtime, {
    now: () => now,
    startedAt: START - 1.5,
    process: 4242,
    thread: 140000,
    threadName: 'MainThread',
    stdout: { name: 'stdout', write: (text: string) => (output.stdout += text) },
    stderr: { name: 'stderr', write: (text: string) => (output.stderr += text) },
  });
  try {
    for (const [name, { level, stdout }] of Object.entries(input.existing ?? {})) {
      const logger = pythonLogger(name === 'root' ? '' : name);
      if (level) logger.level = levelNumber(level);
      if (!stdout) continue;
      const handler = new StreamHandler(runtime.stdout);
      handler.formatter = new Formatter('old %(message)s');
      logger.addHandler(handler);
    }
    try {
      await setUpLogging(iniFile, input.global_conf);
    } catch (error) {
      return { error };
    }
    for (const call of input.calls) {
      now = START + (call.at ?? 0);
      if (call.do === 'rename') renameSync(path.join(here, call.from!), path.join(here, call.to!));
      else if (call.do === 'remove') rmSync(path.join(here, call.from!));
      else if (call.do === 'print') output.stdout += `${call.text}\n`;
      else if (call.do === 'rollover') {
        for (const handler of pythonLogger(call.logger ?? '').handlers) {
          if (handler instanceof RollingFileHandler) handler.rollOver();
        }
      } else {
        const level = typeof call.level === 'number' ? call.level : levelNumber(call.level!);
        pythonLogger(call.logger!).log(level, call.message, call.args, {
          error: call.exception && exceptionOf(call.exception),
          extra: call.extra,
          caller: CALLER,
        });
      }
    }
    const loggers = describeLoggers();
    await shutDownLogging();
    return { loggers, ...output, files: filesOf(here) };
  } finally {
    await resetLogging();
    process.chdir(folder);
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
    Object.assign(runtime, real);
  }
}

/** An error like one of Python's: the text of a KeyError is the repr of its key. */
function pythonException(type: string, message: string, cause?: Error): Error {
  const error = new Error(type === 'KeyError' ? `'${message}'` : message, cause && { cause });
  error.name = type;
  return error;
}

const exceptionOf = ({ type, message, cause }: NonNullable<Call['exception']>) =>
  pythonException(type, message, cause && pythonException(...cause));

function filesOf(here: string): Record<string, unknown> {
  const files: Record<string, unknown> = {};
  for (const entry of readdirSync(here, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(here, file);
    if (name === 'log.ini') continue;
    const bytes = readFileSync(file);
    try {
      files[name] = mask(new TextDecoder('utf-8', { fatal: true }).decode(bytes), here);
    } catch {
      files[name] = { hex: bytes.toString('hex') };
    }
  }
  return files;
}

/** The recorded form: paths, frames and notes about failed log calls are masked. */
function mask(text: string, here: string): string {
  return text
    .replaceAll(here, '${HERE}')
    .replace(
      /--- Logging error ---\nTraceback \(most recent call last\):\n(?: {2}.*\n)*(.*)\n[\s\S]*?Message: .*\nArguments: .*\n/g,
      (_all, last: string) => `<LOGGING ERROR> ${last}\n`,
    )
    .replace(/(Traceback \(most recent call last\):\n)(?: {2}.*\n)+/g, '$1  <FRAMES>\n');
}

const suite: Suite = {
  async run({ input, expect }) {
    const here = mkdtempSync(path.join(os.tmpdir(), 'pylogging-'));
    try {
      const got = await answer(input as Input, here);
      if (expect.error) {
        checkError(got, expect);
        return;
      }
      if (got.error !== undefined) {
        // A quirk may allow a refusal at start instead of a note at run time.
        if (expect.quirk !== undefined && got.error instanceof LoggingConfigError) return;
        throw got.error;
      }
      const masked = {
        loggers: JSON.parse(JSON.stringify(got.loggers).replaceAll(here, '${HERE}')) as unknown,
        stdout: mask(got.stdout!, here),
        stderr: mask(got.stderr!, here),
        files: got.files,
      };
      const { loggers, stdout, stderr, files } = expect;
      expectSame('loggers and output', masked, { loggers, stdout, stderr, files });
    } finally {
      rmSync(here, { recursive: true, force: true });
    }
  },
};

function checkError(got: Answer, expect: { error: { type: string; essential: string[] } }): void {
  const { error } = got;
  if (!(error instanceof LoggingConfigError) && !(error instanceof LoadError)) {
    throw error instanceof Error ? error : new Mismatch('no error', expect.error, got);
  }
  const { type, essential } = expect.error;
  if (!PYTHON_TYPES[error.code]?.includes(type))
    throw new Mismatch('another error', type, `${error.code}: ${error.message}`);
  for (const part of essential) {
    if (!error.message.toLowerCase().includes(part.toLowerCase())) {
      throw new Mismatch(`the message lacks ${part}`, expect.error, error.message);
    }
  }
}

export default suite;
