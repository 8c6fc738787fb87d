/** What can be added to a container through the web. */
import { getSecurityPolicy } from '../../restricted/index.ts';
import type { ObjectManager } from '../ofs/object-manager.ts';

export interface Addable {
  readonly label: string;
  /** The container's method that adds one. */
  readonly action: string;
  readonly permission: string;
  readonly upload?: boolean;
  readonly text?: boolean;
}

const kinds: Addable[] = [];

export function registerAddable(kind: Addable): void {
  kinds.push(kind);
}

/** The kinds that the current user may add to `container`. */
export function addableTo(container: ObjectManager): Addable[] {
  return kinds
    .filter((kind) => getSecurityPolicy().checkPermission(kind.permission, container))
    .map((kind) => ({ upload: false, text: false, ...kind }));
}
