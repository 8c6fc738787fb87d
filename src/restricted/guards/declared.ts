/** What names mean on objects of the host: which are attributes at all, and which are declared public. */
import { type Class, declarationGeneration, namedDeclarationOf } from '../declarations.ts';
import { classOfPrototype, typeOf } from '../runtime/types.ts';
import { isPlain } from './values.ts';

/** What JavaScript gives to every object: never an attribute. */
export const HOST_NAMES = new Set(Object.getOwnPropertyNames(Object.prototype));
export const VALID_AQ = new Set(['aq_parent', 'aq_inner', 'aq_explicit']);
/** Names of interpreter internals that no restricted code may ask for, on whatever object. */
export const INSPECT_ATTRIBUTES: ReadonlySet<string> = new Set(
  `tb_frame tb_next f_back f_builtins f_code f_generator f_globals f_locals f_trace co_code gi_frame gi_code gi_yieldfrom
  cr_await cr_frame cr_code cr_origin ag_await ag_frame ag_code`.split(/\s+/),
);

/** Objects whose JavaScript properties are their attributes: not Python's own values. */
export function isHostObject(o: object): boolean {
  if (isPlain(o)) return false;
  return typeOf(o).cls !== undefined || classOfPrototype(Object.getPrototypeOf(o) as object) !== Object;
}

/** What a class says of a name, by prototype and name; emptied when a class is declared. */
let declared = new WeakMap<object, Map<string, 'public' | 'ask'>>();
let generation = -1;

export function isPublic(o: object, name: string): boolean {
  if (generation !== declarationGeneration()) {
    generation = declarationGeneration();
    declared = new WeakMap();
  }
  const prototype = Object.getPrototypeOf(o) as object;
  let names = declared.get(prototype);
  if (names === undefined) declared.set(prototype, (names = new Map()));
  let answer = names.get(name);
  if (answer === undefined) {
    const cls = classOfPrototype(prototype);
    const declaration = cls === undefined ? undefined : namedDeclarationOf(cls as Class, name);
    names.set(name, (answer = declaration === 'public' ? 'public' : 'ask'));
  }
  return answer === 'public';
}
