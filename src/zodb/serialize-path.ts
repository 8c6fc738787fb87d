import { classNameOf, classOf, metaOf, PersistentMeta, Reference, Slot } from '../persistent/index.ts';

function* stepsOf(value: object): Generator<[string, unknown]> {
  if (value instanceof Map) {
    for (const [key, item] of value as Map<unknown, unknown>) {
      yield [step(key), item];
      yield [`.keys()[${String(key)}]`, key];
    }
  } else if (value instanceof Set) {
    for (const item of value as Set<unknown>) yield ['.has(…)', item];
  } else if (Array.isArray(value)) {
    for (const [index, item] of (value as unknown[]).entries()) yield [`[${index}]`, item];
  } else {
    for (const [name, item] of Object.entries(value)) yield [step(name), item];
  }
}

/** The text of one step: an attribute or a key. */
export function step(key: unknown): string {
  return typeof key === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
    ? `.${key}`
    : `[${typeof key === 'string' ? JSON.stringify(key) : String(key)}]`;
}

/** What a value is, for errors. */
export function whatIs(value: unknown): string {
  if (typeof value === 'function')
    return /^class\b/.test(Function.prototype.toString.call(value))
      ? `the class ${value.name}`
      : 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (value === undefined) return 'undefined';
  if (value === null || typeof value !== 'object') return `a ${typeof value}`;
  const cls = classOf(value);
  return classNameOf(cls) === undefined
    ? `an instance of the class ${cls.name}, which is not registered`
    : `an instance of ${cls.name}`;
}

/** The way from the root of the database to an object, as far as loaded objects show it. */
export function pathOf(target: PersistentMeta, root: PersistentMeta | undefined): string {
  if (root === undefined) return target.describe();
  try {
    (root.object as { _p_activate(): void })._p_activate();
  } catch {
    // The error that is being reported matters more: where the root cannot be loaded, the object is named alone.
    return target.describe();
  }
  const ways = new Map<PersistentMeta, string>([[root, 'root']]);
  const queue = [root];
  for (let meta = queue.shift(); meta !== undefined; meta = queue.shift()) {
    if (meta === target) return ways.get(meta)!;
    if (meta.state === null) continue;
    for (const [name, value] of contentOf(meta))
      collect(value, `${ways.get(meta)!}${name}`, ways, queue, new Set());
    if (ways.size > 20_000) break;
  }
  return target.describe();
}

function contentOf(meta: PersistentMeta): Iterable<[string, unknown]> {
  const { object } = meta;
  if (!meta.isBase) return Object.entries(meta.state!).map(([name, value]) => [step(name), value]);
  const held = (object as { _p_held?(): Iterable<unknown> })._p_held?.();
  return held === undefined ? [] : [...held].map((value): [string, unknown] => ['', value]);
}

function collect(
  value: unknown,
  way: string,
  ways: Map<PersistentMeta, string>,
  queue: PersistentMeta[],
  seen: Set<object>,
): void {
  if (value === null || typeof value !== 'object' || value instanceof Reference || seen.has(value)) return;
  const meta = value instanceof PersistentMeta ? value : metaOf(value);
  if (meta !== undefined) {
    if (!ways.has(meta)) {
      ways.set(meta, way);
      queue.push(meta);
    }
    return;
  }
  seen.add(value);
  const bare = value instanceof Slot ? value.stored() : value;
  if (bare === null || typeof bare !== 'object') return;
  for (const [name, item] of stepsOf(bare)) collect(item, `${way}${name}`, ways, queue, seen);
}
