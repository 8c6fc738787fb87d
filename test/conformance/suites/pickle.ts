import {
  GlobalRef,
  Pickler,
  Unpickler,
  type UnpicklerOptions,
  type UnpicklingCode,
  UnpicklingError,
} from '../../../src/pickle/index.ts';
import { type Case, Mismatch, type Suite } from '../suite.ts';
import { traceOf } from './lib/pickle-trace.ts';
import { normalized, Tagger } from './lib/pickle-values.ts';

const EXTENSIONS: readonly (readonly [number, string])[] = [
  [0x42, 'ExtOne'],
  [0x1234, 'ExtTwo'],
  [0xabcdef, 'ExtFour'],
];
const extensions = new Map(EXTENSIONS.map(([code, name]) => [code, GlobalRef.of('corpusmodel', name)]));
const codes = new Map([...extensions].map(([code, ref]) => [ref, code]));

const READERS: Record<string, UnpicklerOptions> = {
  zodb: { dialect: 'zodb' },
  'zodb-loads': { dialect: 'zodb', encoding: 'ascii-or-bytes' },
  stdlib: {},
  'stdlib-bytes': { encoding: 'bytes' },
  'stdlib-latin1': { encoding: 'latin1' },
};

/** The type of exception that Python throws; `zodb` where its reader differs from the one of the standard library. */
const TYPES: Record<UnpicklingCode, string | { readonly zodb: string; readonly standard: string }> = {
  PICKLE_END: 'EOFError',
  PICKLE_TRUNCATED: { zodb: 'EOFError', standard: 'UnpicklingError' },
  PICKLE_BAD_LINE: 'UnpicklingError',
  PICKLE_OPCODE: 'UnpicklingError',
  PICKLE_PROTOCOL: 'ValueError',
  PICKLE_UNDERFLOW: 'UnpicklingError',
  PICKLE_MARK_GONE: 'SystemError',
  PICKLE_NO_MARK: 'UnpicklingError',
  PICKLE_MARK_CROSSED: 'UnpicklingError',
  PICKLE_NO_MEMO: { zodb: 'KeyError', standard: 'UnpicklingError' },
  PICKLE_BAD_NUMBER: 'ValueError',
  PICKLE_BAD_STRING: { zodb: 'ValueError', standard: 'UnpicklingError' },
  PICKLE_BAD_ESCAPE: 'ValueError',
  PICKLE_ENCODING: 'UnicodeDecodeError',
  PICKLE_NEGATIVE_COUNT: 'UnpicklingError',
  PICKLE_TOO_LARGE: 'OverflowError',
  PICKLE_ODD_ITEMS: 'UnpicklingError',
  PICKLE_UNHASHABLE: 'TypeError',
  PICKLE_NO_ITEMS: 'AttributeError',
  PICKLE_NO_KEYS: 'TypeError',
  PICKLE_NO_INDEX: 'IndexError',
  PICKLE_NO_STATE: 'AttributeError',
  PICKLE_BAD_STATE: 'UnpicklingError',
  PICKLE_BAD_ARGUMENTS: 'TypeError',
  PICKLE_BAD_PERSISTENT_ID: 'UnpicklingError',
  PICKLE_BAD_NEWOBJ: 'UnpicklingError',
  PICKLE_NOT_CALLABLE: 'TypeError',
  PICKLE_BAD_EXTENSION: 'UnpicklingError',
  PICKLE_UNKNOWN_EXTENSION: 'ValueError',
  PICKLE_BAD_VALUE: 'ValueError',
  PICKLE_NO_BUFFERS: 'UnpicklingError',
};

/** What Python's reader throws for the same fault. */
export function pythonError(error: unknown, options: UnpicklerOptions): string {
  if (!(error instanceof UnpicklingError)) throw error;
  const isZodb = options.dialect === 'zodb';
  const { code, opcode = 0 } = error;
  if (isZodb && code === 'PICKLE_OPCODE') {
    // Python fails while it composes its message.
    if (opcode >= 0x80) return 'OverflowError';
    if (opcode === 0) return 'EOFError';
  }
  const type = TYPES[code];
  return typeof type === 'string' ? type : isZodb ? type.zodb : type.standard;
}

