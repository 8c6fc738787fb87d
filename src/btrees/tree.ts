import { Reference } from '../persistent/index.ts';
import { Tuple, tuple } from '../pickle/index.ts';
import { type Child, LeafData, TreeData } from './data.ts';
import { BTreeDamagedError, BTreeTypeError, BTreeValueError } from './errors.ts';
import type { StoredKey, StoredValue } from './kinds.ts';
import { Leaf } from './leaf.ts';
import { mergeSingleLeaves } from './merge.ts';
import { type Bounds, Range } from './range.ts';
import { Sorted } from './sorted.ts';

/**
 * A node of a tree, and the tree itself, which is the topmost one. The leaves hold all keys; a node has its children in order,
 * and between two of them the lowest key that the right one may have.
 *
 * The shape of a tree, when a node is split and what happens to an empty one, is that of Python's trees to the last key:
 * Python's processes and ours change the same records.
 *
 * Over 400 lines: inserting, deleting and finding ranges are three walks over the same structure.
 */
export abstract class Tree extends Sorted {
  /** Most items of a leaf, and most children of an inner node, before it is split. A subclass may set others. */
  static max_leaf_size = 0;
  static max_internal_size = 0;

  declare private data: TreeData | undefined;

  constructor() {
    super();
    this.data = new TreeData(this);
    this.data.fill(this._keyKind.none(), [], true, null);
  }

  /** What the node holds. A node that was never loaded gets it when it is first asked for. */
  get _data(): TreeData {
    return (this.data ??= new TreeData(this));
  }

  get _keys(): StoredKey[] {
    return this._data.keys;
  }

  get _children(): Child[] {
    return this._data.children;
  }

  get _bottom(): boolean {
    return this._data.bottom;
  }

  get _firstbucket(): Leaf | Reference | null {
    return this._data.first;
  }

  override _p_release(): void {
    this._data.release();
  }

  /** References are looked up when they are followed: a node is loaded without its children. */
  _p_held(): Iterable<unknown> {
    return [];
  }

  /** The child at a place, loaded. */
  _load(place: number): Tree | Leaf {
    return this._data.load(place).node;
  }

  /** The child at a place, perhaps not loaded. */
  _child(place: number): Tree | Leaf {
    return this._data.child(place).node;
  }

  /** Before children go to a new node, which belongs to no database yet and could not look references up. */
  private _resolveChildren(): void {
    for (let i = 0; i < this._children.length; i++) this._child(i);
    this._firstLeaf();
  }

  _firstLeaf(): Leaf | null {
    this._p_activate();
    const first = this._firstbucket;
    if (!(first instanceof Reference)) return first;
    const leaf = this._bottom ? (this._child(0) as Leaf) : (first.resolve(this._data.meta).object as Leaf);
    this._data.first = leaf;
    return leaf;
  }

  /** The last leaf; the tree must not be empty. */
  _lastLeaf(): Leaf {
    this._p_activate();
    const last = this._child(this._children.length - 1);
    return this._bottom ? (last as Leaf) : (last as Tree)._lastLeaf();
  }

  override _leafFor(key: StoredKey): LeafData | null {
    return this._keyKind.descend(this._data, key);
  }

  /** A tree whose only leaf has no record of its own has it in its record, and is changed with it. */
  _noteEmbedded(leaf: LeafData): void {
    if (this._children.length === 1 && leaf.meta.oid === undefined) this._p_changed = true;
  }

  private get _sizes(): typeof Tree {
    return this.constructor as typeof Tree;
  }

  // Inserting.

  override _put(key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
    const data = this._data;
    if (data.meta.jar === null) return this._keyKind.hot.putInNew(data, key, value, unique);
    return this._putInStored(key, value, unique);
  }

  /** `_put` for a tree of a database, where others may rely on the nodes on the way. */
  _putInStored(key: StoredKey, value: StoredValue, unique: boolean): 0 | 1 | 2 {
    this._p_activate();
    const { keyKind } = this._data;
    let node = this._data;
    node.recent = null;
    if (node.children.length === 0) return this._putFirst(key, value);
    const { max_leaf_size: maxLeaf, max_internal_size: maxInternal } = this._sizes;
    let full = false;
    for (;;) {
      const child = node.load(keyKind.childFor(node.keys, key));
      node.readCurrent();
      if (node.bottom) {
        const leaf = child as LeafData;
        const result = keyKind.putInLeaf(leaf, key, value, unique);
        if (result === 0) return 0;
        node.node._noteEmbedded(leaf);
        if (result === 1 && (full || leaf.keys.length > maxLeaf)) this._splitFor(key);
        return result;
      }
      node = child as TreeData;
      if (node.children.length > maxInternal) full = true;
    }
  }

