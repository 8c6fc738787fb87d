/** `repeat/NAME`: where a loop is. */

import { declareClass } from '../restricted/index.ts';

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

export class RepeatItem {
  readonly items: readonly unknown[];
  position = 0;

  constructor(items: readonly unknown[]) {
    this.items = items;
  }

  get item(): unknown {
    return this.items[this.position];
  }

  index(): number {
    return this.position;
  }

  number(): number {
    return this.position + 1;
  }

  even(): boolean {
    return this.position % 2 === 0;
  }

  odd(): boolean {
    return this.position % 2 === 1;
  }

  parity(): string {
    return this.position % 2 === 1 ? 'odd' : 'even';
  }

  start(): boolean {
    return this.position === 0;
  }

  end(): boolean {
    return this.position === this.items.length - 1;
  }

  length(): number {
    return this.items.length;
  }

  #letters(first: number): string {
    let text = '';
    for (let n = this.position; n >= 0; n = Math.floor(n / 26) - 1)
      text = String.fromCharCode(first + (n % 26)) + text;
    return text;
  }

  letter(): string {
    return this.#letters(97);
  }

  Letter(): string {
    return this.#letters(65);
  }

  Roman(): string {
    let n = this.position + 1;
    let text = '';
    for (const [value, numeral] of ROMAN) {
      while (n >= value) {
        text += numeral;
        n -= value;
      }
    }
    return text;
  }

  roman(): string {
    return this.Roman().toLowerCase();
  }

  /** Whether this is the first item, or one that differs from the item before (in an attribute or key). */
  first(name?: string): boolean {
    return this.start() || this.#differs(this.position - 1, name);
  }

  last(name?: string): boolean {
    return this.end() || this.#differs(this.position + 1, name);
  }

  #differs(other: number, name: string | undefined): boolean {
    const value = (item: unknown) =>
      name === undefined
        ? item
        : item instanceof Map
          ? item.get(name)
          : (item as Record<string, unknown> | null)?.[name];
    return value(this.items[this.position]) !== value(this.items[other]);
  }
}

// first() and last() stay undeclared: given a name they read an attribute of an item without asking the policy.
declareClass(RepeatItem, {
  object: 'public',
  names: {
    item: 'public',
    index: 'public',
    number: 'public',
    even: 'public',
    odd: 'public',
    parity: 'public',
    start: 'public',
    end: 'public',
    length: 'public',
    letter: 'public',
    Letter: 'public',
    roman: 'public',
    Roman: 'public',
  },
});
