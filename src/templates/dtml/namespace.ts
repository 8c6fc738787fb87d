/** Where DTML finds names: sources on a stack, the last one first; `_` in expressions (INVENTORY T-070 to T-079). */
import { isPersistent } from '../../persistent/index.ts';
import { Dict, Tuple, tuple } from '../../pickle/index.ts';
import {
  AttributeError,
  builtinValue,
  call,
  declareClass,
  findModule,
  getattr,
  getitem,
  getSecurityPolicy,
  hasattr,
  HostCallable,
  isCallable,
  KeyError,
  NameError,
  PyError,
  registerType,
  str,
  SystemError,
  trustedGetitem,
  typeName,
  TypeError,
} from '../../restricted/index.ts';

/** Something that has values by name; undefined where it lacks a name. */
export interface NameSource {
  lookup(name: string): unknown;
}

const NOTHING: unique symbol = Symbol('nothing');
const MAX_LEVEL = 200;

/** Names that a tag binds. */
export class Bindings implements NameSource {
  readonly values: Map<string, unknown>;

  constructor(values: Map<string, unknown> = new Map()) {
    this.values = values;
  }

  lookup(name: string): unknown {
    return this.values.get(name);
  }
}

/** The error of looking up something that is no text. */
function noName(key: unknown): TypeError {
  const type = typeName(key);
  return new TypeError(
    ['list', 'dict', 'set'].includes(type)
      ? `unhashable type: '${type}'`
      : `'${type}' object is not subscriptable`,
  );
}

/** The attributes of an object, as the current user may read them. */
export class InstanceNames implements NameSource {
  readonly object: unknown;
  readonly #found = new Map<string, unknown>();

  constructor(object: unknown) {
    this.object = object;
  }

  lookup(name: string): unknown {
    const cached = this.#found.get(name);
    if (cached !== undefined) return cached;
    if (typeof name !== 'string') throw noName(name);
    if (name.charCodeAt(0) === 95) return name === '__str__' ? str(this.object) : undefined;
    let value: unknown;
    try {
      value = getattr(this.object, name, NOTHING);
    } catch (error) {
      if (error instanceof AttributeError) return undefined;
      throw error;
    }
    if (value === NOTHING) return undefined;
    this.#found.set(name, value);
    return value;
  }
}

/** A mapping that the caller passes: its items are read by key. */
export class MappingNames implements NameSource {
  readonly mapping: unknown;

  constructor(mapping: unknown) {
    this.mapping = mapping;
  }

  lookup(name: string): unknown {
    const { mapping } = this;
    if (mapping instanceof Map) return mapping.get(name);
    try {
      return trustedGetitem(mapping, name);
    } catch (error) {
      if (error instanceof KeyError || error instanceof NameError) return undefined;
      // An object of the site that has no items has no method for them, either.
      if (error instanceof TypeError && isPersistent(mapping)) throw new AttributeError('__getitem__');
      throw error;
    }
  }
}

/** A mapping that a tag names: its items are read as the current user may read them. */
export class ItemNames implements NameSource {
  readonly mapping: unknown;

  constructor(mapping: unknown) {
    this.mapping = mapping;
  }

  lookup(name: string): unknown {
    const { mapping } = this;
    // A missing name is looked for further down the stack; an error for each would cost more than everything else.
    if (mapping instanceof Map && mapping.get(name) === undefined) return undefined;
    try {
      return getitem(mapping, name);
    } catch (error) {
      if (error instanceof KeyError || error instanceof NameError) return undefined;
      throw error;
    }
  }
}

interface Lookup {
  taintWrapper?(): NameSource;
  lookup?(name: string): unknown;
}

/** The source that a mapping argument is; a request shows its form tainted. */
export function namesOf(mapping: unknown): NameSource {
  if (typeof mapping === 'object' && mapping !== null && !(mapping instanceof Map)) {
    const { taintWrapper, lookup } = mapping as Lookup;
    if (typeof taintWrapper === 'function') return taintWrapper.call(mapping);
    if (typeof lookup === 'function') return mapping as NameSource;
  }
  return new MappingNames(mapping);
}

export class Namespace implements NameSource {
  readonly #sources: NameSource[] = [];
  /** How many templates call each other. */
  #level = 0;
  /** The object that the outermost template was called for; undefined: this is of no template. */
  client: unknown = undefined;

  push(source: NameSource): void {
    this.#sources.push(source);
  }

  pop(count = 1): void {
    if (count === 1) this.#sources.pop();
    else this.#sources.length -= count;
  }

