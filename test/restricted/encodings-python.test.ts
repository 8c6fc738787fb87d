/**
 * Texts and bytes in all encodings, as in Python. Runs where `ZOPE_PYTHON` names a Python. `ENCODING_CASES=50000 ENCODING_SEED=7` runs more of them, or others.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findEncoding } from '../../src/pickle/index.ts';
import {
  decodeBytes,
  encodeText,
  LookupError,
  UnicodeDecodeError,
  UnicodeEncodeError,
} from '../../src/restricted/index.ts';

interface All {
  readonly op: 'all';
  readonly name: string;
  readonly encoded: string;
  readonly decoded: string;
}

interface One {
  readonly op: 'encode' | 'decode';
  readonly name: string;
  readonly text: string;
  readonly data: string;
  readonly errors: string;
  readonly expect: unknown;
}

const python = process.env.ZOPE_PYTHON;
const count = process.env.ENCODING_CASES ?? '2000';
if (python === undefined) console.warn('no ZOPE_PYTHON: encodings are not compared with Python');

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

let basic = '';
for (let code = 0; code < 0x10000; code++)
  if (code < 0xd800 || code > 0xdfff) basic += String.fromCharCode(code);

/** The bytes of a text, lone surrogates as if they were letters. */
function passing(text: string): Buffer {
  return Buffer.concat(
    Array.from(text, (c) => {
      const code = c.charCodeAt(0);
      return c.length === 1 && code >= 0xd800 && code < 0xe000
        ? Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)])
        : Buffer.from(c);
    }),
  );
}

function all({ name, encoded, decoded }: All): unknown {
  const several = findEncoding(name)!.table === undefined;
  // Errors within UTF-7's base64 are replaced in other pieces.
  const limit = name === 'utf_7' ? 43 : 256;
  const texts: string[] = [];
  for (let first = 0; first < limit; first++)
    for (let second = 0; second < (several ? limit : 1); second++)
      texts.push(decodeBytes(several ? Uint8Array.of(first, second) : Uint8Array.of(first), name, 'replace'));
  const found = { encoded: sha1(encodeText(basic, name, 'ignore')), decoded: sha1(passing(texts.join('|'))) };
  return found.encoded === encoded && found.decoded === decoded ? undefined : found;
}

function told(make: () => Uint8Array | string): unknown {
  try {
    const made = make();
    return typeof made === 'string' ? made : hex(made);
  } catch (error) {
    if (error instanceof UnicodeEncodeError || error instanceof UnicodeDecodeError) {
      const [name, , start, end, reason] = error.args;
      return [error.constructor.name, name, start, end, reason];
    }
    if (error instanceof LookupError) return ['LookupError', error.message];
    throw error;
  }
}

function one({ op, name, text, data, errors, expect: wanted }: One): unknown {
  const found = told(() =>
    op === 'encode'
      ? encodeText(text, name, errors)
      : decodeBytes(new Uint8Array(Buffer.from(data, 'hex')), name, errors),
  );
  return JSON.stringify(found) === JSON.stringify(wanted) ? undefined : found;
}

test.skipIf(python === undefined)(
  'texts are encoded and decoded as in Python',
  { timeout: 400_000 + Number(count) * 10 },
  () => {
    const { stdout, stderr, status } = spawnSync(
      python!,
      [path.join(import.meta.dirname, 'encodings_python.py'), process.env.ENCODING_SEED ?? '1', count],
      { encoding: 'utf8', maxBuffer: 1 << 30 },
    );
    expect(status, stderr).toBe(0);
    const failed: unknown[] = [];
    for (const line of stdout.trim().split('\n')) {
      const asked = JSON.parse(line) as All | One;
      const found = asked.op === 'all' ? all(asked) : one(asked);
      if (found !== undefined) failed.push({ asked, found });
    }
    expect(failed.slice(0, 12)).toEqual([]);
  },
);
