import { expect, test } from 'vitest';
import { parseZopeConf } from '../../../src/zconfig/index.ts';
import { settingsOf } from '../../../src/zope/app/databases.ts';

const settings = (lines: string) =>
  settingsOf(
    parseZopeConf(
      `instancehome /tmp\n<zodb_db main>\n<mappingstorage/>\nmount-point /\n${lines}</zodb_db>\n`,
      'zope.conf',
    ).databases[0]!,
  );

test('a database has no limit of bytes for its caches when zope.conf says 0, and the usual one when it says nothing', () => {
  expect(settings('').cacheSizeBytes).toBeUndefined();
  expect(settings('').cacheSize).toBe(5000);
  expect(settings('cache-size-bytes 0\n').cacheSizeBytes).toBe(0);
  expect(settings('cache-size-bytes 10MB\n').cacheSizeBytes).toBe(10 * 2 ** 20);
  expect(settings('historical-cache-size-bytes 0\n').historicalCacheSizeBytes).toBe(0);
});
