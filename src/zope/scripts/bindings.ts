/** Names that a script finds bound when it runs (INVENTORY S-073): context, container, itself, the rest of the path, a namespace. */
import { aqInner, aqParent, registerClass } from '../../persistent/index.ts';
import { Dict } from '../../pickle/index.ts';
import { getattr, getSecurityPolicy, registerType, Unauthorized } from '../../restricted/index.ts';
import { getRequest } from '../../publisher/index.ts';

/** What can be bound, in the order in which forms show it. */
export const BINDINGS = ['name_context', 'name_container', 'name_m_self', 'name_ns', 'name_subpath'] as const;
export type BindingKind = (typeof BINDINGS)[number];

/** The names that new scripts get. */
export const DEFAULT_BINDINGS: Readonly<Partial<Record<BindingKind, string>>> = {
  name_context: 'context',
  name_container: 'container',
  name_m_self: 'script',
  name_subpath: 'traverse_subpath',
};

/** Which names are bound to what; never changed, but replaced. */
export class NameAssignments {
  readonly _asgns: Dict<string, string>;

  constructor(names: Readonly<Partial<Record<BindingKind, string>>>) {
    this._asgns = new Dict<string, string>();
    for (const kind of BINDINGS) {
      const name = names[kind]?.trim();
      if (!name) continue;
      if (!/^(?:_|[a-zA-Z][a-zA-Z0-9_]*)$/.test(name))
        throw new RangeError(`"${name}" is not a valid variable name.`);
      this._asgns.set(kind, name);
    }
  }
}
registerClass(NameAssignments, 'Shared.DC.Scripts.Bindings.NameAssignments', {
  python: true,
  immutable: true,
});

/** Parameters of a script as Python's publisher reads them; never changed, but replaced. */
export class FuncCode {
  readonly co_varnames: readonly string[];
  readonly co_argcount: number;

  constructor(names: readonly string[]) {
    this.co_varnames = names;
    this.co_argcount = names.length;
  }
}
registerClass(FuncCode, 'Shared.DC.Scripts.Signature.FuncCode', { python: true, immutable: true });

/** Stands for a context or container that the user may not have: a script that does not use it can run. */
class UnauthorizedBinding {
  readonly _binding: string;
  readonly #object: object;

  constructor(binding: string, object: object) {
    this._binding = binding;
    this.#object = object;
  }

  /** An attribute of the object that the user may read although he may not have the object. */
  static read(self: UnauthorizedBinding, name: string): unknown {
    return name.startsWith('__') ? refuse(self) : getattr(self.#object, name);
  }
}

function refuse(self: UnauthorizedBinding): never {
  throw new Unauthorized(`Not authorized to access binding: ${self._binding}`);
}

registerType(UnauthorizedBinding, {
  pyName: 'UnauthorizedBinding',
  attributes: 'all',
  operators: {
    getattr: UnauthorizedBinding.read,
    str: refuse,
    call: refuse,
    getitem: refuse,
    contains: refuse,
    iter: refuse,
    repr: (self) => `<UnauthorizedBinding: ${self._binding}>`,
  },
});

/** The object, when the user may have it where it is. */
function allowed(binding: string, object: object): object {
  const container = aqParent(aqInner(object)) as object | null;
  let may: boolean;
  try {
    may = getSecurityPolicy().validate(aqParent(object), container, '', object);
  } catch (error) {
    if (!(error instanceof Unauthorized) && (error as Error).name !== 'Unauthorized') throw error;
    may = false;
  }
  return may ? object : new UnauthorizedBinding(binding, object);
}

/** The container of a script. Where the script was not acquired it is its context, and the policy is asked once for both. */
function containerOf(
  script: object,
  bound: Readonly<Record<string, unknown>>,
  assignments: NameAssignments,
): object {
  const container = aqParent(aqInner(script)) as object;
  const context = assignments._asgns.get('name_context');
  return context !== undefined && bound[context] === container ? container : allowed('container', container);
}

/** The values of the names, for a script as it was reached. */
export function bindNames(
  script: object,
  assignments: NameAssignments,
  namespace: unknown,
): Record<string, unknown> {
  const bound: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [kind, name] of assignments._asgns) {
    switch (kind) {
      case 'name_context':
        bound[name] = allowed('context', aqParent(script) as object);
        break;
      case 'name_container':
        bound[name] = containerOf(script, bound, assignments);
        break;
      case 'name_m_self':
        bound[name] = script;
        break;
      case 'name_ns':
        bound[name] = namespace;
        break;
      case 'name_subpath':
        bound[name] = getRequest()?.other.get('traverse_subpath') ?? [];
        break;
      default:
    }
  }
  return bound;
}
