/**
 * Runs a Python file in a console: the Python that scripts of a site are written in, as a user who may do all, with `print`,
 * `__name__`, `sys`, `transaction` and `AccessControl.getSecurityManager`.
 */
import { getSecurityManager, SecurityManager, ZopeSecurityPolicy } from '../../access/index.ts';
import {
  compileFunction,
  PyError,
  PySyntaxError,
  registerModule,
  registerType,
  setSecurityPolicy,
  setSignature,
  str,
} from '../../restricted/index.ts';
import { transaction } from '../../transaction/index.ts';
import { CommandError, type CommandIo } from './command-line.ts';

/** What a file of a console reads is limited by nothing but its user's permissions, and he has all. */
class ConsolePolicy extends ZopeSecurityPolicy {
  override validate(): boolean {
    return true;
  }
}

/** `sys.exit()`: ends the file, with an exit code or a message. */
class Exit extends Error {
  readonly status: unknown;

  constructor(status: unknown) {
    super('exit');
    this.status = status;
  }
}

/** Names that the language for scripts refuses or treats in its own way, and what they are called here. */
const RENAMED = new Map([
  ['print', 'console_print'],
  ['__name__', 'console_name'],
]);

function registerConsoleModules(argv: readonly string[]): void {
  registerType(SecurityManager, { pyName: 'SecurityManager', attributes: 'all' });
  registerModule('AccessControl', { getSecurityManager });
  registerModule('transaction', {
    begin: () => transaction.begin(),
    get: () => transaction.get(),
    commit: () => (transaction.commit(), null),
    abort: () => (transaction.abort(), null),
    savepoint: () => transaction.savepoint(),
  });
  registerModule('sys', {
    argv: [...argv],
    exit: (status: unknown = null) => {
      throw new Exit(status);
    },
  });
}

/** The name of the file's code in frames, where names are those of JavaScript. */
const MODULE = 'console_module';

/** Runs the file's text; the exit code. An exception of it is shown with the lines that led to it. */
export function runPython(
  source: string,
  filename: string,
  options: { readonly app: object; readonly argv: readonly string[]; readonly io: CommandIo },
): number {
  const { app, argv, io } = options;
  registerConsoleModules(argv);
  const print = setSignature((values: readonly unknown[], separator: unknown = ' ', end: unknown = '\n') => {
    io.stdout.write(`${values.map((value) => str(value)).join(str(separator ?? ' '))}${str(end ?? '\n')}`);
    return null;
  }, "*values, sep=' ', end='\\n'");
  const before = setSecurityPolicy(new ConsolePolicy());
  try {
    const compiled = compileFunction({
      name: MODULE,
      params: '',
      body: source,
      renamed: RENAMED,
      filename,
      globals: ['app', 'console_print', 'console_name'],
    });
    if (compiled.errors.length > 0)
      throw new CommandError(
        `${filename}: ${compiled.errors.join('\n')}\nA Python file is run as the scripts of a site are, without ` +
          'what these may not do; a TypeScript file may do everything.',
      );
    compiled.call([], undefined, { app, console_print: print, console_name: '__main__' });
    return 0;
  } catch (error) {
    if (error instanceof Exit) return exitCode(error.status, io);
    if (error instanceof PySyntaxError) throw new CommandError(`${filename}:${error.line}: ${error.msg}`);
    if (!(error instanceof PyError)) throw error;
    const frames = error.traceback.map(
      (frame) =>
        `  File "${frame.filename}", line ${frame.line}, in ${frame.function === MODULE ? '<module>' : frame.function}\n`,
    );
    io.stderr.write(
      `Traceback (most recent call last):\n${frames.join('')}${error.name}: ${error.message}\n`,
    );
    return 1;
  } finally {
    setSecurityPolicy(before);
  }
}

/** Python's rule: nothing is success, a number is the code, anything else is a message of a failure. */
function exitCode(status: unknown, io: CommandIo): number {
  if (status === null) return 0;
  if (typeof status === 'number') return status & 0xff;
  io.stderr.write(`${str(status)}\n`);
  return 1;
}
