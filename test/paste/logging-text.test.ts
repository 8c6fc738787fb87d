import { afterEach, describe, expect, it } from 'vitest';
import { formatBraces, parseBraces } from '../../src/paste/logging/brace.ts';
import { encoderOf } from '../../src/paste/logging/encodings.ts';
import { readExpression } from '../../src/paste/logging/expressions.ts';
import { formatMessage } from '../../src/paste/logging/percent.ts';
import { FloatValue, repr, str } from '../../src/paste/logging/python-text.ts';
import { timeFields } from '../../src/paste/logging/local-time.ts';
import { strftime } from '../../src/pickle/index.ts';

// Expected values were computed with Python 3.11.

describe('percent formatting', () => {
  it.each<[string, unknown, string]>([
    ['%5.1f|', 2.25, '  2.2|'],
    ['%.0f', 0.5, '0'],
    ['%.0f', 1.5, '2'],
    ['%08.3e', 12345.678, '1.235e+04'],
    ['%g', 1e-7, '1e-07'],
    ['%g', 123456.789, '123457'],
    ['%#x', 255, '0xff'],
    ['%-8d|', -7, '-7      |'],
    ['%08d', -7, '-0000007'],
    ['%+d', 7, '+7'],
    ['%.3d', 7, '007'],
    ['%x', -255, '-ff'],
    ['%.2s', 'é日本', 'é日'],
    ['%r', "it's", '"it\'s"'],
    ['%r', 'a\n\x01', "'a\\n\\x01'"],
    ['%a', 'é', "'\\xe9'"],
    ['%s', 1e16 + 0.5, '10000000000000000'],
    ['%s', [1, 'a', null, true, 2.5], "[1, 'a', None, True, 2.5]"],
    ['%s', { a: { b: 1 } }, "{'a': {'b': 1}}"],
    ['%d', 3.99, '3'],
    ['%c', 233, 'é'],
    ['100%% %s', 1, '100% 1'],
  ])('%j with %j', (format, value, text) => {
    expect(formatMessage(format, [value])).toBe(text);
  });

  it.each<[string, unknown[] | Record<string, unknown>, string]>([
    ['%s and %s', ['one'], 'TypeError: not enough arguments for format string'],
    ['%s', [1, 2], 'TypeError: not all arguments converted during string formatting'],
    ['%d', ['x'], 'TypeError: %d format: a real number is required, not str'],
    ['%q', [1], "ValueError: unsupported format character 'q' (0x71) at index 1"],
    ['50%', [1], 'ValueError: incomplete format'],
    ['%(a)s', { b: 1 }, "KeyError: 'a'"],
    ['%(a', { a: 1 }, 'ValueError: incomplete format key'],
  ])('%j with %j is refused', (format, args, message) => {
    expect(() => formatMessage(format, args)).toThrow(
      expect.objectContaining({
        name: message.split(':')[0],
        message: message.slice(message.indexOf(' ') + 1),
      }) as Error,
    );
  });

  it('takes widths and precisions from the arguments', () => {
    expect(formatMessage('%*d|%-*s|%.*f', [4, 7, 3, 'a', 1, 2.55])).toBe('   7|a  |2.5');
  });
});

describe('brace formatting', () => {
  it.each<[string, unknown, string]>([
    ['{x:>8}|', 'ab', '      ab|'],
    ['{x:*^7}', 'ab', '**ab***'],
    ['{x:08.2f}', -3.14159, '-0003.14'],
    ['{x:,}', 1234567, '1,234,567'],
    ['{x:%}', 0.25, '25.000000%'],
    ['{x!r:>6}', 'a', "   'a'"],
    ['{{{x}}}', 1, '{1}'],
    ['{x}', new FloatValue(250), '250.0'],
    ['{x:>{w}}', 'a', '    a'],
  ])('%j with %j', (format, value, text) => {
    expect(formatBraces(parseBraces(format), (name) => (name === 'w' ? 5 : value))).toBe(text);
  });
});

