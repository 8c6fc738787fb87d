/** Folders whose order their managers set (INVENTORY O-020, O-026). */
import { registerClass } from '../../persistent/index.ts';
import { type Tuple, tuple, tupleFrom } from '../../pickle/index.ts';
import { declareClass, sortSequence, ValueError } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { Folder } from './folder.ts';
import { namesOf } from './names.ts';

export class OrderedFolder extends Folder {
  declare _default_sort_key: string;
  declare _default_sort_reverse: number;

  manage_move_objects_up(ids?: unknown, delta: unknown = 1): string {
    return moved(this, ids, (names) => this.moveObjectsUp(names, Number(delta)), 'up');
  }

  manage_move_objects_down(ids?: unknown, delta: unknown = 1): string {
    return moved(this, ids, (names) => this.moveObjectsDown(names, Number(delta)), 'down');
  }

  manage_move_objects_to_top(ids?: unknown): string {
    return moved(this, ids, (names) => this.moveObjectsToTop(names), 'to top');
  }

  manage_move_objects_to_bottom(ids?: unknown): string {
    return moved(this, ids, (names) => this.moveObjectsToBottom(names), 'to bottom');
  }

  manage_set_default_sorting(key: string, reverse: unknown): string {
    this.setDefaultSorting(key, reverse);
    return this.manage_main('Saved changes.');
  }

  /** Moves objects by a number of places; those that would leave the list stay at its end. Gives how many have moved. */
  moveObjectsByDelta(ids: unknown, delta: number, subset?: unknown): number {
    const records = new Map(this._objects.map((record) => [record.get('id') as string, record] as const));
    const order = subset === undefined || subset === null ? [...records.keys()] : namesOf(subset);
    const names = namesOf(ids);
    if (delta > 0) {
      names.reverse();
      order.reverse();
    }
    let [least, count] = [0, 0];
    for (const id of names) {
      const before = order.indexOf(id);
      if (before < 0) throw new ValueError(`The object with the id "${id}" does not exist.`);
      const after = Math.max(before - Math.abs(delta), least);
      if (after === least) least++;
      if (before === after) continue;
      order.splice(before, 1);
      order.splice(after, 0, id);
      count++;
    }
    if (count === 0) return 0;
    if (delta > 0) order.reverse();
    const unknown = order.find((id) => !records.has(id));
    if (unknown !== undefined) throw new ValueError(`The object with the id "${unknown}" does not exist.`);
    let at = 0;
    const inSubset = new Set(order);
    this._objects = tupleFrom(
      this._objects.map((record) =>
        inSubset.has(record.get('id') as string) ? records.get(order[at++]!)! : record,
      ),
    );
    return count;
  }

  moveObjectsUp(ids: unknown, delta = 1, subset?: unknown): number {
    return this.moveObjectsByDelta(ids, -delta, subset);
  }

  moveObjectsDown(ids: unknown, delta = 1, subset?: unknown): number {
    return this.moveObjectsByDelta(ids, delta, subset);
  }

  moveObjectsToTop(ids: unknown, subset?: unknown): number {
    return this.moveObjectsByDelta(ids, -this._objects.length, subset);
  }

  moveObjectsToBottom(ids: unknown, subset?: unknown): number {
    return this.moveObjectsByDelta(ids, this._objects.length, subset);
  }

  /** Sorts the objects by an attribute or method of theirs. */
  orderObjects(key: string, reverse?: unknown): number {
    const sorted = sortSequence(this.objectItems(), tuple(tuple(key, 'cmp', 'asc')), null, 0) as Tuple[];
    const ids = sorted.map(([id]) => id as string);
    if (reverse) ids.reverse();
    return this.moveObjectsByDelta(ids, -this._objects.length);
  }

  getObjectPosition(id: string): number {
    const position = this.objectIds().indexOf(id);
    if (position < 0) throw new ValueError(`The object with the id "${id}" does not exist.`);
    return position;
  }

  moveObjectToPosition(id: string, position: number): number {
    return this.moveObjectsByDelta(id, position - this.getObjectPosition(id));
  }

  getDefaultSorting(): Tuple<unknown> {
    return tuple(this._default_sort_key, this._default_sort_reverse);
  }

  setDefaultSorting(key: string, reverse: unknown): void {
    this._default_sort_key = key;
    this._default_sort_reverse = reverse ? 1 : 0;
  }

  /** The object stays where it is in the order. */
  override manage_renameObject(id: string, new_id: string, request?: unknown): unknown {
    const position = this.getObjectPosition(id);
    const answer = super.manage_renameObject(id, new_id, request);
    this.moveObjectToPosition(new_id, position);
    return answer;
  }
}

function moved(
  folder: OrderedFolder,
  ids: unknown,
  move: (names: string[]) => number,
  where: string,
): string {
  const names = namesOf(ids);
  if (names.length === 0) return folder.manage_main('Error: No items were specified!');
  try {
    const count = move(names);
    return folder.manage_main(`${count} item${count === 1 ? '' : 's'} moved ${where}.`);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return folder.manage_main(`Error: ${error.message}`);
  }
}

registerClass(OrderedFolder, 'OFS.OrderedFolder.OrderedFolder', { python: true, acquires: 'implicit' });
Object.assign(OrderedFolder.prototype, {
  meta_type: 'Folder (Ordered)',
  has_order_support: 1,
  _default_sort_key: 'position',
  _default_sort_reverse: 0,
});

const manage = { permission: Permissions.manageProperties };
const read = { permission: Permissions.accessContentsInformation };
declareClass(OrderedFolder, {
  changes: [
    'moveObjectsByDelta',
    'manage_move_objects_up',
    'manage_move_objects_down',
    'manage_move_objects_to_top',
    'manage_move_objects_to_bottom',
    'manage_set_default_sorting',
  ],
  names: {
    manage_move_objects_up: manage,
    manage_move_objects_down: manage,
    manage_move_objects_to_top: manage,
    manage_move_objects_to_bottom: manage,
    manage_set_default_sorting: manage,
    moveObjectsByDelta: manage,
    moveObjectsUp: manage,
    moveObjectsDown: manage,
    moveObjectsToTop: manage,
    moveObjectsToBottom: manage,
    orderObjects: manage,
    getObjectPosition: read,
    moveObjectToPosition: manage,
    getDefaultSorting: read,
    setDefaultSorting: manage,
  },
  signatures: {
    manage_move_objects_up: 'ids=None, delta=1',
    manage_move_objects_down: 'ids=None, delta=1',
    manage_move_objects_to_top: 'ids=None',
    manage_move_objects_to_bottom: 'ids=None',
    manage_set_default_sorting: 'key, reverse',
    moveObjectsByDelta: 'ids, delta, subset_ids=None',
    moveObjectsUp: 'ids, delta=1, subset_ids=None',
    moveObjectsDown: 'ids, delta=1, subset_ids=None',
    moveObjectsToTop: 'ids, subset_ids=None',
    moveObjectsToBottom: 'ids, subset_ids=None',
    orderObjects: 'key, reverse=None',
    getObjectPosition: 'id',
    moveObjectToPosition: 'id, position, suppress_events=False',
    setDefaultSorting: 'key, reverse',
  },
});
