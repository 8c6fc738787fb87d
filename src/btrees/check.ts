import { BTreeDamagedError } from './errors.ts';
import type { StoredKey } from './kinds.ts';
import { Leaf } from './leaf.ts';
import type { Sorted } from './sorted.ts';
import { Tree } from './tree.ts';

/**
 * Looks for damage of a tree or bucket: that keys are in order and where the inner nodes say, and that the nodes are linked
 * as they should be. Loads every node.
 *
 * @throws BTreeDamagedError when something is wrong.
 */
export function check(tree: Sorted): void {
  if (tree instanceof Tree) tree._check();
  checkKeys(tree as Tree | Leaf, undefined, undefined, tree.constructor.name);
}

function checkKeys(node: Tree | Leaf, low: StoredKey, high: StoredKey, path: string): void {
  node._p_activate();
  const { compare, expose } = node._keyKind;
  const wrong = (index: number, what: string) => {
    throw new BTreeDamagedError(`${path}: key ${index} (${String(expose(node._keys[index]))}) ${what}`);
  };
  for (const [index, key] of node._keys.entries()) {
    if (index > 0 && compare(node._keys[index - 1], key) >= 0) wrong(index, 'is not above the one before it');
    if (low !== undefined && compare(low, key) > 0)
      wrong(index, 'is below the lowest that the node may have');
    if (high !== undefined && compare(key, high) >= 0)
      wrong(index, 'is above the highest that the node may have');
  }
  if (node instanceof Leaf) {
    if (node._mapping && node._values.length !== node._keys.length)
      throw new BTreeDamagedError(`${path}: ${node._values.length} values for ${node._keys.length} keys`);
    return;
  }
  for (let i = 0; i < node._children.length; i++) {
    const from = i === 0 ? low : node._keys[i - 1];
    const to = i === node._keys.length ? high : node._keys[i];
    checkKeys(node._load(i), from, to, `${path}[${i}]`);
  }
}

/** The nodes of a tree or bucket, a line each, indented by depth: class, oid, keys. Loads every node. */
export function display(tree: Sorted): string {
  const lines: string[] = [];
  const show = (node: Tree | Leaf, depth: number) => {
    node._p_activate();
    const oid = node._p_oid === null ? 'no oid' : `oid 0x${node._p_oid.toString(16)}`;
    const keys = node._keys.map((key) => String(node._keyKind.expose(key))).join(' ');
    lines.push(`${'  '.repeat(depth)}${node.constructor.name} (${oid}): ${keys}`);
    if (node instanceof Tree) for (let i = 0; i < node._children.length; i++) show(node._load(i), depth + 1);
  };
  show(tree as Tree | Leaf, 0);
  return lines.join('\n');
}
