import { describe, expect, test } from 'vitest';
import {
  Dict,
  GlobalRef,
  Instance,
  Pickler,
  type PicklerOptions,
  tuple,
  UnpicklableError,
  Unpickler,
} from '../../src/pickle/index.ts';

function dump(value: unknown, options?: PicklerOptions): Uint8Array {
  const pickler = new Pickler(options);
  pickler.dump(value);
  return pickler.finish();
}
const hex = (value: unknown, options?: PicklerOptions): string =>
  Buffer.from(dump(value, options)).toString('hex');
const again = (value: unknown): unknown => new Unpickler(dump(value)).load();

function failure(value: unknown): UnpicklableError {
  try {
    dump(value);
  } catch (error) {
    return error as UnpicklableError;
  }
  throw new Error('it was written');
}

describe('the memo', () => {
  test('goes on from one value to the next, as in the two pickles of a record', () => {
    const pickler = new Pickler();
    pickler.dump(GlobalRef.of('m', 'C'));
    pickler.dump(GlobalRef.of('m', 'C'));
    expect(Buffer.from(pickler.bytes()).toString('latin1')).toBe('\x80\x03cm\nC\nq\x00.\x80\x03h\x00.');
    pickler.clearMemo();
    pickler.dump(GlobalRef.of('m', 'C'));
    expect(Buffer.from(pickler.finish()).toString('latin1').endsWith('\x80\x03cm\nC\nq\x00.')).toBe(true);
  });

  test('tells texts from bytes, whatever is in the text', () => {
    const text = '\u0000bytes65';
    expect(again([Uint8Array.of(65), text, 'A', text])).toEqual([Uint8Array.of(65), text, 'A', text]);
  });

  test('has one-byte and empty bytes once, and others by identity', () => {
    const one = Uint8Array.of(1, 2);
    expect(hex([Uint8Array.of(7), Uint8Array.of(7), new Uint8Array(), new Uint8Array()])).toBe(
      '80035d71002843010771016801430071026802652e',
    );
    expect(hex([one, one, Uint8Array.of(1, 2)])).toBe('80035d710028430201027101680143020102710265' + '2e');
  });

  test('of one writer is not seen by another one at work at the same time', () => {
    const [a, b] = [new Pickler(), new Pickler()];
    a.dump('a');
    b.dump('b');
    a.dump('a');
    expect(Buffer.from(a.finish()).toString('latin1')).toBe('\x80\x03X\x01\x00\x00\x00aq\x00.\x80\x03h\x00.');
    expect(Buffer.from(b.finish()).toString('latin1')).toBe('\x80\x03X\x01\x00\x00\x00bq\x00.');
  });
});

describe('what cannot be stored', () => {
  test('is named with the way to it', () => {
    class Foreign {}
    const value = new Foreign();
    expect(failure({ a: [0, new Dict<unknown, unknown>([['b c', tuple(1, value)]])] })).toMatchObject({
      code: 'PICKLE_UNPICKLABLE',
      path: 'a[1]["b c"][1]',
      value,
    });
    expect(failure(() => 1).message).toContain('the function');
    expect(failure([Promise.resolve()]).path).toBe('[0]');
    expect(failure({ s: Symbol('x') }).path).toBe('s');
  });

  test('leaves the writer usable for nothing but other values', () => {
    const pickler = new Pickler();
    expect(() => pickler.dump([Symbol('x')])).toThrow(UnpicklableError);
  });
});

test('long texts, numbers and lists grow the buffer', () => {
  const value = [
    'ä'.repeat(100_000),
    2n ** 20_000n,
    -(2n ** 20_000n),
    Array.from({ length: 5000 }, (_, i) => i),
  ];
  expect(again(value)).toEqual(value);
});

test('integers take as few bytes as Python gives them', () => {
  const expected: [number | bigint, string][] = [
    [2 ** 31, '8a050000008000'],
    [-(2 ** 31) - 1, '8a05ffffff7fff'],
    [2n ** 63n, '8a09000000000000008000'],
    [-(2n ** 63n), '8a080000000000000080'],
    [-(2n ** 55n), '8a0700000000000080'],
    [2n ** 55n - 1n, '8a07ffffffffffff7f'],
  ];
  for (const [number, code] of expected) expect(hex(number)).toBe(`8003${code}2e`);
});

test('lone surrogates are written as Python writes them', () => {
  expect(hex('a\ud800\u{1f600}')).toBe('8003580800000061eda080f09f988071002e');
  expect(again('a\ud800\u{1f600}')).toBe('a\ud800\u{1f600}');
});

test('an instance of a class of lists from an old pickle keeps its items, and what is added', () => {
  const old = "ccopy_reg\n_reconstructor\n(cm\nMyList\nc__builtin__\nlist\n(lp0\nI1\natR(dS'a'\nI2\nsb.";
  const value = new Unpickler(Buffer.from(old, 'latin1')).load() as Instance;
  const written = new Unpickler(dump(value)).load() as Instance;
  expect(written.items).toEqual([1]);
  expect(written.state).toEqual(new Dict([['a', 2]]));
  expect(written.base).toBe(undefined);
});

test('classes with extension codes are written by them', () => {
  const codes: Record<string, number> = { One: 1, Two: 0x102, Four: 0x10203 };
  const extension = (ref: GlobalRef) => codes[ref.name];
  expect(
    hex(
      ['One', 'Two', 'Four'].map((name) => GlobalRef.of('m', name)),
      { extension },
    ),
  ).toBe('80035d710028820183020184030201006' + '52e');
});
