import { quoted } from './config-parser.ts';
import { LoadError } from './errors.ts';
import type { Factory, Protocol } from './factories.ts';

/** A factory, one that is imported when it is first wanted, or Python's `module:attribute` of a registered module. */
export type EntryPoint = Factory | { load(): Promise<Factory> } | string;
export type EntryPoints = Partial<Record<Protocol, Readonly<Record<string, EntryPoint>>>>;
type Namespace = Readonly<Record<string, unknown>>;

interface Distribution {
  readonly name: string;
  readonly entryPoints: Partial<Record<Protocol, Record<string, EntryPoint>>>;
}

const distributions = new Map<string, Distribution>();
const modules = new Map<string, Namespace | (() => Promise<Namespace>)>();

/** Names of distributions are compared as Python's installers do: without case, and `-`, `_` and `.` are one. */
const normalized = (name: string) => name.replace(/[-_.]+/g, '-').toLowerCase();

/**
 * Makes `egg:NAME#entry` known, as installing a Python distribution does. A name may be registered in parts; an entry point that
 * is registered again is replaced.
 *
 * ```ts
 * registerDistribution('Shop', { 'paste.app_factory': { main: makeShop } });
 * ```
 */
export function registerDistribution(name: string, entryPoints: EntryPoints = {}): void {
  const key = normalized(name);
  const distribution = distributions.get(key) ?? { name, entryPoints: {} };
  distributions.set(key, distribution);
  for (const [group, entries] of Object.entries(entryPoints) as [Protocol, Record<string, EntryPoint>][]) {
    distribution.entryPoints[group] = { ...distribution.entryPoints[group], ...entries };
  }
}

/** Makes a Python module name known to `call:NAME:function` and `paste.app_factory = NAME:function`. */
export function registerModule(name: string, namespace: Namespace | (() => Promise<Namespace>)): void {
  modules.set(name, namespace);
}

/** Throws `LoadError` when a distribution is not registered. */
export function requireDistribution(name: string): Distribution {
  const found = distributions.get(normalized(name));
  if (found) return found;
  if (name === '') throw new LoadError('uri-malformed', 'A distribution name is required.');
  const known = [...distributions.values()].map((item) => item.name).sort();
  throw new LoadError(
    'distribution-missing',
    `no distribution ${quoted(name)} is registered (there are: ${known.join(', ') || 'none'}); ` +
      `a package of npm is named by npm:PACKAGE#EXPORT`,
  );
}

/** A registered module's exports. */
export async function importModule(name: string): Promise<Namespace> {
  const found = modules.get(name);
  if (found === undefined) {
    throw new LoadError(
      'module-missing',
      `No module named ${quoted(name)}: a Python module is known here only under a name that was registered; ` +
        `a file is named by its path (./factories.ts:name), a package by npm:PACKAGE#EXPORT`,
    );
  }
  return typeof found === 'function' ? await found() : found;
}

/** Looks up dotted attributes. */
export function attributeOf(namespace: Namespace, path: readonly string[], where: string): unknown {
  let value: unknown = namespace;
  for (const name of path) {
    const holder = value as Record<string, unknown> | null | undefined;
    // Own properties only: no name of an .ini reaches `constructor` or another inherited one.
    if (holder === null || holder === undefined || !Object.hasOwn(Object(holder), name)) {
      throw new LoadError('attribute-missing', `${where} has no attribute ${quoted(name)}`);
    }
    value = holder[name];
  }
  return value;
}

/** An entry point of a distribution, or undefined. */
export function entryPointOf(
  distribution: Distribution,
  group: Protocol,
  name: string,
): EntryPoint | undefined {
  const entries = distribution.entryPoints[group];
  return entries && Object.hasOwn(entries, name) ? entries[name] : undefined;
}
