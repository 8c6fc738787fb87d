/** Totals, means and their like over the items of `dtml-in`. */
import { float, int, PyFloat } from '../../pickle/index.ts';
import {
  binary,
  caught,
  chargeItems,
  chargeSteps,
  getattr,
  getitem,
  gt,
  lt,
  str,
  truth,
} from '../../restricted/index.ts';

const NAMES = [
  'total',
  'count',
  'min',
  'max',
  'median',
  'mean',
  'variance',
  'variance-n',
  'standard-deviation',
  'standard-deviation-n',
] as const;

export const STATISTICS: ReadonlySet<string> = new Set(NAMES);

type Numeric = number | bigint | PyFloat | boolean;

const isNumeric = (value: unknown): value is Numeric =>
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  typeof value === 'boolean' ||
  value instanceof PyFloat;
const isWhole = (value: Numeric): boolean =>
  typeof value === 'boolean' ||
  typeof value === 'bigint' ||
  (typeof value === 'number' && Number.isInteger(value));

/** The total: an integer when all are, else a float. */
function total(values: readonly Numeric[]): unknown {
  if (values.every(isWhole)) {
    let sum = 0n;
    for (const value of values) sum = BigInt(binary('+', int(sum), value) as number);
    return int(sum);
  }
  return float(values.reduce<number>((sum, value) => sum + Number(value), 0));
}

function ordered(values: readonly unknown[]): unknown[] {
  return values.toSorted((a, b) => {
    chargeSteps(1);
    return lt(a, b) ? -1 : lt(b, a) ? 1 : 0;
  });
}

/** The values that are no numbers. One that cannot be compared with the least and the greatest so far is left out. */
class Others {
  readonly values: unknown[] = [];
  #least: unknown;
  #greatest: unknown;

  add(value: unknown): void {
    if (this.values.length === 0) [this.#least, this.#greatest] = [value, value];
    else {
      try {
        if (truth(lt(value, this.#least))) this.#least = value;
        if (truth(gt(value, this.#greatest))) this.#greatest = value;
      } catch (error) {
        caught(error);
        return;
      }
    }
    this.values.push(value);
  }
}

function median(sorted: readonly unknown[]): unknown {
  const half = sorted.length >> 1;
  const upper = sorted[half];
  if (sorted.length % 2 === 1) return upper;
  const lower = sorted[half - 1];
  if (!isNumeric(upper) || !isNumeric(lower)) return `between ${str(upper)} and ${str(lower)}`;
  if (isWhole(upper) && isWhole(lower)) {
    const sum = BigInt(upper as number) + BigInt(lower as number);
    return int(sum >= 0n || sum % 2n === 0n ? sum / 2n : sum / 2n - 1n);
  }
  return float(Math.floor((Number(upper) + Number(lower)) / 2));
}

/** All statistics of an attribute or key; those that there are not are empty texts. */
export function statisticsOf(
  items: readonly unknown[],
  name: string,
  mapping: boolean,
): Map<string, unknown> {
  const numbers: Numeric[] = [];
  const others = new Others();
  chargeItems(items.length * 4);
  chargeSteps(items.length * 4);
  for (const item of items) {
    let value: unknown;
    try {
      value = mapping ? getitem(item, name) : getattr(item, name);
    } catch (error) {
      caught(error);
      if (mapping || name !== 'item') continue;
      value = item;
    }
    if (isNumeric(value)) numbers.push(value);
    else if (value !== null) others.add(value);
  }
  const result = new Map<string, unknown>(NAMES.map((each) => [`${each}-${name}`, '']));
  const set = (each: (typeof NAMES)[number], value: unknown) => result.set(`${each}-${name}`, value);
  const n = numbers.length;
  if (n > 0) {
    const sum = total(numbers);
    const mean = Number(sum) / n;
    const squares = Number(
      total(
        numbers.map(
          (value) => (isWhole(value) ? binary('*', value, value) : float(Number(value) ** 2)) as Numeric,
        ),
      ),
    );
    const variance = squares / n - mean * mean;
    set('mean', float(mean));
    set('total', sum);
    set('variance-n', float(variance));
    // Rounding may leave a little less than nothing, of which Python can take no root.
    const root = (value: number) => float(Math.sqrt(Math.max(0, value)));
    set('standard-deviation-n', root(variance));
    if (n > 1) {
      set('variance', float((variance * n) / (n - 1)));
      set('standard-deviation', root((variance * n) / (n - 1)));
    }
  }
  const values = ordered(n > 0 ? numbers : others.values);
  set('count', values.length);
  if (values.length > 0) {
    set('min', values[0]);
    set('max', values.at(-1));
    set('median', values.length === 1 ? values[0] : median(values));
  }
  return result;
}