  _putFirst(key: StoredKey, value: StoredValue): 1 {
    const leaf = new this._family.leaves[this._mapping ? 'Bucket' : 'Set']();
    this._data.readCurrent();
    leaf._put(key, value, false);
    leaf._data.embeddedIn = this;
    this._data.fill(this._keyKind.none(), [leaf._data], true, leaf);
    this._p_changed = true;
    return 1;
  }

  /** Splits what has become too large on the way to a key, from the leaf upwards. */
  _splitFor(key: StoredKey): void {
    const at = this._keyKind.childFor(this._keys, key);
    const child = this._load(at);
    if (!this._bottom) (child as Tree)._splitFor(key);
    const { max_leaf_size: maxLeaf, max_internal_size: maxInternal } = this._sizes;
    const tooLarge = this._bottom
      ? child._keys.length > maxLeaf
      : (child as Tree)._children.length > maxInternal;
    if (tooLarge) this._splitChild(at, child);
  }

  private _splitChild(place: number, child: Tree | Leaf): void {
    let upper: Tree | Leaf;
    let lowest: StoredKey;
    if (child instanceof Leaf) {
      upper = child._split();
      lowest = upper._keys[0];
    } else [upper, lowest] = child._splitNode();
    this._children.splice(place + 1, 0, upper._data);
    this._keys.splice(place, 0, lowest);
    if (this._children.length >= this._sizes.max_internal_size * 2) this._splitRoot();
    this._p_changed = true;
  }

  /** The upper half of the children goes to a new node; with the lowest key that it may have. */
  private _splitNode(): [Tree, StoredKey] {
    this._resolveChildren();
    const upper = new (this.constructor as new () => Tree)();
    const data = this._data;
    const middle = data.children.length >>> 1;
    const lowest = data.keys[middle - 1];
    upper._data.fill(data.keys.slice(middle), data.children.slice(middle), data.bottom, null);
    upper._data.first = data.bottom ? (upper._child(0) as Leaf) : (upper._child(0) as Tree)._firstLeaf();
    data.keys.length = middle - 1;
    data.children.length = middle;
    this._p_changed = true;
    return [upper, lowest];
  }

  /** The topmost node stays what it is, since others refer to it: its content goes to a new child, which is split. */
  private _splitRoot(): void {
    this._resolveChildren();
    const child = new (this.constructor as new () => Tree)();
    const { keys, children, bottom, first } = this._data;
    child._data.fill(keys, children, bottom, first);
    this._data.fill(this._keyKind.none(), [child._data], false, first);
    this._splitChild(0, child);
  }

  // Deleting.

  override _discard(key: StoredKey): boolean {
    this._p_activate();
    if (this._children.length === 0) return false;
    this._data.recent = null;
    return this._remove_(key) !== 'absent';
  }

  /** What became of the first leaf below this node: 'moved' when another one is first now. */
  private _remove_(key: StoredKey): 'absent' | 'kept' | 'moved' {
    this._p_activate();
    const place = this._keyKind.childFor(this._keys, key);
    const child = this._load(place);
    this._data.readCurrent();
    let first: 'kept' | 'moved' = 'kept';
    if (this._bottom) {
      if (!(child as Leaf)._discard(key)) return 'absent';
      this._noteEmbedded((child as Leaf)._data);
    } else {
      const result = (child as Tree)._remove_(key);
      if (result === 'absent') return result;
      first = result;
    }
    const isEmpty = this._bottom ? child._keys.length === 0 : (child as Tree)._children.length === 0;
    if (!isEmpty && place > 0 && this._keyKind.compare(key, this._keys[place - 1]) === 0) {
      const leaf = this._bottom ? (child as Leaf) : (child as Tree)._firstLeaf()!;
      leaf._p_activate();
      this._keys[place - 1] = leaf._keys[0];
      this._p_changed = true;
    }
    if (first === 'moved') {
      if (place > 0) {
        // The leaf before the one that is gone is the last of the node to the left.
        (this._child(place - 1) as Tree)._lastLeaf()._unlinkNext();
        first = 'kept';
      } else {
        this._data.first = (child as Tree)._firstLeaf();
        this._p_changed = true;
      }
    }
    if (!isEmpty) return first;
    if (this._bottom) {
      if (place > 0) (this._child(place - 1) as Leaf)._unlinkNext();
      else {
        this._data.first = (child as Leaf)._nextLeaf();
        first = 'moved';
      }
    }
    this._children.splice(place, 1);
    this._keys.splice(Math.max(place - 1, 0), 1);
    this._p_changed = true;
    return first;
  }

