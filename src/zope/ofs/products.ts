/** What can be added to containers: constructors in products, by the names that forms and URLs have (INVENTORY O-007). */
import { getSecurityPolicy } from '../../restricted/index.ts';
import type { HTTPRequest } from '../../publisher/index.ts';
import type { ObjectManager } from './object-manager.ts';

/** Fields of the add form beside id and title. */
export type AddField = 'file' | 'text' | 'smtp' | 'external' | 'fixed-id';

export interface Constructor {
  /** Name of the method in `manage_addProduct/PRODUCT/NAME`. */
  readonly name: string;
  /** A Python parameter list without the container. */
  readonly signature: string;
  /**
   * Makes the object and puts it into the container. Returns the answer to a request or a script, or nothing: then a request
   * gets the listing.
   */
  add(this: void, container: ObjectManager, context: AddContext, ...args: never[]): unknown;
}

export interface AddContext {
  /** Of the URL or script that asked; null for calls from code. */
  readonly request: HTTPRequest | null;
  /** Whether the answer is a redirect: the constructor was called by a URL of its own. */
  readonly redirects: boolean;
}

export interface ProductType {
  /** As it is stored beside the ids of a container. */
  readonly metaType: string;
  readonly product: string;
  readonly permission: string;
  readonly constructors: readonly Constructor[];
  /** Of the form in the management interface; without one the type is not listed there. */
  readonly fields?: readonly AddField[];
  /** Name of the form in `manage_addProduct/PRODUCT/NAME`. */
  readonly form?: string;
  /** That form, where it is not the one of all types. */
  formPage?(container: ObjectManager): string;
  /** The id that an object of this type always has. */
  readonly fixedId?: string;
  /** Whether a container may have one. */
  allowedIn?(container: ObjectManager): boolean;
}

const types: ProductType[] = [];

export function registerProduct(type: ProductType): void {
  types.push(type);
}

export const products = (): readonly ProductType[] => types;

/** The types that the current user may add to a container, by name. */
export function addableTo(container: ObjectManager): ProductType[] {
  const policy = getSecurityPolicy();
  return types
    .filter(
      (type) =>
        (type.fields !== undefined || type.formPage !== undefined) && (type.allowedIn?.(container) ?? true),
    )
    .filter((type) => policy.checkPermission(type.permission, container))
    .sort((a, b) => (a.metaType.toLowerCase() < b.metaType.toLowerCase() ? -1 : 1));
}
