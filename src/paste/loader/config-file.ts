import { getLogger } from '@logtape/logtape';
import path from 'node:path';
import { ConfigParser, quoted } from './config-parser.ts';
import { requireDistribution } from './distributions.ts';
import { loadModulePath } from './egg-source.ts';
import { LoadError, type Place } from './errors.ts';
import type { Loader, Protocol, Settings } from './factories.ts';
import { loadFactoryPath } from './function-source.ts';
import { type Kind, KINDS, protocolOfSection } from './kinds.ts';
import {
  FactoryPlan,
  FilterAppPlan,
  FilteredPlan,
  type MutableSettings,
  newSettings,
  PipelinePlan,
  type Plan,
} from './plans.ts';
import { hasScheme, type PlanOfUri, type PlanRequest, SourceLoader } from './source.ts';

const logger = getLogger(['paste', 'deploy']);

// Real chains are a few links long; one that grows its settings on the way never repeats a link.
const LONGEST_TRAIL = 100;

/** One section, read and divided. */
interface Section {
  readonly kind: Kind;
  readonly name: string;
  readonly globalConf: MutableSettings;
  readonly localConf: MutableSettings;
  /** What `set` set. */
  readonly additions: Settings;
  readonly place: Place;
  readonly places: Map<string, Place>;
  readonly loader: Loader;
  /** Plans another object that this section names. */
  plan(kind: Kind, name: string): Promise<Plan>;
}

/** An `.ini` file as a source of applications, filters and servers. */
export class ConfigFile {
  readonly #file: string;
  readonly #folder: string;
  readonly #parser: ConfigParser;

  /** `file` is absolute; `globalConf` adds variables that the file's `[DEFAULT]` lacks. */
  constructor(file: string, globalConf: Settings | undefined) {
    this.#file = file;
    this.#folder = path.dirname(file);
    this.#parser = ConfigParser.read(file, { defaults: { here: this.#folder, __file__: file } });
    if (globalConf) this.#parser.addDefaults(globalConf);
  }

