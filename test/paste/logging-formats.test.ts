/** Values in formats of log lines, where a rule of Python's is easily missed. */
import { describe, expect, test } from 'vitest';
import { formatBraces, parseBraces } from '../../src/paste/logging/brace.ts';
import { formatSpec } from '../../src/paste/logging/format-spec.ts';
import { formatMessage } from '../../src/paste/logging/percent.ts';
import { timeFields } from '../../src/paste/logging/local-time.ts';
import { strftime } from '../../src/pickle/index.ts';
import { FloatValue, TupleValue } from '../../src/paste/logging/python-text.ts';

const outcome = (run: () => string): string => {
  try {
    return run();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
};

describe('format specifications', () => {
  test.each<[unknown, string, string]>([
    [1_234_567, '012,', '0,001,234,567'],
    [255, '#012_x', '0x0_0000_00ff'],
    [70_000, '_x', '1_1170'],
    [new FloatValue(250), '.3', '2.5e+02'],
    [new FloatValue(250), '.4', '250.0'],
    [new FloatValue(250), '#.3', '2.50e+02'],
    [new FloatValue(250), '.0e', '2e+02'],
    [12_345.678, '015_.2e', '0_000_001.23e+04'],
    ['a', '05', 'a0000'],
    [true, '5', '    1'],
    ['a', '=5', "ValueError: '=' alignment not allowed in string format specifier"],
    ['a', '+', 'ValueError: Sign not allowed in string format specifier'],
    ['a', ',', "ValueError: Cannot specify ',' with 's'."],
    [5, ',x', "ValueError: Cannot specify ',' with 'x'."],
    [5, 's', "ValueError: Unknown format code 's' for object of type 'int'"],
    [5, '.2d', 'ValueError: Precision not allowed in integer format specifier'],
    [5, '08<5', "ValueError: Invalid format specifier '08<5' for object of type 'int'"],
    [null, '5', 'TypeError: unsupported format string passed to NoneType.__format__'],
    [TupleValue.of(1), '>5', 'TypeError: unsupported format string passed to tuple.__format__'],
  ])('%j as %j', (value, spec, wanted) => {
    expect(outcome(() => formatSpec(value, spec))).toBe(wanted);
  });

  test('of items and attributes of fields', () => {
    const lookup = () => 'text';
    const shown = (format: string) => outcome(() => formatBraces(parseBraces(format), lookup));
    expect(shown('{message[1]}')).toBe('e');
    expect(shown('{message[x]}')).toBe("TypeError: string indices must be integers, not 'str'");
    expect(shown('{message.x}')).toBe("AttributeError: 'str' object has no attribute 'x'");
    expect(shown('{0}')).toBe('IndexError: Replacement index 0 out of range for positional args tuple');
  });
});

describe('percent formats', () => {
  test.each<[string, readonly unknown[], string]>([
    ['%#.0e %#.0f', [2500, 3], '2.e+03 3.'],
    ['%c', [true], '\u0001'],
    ['%.2g %g %g', [32e9, 1e10, 0.5], '3.2e+10 1e+10 0.5'],
    ['%d %q', [], 'TypeError: not enough arguments for format string'],
    ['%d %q', [1, 2], "ValueError: unsupported format character 'q' (0x71) at index 4"],
    ['%5%', [1], "ValueError: unsupported format character '%' (0x25) at index 2"],
    ['%d %', ['x'], 'TypeError: %d format: a real number is required, not str'],
    ['%d %', [1], 'ValueError: incomplete format'],
  ])('%s of %j', (format, args, wanted) => {
    expect(outcome(() => formatMessage(format, args))).toBe(wanted);
  });
});

test.each<[string, string]>([
  ['%-5d|%1d|%_4H', '   14|14|  22'],
  ['%EA %OA %Ey', '%EA %OA 23'],
  ['%05Q %12s', '0%05Q   1700000000'],
  ['%^P %#c', 'pm Tue Nov 14 22:13:20 2023'],
])('a date as %s', (format, wanted) => {
  expect(strftime(format, timeFields(1_700_000_000, true))).toBe(wanted);
});
