/** Pickles that were not written by any pickler: each ends in an error that says what is wrong, in little memory and time. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Deque,
  FrozenSet,
  Pickler,
  PySet,
  Unpickler,
  type UnpicklerOptions,
  UnpicklingError,
} from '../../src/pickle/index.ts';

const load = (data: Uint8Array, options?: UnpicklerOptions): unknown => new Unpickler(data, options).load();
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** The code of the error that reading ends in. */
function codeOf(data: Uint8Array | string, options?: UnpicklerOptions): string | undefined {
  try {
    load(typeof data === 'string' ? bytes(data) : data, options);
    return undefined;
  } catch (error) {
    if (error instanceof UnpicklingError) return error.code;
    throw error;
  }
}

const corpus = (file: string): Uint8Array[] => {
  const { cases } = JSON.parse(
    readFileSync(path.join(import.meta.dirname, '../corpus/pickle', file), 'utf8'),
  ) as { cases: { input: { hex?: string } }[] };
  return cases.flatMap(({ input }) =>
    input.hex === undefined || input.hex.length > 2000 ? [] : [new Uint8Array(Buffer.from(input.hex, 'hex'))],
  );
};

const DIALECTS: UnpicklerOptions[] = [{}, { dialect: 'zodb' }, { dict: 'object', encoding: 'bytes' }];

test('an error has a code, and says where it is', () => {
  const error = (() => {
    try {
      return load(bytes('K\x01K\x02h\x05.'));
    } catch (caught) {
      return caught;
    }
  })() as UnpicklingError;
  expect(error).toMatchObject({ code: 'PICKLE_NO_MEMO', position: 4, opcode: 0x68 });
  expect(error.message).toContain('at byte 4');
});

test('a pickle that is cut off anywhere is refused', () => {
  for (const whole of corpus('opcodes.json').concat(corpus('values.json').filter((_, i) => i % 5 === 0))) {
    if (codeOf(whole) !== undefined) continue;
    const end = new Unpickler(whole);
    end.load();
    for (let length = 0; length < Math.min(end.position, 300); length++)
      expect(codeOf(whole.subarray(0, length)), Buffer.from(whole).toString('hex')).toMatch(/^PICKLE_/);
  }
});

test('pickles with bytes changed at random are read or refused, and nothing else happens', () => {
  let seed = 20_251_124;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const samples = corpus('values.json').concat(corpus('opcodes.json'));
  const outcomes = { read: 0, refused: 0 };
  for (let round = 0; round < 20_000; round++) {
    const data = samples[random(samples.length)]!.slice();
    for (let change = 0; change <= random(3); change++) data[random(data.length)] = random(256);
    outcomes[codeOf(data, DIALECTS[round % 3]) === undefined ? 'read' : 'refused']++;
  }
  expect(outcomes.read).toBeGreaterThan(1000);
  expect(outcomes.refused).toBeGreaterThan(1000);
});

