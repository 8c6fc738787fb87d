/** Corners of the language in which JavaScript's notions of blanks, digits, lines and paths are not Python's. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ConfigurationError,
  type DatatypeName,
  DATATYPES,
  loadConfigFile,
  type SchemaDefinition,
  type SectionValue,
  TimeDelta,
  ValueRefused,
} from '../../src/zconfig/index.ts';

let here: string;
beforeEach(() => {
  here = realpathSync(mkdtempSync(path.join(tmpdir(), 'zconfig-')));
});
afterEach(() => rmSync(here, { recursive: true }));

function load(schema: SchemaDefinition, text: string): Readonly<Record<string, unknown>> {
  writeFileSync(path.join(here, 'main.conf'), text);
  return (loadConfigFile(schema, path.join(here, 'main.conf')) as SectionValue).values;
}

function refusal(schema: SchemaDefinition, text: string): [string, number | undefined] {
  try {
    load(schema, text);
  } catch (error) {
    if (error instanceof ConfigurationError) return [error.reason, error.line];
    throw error;
  }
  throw new Error('no error');
}

const WORDS: SchemaDefinition = {
  items: [
    { kind: 'key', name: 'word', datatype: 'string' },
    { kind: 'key', name: 'size', datatype: 'integer' },
  ],
};

describe('a file', () => {
  test('has lines that end with a line feed only', () => {
    expect(load(WORDS, 'word a\rsize 1\r\nsize 2\r\n')).toEqual({ word: 'a\rsize 1', size: 2 });
  });

  test('may have the separators of ASCII as blanks, but no byte order mark', () => {
    expect(load(WORDS, '\x1cword\x85a\x1f\n')).toEqual({ word: 'a', size: null });
    expect(refusal(WORDS, '\ufeffword a\n')[0]).toBe("value did not match regular expression: '\\ufeffword'");
  });

  test('includes by URL: with percent encoding, host and dots', () => {
    writeFileSync(path.join(here, 'a b?.conf'), 'word x\n');
    for (const name of [
      'a%20b?.conf',
      './x/../a b%3F.conf',
      `file://localhost${here}/a%20b?.conf`,
      `file:${here}/a b?.conf`,
    ])
      expect(load(WORDS, `%include ${name}\n`)).toEqual({ word: 'x', size: null });
    expect(refusal(WORDS, '%include http://example.com/a.conf\n')[0]).toContain('only files can be included');
    expect(refusal(WORDS, '%include a.conf#part\n')[0]).toBe('fragment identifiers are not supported');
  });
});

describe('sections', () => {
  const schema: SchemaDefinition = {
    abstract: ['furniture'],
    types: [
      {
        name: 'chair',
        implements: 'furniture',
        items: [{ kind: 'key', name: '+', datatype: 'string', attribute: 'map' }],
      },
      { name: 'Room', items: [{ kind: 'section', type: 'chair', name: '*', attribute: 'chair' }] },
    ],
    items: [
      { kind: 'section', type: 'furniture', name: 'best' },
      { kind: 'multisection', type: 'furniture', name: '+', attribute: 'rest' },
      { kind: 'multisection', type: 'room', name: '*', attribute: 'rooms' },
      { kind: 'multikey', name: 'tag', datatype: 'string', defaults: ['a'], required: true },
    ],
  };

  test('are refused for the first reason that Python has', () => {
    expect(refusal(schema, '<room best/>')).toEqual(["section type 'room' not allowed for name 'best'", 1]);
    expect(refusal(schema, '<chair/>')).toEqual(["None is not an allowed name for 'furniture' sections", 1]);
    expect(refusal(schema, '<room>\n<chair a/>\n<chair a/>\n</room>')[0]).toBe(
      "section names must not be re-used within the same container:'a'",
    );
    expect(refusal(schema, 'best 1')).toEqual(["'best' is not a valid key name in None sections", 1]);
  });

  test('with free keys cannot be called like them', () => {
    const free: SchemaDefinition = {
      types: [{ name: 'chair' }],
      items: [
        { kind: 'key', name: '+', datatype: 'string', attribute: 'map' },
        { kind: 'section', type: 'chair', name: '*', attribute: 'chair' },
      ],
    };
    expect(refusal(free, '<chair +/>')).toEqual(['section name + already in use for key', 1]);
  });

  test('count the defaults of a key that must be given', () => {
    expect(load(schema, '').tag).toEqual(['a']);
  });

  test('of known components may be imported by any schema', () => {
    expect(refusal(schema, '%import ZConfig.components.logger\n<logfile/>')[0]).toBe(
      "no matching section defined for type='logfile', name='None'",
    );
  });
});

describe('datatypes', () => {
  const convert = (name: DatatypeName, text: string): unknown => {
    try {
      return DATATYPES[name](text);
    } catch (error) {
      if (error instanceof ValueRefused) return `! ${error.message}`;
      throw error;
    }
  };

  test.each<[DatatypeName, string, unknown]>([
    ['integer', ' ٣١ ', 31],
    ['integer', '1_000', 1000],
    ['integer', '²', "! invalid literal for int() with base 10: '²'"],
    ['integer', "it's\u200b", String.raw`! invalid literal for int() with base 10: "it's\u200b"`],
    [
      'integer',
      '9'.repeat(5000),
      '! Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits',
    ],
    ['float', '1_0.5', 10.5],
    ['float', '-Infinity', Number.NEGATIVE_INFINITY],
    ['byte-size', '9999999999gb', 10_737_418_238_926_258_176n],
    ['string-list', 'a\x1cb\ufeffc', ['a', 'b\ufeffc']],
    ['timedelta', '0.1s 0.2m', new TimeDelta(12.1)],
    ['timedelta', '0.0000005s', new TimeDelta(0)],
    ['timedelta', '0.0000015s', new TimeDelta(0.000_002)],
    ['timedelta', '1000000000d', '! days=1000000000; must have magnitude <= 999999999'],
    ['timedelta', 'nans', '! cannot convert float NaN to integer'],
    ['ipaddr-or-hostname', 'beef:', "! value did not match regular expression: 'beef:'"],
    ['ipaddr-or-hostname', '1::BEEF', '1::beef'],
    [
      'existing-dirpath',
      '/no-such-folder/',
      '! The directory named as part of the path /no-such-folder/ does not exist.',
    ],
    ['existing-dirpath', '~nobody-has-this-name', '~nobody-has-this-name'],
    ['locale', 'C.utf8', 'C.utf8'],
    ['locale', '.UTF-8', expect.stringContaining('locale ".UTF-8" is not supported')],
  ])('%s of %j', (name, text, wanted) => {
    expect(convert(name, text)).toEqual(wanted);
  });

  test('follow what names a user in paths', () => {
    const { username, homedir } = userInfo();
    expect(convert('existing-directory', `~${username}`)).toBe(homedir);
  });
});
