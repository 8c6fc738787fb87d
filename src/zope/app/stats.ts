/** What a thread counts of its sites, under names of Prometheus. */
import { channel } from 'node:diagnostics_channel';
import { moment } from '../../persistent/index.ts';
import type { DB } from '../../zodb/index.ts';

const databases = new Set<DB>();
let conflicts = 0;
let retries = 0;
/** Uses of objects, as the clock of the caches counts them: it runs over after 2^32, which is more than a minute of nothing else. */
let uses = 0;
let usesSeen = 0;
let hits = 0;

/** Counts a database from now on, until it is closed. */
export function countDatabase(db: DB): () => void {
  databases.add(db);
  return () => databases.delete(db);
}

export const databasesInUse = (): Iterable<DB> => databases;

const conflictChannel = channel('zope-ts:conflict');

/** An attempt of a request has failed with a conflict; told to subscribers of the diagnostics channel `zope-ts:conflict`. */
export function countConflict(error: unknown, path: string, retry: boolean): void {
  conflicts++;
  if (retry) retries++;
  if (conflictChannel.hasSubscribers) conflictChannel.publish({ error, path, retry });
}

export function siteStats(): Record<string, number> {
  let loads = 0;
  let stores = 0;
  let objects = 0;
  let commits = 0;
  let commitSeconds = 0;
  for (const db of databases) {
    const counts = db.transferCounts();
    loads += counts.loads;
    stores += counts.stores;
    commits += counts.commits;
    commitSeconds += counts.commitSeconds;
    objects += db.cacheSize();
  }
  uses += (moment() - usesSeen) >>> 0;
  usesSeen = moment();
  // The clock ticks for a load as well, and then for the use that it was for. A counter must not go back.
  hits = Math.max(hits, uses - 2 * loads);
  return {
    zope_cache_hits_total: hits,
    zope_conflicts_total: conflicts,
    zope_retries_total: retries,
    zope_loads_total: loads,
    zope_stores_total: stores,
    zope_commits_total: commits,
    zope_commit_seconds_total: commitSeconds,
    zope_cache_objects: objects,
  };
}
