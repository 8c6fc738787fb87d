import { expect, it } from 'vitest';
import { Dict, float, FrozenSet, normalKey, tuple } from '../../src/pickle/index.ts';

it('takes as one key what is equal in Python', () => {
  const dict = new Dict<unknown, string>([[1, 'int']]);
  dict.set(true, 'bool').set(float(1), 'float');
  dict.set(tuple(1, 'a'), 'tuple').set(tuple(true, 'a'), 'same tuple');
  dict.set(new FrozenSet([1, 2]), 'set').set(new FrozenSet([2, 1]), 'same set');
  expect([...dict]).toEqual([
    [1, 'float'],
    [tuple(1, 'a'), 'same tuple'],
    [new FrozenSet([1, 2]), 'same set'],
  ]);
});

it('takes no text for a key that it stands for inside, whatever it is made of', () => {
  const key = tuple('a', 1);
  const forged = normalKey(key) as string;
  const dict = new Dict<unknown, string>([[key, 'tuple']]);
  expect(typeof forged).toBe('string');
  expect(dict.has(forged)).toBe(false);
  dict.set(forged, 'text');
  expect(dict.get(key)).toBe('tuple');
  expect(dict.get(forged)).toBe('text');
});
