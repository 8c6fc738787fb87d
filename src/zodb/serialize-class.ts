import { GlobalRef } from '../pickle/index.ts';
import { type Class, type ClassInfo, infoNamed, infoOf } from '../persistent/index.ts';
import { brokenInfo } from './broken.ts';
import { CorruptRecordError } from './connection-errors.ts';

const PROTO = 0x80;
const FRAME = 0x95;
const GLOBAL = 0x63;
const BINPUT = 0x71;
const LONG_BINPUT = 0x72;
const MEMOIZE = 0x94;
const STOP = 0x2e;
const NEWLINE = 0x0a;

interface Known {
  /** The class pickle, byte for byte. */
  readonly bytes: Uint8Array;
  readonly info: ClassInfo;
}

/** The class with a name; a stand-in when there is none. */
export function classNamed(module: string, name: string): ClassInfo {
  return infoNamed(module, name) ?? brokenInfo(module, name);
}

/**
 * Class pickles met before, by a hash of their bytes: nearly every record begins with one of a few hundred, so its class is
 * known without unpickling anything.
 */
const known = new Map<number, Known[]>();

/**
 * The class of a record in the form that is written nowadays, one GLOBAL, and where its state begins. Undefined for the
 * other forms.
 */
export function scanClass(data: Uint8Array): { readonly info: ClassInfo; readonly end: number } | undefined {
  const end = endOfGlobal(data);
  if (end === 0) return undefined;
  let hash = end;
  for (let i = 2; i < end; i++) hash = (Math.imul(hash, 31) + data[i]!) | 0;
  const candidates = known.get(hash);
  if (candidates !== undefined) {
    for (const candidate of candidates)
      if (startsWith(data, candidate.bytes)) return { info: candidate.info, end };
  }
  const [module, name] = globalOf(data);
  const info = classNamed(module, name);
  // A class that is missing may be registered later.
  if (!info.broken) {
    const entry = { bytes: data.slice(0, end), info };
    if (candidates === undefined) known.set(hash, [entry]);
    else candidates.push(entry);
  }
  return { info, end };
}

function startsWith(data: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (data[i] !== prefix[i]) return false;
  return true;
}

function start(data: Uint8Array): number {
  let at = data[0] === PROTO ? 2 : 0;
  if (data[at] === FRAME) at += 9;
  return at;
}

/** The end of a pickle that consists of one GLOBAL; 0 when it is something else. */
function endOfGlobal(data: Uint8Array): number {
  let at = start(data);
  if (data[at++] !== GLOBAL) return 0;
  for (let lines = 0; lines < 2;) {
    const byte = data[at++];
    if (byte === undefined) return 0;
    if (byte === NEWLINE) lines++;
  }
  if (data[at] === BINPUT) at += 2;
  else if (data[at] === LONG_BINPUT) at += 5;
  else if (data[at] === MEMOIZE) at += 1;
  return data[at] === STOP ? at + 1 : 0;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function globalOf(data: Uint8Array): [string, string] {
  const from = start(data) + 1;
  const first = data.indexOf(NEWLINE, from);
  const second = data.indexOf(NEWLINE, first + 1);
  return [decoder.decode(data.subarray(from, first)), decoder.decode(data.subarray(first + 1, second))];
}

/**
 * The class of a class description: the class itself, or with the arguments of `__new__` (INVENTORY Z-003).
 */
export function describedClass(description: unknown): { readonly info: ClassInfo; readonly args: unknown } {
  let named = description;
  let args: unknown = null;
  if (Array.isArray(named) && named.length === 2 && typeof named[0] !== 'string')
    [named, args] = named as unknown[];
  if (Array.isArray(named) && named.length === 2) {
    const [module, name] = named as unknown[];
    if (typeof module === 'string' && typeof name === 'string')
      return { info: classNamed(module, name), args };
  }
  if (named instanceof GlobalRef) return { info: classNamed(named.module, named.name), args };
  if (typeof named === 'function') return { info: infoOf(named as unknown as Class), args };
  throw new CorruptRecordError('a record has no class that is known in any form');
}
