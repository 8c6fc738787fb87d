/** Acquisition against Python's on generated trees. Runs where `ZOPE_PYTHON` names a Python that has Zope. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  AcquisitionError,
  aqAcquire,
  aqBase,
  aqChain,
  aqInContextOf,
  aqInner,
  aqParent,
  Persistent,
  registerClass,
  wrap,
} from '../../src/persistent/index.ts';

class Thing extends Persistent {
  [name: string]: unknown;

  who(): unknown {
    return this;
  }
}
class Imp extends Thing {}
class Exp extends Thing {}
class Plain extends Thing {}
registerClass(Imp, 'test.acquisition.Imp', { acquires: 'implicit' });
registerClass(Exp, 'test.acquisition.Exp', { acquires: 'explicit' });
registerClass(Plain, 'test.acquisition.Plain', { acquires: 'none' });
const kinds = { implicit: Imp, explicit: Exp, none: Plain };

interface Spec {
  id: string;
  kind: keyof typeof kinds;
  values: Record<string, string>;
  children: Record<string, number>;
  parent?: number;
}
interface Case {
  objects: Spec[];
  names: string[];
  paths: { start: number; steps: (string | number)[] }[];
}

/** A generator of numbers below `n` that gives the same ones in every run. */
function numbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * n);
  };
}

function generate(seed: number): Case {
  const below = numbers(seed * 7919 + 1);
  const names = ['a', 'b', 'c', 'd', 'x', 'y'];
  const count = 2 + below(5);
  const objects: Spec[] = [];
  for (let i = 0; i < count; i++) {
    const spec: Spec = {
      id: `o${i}`,
      kind: (['implicit', 'implicit', 'implicit', 'explicit', 'none'] as const)[below(5)]!,
      values: {},
      children: {},
    };
    if (below(2) === 0) spec.values[['x', 'y', '_u'][below(3)]!] = `v${i}`;
    objects.push(spec);
  }
  for (let i = 1; i < count; i++) objects[below(i)]!.children[names[below(4)]!] = i;
  if (below(3) === 0) objects[below(count)]!.children[names[below(4)]!] = below(count);
  if (below(4) === 0) {
    const child = 1 + below(count - 1);
    objects[child]!.parent = below(child);
  }
  const paths: Case['paths'] = [];
  for (let p = 0; p < 6; p++) {
    const steps: (string | number)[] = [];
    for (let s = below(5); s >= 0; s--) steps.push(below(6) === 0 ? below(count) : names[below(4)]!);
    paths.push({ start: below(3) === 0 ? below(count) : 0, steps });
  }
  return { objects, names, paths };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const show = (value: unknown): unknown =>
  isObject(value) ? `<${String((aqBase(value) as Thing)['id'])}>` : (value ?? null);

function description(value: unknown): unknown {
  if (value === undefined) return 'AttributeError';
  if (!isObject(value)) return value;
  return {
    id: show(value),
    chain: aqChain(value).map(show),
    containment: aqChain(value, true).map(show),
    parent: show(aqParent(value)),
    inner: aqChain(aqInner(value)).map(show),
    innerParent: show(aqParent(aqInner(value))),
  };
}

function attempt(action: () => unknown): unknown {
  try {
    return description(action());
  } catch (error) {
    if (error instanceof AcquisitionError) return 'AttributeError';
    throw error;
  }
}

function answer(test: Case): unknown[] {
  const objects: Thing[] = test.objects.map((spec) =>
    Object.assign(new kinds[spec.kind](), { id: spec.id }, spec.values),
  );
  for (const [index, spec] of test.objects.entries()) {
    for (const [name, child] of Object.entries(spec.children)) objects[index]![name] = objects[child];
    if (spec.parent !== undefined) objects[index]!['__parent__'] = objects[spec.parent];
  }
  const table = (names: string[], look: (name: string) => unknown) =>
    Object.fromEntries(names.map((name) => [name, attempt(() => look(name))]));
  return test.paths.map(({ start, steps }) => {
    let value: unknown = objects[start];
    for (const step of steps) {
      if (!isObject(value)) return 'AttributeError';
      value = typeof step === 'number' ? wrap(objects[step]!, value) : (value as Thing)[step];
    }
    if (value === undefined) return 'AttributeError';
    if (!isObject(value)) return value;
    const end = value as Thing;
    return {
      end: description(end),
      values: table(test.names, (name) => end[name]),
      acquired: table([...test.names, '_u'], (name) => aqAcquire(end, name)),
      contained: table(test.names, (name) => aqAcquire(end, name, { containment: true })),
      filtered: table(test.names, (name) =>
        aqAcquire(end, name, {
          filter: (_original, container, _name, _value, extra) => show(container) !== `<${String(extra)}>`,
          extra: test.objects[0]!.id,
          default: 'none',
        }),
      ),
      who: attempt(() => end.who()),
      in: objects.map((object) => aqInContextOf(end, object)),
      inOuter: objects.map((object) => aqInContextOf(end, object, false)),
    };
  });
}

const python = process.env['ZOPE_PYTHON'];

describe.skipIf(python === undefined)('acquisition on generated trees', () => {
  it('gives what Python gives', () => {
    const cases = Array.from({ length: 400 }, (_, seed) => generate(seed));
    const output = execFileSync(python!, [path.join(import.meta.dirname, 'acquisition.py')], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const expected = JSON.parse(output) as unknown[][];
    for (const [index, test] of cases.entries()) {
      const mine = answer(test);
      for (const [at, one] of mine.entries()) {
        expect(
          one,
          `case ${index}, path ${JSON.stringify(test.paths[at])} of ${JSON.stringify(test.objects)}`,
        ).toEqual(expected[index]![at]);
      }
    }
  });
});
