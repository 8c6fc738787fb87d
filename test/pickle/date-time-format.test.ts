import { expect, it } from 'vitest';
import { DateTime } from '../../src/pickle/index.ts';
import { strftime } from '../../src/pickle/datetime/strftime.ts';

const week = (year: number, month: number, day: number) =>
  strftime({ year, month, day, hour: 0, minute: 0, second: 0, microsecond: 0 }, '%G-W%V-%u');

// From the calendar of ISO 8601: the year's first week has its first Thursday.
it.each([
  [1970, 12, 31, '1970-W53-4'],
  [2026, 11, 28, '2026-W48-6'],
  [2024, 12, 30, '2025-W01-1'],
  [2021, 1, 3, '2020-W53-7'],
  [2023, 1, 1, '2022-W52-7'],
  [2024, 1, 1, '2024-W01-1'],
])('knows the week of %i-%i-%i', (year, month, day, expected) => {
  expect(week(year, month, day)).toBe(expected);
});

it('writes years before the common era with four digits', () => {
  expect(String(new DateTime('2024/01/31 UTC').add(-1_000_000))).toBe('-0714/03/13 00:00:00 UTC');
});
