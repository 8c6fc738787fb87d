/** JSON as Python's `json.loads` reads it: an object is a Dict, `1.0` is a float, integers have any size. */
import { Dict, float, int } from '../pickle/index.ts';

const NUMBER = '\u0000number';
/** Texts, and the numbers whose value or type `JSON.parse` would lose. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|-?Infinity|NaN/g;

/** Throws a SyntaxError for what is no JSON. */
export function parseJson(text: string): unknown {
  const marked = text.replaceAll(TOKEN, (token) =>
    token.startsWith('"') || /^-?(?:0|[1-9]\d{0,14})$/.test(token) ? token : `{"\\u0000number":"${token}"}`,
  );
  return pythonic(JSON.parse(marked));
}

function pythonic(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pythonic);
  if (typeof value === 'number') return int(BigInt(value));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === NUMBER) return numberOf(entries[0]![1] as string);
  return new Dict(entries.map(([key, item]) => [key, pythonic(item)]));
}

function numberOf(text: string): unknown {
  if (/^-?\d+$/.test(text)) {
    if (/^-?0\d/.test(text)) throw new SyntaxError(`a number with a leading zero: ${text}`);
    return int(BigInt(text));
  }
  return float(Number(text));
}