describe('the time', () => {
  const zone = process.env['TZ'];

  afterEach(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it.each([
    ['Asia/Tokyo', 1700000000, '2023-11-15 07:13:20 +0900 JST'],
    ['Europe/Berlin', 1690000000, '2023-07-22 06:26:40 +0200 CEST'],
    ['America/New_York', 1700000000, '2023-11-14 17:13:20 -0500 EST'],
    ['Asia/Kolkata', 1700000000, '2023-11-15 03:43:20 +0530 IST'],
    ['America/Sao_Paulo', 1700000000, '2023-11-14 19:13:20 -0300 -03'],
  ])('in %s', (name, seconds, text) => {
    process.env['TZ'] = name;
    expect(strftime('%Y-%m-%d %H:%M:%S %z %Z', timeFields(seconds))).toBe(text);
  });

  it('numbers weeks as ISO 8601 does', () => {
    const weeks = [1104537600, 1230768000, 1451606400, 1609459200].map((t) =>
      strftime('%G-W%V-%u', timeFields(t, true)),
    );
    expect(weeks).toEqual(['2004-W53-6', '2009-W01-4', '2015-W53-5', '2020-W53-5']);
  });

  it('takes flags and widths, and leaves unknown directives', () => {
    expect(strftime('%-d|%_H|%^a|%5d|%Q|%%', timeFields(1700000000, true))).toBe('14|22|TUE|00014|%Q|%');
  });
});

describe('expressions of args', () => {
  it.each([
    ["('a' 'b', r'\\d', \"\\x41\\u00e9\\n\")", "('ab', '\\\\d', 'Aé\\n')"],
    ['(10*1024**2, 1 << 20, 7 // 2, -4)', '(10485760, 1048576, 3, -4)'],
    ["{'a': [1, (2,)], 'b': None}", "{'a': [1, (2,)], 'b': None}"],
    ['(INFO, handlers.SysLogHandler.LOG_LOCAL7)', '(20, 23)'],
    ["os.path.join('/a', 'b', '/c', 'd')", "'/c/d'"],
    ["'%s-%d.log' % ('a', 3)", "'a-3.log'"],
    ["('x',) + (1.0,)", "('x', 1.0)"],
    ['1, 2', '(1, 2)'],
    ['()', '()'],
  ])('%s', (text, value) => {
    expect(repr(readExpression(text))).toBe(value);
  });

  it.each([
    ['(1', 'SyntaxError', "'(' was never closed"],
    ["'abc", 'SyntaxError', 'unterminated string literal'],
    ['1 2', 'SyntaxError', 'invalid syntax'],
    ['nothing', 'NameError', "name 'nothing' is not defined"],
    ['os.system', 'AttributeError', "'os' has no attribute 'system' that an .ini may use"],
    ["''.__class__", 'AttributeError', 'attributes of values are not offered in an .ini'],
    ['constructor', 'NameError', "name 'constructor' is not defined"],
    ["os.environ['constructor']", 'KeyError', "'constructor'"],
    ["'a' + 1", 'TypeError', "bad operand type for +: 'str'"],
    ['10**400', 'OverflowError', 'the number is too large'],
    ['('.repeat(200) + ')'.repeat(200), 'SyntaxError', 'too many nested parentheses'],
  ])('%s is refused', (text, name, message) => {
    expect(() => readExpression(text)).toThrow(expect.objectContaining({ name, message }) as Error);
  });
});

describe('encodings', () => {
  it('write every byte of a single-byte encoding', () => {
    expect(Buffer.from(encoderOf('cp1252', 'strict')('€ß')).toString('hex')).toBe('80df');
    expect(Buffer.from(encoderOf('ISO8859-15', 'strict')('€')).toString('hex')).toBe('a4');
  });

  it('treat what they lack as told', () => {
    expect(() => encoderOf('ascii', 'strict')('é')).toThrow(
      expect.objectContaining({ name: 'UnicodeEncodeError' }) as Error,
    );
    expect(Buffer.from(encoderOf('ascii', 'replace')('aé日')).toString()).toBe('a??');
    expect(Buffer.from(encoderOf('ascii', 'backslashreplace')('é日')).toString()).toBe('\\xe9\\u65e5');
    expect(Buffer.from(encoderOf('latin-1', 'xmlcharrefreplace')('日')).toString()).toBe('&#26085;');
    expect(() => encoderOf('ebcdic', 'strict')).toThrow('unknown encoding');
  });
});

describe('text of values', () => {
  it('is that of Python', () => {
    expect([1.5, 1e22, 1e-5, NaN, -0.1, 10n, undefined].map(str)).toEqual([
      '1.5',
      '10000000000000000000000',
      '1e-05',
      'nan',
      '-0.1',
      '10',
      'None',
    ]);
    expect(repr(new Map<unknown, unknown>([[1, 'a']]))).toBe("{1: 'a'}");
  });
});