describe('nesting', () => {
  const nested = (count: number): Uint8Array => bytes(`${']'.repeat(count)}${'a'.repeat(count - 1)}.`);

  test('of any depth is read', () => {
    let depth = 0;
    for (let at = load(nested(1_000_000)) as unknown[]; at.length > 0; at = at[0] as unknown[]) depth++;
    expect(depth).toBe(999_999);
  });

  test('of any depth is read as plain objects', () => {
    const count = 200_000;
    const data = bytes(`${'}K\x00'.repeat(count)}N${'s'.repeat(count)}.`);
    expect(load(data, { dict: 'object' })).toBeInstanceOf(Map);
  });

  test('that is too deep is not written, and the stack does not overflow', () => {
    const dump = (value: unknown) => () => {
      new Pickler().dump(value);
    };
    expect(dump(load(nested(1000)))).not.toThrow();
    expect(dump(load(nested(100_000)))).toThrow(/nested more than/);
    expect(dump(load(bytes(`)${'\x85'.repeat(100_000)}.`)))).toThrow(/nested more than/);
  });

  test('of a dict key is limited', () => {
    expect(codeOf(`})${'\x85'.repeat(100_000)}Ns.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`})${'\x85'.repeat(500)}Ns.`)).toBe(undefined);
  });
});

describe('counts', () => {
  test('beyond the data are refused before anything is made room for', () => {
    const huge = ['\x00\x00\x00\x7f', '\xff\xff\xff\x7f'];
    for (const count of huge)
      for (const opcode of ['X', 'B', 'T', '\x8b'])
        expect(codeOf(`${opcode}${count}abc.`)).toBe('PICKLE_TRUNCATED');
    for (const opcode of ['\x8d', '\x8e', '\x96', '\x95'])
      expect(codeOf(`\x80\x05${opcode}\x00\x00\x00\x00\x00\x00\x10\x00abc.`)).toBe('PICKLE_TRUNCATED');
    for (const opcode of ['\x8d', '\x8e', '\x96', '\x95'])
      expect(codeOf(`\x80\x05${opcode}${'\xff'.repeat(8)}abc.`)).toBe('PICKLE_TOO_LARGE');
  });

  test('that are negative are refused', () => {
    for (const opcode of ['T', '\x8b'])
      expect(codeOf(`${opcode}\xff\xff\xff\xff.`)).toBe('PICKLE_NEGATIVE_COUNT');
  });

  test('of digits are limited as in Python', () => {
    expect(codeOf(`L${'9'.repeat(4300)}L\n.`)).toBe(undefined);
    expect(codeOf(`L${'9'.repeat(4301)}L\n.`)).toBe('PICKLE_BAD_NUMBER');
    expect(codeOf(`I${'9'.repeat(1_000_000)}\n.`)).toBe('PICKLE_BAD_NUMBER');
    expect(codeOf('F1e999999999\n.')).toBe('PICKLE_TOO_LARGE');
  });
});

describe('the memo', () => {
  test('takes far places without room for those between', () => {
    expect(load(bytes('K\x01r\xff\xff\xff\xff0j\xff\xff\xff\xff.'))).toBe(1);
    expect(load(bytes('K\x01p9007199254740991\n0g9007199254740991\n.'))).toBe(1);
    expect(codeOf('K\x01p99999999999999999999\n.')).toBe('PICKLE_TOO_LARGE');
    const parts: Uint8Array[] = [];
    for (let i = 0; i < 100_000; i++) {
      const put = Buffer.from('Nr\x00\x00\x00\x000', 'latin1');
      put.writeUInt32LE(i * 40_000, 2);
      parts.push(put);
    }
    const before = process.memoryUsage().rss;
    expect(codeOf(Buffer.concat([...parts, Buffer.from('N.')]))).toBe(undefined);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  });

  test('has null in far places as well', () => {
    expect(load(bytes('Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.'))).toBe(null);
  });

  test('does not make finishing many values slow', () => {
    const one = 'cuuid\nUUID\nq\x00)\x81\x94}X\x03\x00\x00\x00intK\x01sb';
    const rest = 'h\x00)\x81\x94}X\x03\x00\x00\x00intK\x01sba'.repeat(100_000);
    const list = load(bytes(`\x80\x04]${one}a${rest}.`)) as unknown[];
    expect(list.length).toBe(100_001);
    expect(String(list[100_000])).toBe('00000000-0000-0000-0000-000000000001');
  });
});

describe('values that grow with every reference', () => {
  /** A container of two references to the one before, and so on: 2^60 leaves when unfolded. */
  const laughs = (first: string, both: string): string => {
    let text = `\x80\x04${first}\x94`;
    for (let i = 0; i < 60; i++) text += `0${both.replaceAll('@', `h${String.fromCharCode(i)}`)}\x94`;
    return text;
  };

  test('are read without being unfolded', () => {
    const value = load(bytes(`${laughs('X\x03\x00\x00\x00lol', '](@@e')}.`)) as unknown[][];
    expect(value[0]).toBe(value[1]);
    expect(load(bytes(`${laughs('X\x03\x00\x00\x00lol', '}(K\x01@K\x02@u')}.`))).toBeInstanceOf(Map);
  });

  test('are written without being unfolded', () => {
    const pickler = new Pickler();
    pickler.dump(load(bytes(`${laughs('X\x03\x00\x00\x00lol', '](@@e')}.`)));
    expect(pickler.bytes().length).toBeLessThan(1000);
  });

  test('are no keys of dicts and no members of sets', () => {
    const key = laughs('X\x03\x00\x00\x00lol', '@@\x86').slice(2);
    expect(codeOf(`}${key}Ns.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`\x80\x04\x8f(${key}\x90.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`\x80\x04(${key}\x91.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`cbuiltins\nset\n](${key}e\x85R.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`cbuiltins\ndict\n](${key}N\x86e\x85R.`)).toBe('PICKLE_TOO_LARGE');
  });

  test('are not copied again and again', () => {
    const list = `](${'N'.repeat(10_000)}e`;
    const copies = 'h\x01h\x00\x85R0'.repeat(100_000);
    expect(codeOf(`\x80\x04${list}\x940cbuiltins\nlist\n\x94${copies}N.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`\x80\x04${list}\x940cbuiltins\nlist\n\x94h\x01h\x00\x85R.`)).toBe(undefined);
  });

  test('are no names of classes without end', () => {
    const step = 'h\x00h\x01X\x0a\x00\x00\x00abcdefghij\x86Rq\x010';
    expect(codeOf(`cbuiltins\ngetattr\nq\x000cm\nOuter\nq\x010${step.repeat(10_000)}N.`)).toBe(
      'PICKLE_BAD_VALUE',
    );
  });
});

