import { inspect } from 'node:util';
import { HANDLER } from '../handler-symbol.ts';
import { Slot } from '../slot.ts';
import { exposeItem, toItem } from './adopt.ts';
import type { Belonging } from './tracker.ts';

type Fields = Record<string | symbol, unknown>;

function inspectFields(this: Fields, _depth: number, options: object): string {
  return inspect({ ...this }, options);
}
const target: Fields = Object.defineProperty({}, inspect.custom, {
  configurable: true,
  value: inspectFields,
});
const bareTarget: Fields = Object.defineProperty(Object.create(null) as Fields, inspect.custom, {
  configurable: true,
  value: inspectFields,
});

/** A plain object that is part of a persistent object: a proxy through which its changes are noted. */
export class ObjectTracker extends Slot implements ProxyHandler<Fields> {
  raw: Fields;
  readonly belonging: Belonging;
  /** Whether user code made the object and may still hold it. */
  adopted = false;
  #proxy: Fields | null = null;

  constructor(raw: Fields, belonging: Belonging) {
    super();
    this.raw = raw;
    this.belonging = belonging;
  }

  get proxy(): Fields {
    return (this.#proxy ??= new Proxy(Object.getPrototypeOf(this.raw) === null ? bareTarget : target, this));
  }

  override expose(): unknown {
    return this.proxy;
  }

  override stored(): unknown {
    return this.raw;
  }

  get(target: Fields, name: string | symbol, receiver: Fields): unknown {
    if (typeof name === 'symbol') {
      if (name === HANDLER) return receiver === this.#proxy ? this : undefined;
      return Object.hasOwn(this.raw, name) ? this.raw[name] : Reflect.get(target, name, receiver);
    }
    this.belonging.check();
    const descriptorless = this.raw[name];
    if (typeof descriptorless !== 'object' || descriptorless === null) return descriptorless;
    return Object.hasOwn(this.raw, name) ? exposeItem(descriptorless, this.belonging) : descriptorless;
  }

  set(_target: Fields, name: string | symbol, value: unknown, receiver: Fields): boolean {
    if (receiver !== this.#proxy) {
      return Reflect.defineProperty(receiver, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return this.put(name, value);
  }

  private put(name: string | symbol, value: unknown): boolean {
    const bare = toItem(value, this.belonging);
    this.belonging.change();
    if (name === '__proto__') {
      return Reflect.defineProperty(this.raw, name, {
        value: bare,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return Reflect.set(this.raw, name, bare);
  }

  has(_target: Fields, name: string | symbol): boolean {
    this.belonging.check();
    return name in this.raw;
  }

  deleteProperty(_target: Fields, name: string | symbol): boolean {
    this.belonging.check();
    if (!Object.hasOwn(this.raw, name)) return true;
    this.belonging.change();
    return Reflect.deleteProperty(this.raw, name);
  }

  ownKeys(): (string | symbol)[] {
    this.belonging.check();
    return Reflect.ownKeys(this.raw);
  }

  getOwnPropertyDescriptor(_target: Fields, name: string | symbol): PropertyDescriptor | undefined {
    this.belonging.check();
    if (!Object.hasOwn(this.raw, name)) return undefined;
    return {
      value: exposeItem(this.raw[name], this.belonging),
      writable: true,
      enumerable: Object.prototype.propertyIsEnumerable.call(this.raw, name),
      configurable: true,
    };
  }

  defineProperty(_target: Fields, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    return 'value' in descriptor && this.put(name, descriptor.value);
  }

  setPrototypeOf(target: Fields, prototype: object | null): boolean {
    return prototype === Object.getPrototypeOf(target);
  }

  preventExtensions(): boolean {
    return false;
  }
}
