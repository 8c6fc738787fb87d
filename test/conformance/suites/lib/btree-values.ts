/** The notation of values in the suite `btrees`: reading and writing. */
import { type BTreeModule, BTreeItems, btreeModules, Sorted } from '../../../../src/btrees/index.ts';
import {
  Complex,
  Dict,
  float,
  GlobalRef,
  int,
  isFloat,
  PyFloat,
  Tuple,
  tupleFrom,
  Unpickler,
} from '../../../../src/pickle/index.ts';
import { classNameOf, classOf, Persistent, registerClass } from '../../../../src/persistent/index.ts';

type Json = unknown;
type JsonObject = Record<string, Json>;

/** Classes without an order of their own. */
class Weird {}
class Unordered {}

/** Stands for another persistent object in a state. */
class Note extends Persistent {
  declare title: string;
}
registerClass(Note, 'corpusmodel.BTreeNote');

/** The class that a suite names, such as `BTrees.OOBTree.OOBucket`. */
export function classNamed(name: string): new () => Sorted {
  const [, moduleName, prefix, kind] = /^(BTrees\.(\w\w)BTree)\.\2(\w+)$/.exec(name) ?? [];
  const module = btreeModules.get(moduleName ?? '');
  if (module === undefined || prefix === undefined) throw new Error(`no class ${name}`);
  return module[kind as 'BTree' | 'Bucket' | 'Set' | 'TreeSet'];
}

export function moduleNamed(name: string): BTreeModule {
  const module = btreeModules.get(name);
  if (module === undefined) throw new Error(`no module ${name}`);
  return module;
}

/** Any of the containers, as the operations of the suite use them. */
export type Container = Sorted & {
  update(items: unknown): unknown;
  keys(): Iterable<unknown>;
  items?(): Iterable<unknown>;
};

function makeContainer({ class: name, items }: { class: string; items: Json[] }): Container {
  const container = new (classNamed(name))() as Container;
  const isMapping = typeof container.items === 'function';
  container.update(
    items.map((item) => (isMapping ? tupleFrom(fromTagged(item) as unknown[]) : fromTagged(item))),
  );
  return container;
}

export function fromTagged(value: Json): unknown {
  if (value === '<object()>') return new Unordered();
  if (value === '<instance>') return new Weird();
  if (value === '<class>') return Weird;
  if (Array.isArray(value)) return value.map(fromTagged);
  if (value === null || typeof value !== 'object') return value;
  const tagged = value as JsonObject;
  if ('$int' in tagged) return int(BigInt(tagged.$int as string));
  if ('$float' in tagged)
    return float(Number(String(tagged.$float).replace('inf', 'Infinity').replace('nan', 'NaN')));
  if ('$bytes' in tagged) return new Uint8Array(Buffer.from(tagged.$bytes as string, 'base64'));
  if ('$tuple' in tagged) return tupleFrom((tagged.$tuple as Json[]).map(fromTagged));
  if ('$list' in tagged) return (tagged.$list as Json[]).map(fromTagged);
  if ('$btree' in tagged) return makeContainer(tagged.$btree as { class: string; items: Json[] });
  if ('$complex' in tagged) {
    const [real, imag] = (tagged.$complex as Json[]).map((part) => Number(fromTagged(part))) as [
      number,
      number,
    ];
    return new Complex(real, imag);
  }
  if ('$dict' in tagged)
    return Dict.from(
      (tagged.$dict as [Json, Json][]).map(([key, item]) => [fromTagged(key), fromTagged(item)] as const),
    );
  if ('$persistent' in tagged) return new Note();
  if (Object.keys(tagged).some((key) => key.startsWith('$')))
    throw new Error(`no reader for ${JSON.stringify(tagged)}`);
  return Dict.from(Object.entries(tagged).map(([key, item]) => [key, fromTagged(item)] as const));
}

function floatText(number: number): string {
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  if (Object.is(number, -0)) return '-0.0';
  if (Math.abs(number) >= 1e16)
    return number
      .toExponential()
      .replace(/e\+?(-?)(\d)$/, 'e+$10$2')
      .replace('e+-', 'e-');
  return number.toFixed(1);
}

/** How a reference in a record is shown. */
export class Ref {
  readonly oid: string;
  readonly className: string;

  constructor(oid: string, className: string) {
    this.oid = oid;
    this.className = className;
  }
}

export function toTagged(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return { $int: String(value) };
  if (isFloat(value)) {
    const number = value instanceof PyFloat ? value.value : (value as number);
    const special = value instanceof PyFloat || !Number.isFinite(number) || Math.abs(number) > 2 ** 53;
    return special ? { $float: floatText(number) } : number;
  }
  if (typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Ref) return { $ref: value.oid, form: 'oid+class', class: value.className };
  if (value instanceof Tuple) return { $tuple: [...value].map(toTagged) };
  if (Array.isArray(value)) return value.map(toTagged);
  if (value instanceof BTreeItems) return [...(value as BTreeItems)].map(toTagged);
  if (value instanceof Sorted) return { $btree: { class: nameOf(value), items: itemsOf(value) } };
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, toTagged(item)]));
  if (Symbol.iterator in value) return [...(value as Iterable<unknown>)].map(toTagged);
  throw new Error(`no notation for a ${classOf(value).name}`);
}

function nameOf(value: object): string {
  return classNameOf(classOf(value))!.join('.');
}

/** Items of mappings are lists of two in the suite, wherever it is not a call that returns them. */
export function itemsOf(container: Sorted): Json[] {
  const { items, keys } = container as unknown as Container;
  if (typeof items === 'function')
    return [...items.call(container)].map((item) => (item as unknown[]).map(toTagged));
  return [...keys.call(container)].map(toTagged);
}

/** Python's name of the type of an error. */
export function errorName(error: unknown): string {
  const { pyName, name } = error as { pyName?: string; name?: string };
  return pyName ?? name ?? String(error);
}

const POP = 0x30;

/** The class and state in a record. */
export function readRecord(data: Uint8Array): { class: string; state: unknown } {
  const first = new Unpickler(data, { dialect: 'zodb' });
  const described = first.load();
  const cls = described instanceof Tuple ? described[0] : described;
  const joined = Uint8Array.from(data);
  joined[first.position - 1] = POP;
  const state = new Unpickler(joined, {
    dialect: 'zodb',
    persistentLoad(pid) {
      const [oid, refClass] = pid as [Uint8Array, unknown];
      return new Ref(Buffer.from(oid).toString('hex'), dotted(refClass));
    },
  }).load();
  return { class: dotted(cls), state };
}

function dotted(cls: unknown): string {
  if (cls instanceof GlobalRef) return `${cls.module}.${cls.name}`;
  const name = typeof cls === 'function' ? classNameOf(cls as never) : undefined;
  if (name === undefined) throw new Error(`no class: ${String(cls)}`);
  return name.join('.');
}
