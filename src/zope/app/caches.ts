/** Unloads objects in all threads of a process, each of which has caches of its own. */
import { BroadcastChannel } from 'node:worker_threads';
import type { DB } from '../../zodb/index.ts';
import { databasesInUse } from './stats.ts';

const NAME = 'zope-ts caches';
let others: BroadcastChannel | undefined;

/** To be called once in each of several threads. */
export function hearOfCaches(): void {
  others = new BroadcastChannel(NAME);
  others.onmessage = (event) => {
    const { data: name } = event as { data: string };
    for (const db of databasesInUse()) if (db.databaseName === name) db.cacheMinimize();
  };
  others.unref();
}

/** Unloads all objects of a database that no request is changing; other threads do so when they come to it. */
export function minimizeCaches(db: DB): void {
  db.cacheMinimize();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel of Node, not a window
  others?.postMessage(db.databaseName);
}