describe('long numbers', () => {
  const number = (size: number): string => {
    const head = Buffer.alloc(5);
    head[0] = 0x8b;
    head.writeUInt32LE(size, 1);
    return head.toString('latin1') + '\x7f\x35'.repeat(size / 2);
  };

  test('are no keys again and again', () => {
    expect(codeOf(`}${number(100_000)}q\x00Ns${'h\x00Ns'.repeat(100_000)}.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`}${number(100_000)}q\x00Nsh\x00Ns.`)).toBe(undefined);
    expect(codeOf(`}(${number(100_000)}q\x00t${'q\x01Nsh\x01'.repeat(100_000)}Ns.`)).toBe('PICKLE_TOO_LARGE');
  });

  test('are not reduced and not written in decimal digits', () => {
    const two = `(${number(800_000)}${number(800_000)}t`;
    expect(codeOf(`cfractions\nFraction\n${two}R.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`cdecimal\nDecimal\n${number(200_000)}\x85R.`)).toBe('PICKLE_TOO_LARGE');
    expect(codeOf(`cfractions\nFraction\n(${number(100)}${number(80)}tR.`)).toBe(undefined);
    expect(codeOf(`cdecimal\nDecimal\n${number(100)}\x85R.`)).toBe(undefined);
  });
});

test('a deque that lets much more fall out than it holds is filled in linear time', () => {
  const text = `ccollections\ndeque\n(]J\x50\xc3\x00\x00tR(${'N'.repeat(1_000_000)}eK\x05a.`;
  const deque = load(bytes(text)) as Deque;
  expect([deque.length, deque.items.length, deque.items.at(-1), deque.popLeft()]).toEqual([
    50_000,
    50_000,
    5,
    null,
  ]);
});

