/** Plans: what a section comes to before anything is made; making them runs the factories in PasteDeploy's order. */
import { getLogger } from '@logtape/logtape';
import type { Application, ServerRunner } from '../gateway/types.ts';
import { quoted } from './config-parser.ts';
import { LoadError, type Place } from './errors.ts';
import type {
  AppFactory,
  CompositeFactory,
  FilterAppFactory,
  FilterFactory,
  LoadedFilter,
  Loader,
  Protocol,
  ServerFactory,
  ServerRunnerFactory,
  Settings,
} from './factories.ts';
import { KINDS, type Kind } from './kinds.ts';

const logger = getLogger(['paste', 'deploy']);

export type MutableSettings = Record<string, string>;
export const newSettings = (...from: readonly Settings[]): MutableSettings =>
  Object.assign(Object.create(null) as MutableSettings, ...from);

/** The settings that a section adds to what it `use`s. */
export interface Override {
  readonly globalConf: Settings;
  readonly localConf: Settings;
  /** The user's `__file__` stays. */
  readonly file: string | undefined;
  readonly loader: Loader;
  readonly protocol: Protocol;
  readonly place: Place;
  readonly places: ReadonlyMap<string, Place>;
}

export abstract class Plan {
  readonly kind: Kind;
  readonly globalConf: MutableSettings;
  readonly localConf: MutableSettings;

  constructor(kind: Kind, globalConf: MutableSettings, localConf: MutableSettings) {
    this.kind = kind;
    this.globalConf = globalConf;
    this.localConf = localConf;
  }

  abstract create(): Promise<unknown>;

  override(changes: Override): void {
    Object.assign(this.globalConf, changes.globalConf);
    Object.assign(this.localConf, changes.localConf);
    if (changes.file !== undefined) this.globalConf['__file__'] = changes.file;
  }

  /** As in PasteDeploy, the options of a section that uses a composed one reach none of its parts. */
  protected warnUnused({ localConf, place }: Override): void {
    const options = Object.keys(localConf);
    if (options.length === 0) return;
    logger.warn('{file}: [{section}] uses a composed section, so its options have no effect: {options}', {
      file: place.file,
      section: place.section,
      options: options.join(', '),
    });
  }
}

export const createApp = (plan: Plan): Promise<Application> => plan.create() as Promise<Application>;
export const createFilter = (plan: Plan): Promise<LoadedFilter> => plan.create() as Promise<LoadedFilter>;
export const createServer = (plan: Plan): Promise<ServerRunner> => plan.create() as Promise<ServerRunner>;

export class FactoryPlan extends Plan {
  readonly #factory: unknown;
  #protocol: Protocol | undefined;
  #loader: Loader;
  #place: Place;
  readonly #places: Map<string, Place>;

  constructor(spec: {
    kind: Kind;
    factory: unknown;
    /** Undefined for a plain function: the section that uses it says what it is. */
    protocol: Protocol | undefined;
    globalConf: MutableSettings;
    localConf: MutableSettings;
    loader: Loader;
    place?: Place;
    places?: ReadonlyMap<string, Place>;
  }) {
    super(spec.kind, spec.globalConf, spec.localConf);
    this.#factory = spec.factory;
    this.#protocol = spec.protocol;
    this.#loader = spec.loader;
    this.#place = spec.place ?? {};
    this.#places = new Map(spec.places);
  }

  override override(changes: Override): void {
    super.override(changes);
    this.#protocol ??= changes.protocol;
    this.#loader = changes.loader;
    this.#place = changes.place;
    for (const [option, place] of changes.places) this.#places.set(option, place);
  }

