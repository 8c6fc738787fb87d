import { describe, expect, it } from 'vitest';
import { ConfigParser, LoadError } from '../../src/paste/index.ts';

const parse = (text: string, options?: ConstructorParameters<typeof ConfigParser>[2]) =>
  new ConfigParser(text, '/site/x.ini', options);

function failure(run: () => unknown): LoadError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(LoadError);
    return error as LoadError;
  }
  throw new Error('nothing was thrown');
}

describe('the language of .ini files', () => {
  it('joins continuation lines, keeps inner empty lines and drops comments', () => {
    const ini = parse('[s]\na = 1\n  2\n\n  # note\n  3\n; note\n\nb: x = y ; no comment\n');
    expect(ini.get('s', 'a')).toBe('1\n2\n\n3');
    expect(ini.get('s', 'b')).toBe('x = y ; no comment');
  });

  it('takes an indented line after a section header as an option', () => {
    expect(parse('[s]\n   a = 1\n   b = 2\n').options('s')).toEqual(['a', 'b']);
    expect(parse('[s]\n   a = 1\n     b = 2\n').get('s', 'a')).toBe('1\nb = 2');
  });

  it('ends lines as Windows and old Macs do', () => {
    expect(parse('[s]\r\na = 1\r b = 2\r\n').get('s', 'a')).toBe('1\nb = 2');
  });

  it('lowers option names on request, in references as well', () => {
    const text = '[s]\nName = x\nboth = %(NAME)s\n';
    expect(parse(text, { lowerCaseOptions: true }).get('s', 'BOTH')).toBe('x');
    expect(failure(() => parse(text).get('s', 'both')).code).toBe('ini-interpolation-missing');
  });

  it('lets the file override the defaults of the caller, and not what is added later', () => {
    const ini = parse('[DEFAULT]\na = file\n[s]\nx = %(a)s %(b)s\n', { defaults: { a: 'caller', b: 'b' } });
    ini.addDefaults({ a: 'late', c: 'c' });
    expect(ini.get('s', 'x')).toBe('file b');
    expect(ini.defaults()).toEqual({ a: 'file', b: 'b', c: 'c' });
  });

  it('knows the line of every option', () => {
    const ini = parse('[DEFAULT]\nd = 1\n\n[s]\n# c\na = 1\n 2\nb = 2\n');
    expect([ini.lineOf('s'), ini.lineOf('s', 'a'), ini.lineOf('s', 'b'), ini.lineOf('s', 'd')]).toEqual([
      4, 6, 8, 2,
    ]);
  });

  it('reports all lines that are no options', () => {
    const error = failure(() => parse('[s]\nfirst\na = 1\n= second\n'));
    expect(error).toMatchObject({
      code: 'ini-syntax',
      line: 2,
      errors: [
        [2, 'first\\n'],
        [4, '= second\\n'],
      ],
    });
  });

  it.each([
    ['a = 1\n', 'ini-missing-section-header', 1],
    ['[s]\n[t]\n[s]\n', 'ini-duplicate-section', 3],
    ['[s]\na = 1\nb = 2\na = 3\n', 'ini-duplicate-option', 4],
    ['\ufeff[s]\n', 'ini-missing-section-header', 1],
  ])('refuses %j', (text, code, line) => {
    expect(failure(() => parse(text))).toMatchObject({ code, line, file: '/site/x.ini' });
  });

  it.each([
    ['%(a)s', 'ini-interpolation-depth'],
    ['%(none)s', 'ini-interpolation-missing'],
    ['5%', 'ini-interpolation-syntax'],
    ['%(a', 'ini-interpolation-syntax'],
  ])('refuses the reference %j with its place', (value, code) => {
    const error = failure(() => parse(`[s]\nx = 1\na = ${value}\n`).get('s', 'a'));
    expect(error).toMatchObject({ code, line: 3, section: 's', option: 'a', file: '/site/x.ini' });
  });
});