  override clear(): void {
    this._p_activate();
    if (this._children.length === 0) return;
    this._data.fill(this._keyKind.none(), [], true, null);
    this._p_changed = true;
  }

  // Ranges.

  /** The place of the lowest key from `key` on, or of the highest up to it. */
  private _edge(key: StoredKey, low: boolean, exclude: boolean): readonly [Leaf, number] | null {
    // oxlint-disable-next-line typescript/no-this-alias -- where the walk downwards begins
    let node: Tree = this;
    let smaller: Tree | Leaf | null = null;
    for (;;) {
      const at = this._keyKind.childFor(node._keys, key);
      if (at > 0) smaller = node._child(at - 1);
      const child = node._load(at);
      if (!node._bottom) {
        node = child as Tree;
        continue;
      }
      const leaf = child as Leaf;
      const place = leaf._edge(key, low, exclude);
      if (place >= 0) return [leaf, place];
      if (low) {
        // Its leaf has lower keys only; the first of the next one is above.
        const next = leaf._nextLeaf();
        next?._p_activate();
        return next === null ? null : [next, 0];
      }
      // All keys of its leaf are above: the last one of the leaf to the left is not.
      if (smaller === null) return null;
      const last = smaller instanceof Leaf ? smaller : smaller._lastLeaf();
      last._p_activate();
      return [last, last._keys.length - 1];
    }
  }

  override _range(bounds: Bounds): Range {
    const { min, max, excludeMin, excludeMax } = bounds;
    this._p_activate();
    if (this._children.length === 0) return Range.empty(this, bounds);
    const low =
      min === null || min === undefined
        ? this._firstPlace(excludeMin)
        : this._edge(this._keyKind.convert(min), true, excludeMin);
    if (low === null) return Range.empty(this, bounds);
    const [firstLeaf, first] = low;
    if ((max === null || max === undefined) && !excludeMax)
      return new Range(this, bounds, firstLeaf, first, null, -1);
    const high =
      max === null || max === undefined
        ? this._placeBeforeLast()
        : this._edge(this._keyKind.convert(max), false, excludeMax);
    if (high === null) return Range.empty(this, bounds);
    const [lastLeaf, last] = high;
    const isEmpty =
      firstLeaf === lastLeaf
        ? first > last
        : this._keyKind.compare(firstLeaf._keys[first], lastLeaf._keys[last]) > 0;
    return isEmpty ? Range.empty(this, bounds) : new Range(this, bounds, firstLeaf, first, lastLeaf, last);
  }

  private _firstPlace(second: boolean): readonly [Leaf, number] | null {
    const leaf = this._firstLeaf()!;
    leaf._p_activate();
    if (!second) return [leaf, 0];
    if (leaf._keys.length > 1) return [leaf, 1];
    const next = leaf._nextLeaf();
    next?._p_activate();
    return next === null ? null : [next, 0];
  }

  private _placeBeforeLast(): readonly [Leaf, number] | null {
    const leaf = this._lastLeaf();
    leaf._p_activate();
    const place = leaf._keys.length - 2;
    if (place >= 0) return [leaf, place];
    return leaf === this._firstLeaf() ? null : this._edge(leaf._keys[0], false, true);
  }

  override _edgeKey(bound: unknown, low: boolean): unknown {
    this._p_activate();
    if (this._children.length === 0) throw new BTreeValueError('empty tree');
    let found: readonly [Leaf, number] | null;
    if (bound !== null && bound !== undefined) {
      found = this._edge(this._keyKind.convert(bound), low, false);
      if (found === null) throw new BTreeValueError('no key satisfies the conditions');
    } else {
      const leaf = low ? this._firstLeaf()! : this._lastLeaf();
      leaf._p_activate();
      found = [leaf, low ? 0 : leaf._keys.length - 1];
    }
    const [leaf, place] = found;
    return this._keyKind.expose(leaf._keys[place]);
  }

  override get size(): number {
    let count = 0;
    for (let leaf = this._firstLeaf(); leaf !== null; leaf = leaf._nextLeaf()) {
      leaf._p_activate();
      count += leaf._keys.length;
    }
    return count;
  }

  override _isEmpty(): boolean {
    this._p_activate();
    return this._children.length === 0;
  }

  // The record.

  override __getstate__(): unknown {
    this._p_activate();
    const count = this._children.length;
    if (count === 0) return null;
    const only = this._children[0];
    if (count === 1 && only instanceof LeafData) {
      const leaf = only.node;
      if (leaf._p_oid === null) return tuple(tuple(leaf.__getstate__()));
    }
    const items = new Tuple<unknown>();
    const { expose } = this._keyKind;
    for (let i = 0; i < count; i++) {
      if (i > 0) items.push(expose(this._keys[i - 1]));
      const child = this._children[i]!;
      items.push(child instanceof Reference ? child : child.node);
    }
    return tuple<unknown[]>(items, this._firstbucket);
  }