  async plan(request: PlanRequest): Promise<Plan> {
    const { kind, name, globalConf, trail, planOfUri } = request;
    if (hasScheme(name)) return planOfUri(name, this.#folder, { ...request, name: undefined });
    const sectionName = this.#find(kind, name);
    const link = `${kind} [${sectionName}] in ${this.#file}`;
    if (trail.includes(link) || trail.length >= LONGEST_TRAIL) {
      const circle = trail.includes(link) ? [...trail.slice(trail.indexOf(link)), link] : trail;
      throw new LoadError(
        'section-circle',
        `infinite recursion: the section uses itself (${circle.join(' -> ')})`,
        this.#place(sectionName),
      );
    }
    const section = this.#read(kind, sectionName, globalConf, [...trail, link], planOfUri);
    try {
      return await this.#planSection(section);
    } catch (error) {
      // What no section has claimed was found while resolving a name that this one gives.
      if (error instanceof LoadError && error.section === undefined) {
        const { file, line, section: at } = section.place;
        throw error.file === undefined ? error.at({ file, line, section: at }) : error;
      }
      throw error;
    }
  }

  #place(section: string, option?: string): Place {
    return { file: this.#file, line: this.#parser.lineOf(section, option), section, option };
  }

  #find(kind: Kind, name: string | undefined): string {
    const found: string[] = [];
    const sections = this.#parser.sections;
    for (const group of KINDS[kind].prefixes) {
      for (const prefix of group) {
        const wanted = name ?? 'main';
        const matching = sections.filter(
          (section) =>
            (name === undefined && section === prefix) ||
            (section.startsWith(`${prefix}:`) && section.slice(prefix.length + 1).trim() === wanted),
        );
        if (matching.length === 0) continue;
        found.push(...matching);
        break;
      }
    }
    if (found.length === 1) return found[0]!;
    const prefixes = KINDS[kind].prefixes.flat().map(quoted).join(' or ');
    const shown = quoted(name ?? 'main');
    throw found.length === 0
      ? new LoadError(
          'section-missing',
          `No section ${shown} (prefixed by ${prefixes}) found in config ${this.#file}`,
          {
            file: this.#file,
          },
        )
      : new LoadError(
          'section-ambiguous',
          `Ambiguous section names [${found.map(quoted).join(', ')}] for section ${shown} (prefixed by ${prefixes}) ` +
            `found in config ${this.#file}`,
          { file: this.#file, line: this.#parser.lineOf(found[1]!) },
        );
  }

  #read(
    kind: Kind,
    name: string,
    callerConf: Settings | undefined,
    trail: readonly string[],
    planOfUri: PlanOfUri,
  ): Section {
    const parser = this.#parser;
    const defaults = parser.defaults();
    const globalConf = newSettings(defaults, callerConf ?? {});
    const localConf = newSettings();
    const additions = newSettings();
    const places = new Map<string, Place>();
    const copies: [option: string, local: string, global: string][] = [];
    for (const option of parser.options(name)) {
      if (option.startsWith('set ')) {
        const target = option.slice(4).trim();
        additions[target] = globalConf[target] = parser.get(name, option)!;
      } else if (option.startsWith('get ')) {
        copies.push([option, option.slice(4).trim(), parser.get(name, option)!]);
      } else if (Object.hasOwn(defaults, option)) {
        this.#warnHidden(name, option, globalConf[option]!);
      } else {
        localConf[option] = parser.get(name, option)!;
        places.set(option, this.#place(name, option));
      }
    }
    for (const [option, local, global] of copies) {
      if (!Object.hasOwn(globalConf, global)) {
        throw new LoadError(
          'global-missing',
          `no global option ${quoted(global)}`,
          this.#place(name, option),
        );
      }
      localConf[local] = globalConf[global]!;
      places.set(local, this.#place(name, option));
    }
    const planOther = (otherKind: Kind, other: string, conf: MutableSettings | undefined) =>
      this.plan({ kind: otherKind, name: other, globalConf: conf, trail, planOfUri });
    return {
      kind,
      name,
      globalConf,
      localConf,
      additions,
      place: { file: this.#file, line: parser.lineOf(name), section: name },
      places,
      loader: new SourceLoader(planOther),
      plan: (otherKind, other) => planOther(otherKind, other, globalConf),
    };
  }

  /** PasteDeploy passes over an option that `[DEFAULT]` or the caller has as well, which few users expect. */
  #warnHidden(section: string, option: string, used: string): void {
    const line = this.#parser.lineOf(section, option);
    const written = this.#parser.raw(section, option);
    if (line === undefined || line === this.#parser.lineOf('DEFAULT', option) || written === used) return;
    logger.warn(
      '{file}, line {line}: option {option} of [{section}] has no effect, because it is a global option too; ' +
        'write "set {option}" to change the global one',
      { file: this.#file, line, option, section },
    );
  }

  async #planSection(section: Section): Promise<Plan> {
    const { kind, globalConf, localConf } = section;
    const filterWith = kind === 'server' ? undefined : take(localConf, 'filter-with');
    for (const distribution of take(localConf, 'require')?.split(/\s+/) ?? []) {
      if (distribution !== '') requireDistribution(distribution);
    }
    const plan = await (section.name.startsWith('filter-app:')
      ? this.#planFilterApp(section)
      : section.name.startsWith('pipeline:')
        ? this.#planPipeline(section)
        : this.#planFactory(section, kind));
    if (filterWith === undefined) return plan;
    return new FilteredPlan(globalConf, localConf, await section.plan('filter', filterWith), plan);
  }

  async #planFactory(section: Section, kind: Kind): Promise<Plan> {
    const use = take(section.localConf, 'use');
    return use === undefined ? this.#planExplicit(section, kind) : this.#planUse(section, kind, use);
  }

  async #planUse(section: Section, kind: Kind, use: string): Promise<Plan> {
    const plan = await section.plan(kind, use);
    plan.override({
      globalConf: section.additions,
      localConf: section.localConf,
      file: section.globalConf['__file__'],
      loader: section.loader,
      protocol: protocolOfSection(section.name, kind),
      place: section.place,
      places: section.places,
    });
    return plan;
  }

  async #planExplicit(section: Section, kind: Kind): Promise<Plan> {
    const { localConf, name } = section;
    const given: Protocol[] = [];
    for (const group of KINDS[kind].protocols) {
      const first = group.find((protocol) => Object.hasOwn(localConf, protocol));
      if (first !== undefined) given.push(first);
    }
    if (given.length > 1) {
      const list = given
        .map((protocol) => `(${quoted(protocol)}, ${quoted(localConf[protocol]!)})`)
        .join(', ');
      throw new LoadError(
        'section-several-loaders',
        `Multiple protocols given in section ${quoted(name)}: [${list}]`,
        section.place,
      );
    }
    const protocol = given[0];
    if (protocol === undefined) {
      throw new LoadError(
        'section-no-loader',
        `No loader given in section ${quoted(name)}: it has neither use nor ${KINDS[kind].protocols.flat().join(', ')}`,
        section.place,
      );
    }
    const expression = take(localConf, protocol)!;
    let factory: unknown;
    try {
      factory = (await loadFactoryPath(expression, this.#folder)) ?? (await loadModulePath(expression));
    } catch (error) {
      throw error instanceof LoadError ? error.at(this.#place(name, protocol)) : error;
    }
    return new FactoryPlan({ ...section, kind, factory, protocol });
  }

  async #planFilterApp(section: Section): Promise<Plan> {
    const next = take(section.localConf, 'next');
    if (next === undefined) throw this.#missing(section, 'next');
    const nextPlan = await section.plan('app', next);
    const filter = await this.#planFactory(section, 'filter');
    return new FilterAppPlan(section.globalConf, section.localConf, filter, nextPlan);
  }

  async #planPipeline(section: Section): Promise<Plan> {
    const pipeline = take(section.localConf, 'pipeline');
    if (pipeline === undefined) throw this.#missing(section, 'pipeline');
    const extra = Object.keys(section.localConf);
    if (extra.length > 0) {
      throw new LoadError(
        'option-unexpected',
        `The [${section.name}] pipeline section in ${this.#file} has extra (disallowed) settings: ${extra.join(', ')}`,
        this.#place(section.name, extra[0]),
      );
    }
    const names = pipeline.split(/\s+/).filter((name) => name !== '');
    const app = names.pop();
    if (app === undefined) {
      throw new LoadError(
        'option-invalid',
        `the pipeline is empty: it needs the name of an application, the last in the list (no item at index -1)`,
        this.#place(section.name, 'pipeline'),
      );
    }
    const appPlan = await section.plan('app', app);
    const filters: Plan[] = [];
    for (const name of names) filters.push(await section.plan('filter', name));
    return new PipelinePlan(section.globalConf, appPlan, filters);
  }

  #missing(section: Section, option: string): LoadError {
    return new LoadError(
      'option-missing',
      `The [${section.name}] section in ${this.#file} is missing a ${quoted(option)} setting`,
      { ...section.place, option },
    );
  }
}

function take(settings: MutableSettings, option: string): string | undefined {
  const value = settings[option];
  delete settings[option];
  return value;
}