function bytesOf({ hex, repeat }: Case['input']): Uint8Array {
  if (hex !== undefined) return new Uint8Array(Buffer.from(hex as string, 'hex'));
  const parts = (repeat as [string, number][]).map(([part, times]) => Buffer.from(part.repeat(times), 'hex'));
  return new Uint8Array(Buffer.concat(parts));
}

function errorOf(data: Uint8Array, options: UnpicklerOptions): string | undefined {
  try {
    new Unpickler(data, options).load();
    return undefined;
  } catch (error) {
    return pythonError(error, options);
  }
}

function nestingOf(value: unknown): number {
  let depth = 0;
  for (let at = value; Array.isArray(at) && at.length > 0; at = at[0] as unknown) depth++;
  return depth;
}

function dump(value: unknown): Uint8Array {
  const pickler = new Pickler({ extension: (ref) => codes.get(ref) });
  pickler.dump(value);
  return pickler.bytes();
}

const shown = (value: unknown): string => JSON.stringify(normalized(new Tagger().run(value)));

/** Classes of the recorded model whose own `__getstate__` or `__new__` decides what Python writes as their state. */
const OWN_STATE = /"corpusmodel\.(?:FalsyState|NewArgs|NewArgsEx)"/;

/**
 * Python's bytes, except where they depend on what only Python knows: which equal texts are one object, in which order the members
 * of a set come, and what the own `__reduce__` of a class says.
 */
function checkWritten(value: unknown, json: string, hex: string): void {
  const written = dump(value);
  if (Buffer.from(written).toString('hex') === hex || json.includes('"$reduce"')) return;
  const [ours, expected] = [traceOf(written), traceOf(Buffer.from(hex, 'hex'))];
  if (/"\$(?:frozen)?set"/.test(json)) {
    ours.sort();
    expected.sort();
  }
  if (OWN_STATE.test(json)) {
    const again = shown(new Unpickler(written).load());
    if (again !== json) throw new Mismatch('another value is read back', json, again);
    return;
  }
  if (ours.join('\n') !== expected.join('\n')) throw new Mismatch('other bytes than Python', expected, ours);
}

const suite: Suite = {
  run({ input, expect }) {
    const data = bytesOf(input);
    const options: UnpicklerOptions = {
      ...READERS[input.reader as string]!,
      extension: (code) => extensions.get(code),
    };
    if (input.prefixes === true) {
      const errors = (expect.errors as string[]).map((_, length) =>
        errorOf(data.subarray(0, length), options),
      );
      if (JSON.stringify(errors) !== JSON.stringify(expect.errors))
        throw new Mismatch('other errors', expect.errors, errors);
      return;
    }
    if (expect.error !== undefined) {
      const error = errorOf(data, options);
      if (error !== expect.error) throw new Mismatch('another error', expect.error, error);
      return;
    }
    const reader = new Unpickler(data, options);
    const value = reader.load();
    if (expect.nesting !== undefined) {
      const nesting = nestingOf(value);
      if (nesting !== expect.nesting) throw new Mismatch('another depth', expect.nesting, nesting);
      return;
    }
    const json = shown(value);
    const expected = JSON.stringify(normalized(expect.value));
    if (json !== expected) throw new Mismatch('another value', JSON.parse(expected), JSON.parse(json));
    const consumed = (expect.consumed as number | undefined) ?? data.length;
    if (reader.position !== consumed) throw new Mismatch('another end', consumed, reader.position);
    if (expect.repickle_protocol3_hex !== undefined)
      checkWritten(value, json, expect.repickle_protocol3_hex as string);
  },
};

export default suite;
