/**
 * What error logs keep. Entries are not stored: reporting an error must not need a write. Where several threads serve a site, each has
 * all entries: it tells the others what it logs or forgets, and asks them when it begins. As long as nothing is logged, no messages are sent.
 */
import { BroadcastChannel, isMainThread, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { aqBase, metaOf } from '../../persistent/index.ts';
import { connectionOf } from '../ofs/copy-source.ts';

/** What is kept of an error, under the names that scripts know. */
export interface LoggedError {
  readonly type: string;
  readonly value: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly id: string;
  readonly tb_text: string;
  readonly tb_html: string;
  readonly username: string | null;
  readonly userid: string | null;
  readonly url: string | null;
  readonly req_html: string | null;
}

/** What a thread tells the others. */
type Told =
  | { readonly kind: 'logged'; readonly log: string; readonly entry: LoggedError; readonly keep: number }
  | { readonly kind: 'forgotten'; readonly log: string; readonly id: string }
  | { readonly kind: 'asked' }
  | { readonly kind: 'answered'; readonly lists: ReadonlyMap<string, readonly LoggedError[]> };

/** The entries of one log, the oldest first. */
export class EntryList {
  /** Under what the log is known to all threads; undefined for one that only this thread has. */
  readonly #name: string | undefined;
  #entries: LoggedError[] = [];

  constructor(name: string | undefined) {
    this.#name = name;
  }

  static of(log: object): EntryList {
    const oid = metaOf(log)?.oid;
    const database = connectionOf(log)?.db;
    if (oid === undefined || oid === null || database === undefined)
      return listIn(unstored, aqBase(log) as object, () => new EntryList(undefined));
    if (isMainThread) {
      const known = listIn(own, database, () => new Map<unknown, EntryList>());
      return listIn(known, oid, () => new EntryList(undefined));
    }
    // Others may have told something that has not been looked at yet.
    for (;;) {
      const told = receiveMessageOnPort(channel as unknown as MessagePort) as { message: Told } | undefined;
      if (told === undefined) break;
      take(told.message);
    }
    return sharedList(`${database.databaseName} ${String(oid)}`);
  }

  get all(): readonly LoggedError[] {
    return this.#entries;
  }

  find(id: string): LoggedError | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  /** Keeps an entry, and of all entries the newest `keep`. */
  add(entry: LoggedError, keep: number): void {
    this.took(entry, keep);
    this.#tell({ kind: 'logged', log: this.#name!, entry, keep });
  }

  forget(id: string): void {
    this.dropped(id);
    this.#tell({ kind: 'forgotten', log: this.#name!, id });
  }

  /** As `add`, for what another thread has told. */
  took(entry: LoggedError, keep: number): void {
    if (this.find(entry.id) !== undefined) return;
    this.#entries.push(entry);
    // What other threads tell need not come in the order in which it happened.
    this.#entries.sort((a, b) => a.time - b.time);
    const surplus = this.#entries.length - keep;
    if (surplus > 0) this.#entries.splice(0, surplus);
  }

  dropped(id: string): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  #tell(told: Told): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel of Node, not a window
    if (this.#name !== undefined) channel!.postMessage(told);
  }
}

function listIn<K, V>(
  lists: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = make()));
  return list;
}

/** By the log's database and oid. */
const own = new WeakMap<object, Map<unknown, EntryList>>();
/** Of logs that are not stored yet. */
const unstored = new WeakMap<object, EntryList>();
/** By the name of the database and the oid. */
const shared = new Map<string, EntryList>();

const sharedList = (name: string) => listIn(shared, name, () => new EntryList(name));

function take(told: Told): void {
  if (told.kind === 'logged') sharedList(told.log).took(told.entry, told.keep);
  else if (told.kind === 'forgotten') sharedList(told.log).dropped(told.id);
  else if (told.kind === 'answered')
    for (const [log, entries] of told.lists)
      for (const entry of entries) sharedList(log).took(entry, Infinity);
  else if (shared.size > 0) {
    const lists = new Map([...shared].map(([log, list]) => [log, list.all]));
    channel!.postMessage({ kind: 'answered', lists } satisfies Told);
  }
}

let channel: BroadcastChannel | undefined;
if (!isMainThread) {
  channel = new BroadcastChannel('zope-ts error logs');
  channel.onmessage = (event) => take((event as { data: Told }).data);
  channel.unref();
  channel.postMessage({ kind: 'asked' } satisfies Told);
}
