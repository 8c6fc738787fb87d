/** What operation n of the test of crashes in all operations does, and what is in the storage after it. */
export const OBJECTS = 12;
/** Oids of blobs follow those of the other objects. */
export const BLOBS = 3;

export type Operation =
  | { readonly kind: 'store'; readonly records: readonly (readonly [oid: number, text: string])[] }
  | { readonly kind: 'blob'; readonly oid: number; readonly content: string }
  | { readonly kind: 'remove'; readonly oid: number }
  | { readonly kind: 'undo' }
  | { readonly kind: 'abort' }
  | { readonly kind: 'pack'; readonly keepOld: boolean };

/** The texts of objects and the contents of blobs; what is not there is not stored, or removed. */
export type State = ReadonlyMap<number, string>;

const text = (n: number, i: number): string =>
  `${n}:${i}:${'x'.repeat((n * 7919 + i * 104_729) % (n % 10 === 0 ? 100_000 : 500))}`;

/** The operations in turn, from the first one. */
export class Model {
  #number = 0;
  /** The number of the last one that has left a transaction. */
  #last = 0;
  #state: State = new Map();
  #before: State = new Map();

  /** The number of the operation that was done last. */
  get number(): number {
    return this.#number;
  }

  get last(): number {
    return this.#last;
  }

  get state(): State {
    return this.#state;
  }

  /** What comes next. */
  next(): Operation {
    const n = this.#number + 1;
    const removable = [...this.#state.keys()].filter((oid) => oid < OBJECTS);
    switch (n % 12) {
      case 0:
        return { kind: 'pack', keepOld: n % 24 === 0 };
      case 3:
      case 10:
        return { kind: 'undo' };
      case 5:
      case 9:
        return {
          kind: 'blob',
          oid: OBJECTS + ((n >> 2) % BLOBS),
          content: `blob ${n} `.repeat(1 + (n % 5000)),
        };
      case 6:
        return { kind: 'remove', oid: removable[n % removable.length]! };
      case 7:
        return { kind: 'abort' };
      default:
        return {
          kind: 'store',
          records: Array.from(
            { length: 1 + (n % 5) },
            (_, i) => [(n + i * 3) % OBJECTS, text(n, i)] as const,
          ),
        };
    }
  }

  /** Goes on by one operation. */
  advance(): void {
    const operation = this.next();
    this.#number++;
    if (operation.kind === 'abort' || operation.kind === 'pack') return;
    const state = new Map(operation.kind === 'undo' ? this.#before : this.#state);
    if (operation.kind === 'store') for (const [oid, value] of operation.records) state.set(oid, value);
    else if (operation.kind === 'blob') state.set(operation.oid, operation.content);
    else if (operation.kind === 'remove') state.delete(operation.oid);
    this.#last = this.#number;
    this.#before = this.#state;
    this.#state = state;
  }

  /** As it is after operation n. */
  static after(n: number): Model {
    const model = new Model();
    while (model.number < n) model.advance();
    return model;
  }
}