  override __setstate__(state: unknown): void {
    try {
      this._fill(state);
    } catch (error) {
      // As in Python, what the tree had is gone even if the state is none.
      this._data.fill(this._keyKind.none(), [], true, null);
      throw error;
    }
  }

  private _fill(state: unknown): void {
    if (state === null) {
      this._data.fill(this._keyKind.none(), [], true, null);
      return;
    }
    if (!(state instanceof Tuple) || !(state[0] instanceof Tuple) || state.length > 2)
      throw this._badState('must be None, or a tuple of its children and of the first bucket');
    const items = state[0] as readonly unknown[];
    const { convert } = this._keyKind;
    const keys = this._keyKind.none();
    const children: Child[] = [];
    for (let i = 0; i < items.length; i += 2) {
      children.push(this._childOf(items[i]));
      if (i + 1 < items.length) keys.push(convert(items[i + 1]));
    }
    if (children.length === 0) throw this._badState('has no children');
    const bottom = this._isLeaf(children[0]!);
    if (children.some((child) => this._isLeaf(child) !== bottom))
      throw this._badState('has children of two kinds');
    const [only] = children as [Child];
    const first = (state[1] ?? (only instanceof Reference ? only : only.node)) as Leaf | Reference;
    if (!(first instanceof Leaf || (first instanceof Reference && this._isLeaf(first))))
      throw this._badState('names no first bucket');
    this._data.fill(keys, children, bottom, first);
  }

  private _childOf(item: unknown): Child {
    if (item instanceof Reference) return item;
    if (item instanceof Leaf || item instanceof Tree) return item._data;
    if (item instanceof Tuple) {
      const leaf = new this._family.leaves[this._mapping ? 'Bucket' : 'Set']();
      leaf.__setstate__(item);
      leaf._data.embeddedIn = this;
      return leaf._data;
    }
    throw this._badState('has a child that is no node');
  }

  private _isLeaf(child: Child): boolean {
    if (child instanceof LeafData) return true;
    if (child instanceof TreeData) return false;
    if (child.info === null) return child.resolve(this._data.meta).object instanceof Leaf;
    const { prototype } = child.info;
    if (Leaf.prototype.isPrototypeOf(prototype)) return true;
    if (Tree.prototype.isPrototypeOf(prototype)) return false;
    throw this._badState(`refers to a ${child.info.module}.${child.info.name} as to a node`);
  }

  private _badState(what: string): BTreeTypeError {
    return new BTreeTypeError(`the state of a ${this.constructor.name} ${what}`);
  }

  /**
   * Merges the changes of two transactions, which can be done as long as the tree is a single leaf.
   *
   * @returns The merged state.
   * @throws BTreeConflictError when they cannot be merged.
   */
  _p_resolveConflict(old: unknown, committed: unknown, changed: unknown): unknown {
    return mergeSingleLeaves(this._family.leaves[this._mapping ? 'Bucket' : 'Set'], old, committed, changed);
  }

  /**
   * Looks whether the nodes fit together; loads all of them.
   *
   * @throws BTreeDamagedError when they do not.
   */
  _check(after: Leaf | null = null): void {
    const check = (holds: boolean, what: string) => {
      if (!holds) throw new BTreeDamagedError(`${this.constructor.name}: ${what}`);
    };
    this._p_activate();
    const count = this._children.length;
    if (count === 0) {
      check(this._firstbucket === null, 'an empty tree has a first bucket');
      return;
    }
    check(this._keys.length === count - 1, 'the number of keys does not fit the number of children');
    check(this._firstbucket !== null, 'a tree that is not empty has no first bucket');
    for (let i = 0; i < count; i++) {
      const child = this._load(i);
      check(child instanceof Leaf === this._bottom, 'the children are of two kinds');
      const next = i + 1 < count ? this._child(i + 1) : null;
      const follower = next === null ? after : this._bottom ? (next as Leaf) : (next as Tree)._firstLeaf();
      if (child instanceof Leaf) {
        if (i === 0) check(child === this._firstLeaf(), 'the first bucket is not that of the first child');
        check(child._keys.length > 0, 'a bucket is empty');
        check(child._nextLeaf() === follower, "a bucket's link to the next one is damaged");
      } else {
        if (i === 0)
          check(child._firstLeaf() === this._firstLeaf(), 'the first bucket is not that of the first child');
        check(child._children.length > 0, 'an inner node is empty');
        child._check(follower);
      }
    }
  }
}