  /** The value of a name as it is; undefined when no source has it. */
  find(name: string): unknown {
    for (let at = this.#sources.length - 1; at >= 0; at--) {
      const value = this.#sources[at]!.lookup(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  lookup(name: string): unknown {
    return this.find(name);
  }

  /** The value of a name, called when it can be. Throws a KeyError. */
  get(name: string): unknown {
    const value = this.find(name);
    if (value === undefined) throw new KeyError(name);
    return this.render(value);
  }

  getOrUndefined(name: string): unknown {
    const value = this.find(name);
    return value === undefined ? undefined : this.render(value);
  }

  /** A value as its name gives it: templates are rendered here, functions are called without arguments. */
  render(value: unknown): unknown {
    if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
    if (typeof value === 'object') {
      const hook = (value as { __render_with_namespace__?: unknown }).__render_with_namespace__;
      if (typeof hook === 'function')
        return (value as { __render_with_namespace__(names: Namespace): unknown }).__render_with_namespace__(
          this,
        );
      if (value instanceof PyError) return value;
    }
    if (!isCallable(value)) return value;
    if (typeof value === 'object' && (value as { isDocTemp?: unknown }).isDocTemp)
      return call(value, [null, this]);
    return call(value, []);
  }

  /** Runs `work` one template deeper. */
  nested<T>(work: () => T): T {
    if (this.#level > MAX_LEVEL) throw new SystemError('infinite recursion in document template');
    this.#level++;
    try {
      return work();
    } finally {
      this.#level--;
    }
  }

  get size(): number {
    return this.#sources.length;
  }
}

/** What `_(a=1)` and `_.namespace(a=1)` give. */
class NamedValues {
  readonly values: NameSource;

  constructor(values: NameSource) {
    this.values = values;
  }
}
registerType(NamedValues, {
  pyName: 'DictInstance',
  attributes: 'all',
  operators: { getattr: (self, name) => self.values.lookup(name) },
});

/** `_(mapping, …, name=value)`: what a `with` tag takes; None of nothing. */
function named(args: readonly unknown[], values: Dict<string, unknown> | undefined): Tuple<unknown> | null {
  if (args.length === 0)
    return values === undefined || values.size === 0 ? null : tuple(new NamedValues(new Bindings(values)));
  const names = new Namespace();
  for (const arg of args) names.push(new MappingNames(arg));
  if (values !== undefined && values.size > 0) names.push(new Bindings(values));
  return tuple(new NamedValues({ lookup: (name) => names.getOrUndefined(name) }));
}

const namedFunction = new HostCallable('namespace', (args, values) => {
  if (args.length > 0)
    throw new TypeError(`namespace() takes 1 positional argument but ${args.length + 1} were given`);
  return named([], values);
});

/** Built-in functions and modules that expressions reach as attributes of `_`. */
const BUILTINS = new Set(
  (
    'abs bool bytes callable chr complex delattr dict divmod enumerate filter float hash hex id int isinstance issubclass iter ' +
    'len list map max min next oct ord pow range reduce repr reversed round set frozenset setattr slice sorted str sum tuple zip ' +
    'any all same_type test reorder DateTime sequence'
  ).split(' '),
);
const MODULES = new Set(['string', 'math', 'random']);
const functions = new Map<string, unknown>();

/** Adds a function to what expressions find as attributes of `_`. */
export function registerNamespaceFunction(name: string, value: (...args: never[]) => unknown): void {
  functions.set(name, value);
}

// What the namespace holds was checked where it came from, or is checked when it is used.
declareClass(Namespace, { object: 'public', default: 'allow' });

/** Properties of the host's object: expressions have no attributes of these names. */
const HOST_PROPERTIES = 'client size find get push pop nested lookup getOrUndefined'.split(' ');

registerType(Namespace, {
  pyName: 'TemplateDict',
  attributes: 'all',
  getters: Object.fromEntries(HOST_PROPERTIES.map((name) => [name, () => attribute(name)] as const)),
  methods: {
    getitem: [
      'key, call=0',
      (self, key: string, called?: unknown) => {
        const value = self.find(key);
        if (value === undefined) throw new KeyError(key);
        return called ? self.render(value) : value;
      },
    ],
    has_key: ['key', (self, key: string) => self.find(key) !== undefined],
    render: ['v', (self, value: unknown) => self.render(value)],
    getattr: [
      'inst, name, default=None',
      (_self, object: unknown, name: string, ...rest: unknown[]) =>
        rest.length === 0 || rest[0] === undefined ? getattr(object, name) : getattr(object, name, rest[0]),
    ],
    hasattr: ['inst, name', (_self, object: unknown, name: string) => (hasattr(object, name) ? 1 : 0)],
    SecurityValidate: [
      'inst, parent, name, value',
      (_self, accessed: unknown, container: unknown, name: string, value: unknown) =>
        getSecurityPolicy().validate(accessed, container, name, value) ? 1 : 0,
    ],
    SecurityCheckPermission: [
      'permission, object',
      (_self, permission: string, object: unknown) =>
        getSecurityPolicy().checkPermission(permission, object) ? 1 : null,
    ],
  },
  operators: {
    getattr: (self, name) => {
      if (name === 'this') return self.client;
      if (name === 'namespace') return namedFunction;
      if (BUILTINS.has(name)) return builtinValue(name);
      if (name === 'whrandom') return findModule('random');
      return MODULES.has(name) ? findModule(name) : functions.get(name);
    },
    getitem: (self, key) => self.get(key as string),
    contains: (self, key) => self.find(key as string) !== undefined,
    len: (self) => self.size,
    bool: () => true,
    call: (_self, args, kwargs) => named(args, kwargs),
  },
});

function attribute(name: string): never {
  throw new AttributeError(name);
}
