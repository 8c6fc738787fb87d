/** What happens to objects in containers: subscribers hear of it in Python's order (INVENTORY O-009). */
import { aqBase, getOwn } from '../../persistent/index.ts';
import type { Item } from './item.ts';
import type { ObjectManager } from './object-manager.ts';

export type EventKind =
  | 'ObjectWillBeAdded'
  | 'ObjectAdded'
  | 'ObjectWillBeMoved'
  | 'ObjectMoved'
  | 'ObjectWillBeRemoved'
  | 'ObjectRemoved'
  | 'ObjectCopied'
  | 'ObjectCloned'
  | 'ContainerModified';

export interface ObjectEvent {
  readonly kind: EventKind;
  /** What was added, moved or removed; events of what it contains name it too. */
  readonly object: Item;
  readonly oldParent?: ObjectManager | null;
  readonly oldName?: string;
  readonly newParent?: ObjectManager | null;
  readonly newName?: string;
  /** Of which `object` is a copy. */
  readonly original?: Item;
}

export type Subscriber = (object: Item, event: ObjectEvent) => void;

const subscribers: [EventKind | undefined, Subscriber][] = [];

/** Calls `subscriber` for every event of a kind, or of all kinds. Returns what ends that. */
export function subscribe(kind: EventKind | undefined, subscriber: Subscriber): () => void {
  const entry: [EventKind | undefined, Subscriber] = [kind, subscriber];
  subscribers.push(entry);
  return () => {
    const at = subscribers.indexOf(entry);
    if (at >= 0) subscribers.splice(at, 1);
  };
}

/** Before something leaves its place, what it contains hears of it first; after it has arrived, last. */
const LEAVING = new Set<EventKind>(['ObjectWillBeAdded', 'ObjectWillBeMoved', 'ObjectWillBeRemoved']);

export function notify(event: ObjectEvent): void {
  dispatch(event.object, event);
}

function dispatch(object: Item, event: ObjectEvent): void {
  const inside = () => {
    if (event.kind === 'ContainerModified' || getOwn(object, 'isAnObjectManager') === undefined) return;
    for (const child of (object as unknown as ObjectManager).objectValues()) dispatch(child as Item, event);
  };
  const leaving = LEAVING.has(event.kind);
  if (leaving) inside();
  // A subscriber may end its own subscription.
  for (const [kind, subscriber] of subscribers.slice())
    if (kind === undefined || kind === event.kind) subscriber(object, event);
  callHook(object, event);
  if (!leaving) inside();
}

/** The methods that classes had before there were events. */
function callHook(object: Item, event: ObjectEvent): void {
  const hook = (name: string, container?: ObjectManager | null) => {
    if (container === null) return;
    const method = getOwn(aqBase(object) as object, name);
    if (typeof method === 'function') method.call(object, event.object, container);
  };
  switch (event.kind) {
    case 'ObjectAdded':
    case 'ObjectMoved':
      return hook('manage_afterAdd', event.newParent ?? null);
    case 'ObjectWillBeMoved':
    case 'ObjectWillBeRemoved':
      return hook('manage_beforeDelete', event.oldParent ?? null);
    case 'ObjectCloned':
      return hook('manage_afterClone');
    default:
  }
}
