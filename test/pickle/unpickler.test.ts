import { describe, expect, test } from 'vitest';
import {
  Dict,
  GlobalRef,
  Instance,
  PersistentRef,
  PySet,
  Reduce,
  tuple,
  Unpickler,
  type UnpicklerOptions,
  UUID,
} from '../../src/pickle/index.ts';

const bytes = (...parts: (string | number | Uint8Array)[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) =>
        typeof part === 'number'
          ? Buffer.of(part)
          : typeof part === 'string'
            ? Buffer.from(part, 'latin1')
            : Buffer.from(part),
      ),
    ),
  );
const load = (data: Uint8Array, options?: UnpicklerOptions): unknown => new Unpickler(data, options).load();

describe('several pickles in a row', () => {
  // The two pickles of a ZODB record: the second refers to the class that the first has put in the memo.
  const record = bytes('\x80\x03cmodule\nName\nq\x00.', '\x80\x03}q\x01X\x01\x00\x00\x00aq\x02h\x00s.', 'N.');

  test('share their memo', () => {
    const reader = new Unpickler(record, { dialect: 'zodb' });
    expect(reader.load()).toBe(GlobalRef.of('module', 'Name'));
    const state = reader.load() as Dict;
    expect(state.get('a')).toBe(GlobalRef.of('module', 'Name'));
    expect(reader.load()).toBe(null);
    expect(reader.position).toBe(record.length);
    expect(() => reader.load()).toThrow(/PICKLE_END|data ends/);
  });

  test('do not share their stacks and marks', () => {
    const reader = new Unpickler(bytes('(K\x01K\x02.', 't.'), { dialect: 'zodb' });
    expect(reader.load()).toBe(2);
    expect(() => reader.load()).toThrow('could not find MARK');
  });

  test('are read as plain objects where that is wanted, one object for one dict', () => {
    const reader = new Unpickler(bytes('}q\x00.', 'h\x00.', 'h\x00.'), { dict: 'object' });
    const first = reader.load();
    expect(Object.getPrototypeOf(first)).toBe(Object.prototype);
    expect(reader.load()).toBe(first);
    expect(reader.load()).toBe(first);
  });
});

describe('dicts as plain objects', () => {
  test('stay dicts when a key is no text, even when they hold themselves', () => {
    const dict = load(bytes('}q\x00(K\x01h\x00X\x01\x00\x00\x00ah\x00u.'), { dict: 'object' }) as Dict;
    expect(dict).toBeInstanceOf(Dict);
    expect(dict.get(1)).toBe(dict);
    expect(dict.get('a')).toBe(dict);
  });

  test('may hold themselves, and be in tuples, in dicts, and in instances of unknown classes', () => {
    const data = bytes('(}q\x00X\x01\x00\x00\x00ah\x00s}K\x01h\x00scm\nC\n)\x81h\x00bt.');
    const [plain, dict, instance] = load(data, { dict: 'object' }) as [
      Record<string, unknown>,
      Dict,
      Instance,
    ];
    expect(plain).toEqual({ a: plain });
    expect(dict.get(1)).toBe(plain);
    expect(instance.state).toBe(plain);
  });

  test('have a key __proto__ as any other key', () => {
    const data = bytes('}X\x09\x00\x00\x00__proto__}X\x01\x00\x00\x00aK\x01ss.');
    const plain = load(data, { dict: 'object' }) as Record<string, unknown>;
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
    expect(Object.keys(plain)).toEqual(['__proto__']);
    expect(plain.a).toBe(undefined);
  });
});

describe('globals', () => {
  test('are never called, whatever their names are', () => {
    for (const name of ['os\nsystem', 'builtins\neval', 'builtins\n__import__', 'posix\nsystem']) {
      const value = load(bytes(`c${name}\n(S'echo'\ntR.`));
      expect(value).toBeInstanceOf(Reduce);
      expect((value as Reduce).args).toEqual(tuple('echo'));
    }
  });

  test('that findGlobal gives are not called either', () => {
    let calls = 0;
    const options: UnpicklerOptions = {
      findGlobal: () =>
        function dangerous() {
          calls++;
        },
    };
    for (const code of ['cm\nf\n)R.', 'cm\nf\n)\x81.', '(im\nf\n.', '(cm\nf\no.', 'cm\nf\n)\x81}b.'])
      load(bytes(code), options);
    expect(calls).toBe(0);
  });

  test('reach nothing by getattr but names of what is nested', () => {
    const getattr = 'cbuiltins\ngetattr\n';
    expect(load(bytes(`${getattr}(cm\nOuter\nX\x05\x00\x00\x00InnertR.`))).toBe(
      GlobalRef.of('m', 'Outer.Inner'),
    );
    expect(() => load(bytes(`${getattr}(]X\x0b\x00\x00\x00constructortR.`))).toThrow('getattr');
  });

  test('with the names of properties of every object are only names', () => {
    for (const name of ['constructor', '__proto__', 'toString'])
      expect(load(bytes(`c${name}\n${name}\n.`))).toBe(GlobalRef.of(name, name));
  });
});

describe('a state', () => {
  test('is not set on what a persistent id stands for', () => {
    let touched = false;
    const object = {
      __setstate__: () => {
        touched = true;
      },
    };
    const data = bytes('NQ}X\x01\x00\x00\x00aNsb.');
    expect(() => load(data, { persistentLoad: () => object })).toThrow('takes no attributes');
    expect(touched).toBe(false);
  });

  test('makes a value that cannot change, in every place where it is', () => {
    const state = bytes('}X\x03\x00\x00\x00int\x8a\x11', new Uint8Array(16).fill(1), 0, 's');
    const data = bytes('(cuuid\nUUID\n)\x81q\x00', state, 'bh\x00t.');
    const [first, second] = load(data) as [UUID, UUID];
    expect(first).toBeInstanceOf(UUID);
    expect(first.hex).toBe('01'.repeat(16));
    expect(second).toBe(first);
  });
});

test('a persistent id in a line is bytes for ZODB and text elsewhere', () => {
  const zodb = load(bytes('Pabc\n.'), { dialect: 'zodb' }) as PersistentRef;
  expect(zodb.pid).toEqual(new Uint8Array(Buffer.from('abc')));
  expect((load(bytes('Pabc\n.')) as PersistentRef).pid).toBe('abc');
});

test('what persistentLoad throws is passed on as it is', () => {
  class Broken extends Error {}
  const persistentLoad = (): never => {
    throw new Broken();
  };
  expect(() => load(bytes('NQ.'), { persistentLoad })).toThrow(Broken);
});

test('what is read does not refer to the data', () => {
  const data = Buffer.from(bytes('C\x03abcq\x00C\x28', 'x'.repeat(40), '\x86.'));
  const [short, long] = load(data) as [Uint8Array, Uint8Array];
  data.fill(0);
  expect(Buffer.from(short).toString()).toBe('abc');
  expect(Buffer.from(long).toString()).toBe('x'.repeat(40));
});

test('members of sets are compared as Python does', () => {
  const one = bytes('G\x3f\xf0', new Uint8Array(6));
  const value = load(bytes('c__builtin__\nset\n](K\x01', one, '\x88e\x85R.')) as PySet;
  expect([...value]).toEqual([1]);
  expect(() => load(bytes('c__builtin__\nset\n]]a\x85R.'))).toThrow('unhashable');
});
