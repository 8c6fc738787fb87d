/** Python's `random`, and `whrandom` of old scripts, as Zope offers them. Numbers come from the operating system. */
import { randomBytes, randomInt } from 'node:crypto';
import { float, int } from '../../pickle/index.ts';
import { guardedItem } from '../guards/items.ts';
import { chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { builtinEntry } from '../runtime/builtin-function.ts';
import { registerBuiltin } from '../runtime/builtins.ts';
import { len } from '../runtime/compare.ts';
import { IndexError, TypeError, ValueError } from '../runtime/errors.ts';
import { listOf } from '../runtime/iterate.ts';
import { bitLength, numberOp, toIndex } from '../runtime/numbers.ts';
import { typeName } from '../runtime/types.ts';
import { Range } from '../runtime/values.ts';
import { real, whole } from './number-arguments.ts';
import { findModule, registerModule } from './registry.ts';

/** From 0 up to 1. Scripts rely on no particular generator, so that of the operating system will do. */
const uniform = (): number => (randomInt(0, 2 ** 48 - 1) / (2 ** 48 - 1)) * (1 - Number.EPSILON);

/** A whole number from 0 to n-1. */
function below(n: number | bigint): number | bigint {
  if (typeof n === 'number' && n <= 2 ** 47) return randomInt(0, n);
  const bits = bitLength(n);
  const size = (bits + 7) >> 3;
  for (;;) {
    chargeMemory(size * 4);
    chargeSteps(1 + (size >>> 4));
    const r = BigInt(`0x${randomBytes(size).toString('hex')}`) >> BigInt(size * 8 - bits);
    if (r < BigInt(n)) return int(r);
  }
}

function randrange(a: unknown, b: unknown, c: unknown): unknown {
  const [first, second, step] = [
    whole(a),
    b === undefined || b === null ? undefined : whole(b),
    c === undefined ? 1 : whole(c),
  ];
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new ValueError('zero step for randrange()');
  const [lo, hi, by] = [BigInt(start), BigInt(stop), BigInt(step)];
  const n = by > 0n ? (hi - lo + by - 1n) / by : (hi - lo + by + 1n) / by;
  if (n <= 0n)
    throw new ValueError(
      second === undefined
        ? 'empty range for randrange()'
        : `empty range for randrange() (${start}, ${stop}, ${hi - lo})`,
    );
  return int(lo + by * BigInt(below(int(n))));
}

function gauss(mu: unknown, sigma: unknown): unknown {
  const u = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return float((mu === undefined ? 0 : real(mu)) + u * (sigma === undefined ? 1 : real(sigma)));
}

const randomNames: Record<string, unknown> = Object.fromEntries([
  builtinEntry('random', '', () => float(uniform())),
  builtinEntry('uniform', 'a, b', (a: unknown, b: unknown) =>
    float(real(a) + (real(b) - real(a)) * uniform()),
  ),
  builtinEntry('randint', 'a, b', (a: unknown, b: unknown) =>
    randrange(a, numberOp('+', whole(b), 1), undefined),
  ),
  builtinEntry('randrange', 'start, stop=, step=', randrange),
  builtinEntry('choice', 'seq', (seq: unknown) => {
    const n = len(seq);
    if (n === 0) throw new IndexError('Cannot choose from an empty sequence');
    return guardedItem(seq, below(n));
  }),
  builtinEntry('choices', 'population, weights=, k=', (population: unknown, weights: unknown, k: unknown) => {
    if (weights !== undefined && weights !== null) throw new TypeError('choices() takes no weights here');
    const n = k === undefined ? 1 : toIndex(k);
    chargeMemory(n * 8);
    chargeSteps(n);
    const size = len(population);
    if (size === 0) throw new IndexError('list index out of range');
    return Array.from({ length: n }, () => guardedItem(population, below(size)));
  }),
  builtinEntry('sample', 'population, k', (population: unknown, k: unknown) => {
    const items =
      population instanceof Range || Array.isArray(population) || typeof population === 'string'
        ? listOf(population, true)
        : undefined;
    if (items === undefined)
      throw new TypeError('Population must be a sequence.  For dicts or sets, use sorted(d).');
    const n = toIndex(k);
    if (n < 0 || n > items.length) throw new ValueError('Sample larger than population or is negative');
    chargeMemory(items.length * 8);
    for (let i = 0; i < n; i++) {
      const j = i + Number(below(items.length - i));
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items.slice(0, n);
  }),
  builtinEntry('shuffle', 'x', (x: unknown) => {
    if (!Array.isArray(x) || typeName(x) !== 'list')
      throw new TypeError(`'${typeName(x)}' object does not support item assignment`);
    chargeSteps(x.length);
    for (let i = x.length - 1; i > 0; i--) {
      const j = Number(below(i + 1));
      [x[i], x[j]] = [x[j], x[i]];
    }
    return null;
  }),
  builtinEntry('getrandbits', 'k', (k: unknown) => {
    const bits = toIndex(k);
    if (bits < 0) throw new ValueError('number of bits must be non-negative');
    if (bits === 0) return 0;
    return below(numberOp('<<', 1, bits) as number);
  }),
  builtinEntry('gauss', 'mu=, sigma=', gauss),
  builtinEntry('normalvariate', 'mu=, sigma=', gauss),
  builtinEntry('expovariate', 'lambd', (l: unknown) => float(-Math.log(1 - uniform()) / real(l))),
  builtinEntry('triangular', 'low=, high=', (low: unknown, high: unknown) => {
    const [a, b] = [low === undefined ? 0 : real(low), high === undefined ? 1 : real(high)];
    const u = uniform();
    return float(
      u < 0.5 ? a + Math.sqrt((u * (b - a) * (b - a)) / 2) : b - Math.sqrt(((1 - u) * (b - a) * (b - a)) / 2),
    );
  }),
  builtinEntry('seed', '*args', () => {
    throw new TypeError('random.seed() is not available: random numbers come from the operating system');
  }),
]);

registerModule('random', randomNames, { denied: ['Random', 'SystemRandom'] });
registerModule('whrandom', randomNames);
for (const name of ['random', 'whrandom']) registerBuiltin(name, findModule(name));
