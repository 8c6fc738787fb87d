import { quoted } from './config-parser.ts';
import { attributeOf, importModule } from './distributions.ts';
import { LoadError } from './errors.ts';
import { importFrom, isFilePath } from './import-file.ts';
import { FactoryPlan, newSettings, type Plan } from './plans.ts';
import { hasScheme, type PlanOfUri, type PlanRequest, SourceLoader } from './source.ts';

/** Plain functions: `call:module:function`, `call:./file.ts:function`, `npm:package#export`, `npm:./file.ts#export`. */
export class FunctionSource {
  readonly #scheme: 'call' | 'npm';
  readonly #spec: string;
  readonly #folder: string;
  readonly #planOfUri: PlanOfUri;

  constructor(scheme: 'call' | 'npm', spec: string, folder: string, planOfUri: PlanOfUri) {
    this.#scheme = scheme;
    this.#spec = spec;
    this.#folder = folder;
    this.#planOfUri = planOfUri;
  }

  async plan(request: PlanRequest): Promise<Plan> {
    const { kind, name, globalConf } = request;
    if (hasScheme(name)) return this.#planOfUri(name, this.#folder, { ...request, name: undefined });
    return new FactoryPlan({
      kind,
      factory: this.#scheme === 'npm' ? await this.#npm(name) : await this.#call(),
      protocol: undefined,
      globalConf: globalConf ?? newSettings(),
      localConf: newSettings(),
      loader: new SourceLoader((kind_, name_, globalConf_) =>
        this.plan({ ...request, kind: kind_, name: name_, globalConf: globalConf_ }),
      ),
    });
  }

  async #call(): Promise<unknown> {
    const colon = this.#spec.lastIndexOf(':');
    if (colon < 0) {
      throw new LoadError(
        'uri-malformed',
        `Configuration not in format module:function: ${quoted(this.#spec)}`,
      );
    }
    const module = this.#spec.slice(0, colon);
    const namespace = isFilePath(module)
      ? await importFrom(module, this.#folder)
      : await importModule(module);
    // One attribute only, however many dots it has: PasteDeploy's rule.
    return attributeOf(namespace, [this.#spec.slice(colon + 1)], `module ${quoted(module)}`);
  }

  async #npm(name: string | undefined): Promise<unknown> {
    const namespace = await importFrom(this.#spec, this.#folder);
    const where = `module ${quoted(this.#spec)}`;
    if (name !== undefined) return attributeOf(namespace, name.split('.'), where);
    return attributeOf(namespace, ['main' in namespace ? 'main' : 'default'], where);
  }
}

/** A factory named in a section: `npm:…`, `./file.ts:name`, or undefined for Python's `module:attribute`. */
export async function loadFactoryPath(expression: string, folder: string): Promise<unknown> {
  const npm = /^npm:([^#]+)(?:#(.+))?$/i.exec(expression);
  const file = npm ?? /^(\.{0,2}\/.*?):([^:/]+)$/.exec(expression);
  if (!file) return undefined;
  const namespace = await importFrom(file[1]!, folder);
  return attributeOf(namespace, (file[2] ?? 'default').split('.'), `module ${quoted(file[1]!)}`);
}
