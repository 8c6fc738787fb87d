import { quoted } from './config-parser.ts';
import {
  attributeOf,
  entryPointOf,
  type EntryPoint,
  importModule,
  requireDistribution,
} from './distributions.ts';
import { LoadError } from './errors.ts';
import type { Protocol } from './factories.ts';
import { KINDS } from './kinds.ts';
import { FactoryPlan, newSettings, type Plan } from './plans.ts';
import { hasScheme, type PlanOfUri, type PlanRequest, SourceLoader } from './source.ts';

/** `egg:DISTRIBUTION#entry`. */
export class EggSource {
  readonly #name: string;
  readonly #planOfUri: PlanOfUri;

  constructor(name: string, planOfUri: PlanOfUri) {
    this.#name = name;
    this.#planOfUri = planOfUri;
  }

  async plan(request: PlanRequest): Promise<Plan> {
    const { kind, globalConf, trail } = request;
    if (hasScheme(request.name))
      return this.#planOfUri(request.name, undefined, { ...request, name: undefined });
    const name = request.name ?? 'main';
    const distribution = requireDistribution(this.#name);
    const found: [Protocol, EntryPoint][] = [];
    for (const group of KINDS[kind].protocols) {
      for (const protocol of group) {
        const entryPoint = entryPointOf(distribution, protocol, name);
        if (entryPoint === undefined) continue;
        found.push([protocol, entryPoint]);
        break;
      }
    }
    const protocols = KINDS[kind].protocols.flat();
    if (found.length === 0) {
      const there = protocols.flatMap((protocol) => Object.keys(distribution.entryPoints[protocol] ?? {}));
      throw new LoadError(
        'entry-point-missing',
        `Entry point ${quoted(name)} not found in egg ${quoted(this.#name)} (protocols: ${protocols.join(', ')}; ` +
          `entry points: ${there.join(', ') || 'none'})`,
      );
    }
    if (found.length > 1) {
      throw new LoadError(
        'entry-point-ambiguous',
        `Ambiguous entry points for ${quoted(name)} in egg ${quoted(this.#name)} ` +
          `(protocols: ${found.map(([protocol]) => protocol).join(', ')})`,
      );
    }
    const [protocol, entryPoint] = found[0]!;
    return new FactoryPlan({
      kind,
      factory: await loadEntryPoint(entryPoint),
      protocol,
      globalConf: globalConf ?? newSettings(),
      localConf: newSettings(),
      loader: new SourceLoader((kind_, name_, globalConf_) =>
        this.plan({ ...request, kind: kind_, name: name_, globalConf: globalConf_, trail }),
      ),
    });
  }
}

async function loadEntryPoint(entryPoint: EntryPoint): Promise<unknown> {
  if (typeof entryPoint === 'string') return loadModulePath(entryPoint);
  return typeof entryPoint === 'function' ? entryPoint : await entryPoint.load();
}

/** `module:attribute.path`, as in Python's entry points, of a registered module. */
export async function loadModulePath(expression: string): Promise<unknown> {
  const match = /^([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[.*\]\s*)?$/u.exec(expression.trim());
  if (!match) {
    throw new LoadError('uri-malformed', `${quoted(expression)} is not in the format module:function`);
  }
  const [, name, attributes] = match as unknown as [string, string, string?];
  const namespace = await importModule(name);
  return attributes === undefined
    ? namespace
    : attributeOf(namespace, attributes.split('.'), `module ${quoted(name)}`);
}
