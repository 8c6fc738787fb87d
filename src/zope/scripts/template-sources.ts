/** The templates and scripts of a site, for checking them without running them. */
import type { Source } from '../../templates/index.ts';
import { str } from '../../restricted/index.ts';
import { DTMLDocument, DTMLMethod } from '../dtml/dtml-method.ts';
import type { Item } from '../ofs/item.ts';
import { ObjectManager } from '../ofs/object-manager.ts';
import { ZopePageTemplate } from '../ofs/page-template.ts';
import { PythonScript } from './python-script.ts';
import { TypeScriptScript } from './typescript-script.ts';

/**
 * The sources of an object and of all below it, named by their paths: `name` is that of the object, `''` for the site itself. What
 * `allowed` does not hold for is left out, with what is below it.
 */
export function* sourcesBelow(
  object: Item,
  name: string,
  allowed: (object: Item) => boolean = () => true,
): Generator<Source> {
  if (!allowed(object)) return;
  const source = sourceOfObject(object, name);
  if (source !== undefined) yield source;
  if (object instanceof ObjectManager)
    for (const id of object.objectIds()) yield* sourcesBelow(object._getOb(id), `${name}/${id}`, allowed);
}

function sourceOfObject(object: Item, name: string): Source | undefined {
  if (object instanceof ZopePageTemplate) return { kind: 'page template', name, text: object.read() };
  if (object instanceof DTMLMethod || object instanceof DTMLDocument)
    return { kind: 'DTML', name, text: str(object) };
  if (object instanceof PythonScript)
    return { kind: 'script', name, text: object.body(), parameters: object.params() };
  if (object instanceof TypeScriptScript) {
    const bound = [...object.getBindingAssignments()._asgns.values(), 'request', 'user'];
    return { kind: 'TypeScript script', name, text: object.body(), parameters: object.params(), bound };
  }
  return undefined;
}
