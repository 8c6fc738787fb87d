/** Gives a class of a lower room what content has: methods, attributes and declarations of `Item`. */
import { Persistent } from '../../persistent/index.ts';
import { type Class, type ClassDeclarations, declarationsOf } from '../../restricted/index.ts';

/** Copies the members of `source` and its bases that `target` and its bases below `Persistent` do not have. */
export function mixIn(target: Class, source: Class): void {
  for (
    let from = source.prototype as object;
    from !== Persistent.prototype;
    from = Object.getPrototypeOf(from)
  ) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(from)))
      if (name !== 'constructor' && !(name in (target.prototype as object)))
        Object.defineProperty(target.prototype, name, member);
  }
}

/** The declarations of a class and its bases as those of one class. */
export function declarationsOfMixIn(source: Class): ClassDeclarations {
  let [names, signatures, roles] = [{}, {}, {}] as Record<string, never>[];
  const lists = { published: [] as string[], postOnly: [] as string[], changes: [] as string[] };
  for (const each of declarationsOf(source)) {
    names = { ...each.names, ...names } as never;
    signatures = { ...each.signatures, ...signatures } as never;
    roles = { ...each.roles, ...roles } as never;
    lists.published.push(...(each.published ?? []));
    lists.postOnly.push(...(each.postOnly ?? []));
    lists.changes.push(...(each.changes ?? []));
  }
  return { names, signatures, roles, ...lists } as ClassDeclarations;
}
