/** What the declarations of a class say, put together once: the publisher asks for it several times a request. */
import {
  allowsUndeclared,
  type Class,
  type Declaration,
  declarationGeneration,
  declarationsOf,
  isChanging,
  isPostOnly,
  isPublishable,
  isPublishedName,
  namedDeclarationOf,
  objectDeclarationOf,
  signatureTextOf,
} from '../restricted/index.ts';

/** What is declared about a name that instances of a class have. */
export interface NameFacts {
  readonly declaration: Declaration | undefined;
  readonly published: boolean;
  readonly postOnly: boolean;
  /** Whether it changes something, so that a page of another site must not make a browser call it. */
  readonly changing: boolean;
  readonly signature: string | undefined;
}

export class ClassFacts {
  readonly object: Declaration | undefined;
  readonly publishable: boolean;
  readonly allowsUndeclared: boolean;
  readonly #cls: Class;
  readonly #names = new Map<string, NameFacts>();

  readonly #roles = new Map<string, readonly string[]>();

  constructor(cls: Class) {
    this.#cls = cls;
    this.object = objectDeclarationOf(cls);
    this.publishable = isPublishable(cls);
    this.allowsUndeclared = allowsUndeclared(cls);
  }

  /** Roles that the class, or a base, says have a permission; undefined: none says anything. */
  rolesFor(permission: string): readonly string[] | undefined {
    const known = this.#roles.get(permission);
    if (known !== undefined) return known;
    for (const { roles } of declarationsOf(this.#cls)) {
      if (roles === undefined || !Object.hasOwn(roles, permission)) continue;
      const found = roles[permission]!;
      this.#roles.set(permission, found);
      return found;
    }
    return undefined;
  }

  of(name: string): NameFacts {
    let facts = this.#names.get(name);
    if (facts === undefined) {
      const cls = this.#cls;
      facts = {
        declaration: namedDeclarationOf(cls, name),
        published: isPublishedName(cls, name),
        postOnly: isPostOnly(cls, name),
        changing: isChanging(cls, name),
        signature: signatureTextOf(cls, name),
      };
      // Names come from URLs too: what nobody declared is not worth keeping.
      if (facts.declaration !== undefined || facts.published) this.#names.set(name, facts);
    }
    return facts;
  }
}

let known = new WeakMap<Class, ClassFacts>();
let generation = -1;

/** What is declared about a class. */
export function factsOf(cls: Class): ClassFacts {
  if (generation !== declarationGeneration()) {
    known = new WeakMap();
    generation = declarationGeneration();
  }
  let facts = known.get(cls);
  if (facts === undefined) known.set(cls, (facts = new ClassFacts(cls)));
  return facts;
}
