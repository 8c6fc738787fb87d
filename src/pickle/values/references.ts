import { KEY } from './key.ts';
import type { Tuple } from './tuple.ts';

/** More names than any site has classes; beyond it (a hostile pickle) references are not kept. */
const MOST_INTERNED = 20_000;
const LONGEST_INTERNED = 500;
const interned = new Map<string, GlobalRef>();

/**
 * A Python class or function by reference. `GlobalRef.of` gives the same object for the same names, so that
 * references can be compared with `===`.
 */
export class GlobalRef {
  readonly module: string;
  /** Dotted for something nested in a class: `Outer.Inner`. */
  readonly name: string;

  private constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }

  static of(module: string, name: string): GlobalRef {
    const key = `${module}\n${name}`;
    let ref = interned.get(key);
    if (ref === undefined) {
      ref = new GlobalRef(module, name);
      if (interned.size < MOST_INTERNED && key.length <= LONGEST_INTERNED) interned.set(key, ref);
    }
    return ref;
  }

  toString(): string {
    return `${this.module}.${this.name}`;
  }

  [KEY](): string {
    return `global:${this.module}\n${this.name}`;
  }
}

/** What every object made by a Python class that is not known here keeps. */
interface Contents {
  /** What BUILD gave; undefined: no BUILD. */
  state: unknown;
  /** What APPEND gave (a list subclass). */
  items: unknown[] | undefined;
  /** What SETITEM gave (a dict subclass), keys and values alternating. */
  dictItems: unknown[] | undefined;
}

/**
 * An instance of a Python class that is not known here: `cls.__new__(cls, *args, **kwargs)` and its state. It is
 * written back as it came.
 */
export class Instance implements Contents {
  /** A `GlobalRef`, or a class that was registered later. */
  readonly cls: unknown;
  readonly args: Tuple;
  readonly kwargs: Map<unknown, unknown> | undefined;
  /** The built-in type that it derives from and the value of it, in pickles of protocol 0 and 1. */
  readonly base: unknown;
  readonly baseValue: unknown;
  state: unknown = undefined;
  items: unknown[] | undefined = undefined;
  dictItems: unknown[] | undefined = undefined;

  constructor(
    cls: unknown,
    args: Tuple,
    kwargs?: Map<unknown, unknown>,
    base: unknown = undefined,
    baseValue: unknown = undefined,
  ) {
    this.cls = cls;
    this.args = args;
    this.kwargs = kwargs;
    this.base = base;
    this.baseValue = baseValue;
  }
}

/** The result of calling a Python class or function that is not known here. It is never called; it is written back. */
export class Reduce implements Contents {
  readonly callable: unknown;
  readonly args: Tuple;
  state: unknown = undefined;
  items: unknown[] | undefined = undefined;
  dictItems: unknown[] | undefined = undefined;

  constructor(callable: unknown, args: Tuple) {
    this.callable = callable;
    this.args = args;
  }
}

/** A persistent id that was met by a reader without `persistentLoad`. */
export class PersistentRef {
  readonly pid: unknown;

  constructor(pid: unknown) {
    this.pid = pid;
  }
}

class Singleton {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    Object.freeze(this);
  }

  toString(): string {
    return this.name;
  }

  [KEY](): string {
    return `singleton:${this.name}`;
  }
}

/** Python's `Ellipsis`. */
export const Ellipsis: object & { readonly name: string } = new Singleton('Ellipsis');
/** Python's `NotImplemented`. */
export const NotImplemented: object & { readonly name: string } = new Singleton('NotImplemented');
