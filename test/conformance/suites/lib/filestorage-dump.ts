/** Dumps a storage as the suite's `verify_with_python.py` does. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FileStorage } from '../../../../src/zodb/index.ts';
import type { Oid, Tid } from '../../../../src/zodb/interfaces.ts';
import {
  attempt,
  digest,
  errorTag,
  historyTag,
  idHex,
  tidOf,
  transactionTag,
  undoTag,
} from './filestorage-values.ts';

type Json = unknown;
const MAX_OIDS = 25;
const MAX_TIDS = 30;

export function dumpStorage(storage: FileStorage, blobDir?: string): Record<string, Json> {
  const transactions = [...storage.iterator()];
  const oids = new Set<Oid>();
  for (const transaction of transactions) for (const { oid } of transaction) oids.add(oid);
  const tids = transactions.map(({ tid }) => tid);
  const times = [...tids.slice(0, MAX_TIDS), ...(tids.length > 0 ? [tids.at(-1)! + 1n] : [])];
  const shown = [...oids].sort((a, b) => (a < b ? -1 : 1)).slice(0, MAX_OIDS);
  const each = (tag: (oid: Oid) => Json) =>
    Object.fromEntries(shown.map((oid) => [idHex(oid), attempt(() => tag(oid))]));
  return {
    open: { ok: true },
    last_transaction: idHex(storage.lastTransaction()),
    len: storage.size(),
    transactions: transactions.map(transactionTag),
    undo_log: storage.undoLog(0, -1000).map(undoTag),
    record_iternext: walk(storage),
    history: each((oid) => storage.history(oid, 100).map(historyTag)),
    load: each((oid) => {
      const { data, tid } = storage.load(oid);
      return { serial: idHex(tid), size: data.length };
    }),
    load_before: each((oid) =>
      times.map((tid) => ({ before: idHex(tid), result: before(storage, oid, tid) })),
    ),
    ...(blobDir === undefined
      ? {}
      : {
          blobs: blobs(
            storage,
            transactions.flatMap((item) => [...item]),
            blobDir,
          ),
        }),
  };
}

function before(storage: FileStorage, oid: Oid, tid: Tid): Json {
  return attempt(() => {
    const found = storage.loadBefore(oid, tid);
    if (found === null) return null;
    const { data, tid: start, end } = found;
    return {
      start: idHex(start),
      end: end === null ? null : idHex(end),
      size: data.length,
      sha256: digest(data),
    };
  });
}

function walk(storage: FileStorage): Json {
  const steps: Json[] = [];
  let from: Oid | undefined = 0;
  while (from !== undefined) {
    try {
      const record = storage.currentRecord(from);
      if (record === undefined) {
        steps.push({ error: 'ValueError' });
        break;
      }
      const { oid, tid, data, next } = record;
      steps.push({
        oid: idHex(oid),
        tid: idHex(tid),
        size: data.length,
        next: next === undefined ? null : idHex(next),
      });
      from = next;
    } catch (error) {
      steps.push(errorTag(error));
      break;
    }
  }
  return steps.length <= 60
    ? steps
    : { count: steps.length, first: steps.slice(0, 5), last: steps.slice(-3) };
}

function blobs(storage: FileStorage, records: readonly { oid: Oid; tid: Tid }[], directory: string): Json {
  const found: Json[] = [];
  for (const { oid, tid } of records) {
    let file: string;
    try {
      file = storage.loadBlob(oid, tid);
    } catch (error) {
      errorTag(error);
      continue;
    }
    const data = readFileSync(file);
    found.push({
      oid: idHex(oid),
      tid: idHex(tid),
      size: data.length,
      sha256: digest(data),
      path: path.relative(directory, file),
    });
  }
  return found;
}

/** What is there of each object, as the cases of damaged files have it. */
export function loadsOf(storage: FileStorage, oids: readonly string[]): Json {
  return Object.fromEntries(
    oids.map((hex) => [
      hex,
      attempt(() => {
        const { data, tid } = storage.load(Number(tidOf(hex)));
        return [idHex(tid), digest(data)];
      }),
    ]),
  );
}
