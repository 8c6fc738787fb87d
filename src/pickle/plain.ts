import { stateSetterOf } from './value-classes.ts';
import { Deque } from './values/collections.ts';
import { Dict } from './values/dict.ts';
import { Instance, Reduce } from './values/references.ts';
import { PySet } from './values/set.ts';
import { Tuple } from './values/tuple.ts';

/**
 * Replaces the dicts whose keys are all texts by plain objects, wherever they are in a value that was read. This is the last step,
 * since a pickle can refer to a dict before its first key is known.
 */
export class PlainDicts {
  /** What stands for each dict; null for one that stays. */
  readonly #plain = new Map<Dict, Record<string, unknown> | null>();
  readonly #seen = new Set<object>();
  #waiting: object[] = [];

  convert(value: unknown): unknown {
    const result = this.#of(value);
    for (let at = this.#waiting.pop(); at !== undefined; at = this.#waiting.pop()) this.#fill(at);
    return result;
  }

  /** What stands for a value; its parts wait for their turn. */
  #of(value: unknown): unknown {
    if (value === null || typeof value !== 'object') return value;
    const isDict = Object.getPrototypeOf(value) === Dict.prototype;
    if (isDict) {
      const known = this.#plain.get(value as Dict);
      if (known !== undefined) return known ?? value;
    } else if (this.#seen.has(value)) return value;
    if (!isDict && !hasParts(value)) return value;
    this.#waiting.push(value);
    if (!isDict) {
      this.#seen.add(value);
      return value;
    }
    const plain = hasOnlyNames(value as Dict) ? {} : null;
    this.#plain.set(value as Dict, plain);
    return plain ?? value;
  }

  #fill(value: object): void {
    if (Array.isArray(value)) this.#list(value);
    else if (value instanceof Dict) this.#dict(value);
    else if (value instanceof Deque) this.#list(value.items);
    else if (value instanceof Set) for (const item of value) this.#of(item);
    else if (value instanceof Instance || value instanceof Reduce) {
      this.#list(value.args);
      if (value.state !== undefined) value.state = this.#of(value.state);
      if (value.items !== undefined) this.#list(value.items);
      if (value.dictItems !== undefined) this.#list(value.dictItems);
    } else this.#attributes(value as Record<string, unknown>);
  }

  /** An instance of a registered class. */
  #attributes(value: Record<string, unknown>): void {
    for (const name of Object.keys(value)) {
      const item = value[name];
      const plain = this.#of(item);
      if (plain !== item) value[name] = plain;
    }
  }

  #list(items: unknown[]): void {
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (item !== null && typeof item === 'object') items[i] = this.#of(item);
    }
  }

  #dict(dict: Dict): void {
    const plain = this.#plain.get(dict) ?? null;
    for (const [key, item] of dict) {
      const value = this.#of(item);
      if (plain === null) {
        this.#of(key);
        if (value !== item) dict.set(key, value);
      } else if (key === '__proto__')
        Object.defineProperty(plain, key, { value, writable: true, enumerable: true, configurable: true });
      else plain[key as string] = value;
    }
  }
}

function hasParts(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (Array.isArray(value) && (prototype === Array.prototype || prototype === Tuple.prototype)) ||
    value instanceof Dict ||
    value instanceof PySet ||
    value instanceof Deque ||
    value instanceof Instance ||
    value instanceof Reduce ||
    stateSetterOf(value) !== undefined
  );
}

function hasOnlyNames(dict: Dict): boolean {
  for (const key of dict.keys()) if (typeof key !== 'string') return false;
  return true;
}
