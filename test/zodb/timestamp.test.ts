import { expect, test } from 'vitest';
import { secondsOfTid, tidAfter, tidOfSeconds } from '../../src/zodb/timestamp.ts';

/** What `persistent.TimeStamp.TimeStamp(tid).timeTime()` gives, to the last bit: it rounds where it counts from 1901. */
const RECORDED: readonly (readonly [bigint, number])[] = [
  [0x000000003ceb3ffdn, -2208988785.722122],
  [0x03a0000097b75092n, 1373700515.5584545],
  [0x0404aabb8b529b4an, 1762454132.6537538],
  [0x0420ffff21636369n, 1871790667.825368],
  [0x7fffffff5eb561a4n, 124299454042.19731],
];

test.each(RECORDED)('the time of %s is what Python says, to the last bit (Z-001)', (tid, time) => {
  expect(secondsOfTid(tid)).toBe(time);
});

test('the id of a time that is given back is of the same half microsecond', () => {
  for (const [tid, time] of RECORDED.slice(1, -1))
    expect(Math.abs(Number(tidOfSeconds(time) - tid))).toBeLessThan(2 ** 32 / 60 / 2_000_000);
});

test('ids go on where the clock goes back', () => {
  const now = tidOfSeconds(1_790_000_000);
  expect(tidAfter(now, 1_789_999_000)).toBe(now + 1n);
});
