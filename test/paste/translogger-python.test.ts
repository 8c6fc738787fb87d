/**
 * Random formats of the access log give the same lines as Python's translogger, or are refused where Python fails with each request. Runs where
 * `ZOPE_PYTHON` names a Python that has Paste.
 */
import path from 'node:path';
import { test } from 'vitest';
import { compileFormat } from '../../src/paste/filters/log-format.ts';
import { environOf, withEnviron } from '../../src/paste/gateway/environ.ts';
import { LoadError } from '../../src/paste/loader/errors.ts';
import { compareWithPython } from '../conformance/random-cases.ts';
import { type Case, expectSame } from '../conformance/suite.ts';

const skipped = process.env.ZOPE_PYTHON === undefined;
if (skipped) console.warn('no ZOPE_PYTHON: random formats of the access log are not compared with Python');

function run({ input, expect }: Case): void {
  const headers = new Headers(input.headers as Record<string, string>);
  const request = withEnviron(new Request('http://localhost/', { method: input.method, headers }), {
    scriptName: input.script_name,
    pathInfo: encodeURI(input.path),
    queryString: input.query,
    remoteAddr: input.addr,
    serverProtocol: 'HTTP/1.1',
  });
  const environ = environOf(request);
  environ.remoteUser = input.user;
  const response = new Response(null, {
    status: input.status,
    headers: input.bytes === null ? {} : { 'content-length': input.bytes },
  });
  let answer: unknown;
  try {
    answer = {
      line: compileFormat(input.format)({ request, environ, response, time: '' }),
    };
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    answer = { error: true };
  }
  expectSame('the line', answer, expect.error === undefined ? expect : { error: true });
}

test.skipIf(skipped)('random formats of the access log give the lines of Python', () =>
  compareWithPython({ run }, path.join(import.meta.dirname, 'translogger_python.py'), [
    process.env.TRANSLOGGER_SEED ?? '1',
    process.env.TRANSLOGGER_FORMATS ?? '400',
  ]),
);