describe('values that hold themselves', () => {
  test('are read, and written as Python writes them', () => {
    const cycles: Record<string, string> = {
      'a list': ']q\x00h\x00a.',
      'a dict': '}q\x00K\x01h\x00s.',
      'a tuple in a list of its own': ']q\x00h\x00\x85q\x01a0h\x01.',
      'an instance in its own state': 'cm\nC\n)\x81q\x00}q\x01K\x01h\x00sb.',
      'an instance in a frozenset of its own': '\x80\x04cm\nC\n)\x81\x94(h\x00\x91b.',
    };
    for (const [what, text] of Object.entries(cycles)) {
      const pickler = new Pickler();
      pickler.dump(load(bytes(text)));
      const again = new Unpickler(pickler.finish()).load();
      const second = new Pickler();
      second.dump(again);
      const first = new Pickler();
      first.dump(load(bytes(text)));
      expect(Buffer.from(second.finish()).equals(first.finish()), what).toBe(true);
    }
  });

  test('cannot be keys', () => {
    expect(codeOf(']q\x00h\x00\x85a}h\x00\x85Ns.')).toBe('PICKLE_UNHASHABLE');
    expect(codeOf('\x80\x04\x8f\x94(h\x00\x85\x90.')).toBe('PICKLE_UNHASHABLE');
    expect(codeOf('}ccollections\ndeque\n)RNs.')).toBe('PICKLE_UNHASHABLE');
  });
});

test('a class that begins empty ignores what NEWOBJ gives it, as Python does', () => {
  expect(load(bytes('cbuiltins\nset\n](K\x01e\x85\x81.'))).toEqual(new PySet());
  expect(load(bytes('cbuiltins\nlist\n](K\x01e\x85\x81.'))).toEqual([]);
  expect(load(bytes('ccollections\ndeque\n](K\x01eK\x07\x86\x81.'))).toMatchObject({
    maxLength: null,
    length: 0,
  });
  expect(load(bytes('cbuiltins\nfrozenset\n](K\x01e\x85\x81.'))).toEqual(new FrozenSet([1]));
});

test('arguments that a class does not take are refused', () => {
  const refused = [
    'cdatetime\ndate\n(K\x00K\x01K\x01tR.',
    'cdatetime\ndatetime\nC\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x85R.',
    'cdecimal\nDecimal\nX\x03\x00\x00\x00abc\x85R.',
    'cfractions\nFraction\n(K\x01K\x00tR.',
    `cfractions\nFraction\nX\xcd\x10\x00\x00${'1'.repeat(4301)}\x85R.`,
    'cbuiltins\nrange\n(K\x01K\x02K\x00tR.',
    'cbuiltins\nlist\n(]]tR.',
    'cuuid\nUUID\n)R.',
    'ccollections\ndefaultdict\n]\x85R.',
    'ccopy_reg\n_reconstructor\n(cm\nC\ntR.',
    'cuuid\nUUID\n)\x81}b.',
    'ccollections\ndeque\n)J\xff\xff\xff\xff\x86R.',
    'cdatetime\ntimezone\nN\x85R.',
    'c_codecs\nencode\n(X\x03\x00\x00\x00\xe2\x82\xacX\x06\x00\x00\x00latin1tR.',
    'cbuiltins\nbytes\nI1000000000000\n\x85R.',
    'cbuiltins\nbytearray\nI1000000000000\n\x85R.',
  ];
  for (const code of refused)
    expect(codeOf(code), JSON.stringify(code)).toMatch(/^PICKLE_BAD_(?:VALUE|ARGUMENTS)$/);
});

test('items, keys and states go only to what takes them', () => {
  expect(codeOf('K\x01Na.')).toBe('PICKLE_NO_ITEMS');
  expect(codeOf(')Na.')).toBe('PICKLE_NO_ITEMS');
  expect(codeOf('NNNs.')).toBe('PICKLE_NO_KEYS');
  expect(codeOf(']K\x05Ns.')).toBe('PICKLE_NO_INDEX');
  expect(codeOf('K\x01K\x01b.')).toBe('PICKLE_BAD_STATE');
  expect(codeOf('K\x01}b.')).toBe('PICKLE_NO_STATE');
  expect(codeOf('\x80\x04(\x91(N\x90.')).toBe('PICKLE_NO_ITEMS');
  expect(load(bytes('\x80\x04(\x91.'))).toBeInstanceOf(FrozenSet);
});
