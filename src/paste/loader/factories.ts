import type { Application, Filter, RunningServer, ServerRunner } from '../gateway/types.ts';

/** Settings as they come from an `.ini`: option names to text. */
export type Settings = Readonly<Record<string, string>>;

/** Python's groups of entry points, and at the same time the options that name a factory in a section. */
export type Protocol =
  | 'paste.app_factory'
  | 'paste.composite_factory'
  | 'paste.composit_factory'
  | 'paste.filter_factory'
  | 'paste.filter_app_factory'
  | 'paste.server_factory'
  | 'paste.server_runner';

type Awaitable<T> = T | Promise<T>;

/** A filter that was loaded: like `Filter`, but one made by a `filter_app_factory` may be asynchronous. */
export type LoadedFilter = (app: Application) => Awaitable<Application>;

export type AppFactory = (globalConf: Settings, localConf: Settings) => Awaitable<Application>;
export type FilterFactory = (globalConf: Settings, localConf: Settings) => Awaitable<Filter>;
export type FilterAppFactory = (
  app: Application,
  globalConf: Settings,
  localConf: Settings,
) => Awaitable<Application>;
export type CompositeFactory = (
  loader: Loader,
  globalConf: Settings,
  localConf: Settings,
) => Awaitable<Application>;
export type ServerFactory = (globalConf: Settings, localConf: Settings) => Awaitable<ServerRunner>;
export type ServerRunnerFactory = (
  app: Application,
  globalConf: Settings,
  localConf: Settings,
) => Promise<RunningServer>;

export type Factory =
  | AppFactory
  | FilterFactory
  | FilterAppFactory
  | CompositeFactory
  | ServerFactory
  | ServerRunnerFactory;

/**
 * What a composite factory loads its parts with. Names are sections of the same file or URIs; `globalConf` should be what
 * the factory was given, so that settings reach the parts.
 */
export interface Loader {
  getApp(name: string, globalConf?: Settings): Promise<Application>;
  getFilter(name: string, globalConf?: Settings): Promise<LoadedFilter>;
  getServer(name: string, globalConf?: Settings): Promise<ServerRunner>;
}
