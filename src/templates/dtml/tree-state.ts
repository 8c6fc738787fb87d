/** Which nodes of a `dtml-tree` are open, as requests tell each other. */
import { deflateSync, inflateSync } from 'node:zlib';

/** An open node: its id, and the open nodes below it. */
export type OpenNode = [id: unknown, children?: OpenNode[]];

/** The state as text for cookies and links: compressed JSON in base64 without padding, `-` for `+`. */
export function encodeState(state: unknown): string {
  return deflateSync(JSON.stringify(state)).toString('base64').replaceAll('=', '').replaceAll('+', '-');
}

const MAX_STATE = 100_000;

/** What `encodeState` made; what is none is an empty state. */
export function decodeState(text: unknown): unknown[] {
  if (typeof text !== 'string') return [];
  try {
    const data = Buffer.from(text.replaceAll('-', '+'), 'base64');
    const value: unknown = JSON.parse(inflateSync(data, { maxOutputLength: MAX_STATE }).toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

export const isState = (value: unknown): value is OpenNode[] =>
  Array.isArray(value) &&
  value.every((node) => Array.isArray(node) && (node.length < 2 || isState((node as unknown[])[1])));

/** Opens or closes the node that a path of ids leads to. */
export function applyChange(state: OpenNode[], path: readonly unknown[], open: boolean): void {
  let nodes = state;
  for (const [at, id] of path.entries()) {
    const last = at === path.length - 1;
    let index = nodes.findIndex((node) => node[0] === id);
    if (index < 0) {
      if (last && !open) return;
      nodes.push([id, []]);
      index = nodes.length - 1;
    } else if (last && !open) {
      nodes.splice(index, 1);
      return;
    }
    nodes = nodes[index]![1] ??= [];
  }
}

/** How many levels of them there are. */
export const depthOf = (nodes: readonly OpenNode[]): number =>
  nodes.reduce((depth, node) => Math.max(depth, 1 + depthOf(node[1] ?? [])), 0);