  async create(): Promise<unknown> {
    const protocol = this.#protocol ?? KINDS[this.kind].usual;
    switch (protocol) {
      case 'paste.filter_app_factory':
        return async (app: Application) =>
          this.#application(await this.#call(() => this.#as<FilterAppFactory>()(app, ...this.#settings())));
      case 'paste.server_runner':
        return (app: Application) =>
          this.#call(() => this.#as<ServerRunnerFactory>()(app, ...this.#settings()));
      case 'paste.composite_factory':
      case 'paste.composit_factory':
        return this.#application(
          await this.#call(() => this.#as<CompositeFactory>()(this.#loader, ...this.#settings())),
        );
      case 'paste.app_factory':
        return this.#application(await this.#call(() => this.#as<AppFactory>()(...this.#settings())));
      case 'paste.filter_factory':
        return this.#function(
          await this.#call(() => this.#as<FilterFactory>()(...this.#settings())),
          'filter',
        );
      case 'paste.server_factory':
        return this.#function(
          await this.#call(() => this.#as<ServerFactory>()(...this.#settings())),
          'server',
        );
    }
  }

  #settings(): [Settings, Settings] {
    return [newSettings(this.globalConf), newSettings(this.localConf)];
  }

  #as<T>(): T {
    if (typeof this.#factory === 'function') return this.#factory as T;
    const shown = typeof this.#factory === 'object' ? 'an object' : String(this.#factory);
    throw new LoadError('factory-not-callable', `the factory is not callable: it is ${shown}`);
  }

  /** Errors of the settings get their place; any other exception of a factory comes through as it is. */
  async #call(call: () => unknown): Promise<unknown> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof LoadError) || error.section !== undefined) throw error;
      throw error.at((error.option !== undefined && this.#places.get(error.option)) || this.#place);
    }
  }

  #function(value: unknown, what: string): unknown {
    if (typeof value === 'function') return value;
    throw new LoadError('factory-result', `the factory made no ${what} but ${describe(value)}`, this.#place);
  }

  #application(value: unknown): Application {
    if (typeof value === 'function') return value as Application;
    // What frameworks export: an object with a fetch handler.
    const fetch = (value as { fetch?: unknown } | null | undefined)?.fetch;
    if (typeof fetch === 'function') return (request) => fetch.call(value, request) as Response;
    throw new LoadError(
      'factory-result',
      `the factory made no application but ${describe(value)}`,
      this.#place,
    );
  }
}

const describe = (value: unknown): string =>
  typeof value === 'string'
    ? `the text ${quoted(value)}`
    : typeof value === 'object' && value !== null
      ? 'an object without fetch()'
      : String(value);

export class PipelinePlan extends Plan {
  readonly #app: Plan;
  readonly #filters: readonly Plan[];

  constructor(globalConf: MutableSettings, app: Plan, filters: readonly Plan[]) {
    super('app', globalConf, newSettings());
    this.#app = app;
    this.#filters = filters;
  }

  override override(changes: Override): void {
    super.override(changes);
    this.warnUnused(changes);
  }

  async create(): Promise<Application> {
    let app = await createApp(this.#app);
    const filters: LoadedFilter[] = [];
    for (const plan of this.#filters) filters.push(await createFilter(plan));
    for (const filter of filters.toReversed()) app = await filter(app);
    return app;
  }
}

export class FilterAppPlan extends Plan {
  readonly #filter: Plan;
  readonly #next: Plan;

  constructor(globalConf: MutableSettings, localConf: MutableSettings, filter: Plan, next: Plan) {
    super('app', globalConf, localConf);
    this.#filter = filter;
    this.#next = next;
  }

  override override(changes: Override): void {
    super.override(changes);
    if (this.localConf !== this.#filter.localConf) this.warnUnused(changes);
  }

  async create(): Promise<Application> {
    const next = await createApp(this.#next);
    return (await createFilter(this.#filter))(next);
  }
}

/** An application or a filter with a `filter-with`. */
export class FilteredPlan extends Plan {
  readonly #filter: Plan;
  readonly #inner: Plan;

  constructor(globalConf: MutableSettings, localConf: MutableSettings, filter: Plan, inner: Plan) {
    super(inner.kind, globalConf, localConf);
    this.#filter = filter;
    this.#inner = inner;
  }

  override override(changes: Override): void {
    super.override(changes);
    if (this.localConf !== this.#inner.localConf) this.warnUnused(changes);
  }

  async create(): Promise<unknown> {
    const outer = await createFilter(this.#filter);
    if (this.kind === 'app') return outer(await createApp(this.#inner));
    const inner = await createFilter(this.#inner);
    return async (app: Application) => outer(await inner(app));
  }
}
