/**
 * Compressed records over a storage, as Python's zc.zlibstorage writes them: `.z` and the zlib stream where that is shorter
 * than the record, the record itself otherwise.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { isBlobRecord } from '../blobs/is-blob-record.ts';
import type {
  BlobStore,
  ConflictResolver,
  Oid,
  PackOptions,
  RecordBefore,
  Storage,
  StorageTransaction,
  StoredRecord,
  Tid,
  TransactionDataRecord,
  TransactionRecord,
} from '../interfaces.ts';
import { isBlobStore } from './is-blob-store.ts';
import { StorageWrapper } from './storage-wrapper.ts';

const MARK = Buffer.from('.z');
/** Records up to this length do not become shorter. */
const WORTH_IT = 20;

const isCompressed = (data: Uint8Array) => data[0] === MARK[0] && data[1] === MARK[1];

function compressed(data: Uint8Array): Uint8Array {
  // The storage below has to tell blobs' records from others.
  if (data.length <= WORTH_IT || isCompressed(data) || isBlobRecord(data)) return data;
  const short = Buffer.concat([MARK, deflateSync(data)]);
  return short.length < data.length ? short : data;
}

/** The record as it was before it was compressed, if it was. */
function plain(data: Uint8Array): Uint8Array {
  return isCompressed(data) ? inflateSync(data.subarray(MARK.length)) : data;
}

const maybe = <T>(data: Uint8Array | null, change: (data: Uint8Array) => T): T | null =>
  data === null ? null : change(data);

export interface ZlibStorageOptions {
  /** Compress what is written (default); what is compressed is read in any case. */
  readonly compress?: boolean;
}

export class ZlibStorage extends StorageWrapper implements Partial<BlobStore> {
  readonly #write: (data: Uint8Array) => Uint8Array;
  storeBlob?: BlobStore['storeBlob'];
  restoreBlob?: BlobStore['restoreBlob'];
  loadBlob?: BlobStore['loadBlob'];
  temporaryDirectory?: BlobStore['temporaryDirectory'];

  constructor(base: Storage, options: ZlibStorageOptions = {}) {
    super(base);
    const write = (options.compress ?? true) ? compressed : (data: Uint8Array) => data;
    this.#write = write;
    if (base.currentRecord)
      this.currentRecord = (from) => {
        const record = base.currentRecord!(from);
        return record && { ...record, data: plain(record.data) };
      };
    if (base.restore)
      this.restore = (oid, tid, data, previous, transaction) =>
        base.restore!(oid, tid, maybe(data, write), previous, transaction);
    if (base.packOnline)
      this.packOnline = (time, packOptions = {}) => base.packOnline!(time, throughPlain(packOptions));
    if (!isBlobStore(base)) return;
    this.storeBlob = (oid, previous, data, file, transaction) =>
      base.storeBlob(oid, previous, write(data), file, transaction);
    this.restoreBlob = (oid, tid, data, file, previous, transaction) =>
      base.restoreBlob(oid, tid, maybe(data, write), file, previous, transaction);
    this.loadBlob = (oid, tid) => base.loadBlob(oid, tid);
    this.temporaryDirectory = () => base.temporaryDirectory();
  }

  override load(oid: Oid): StoredRecord {
    const { data, tid } = this.base.load(oid);
    return { data: plain(data), tid };
  }

  override loadBefore(oid: Oid, tid: Tid): RecordBefore | null {
    const record = this.base.loadBefore(oid, tid);
    return record && { ...record, data: plain(record.data) };
  }

  override loadSerial(oid: Oid, tid: Tid): Uint8Array {
    return plain(this.base.loadSerial(oid, tid));
  }

  override store(oid: Oid, previous: Tid, data: Uint8Array, transaction: StorageTransaction): void {
    this.base.store(oid, previous, this.#write(data), transaction);
  }

  override setConflictResolver(resolver: ConflictResolver): void {
    this.base.setConflictResolver?.((oid, old, committed, changed) => {
      const merged = resolver(oid, plain(old), plain(committed), plain(changed));
      return merged && this.#write(merged);
    });
  }

  override pack(time: number, options: PackOptions = {}): void {
    this.base.pack(time, throughPlain(options));
  }

  override *iterator(start?: Tid, stop?: Tid): Iterable<TransactionRecord> {
    for (const transaction of this.base.iterator(start, stop)) yield new PlainTransaction(transaction);
  }
}

/** References are looked for in what was compressed. */
function throughPlain(options: PackOptions): PackOptions {
  const { referencesOf } = options;
  return referencesOf === undefined
    ? options
    : { ...options, referencesOf: (data) => referencesOf(plain(data)) };
}

class PlainTransaction implements TransactionRecord {
  readonly #record: TransactionRecord;

  constructor(record: TransactionRecord) {
    this.#record = record;
  }

  get tid(): Tid {
    return this.#record.tid;
  }

  get status(): string {
    return this.#record.status;
  }

  get user(): Uint8Array {
    return this.#record.user;
  }

  get description(): Uint8Array {
    return this.#record.description;
  }

  get extensionBytes(): Uint8Array {
    return this.#record.extensionBytes;
  }

  *[Symbol.iterator](): Iterator<TransactionDataRecord> {
    for (const record of this.#record) yield { ...record, data: maybe(record.data, plain) };
  }
}
