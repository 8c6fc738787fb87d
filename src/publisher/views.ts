/** Views: pages of objects of every kind, reached as `@@name` or `++view++name` (INVENTORY P-029). */
import type { Declaration } from '../restricted/index.ts';
import type { HTTPRequest } from './request.ts';

export interface View {
  /** Who may see it at a URL. */
  readonly declaration: Declaration;
  /** What is published. */
  render(object: object, request: HTTPRequest): unknown;
  /** What a path expression gives; it is guarded as any object. */
  create(object: object): object;
}

const views = new Map<string, View>();

/** Adds a view; one of the same name is replaced. */
export function registerView(name: string, view: View): void {
  views.set(name, view);
}

/** The view that a name in a URL asks for; undefined for names of other namespaces and unknown ones. */
export function viewOf(name: string): View | undefined {
  const prefix = name.startsWith('@@') ? '@@' : '++view++';
  return name.startsWith(prefix) ? views.get(name.slice(prefix.length)) : undefined;
}
