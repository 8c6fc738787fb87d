import { getLogger } from '@logtape/logtape';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addLevelName,
  describeLoggers,
  Handler,
  loggingRuntime,
  LoggingConfigError,
  pythonLogger,
  receiveLogging,
  reopenLogs,
  resetLogging,
  setUpLogging,
  shutDownLogging,
} from '../../src/paste/index.ts';

let folder: string;
let stderr: string;
const realStderr = loggingRuntime.stderr;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'logging-'));
  stderr = '';
  loggingRuntime.stderr = { name: 'stderr', write: (text) => (stderr += text) };
});

afterEach(async () => {
  await resetLogging();
  loggingRuntime.stderr = realStderr;
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string) => path.join(folder, name);
const read = (name: string) => readFileSync(at(name), 'utf8');

/** Sets up one handler at the root. */
async function setUp(
  handler: string,
  { format = '%(levelname)s %(name)s %(message)s', level = 'INFO', more = '' } = {},
) {
  writeFileSync(
    at('log.ini'),
    `[loggers]\nkeys = root${more && ', more'}\n[handlers]\nkeys = out\n[formatters]\nkeys = plain\n` +
      `[logger_root]\nlevel = ${level}\nhandlers = out\n${more}\n` +
      `[handler_out]\n${handler}\nformatter = plain\n[formatter_plain]\nformat = ${format}\n`,
  );
  await setUpLogging(at('log.ini'), {});
}

const file = (name = 'a.log') => `class = FileHandler\nargs = (r'%(here)s/${name}',)`;

async function refused(handler: string, options?: Parameters<typeof setUp>[1]): Promise<LoggingConfigError> {
  const error: unknown = await setUp(handler, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LoggingConfigError);
  return error as LoggingConfigError;
}

describe('LogTape loggers', () => {
  it('end up in the handlers of the ini under their dotted names', async () => {
    await setUp(file());
    getLogger(['Zope', 'Startup']).info('Ready to handle {what}', { what: 'requests' });
    getLogger('wsgi').debug('unseen');
    getLogger([]).fatal('root');
    expect(read('a.log')).toBe('INFO Zope.Startup Ready to handle requests\nCRITICAL root root\n');
  });

  it('follow the level of the nearest configured logger above', async () => {
    await setUp(file(), { more: '[logger_more]\nqualname = a.b\nlevel = ERROR\nhandlers =\n' });
    getLogger(['a']).info('1');
    getLogger(['a', 'b']).warn('2');
    getLogger(['a', 'b', 'c']).error('3');
    expect(read('a.log')).toBe('INFO a 1\nERROR a.b.c 3\n');
  });

  it('follow a level that code changes later', async () => {
    await setUp(file());
    pythonLogger('wsgi').level = 10;
    await Promise.resolve();
    getLogger('wsgi').debug('now');
    expect(read('a.log')).toBe('DEBUG wsgi now\n');
  });

  it('show the traceback of an error that they are given, causes first', async () => {
    await setUp(file(), { format: '%(message)s' });
    const error = new TypeError('outer', { cause: new RangeError('inner') });
    getLogger('x').error('failed', { error });
    expect(read('a.log')).toMatch(
      /^failed\nTraceback \(most recent call last\):\n(?: {2}File ".*", line \d+, in .*\n)+RangeError: inner\n\nThe above exception was the direct cause of the following exception:\n\nTraceback \(most recent call last\):\n(?: {2}File ".*\n)+TypeError: outer\n$/,
    );
  });

  it('tell where they were called only when a format asks for it', async () => {
    await setUp(file(), { format: '%(filename)s %(lineno)d %(message)s' });
    // In a process of its own: the test runner rewrites stacks.
    writeFileSync(
      at('shop.ts'),
      `import { getLogger } from ${JSON.stringify(import.meta.resolve('@logtape/logtape'))};\n` +
        `import { setUpLogging } from ${JSON.stringify(new URL('../../src/paste/index.ts', import.meta.url))};\n` +
        `await setUpLogging(${JSON.stringify(at('log.ini'))});\n` +
        `getLogger('x').info('here');\n`,
    );
    const register = new URL('../../scripts/register-ts.js', import.meta.url).href;
    await promisify(execFile)(process.execPath, ['--import', register, at('shop.ts')]);
    expect(read('a.log')).toBe('shop.ts 4 here\n');
  });

  it('give their properties to formats', async () => {
    await setUp(file(), { format: '%(user)s %(message)s' });
    getLogger('x').info('bought', { user: 'ann' });
    expect(read('a.log')).toBe('ann bought\n');
  });

  it('write warnings to stderr when the ini has no logging sections', async () => {
    writeFileSync(at('log.ini'), '[app:main]\nuse = egg:Zope\n');
    await setUpLogging(at('log.ini'), {});
    getLogger('Zope').info('unseen');
    getLogger('Zope').warn('disk is full');
    expect(stderr).toBe('disk is full\n');
  });
});

describe('a level', () => {
  it('may be named by code', async () => {
    addLevelName(15, 'BLATHER');
    await setUp(file(), { level: 'BLATHER' });
    pythonLogger('ZODB').log(15, 'chatter');
    pythonLogger('ZODB').log(14, 'unseen');
    expect(read('a.log')).toBe('BLATHER ZODB chatter\n');
  });
});

describe('a handler that fails', () => {
  it('reports on stderr and lets the others and the caller go on', async () => {
    class Broken extends Handler {
      readonly pythonClass = 'Broken';
      protected override emit(): void {
        throw new Error('no such device');
      }
      protected override describeSettings() {
        return {};
      }
    }
    await setUp(file());
    const logger = pythonLogger('x');
    logger.addHandler(new Broken());
    logger.log(20, 'n is %d', [1]);
    expect(read('a.log')).toBe('INFO x n is 1\n');
    expect(stderr).toMatch(
      /^--- Logging error ---\nTraceback[\s\S]*\nError: no such device\nMessage: 'n is %d'\nArguments: \(1,\)\n$/,
    );
  });

  it('does not lose a record when a rollover is impossible', async () => {
    await setUp(`class = handlers.RotatingFileHandler\nargs = (r'%(here)s/r.log', 'a', 20, 1)`);
    pythonLogger('x').log(20, 'first line');
    // A folder stands where the old file should go.
    rmSync(at('r.log.1'), { force: true });
    const blocker = path.join(at('r.log.1'), 'x');
    await import('node:fs').then((fs) => fs.mkdirSync(blocker, { recursive: true }));
    pythonLogger('x').log(20, 'second line');
    expect(stderr).toContain('--- Logging error ---');
    expect(read('r.log')).toBe('INFO x first line\nINFO x second line\n');
  });
});

describe('log files', () => {
  it('have a record as soon as the log call returns', async () => {
    await setUp(file());
    for (let n = 0; n < 3; n += 1) {
      getLogger('x').info(`${n}`);
      expect(read('a.log').split('\n')).toHaveLength(n + 2);
    }
  });

  it('have all of what came in bulk at the end of the turn, in its order, before anything else', async () => {
    await setUp(file());
    const bulk = (text: string) => pythonLogger('x').log(20, text, undefined, { bulk: true });
    bulk('1');
    bulk('2');
    bulk('3');
    expect(read('a.log')).toBe('INFO x 1\n');
    await new Promise((resolve) => void setImmediate(resolve));
    expect(read('a.log')).toBe('INFO x 1\nINFO x 2\nINFO x 3\n');
    bulk('4');
    bulk('5');
    getLogger('x').info('6');
    expect(read('a.log').split('\n').slice(3, 6)).toEqual(['INFO x 4', 'INFO x 5', 'INFO x 6']);
    bulk('7');
    reopenLogs();
    expect(read('a.log')).toContain('INFO x 7\n');
  });

  it('are opened anew on request', async () => {
    await setUp(`class = FileHandler\nargs = (r'%(here)s/a.log', 'w')`);
    getLogger('x').info('one');
    renameSync(at('a.log'), at('old.log'));
    getLogger('x').info('two');
    expect(existsSync(at('a.log'))).toBe(false);
    reopenLogs();
    getLogger('x').info('three');
    reopenLogs();
    expect(read('old.log')).toBe('INFO x one\nINFO x two\n');
    expect(read('a.log')).toBe('INFO x three\n');
  });

  it('stay open when they cannot be reopened, and it is said', async () => {
    await setUp(file());
    rmSync(folder, { recursive: true });
    reopenLogs();
    expect(stderr).toContain('FileNotFoundError');
  });
});

describe('a second set-up', () => {
  it('replaces the first', async () => {
    await setUp(file('a.log'));
    await setUp(file('b.log'));
    getLogger('x').info('hello');
    expect(read('a.log')).toBe('');
    expect(read('b.log')).toBe('INFO x hello\n');
  });

  it('that fails changes nothing', async () => {
    await setUp(file('a.log'));
    await refused('class = FileHandler\nargs = (1,)');
    getLogger('x').info('still here');
    expect(read('a.log')).toBe('INFO x still here\n');
  });
});

describe('a mistake in the ini', () => {
  it.each([
    ['class = Nope', 'unknown-class'],
    ['class = handlers.NTEventLogHandler\nargs = ("x",)', 'not-offered'],
    ['class = StreamHandler\nargs = (sys.stdout', 'bad-expression'],
    ['class = StreamHandler\nargs = (__import__("os").system("id"),)', 'bad-expression'],
    ['class = StreamHandler\nargs = (open("/etc/passwd"),)', 'bad-expression'],
    ['class = FileHandler\nargs = ()', 'bad-arguments'],
    ['class = FileHandler\nargs = ("x",)\nkwargs = {"colour": 1}', 'bad-arguments'],
    ['class = FileHandler\nargs = ("x",)\nkwargs = {"filename": "y"}', 'bad-arguments'],
    ['class = handlers.TimedRotatingFileHandler\nargs = ("x", "W9")', 'handler-failed'],
    ['class = handlers.SysLogHandler\nargs = (("localhost", 514), "nope")', 'handler-failed'],
  ])('is refused with its place: %j', async (handler, code) => {
    const error = await refused(handler);
    expect(error).toMatchObject({
      code,
      section: 'handler_out',
      file: at('log.ini'),
      line: expect.any(Number),
    });
  });
});

describe('remote handlers', () => {
  it('send datagrams to syslog with facility and severity', async () => {
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    await setUp(`class = handlers.SysLogHandler\nargs = (('127.0.0.1', ${server.address().port}), 'local3')`);
    const received = once(server, 'message');
    getLogger('x').error('disk');
    const [message] = (await received) as [Buffer];
    expect(message.toString()).toBe('<155>ERROR x disk\0');
    server.close();
  });

  it('post records to a web server and wait for it at shutdown', async () => {
    const bodies: string[] = [];
    const server = createHttpServer((request, response) => {
      request.setEncoding('utf8').on('data', (data: string) => bodies.push(data));
      request.on('end', () => response.end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await setUp(`class = handlers.HTTPHandler\nargs = ('127.0.0.1:${port}', '/log', 'POST')`);
    getLogger('x').warn('é & co');
    await shutDownLogging();
    expect(Object.fromEntries(new URLSearchParams(bodies[0]))).toMatchObject({
      msg: 'é & co',
      levelname: 'WARNING',
      name: 'x',
    });
    server.close();
  });

  it('send pickled records after their length', async () => {
    const chunks: Buffer[] = [];
    const server = createTcpServer((socket) => socket.on('data', (chunk) => chunks.push(chunk)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ended = once(server, 'connection').then(([socket]) => once(socket as Socket, 'end'));
    const { port } = server.address() as AddressInfo;
    await setUp(`class = handlers.SocketHandler\nargs = ('127.0.0.1', ${port})`);
    pythonLogger('x').log(30, 'sold %d', [3]);
    await shutDownLogging();
    await ended;
    const bytes = Buffer.concat(chunks);
    expect(bytes.readUInt32BE()).toBe(bytes.length - 4);
    // PROTO 2, EMPTY_DICT, MARK … SETITEMS, STOP; the message as BINUNICODE.
    expect(bytes.subarray(4, 8).toString('latin1')).toBe('\x80\x02}(');
    expect(bytes.subarray(-2).toString('latin1')).toBe('u.');
    expect(bytes.toString('latin1')).toContain('X\x03\0\0\0msgX\x06\0\0\0sold 3');
    server.close();
  });

  it('send mails', async () => {
    let mail = '';
    const server = createTcpServer((socket) => {
      let data = false;
      socket.write('220 test\r\n');
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        if (data) mail += chunk;
        if (data && mail.includes('\r\n.\r\n')) {
          data = false;
          socket.write('250 ok\r\n');
        } else if (!data) {
          data = /^DATA/im.test(chunk);
          const answer = data ? '354 go\r\n' : '250 ok\r\n';
          socket.write(/^QUIT/im.test(chunk) ? '221 bye\r\n' : answer);
        }
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await setUp(
      `class = handlers.SMTPHandler\nargs = (('127.0.0.1', ${port}), 'zope@shop.test', ['ann@shop.test'], 'Trouble')`,
    );
    getLogger('x').error('no tea');
    await shutDownLogging();
    expect(mail).toMatch(/^Subject: Trouble/m);
    expect(mail).toContain('ERROR x no tea');
    server.close();
  });

  it('report on stderr what did not arrive', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await setUp(`class = handlers.HTTPHandler\nargs = ('127.0.0.1:${port}', '/log')`);
    getLogger('x').warn('lost');
    await shutDownLogging();
    expect(stderr).toMatch(/^--- Logging error ---[\s\S]*ECONNREFUSED[\s\S]*Message: 'lost'/);
  });
});

describe('worker threads', () => {
  it('have their records written by the main thread, whose levels they follow', async () => {
    await setUp(file(), { format: '%(levelname)s %(threadName)s %(name)s %(user)s %(message)s' });
    const { port1, port2 } = new MessageChannel();
    receiveLogging(port1);
    const source = new URL('../../src/paste/index.ts', import.meta.url).href;
    writeFileSync(
      at('worker.ts'),
      `import { getLogger } from ${JSON.stringify(import.meta.resolve('@logtape/logtape'))};\n` +
        `import { workerData, parentPort } from 'node:worker_threads';\n` +
        `import { forwardLogging, pythonLogger } from ${JSON.stringify(source)};\n` +
        `await forwardLogging(workerData, 'waitress-0');\n` +
        `getLogger(['a', 'b']).info('one', { user: 'ann', error: new TypeError('oops') });\n` +
        `getLogger(['a', 'b']).debug('unseen', { user: 'ann' });\n` +
        `const enabled = [pythonLogger('a.b').isEnabledFor(20), pythonLogger('a.b').isEnabledFor(10)];\n` +
        `parentPort.postMessage(enabled);\n` +
        `const goOn = () => {\n` +
        `  if (!pythonLogger('a.b').isEnabledFor(10)) return setImmediate(goOn);\n` +
        `  getLogger(['a', 'b']).debug('two', { user: 'bob' });\n` +
        `  process.exit();\n` +
        `};\n` +
        `goOn();\n`,
    );
    const register = new URL('../../scripts/register-ts.js', import.meta.url).href;
    const worker = new Worker(at('worker.ts'), {
      workerData: port2,
      transferList: [port2],
      execArgv: ['--import', register],
    });
    expect(await once(worker, 'message')).toEqual([[true, false]]);
    pythonLogger('a').level = 10;
    await Promise.all([once(worker, 'exit'), once(port1, 'close')]);
    expect(read('a.log')).toMatch(
      /^INFO waitress-0 a\.b ann one\nTraceback[\s\S]*\nTypeError: oops\nDEBUG waitress-0 a\.b bob two\n$/,
    );
  });
});

describe('the description of loggers', () => {
  it('shows what code has changed as well', async () => {
    await setUp('class = NullHandler');
    pythonLogger('wsgi').propagate = false;
    pythonLogger('asked.for');
    expect(describeLoggers()).toMatchObject({
      root: { level: 'INFO', handlers: [{ class: 'NullHandler' }] },
      wsgi: { level: 'NOTSET', effective: 'INFO', propagate: false, handlers: [] },
    });
    expect(Object.keys(describeLoggers())).toEqual(['root', 'wsgi']);
  });
});
