/**
 * What nodes hold. Each family has node classes of its own, and code that meets many classes is slow; the content is in
 * objects of two classes that all families share, and what is done millions of times is done on them.
 */
import { metaOf, moment, type PersistentMeta, Reference } from '../persistent/index.ts';
import type { KeyKind, StoredKey, StoredValue, ValueKind } from './kinds.ts';
import type { Leaf } from './leaf.ts';
import type { Sorted } from './sorted.ts';
import type { Tree } from './tree.ts';
import { isChangeable } from './changeable.ts';

/** What a field that is not loaded holds, whatever its type says. */
const GONE = undefined as never;

export class LeafData {
  // First what every search and insertion needs: it is in one piece of memory that the processor fetches.
  keys: StoredKey[] = GONE;
  /** A place for each key; none in sets. */
  values: StoredValue[] = GONE;
  next: Leaf | Reference | null = null;
  readonly meta: PersistentMeta;
  readonly mapping: boolean;
  readonly valueKind: ValueKind;
  readonly keyKind: KeyKind;
  readonly node: Leaf;
  /** The tree that has, or had, this leaf in its own record: it belongs to the database, the leaf perhaps does not. */
  embeddedIn: Sorted | null = null;

  constructor(node: Leaf) {
    this.node = node;
    this.meta = metaOf(node)!;
    this.keyKind = node._keyKind;
    this.valueKind = node._valueKind;
    this.mapping = node._mapping;
  }

  fill(keys: StoredKey[], values: StoredValue[], next: Leaf | Reference | null): void {
    this.keys = keys;
    this.values = values;
    this.next = next;
    this.embeddedIn = null;
  }

  release(): void {
    this.fill(GONE, GONE, null);
  }

  /** The record that the leaf is in. */
  get record(): PersistentMeta {
    return this.meta.jar === null && this.embeddedIn !== null ? metaOf(this.embeddedIn)! : this.meta;
  }

  keyAt(place: number): unknown {
    const key = this.keys[place];
    return this.keyKind.converts ? this.keyKind.expose(key) : key;
  }

  /** The value at a place, as it is handed out. */
  valueAt(place: number): unknown {
    const value = this.values[place];
    if (typeof value === 'object' && value !== null) return this.#objectAt(place, value);
    return this.valueKind.converts ? this.valueKind.expose(value) : value;
  }

  #objectAt(place: number, value: object): unknown {
    if (value instanceof Reference) {
      const { object } = value.resolve(this.record);
      this.values[place] = object;
      return object;
    }
    // Its changes cannot be seen, so the leaf is compared when the transaction ends.
    if (isChangeable(value)) {
      const { record } = this;
      record.jar?.watch(record);
    }
    return value;
  }

  /** Sets a key; `place` is what `placeIn` tells. 0 when nothing changed, 1 when the key is new, 2 when its value is. */
  putAt(place: number, key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
    if (place >= 0) {
      if (unique || !this.mapping || this.valueKind.same(this.values[place], value)) return 0;
      this.values[place] = value;
      this.meta.touch();
      return 2;
    }
    const { keys } = this;
    if (~place === keys.length) {
      keys.push(key);
      if (this.mapping) this.values.push(value);
    } else {
      insertAt(keys, ~place, key);
      if (this.mapping) insertAt(this.values, ~place, value);
    }
    this.meta.touch();
    return 1;
  }

  removeAt(place: number): void {
    removeAt(this.keys, place);
    if (this.mapping) removeAt(this.values, place);
    this.meta.touch();
  }
}

/** A child as a node keeps it: what a node holds, loaded or not, or the reference to the node that the record had. */
export type Child = TreeData | LeafData | Reference;

export class TreeData {
  readonly node: Tree;
  readonly meta: PersistentMeta;
  keys: StoredKey[] = GONE;
  children: Child[] = GONE;
  /** Whether the children are leaves. */
  bottom = true;
  /** The first leaf below this node. */
  first: Leaf | Reference | null = null;
  /** The leaf that a key was put in last, while the tree belongs to no database. */
  recent: LeafData | null = null;
  readonly maxLeaf: number;
  readonly keyKind: KeyKind;
  readonly valueKind: ValueKind;

  constructor(node: Tree) {
    this.node = node;
    this.meta = metaOf(node)!;
    this.maxLeaf = (node.constructor as typeof Tree).max_leaf_size;
    this.keyKind = node._keyKind;
    this.valueKind = node._valueKind;
  }

  fill(keys: StoredKey[], children: Child[], bottom: boolean, first: Leaf | Reference | null): void {
    this.keys = keys;
    this.children = children;
    this.bottom = bottom;
    this.first = first;
    this.recent = null;
  }

  release(): void {
    this.fill(GONE, GONE, true, null);
  }

  /** Another transaction that changes this node is to conflict with this one, which relies on it. */
  readCurrent(): void {
    const { meta } = this;
    if (meta.jar !== null && meta.oid !== undefined) meta.jar.readCurrent(meta);
  }

  /** The child at a place, loaded. */
  load(place: number): TreeData | LeafData {
    const child = this.child(place);
    if (child.keys === undefined) child.node._p_activate();
    else child.meta.used = moment();
    return child;
  }

  /** The child at a place, perhaps not loaded. */
  child(place: number): TreeData | LeafData {
    const child = this.children[place]!;
    if (!(child instanceof Reference)) return child;
    const data = (child.resolve(this.meta).object as Tree | Leaf)._data;
    this.children[place] = data;
    return data;
  }
}

/** Loads what a node holds. */
export function use(data: TreeData | LeafData): void {
  if (data.keys === undefined) data.node._p_activate();
  else data.meta.used = moment();
}

// Short arrays: moving the items one by one is quicker than `splice`, which makes an array of what it takes out.

function insertAt(array: unknown[], place: number, item: unknown): void {
  const end = array.length;
  array.push(array[end - 1]);
  for (let i = end - 1; i > place; i--) array[i] = array[i - 1];
  array[place] = item;
}

function removeAt(array: unknown[], place: number): void {
  for (let i = place + 1; i < array.length; i++) array[i - 1] = array[i];
  array.pop();
}
