import { ContainerError } from '../errors.ts';
import { setKind } from './kinds.ts';

/**
 * What an array becomes that user code made, stored, and still holds after the commit: frozen, so that no change is lost
 * silently. The methods say why.
 */
const detachedArray = Object.create(Array.prototype) as object;
for (const name of ['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin']) {
  Object.defineProperty(detachedArray, name, {
    configurable: true,
    writable: true,
    value() {
      throw new ContainerError(
        'CONTAINER_STALE',
        `${name}: this array was stored in a persistent object and committed; changes to it would be lost: change the attribute that it was assigned to`,
      );
    },
  });
}
setKind(detachedArray, 'array');

const detached = new WeakSet<object>();

/** Cuts what user code holds off from the copy that the database keeps. */
export function detach(raw: object): void {
  if (Object.isFrozen(raw)) return;
  if (Array.isArray(raw) && Object.isExtensible(raw)) Object.setPrototypeOf(raw, detachedArray);
  Object.freeze(raw);
  detached.add(raw);
}

/** The container itself, or a copy that can be changed when it was cut off before. */
export function attached(raw: object): object {
  if (!detached.has(raw)) return raw;
  return Array.isArray(raw) ? [...(raw as unknown[])] : { ...raw };
}
