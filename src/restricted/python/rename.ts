import type { Name, Stmt } from './ast.ts';

const isName = (node: object): node is Name => (node as { kind?: unknown }).kind === 'Name';

/** Gives names others wherever they are read or bound as variables; attributes, keywords and definitions stay as they are. */
export function renameNames(body: readonly Stmt[], names: ReadonlyMap<string, string>): void {
  const open: object[] = [...body];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isName(node)) node.id = names.get(node.id) ?? node.id;
    for (const part of Object.values(node)) if (typeof part === 'object' && part !== null) open.push(part);
  }
}
