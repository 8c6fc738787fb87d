import type { Application, ServerRunner } from '../gateway/types.ts';
import type { LoadedFilter, Loader, Settings } from './factories.ts';
import type { Kind } from './kinds.ts';
import {
  createApp,
  createFilter,
  createServer,
  type MutableSettings,
  newSettings,
  type Plan,
} from './plans.ts';

/** What is asked of a source of objects. */
export interface PlanRequest {
  readonly kind: Kind;
  /** Undefined: the source's unnamed section, or its `main`. */
  readonly name: string | undefined;
  readonly globalConf: MutableSettings | undefined;
  /** The sections on the way here, to find circles. */
  readonly trail: readonly string[];
  readonly planOfUri: PlanOfUri;
}

/** Finds the source that a URI names; handed along so that sources need not import one another. */
export type PlanOfUri = (uri: string, relativeTo: string | undefined, request: PlanRequest) => Promise<Plan>;

/** `config:…`, `egg:…`: a name that is looked up elsewhere. */
export const hasScheme = (name: string | undefined): name is string =>
  name !== undefined && /^[a-zA-Z]+:/.test(name);

/** The loader that composite factories get. */
export class SourceLoader implements Loader {
  readonly #plan: (kind: Kind, name: string, globalConf: MutableSettings | undefined) => Promise<Plan>;

  constructor(plan: (kind: Kind, name: string, globalConf: MutableSettings | undefined) => Promise<Plan>) {
    this.#plan = plan;
  }

  async getApp(name: string, globalConf?: Settings): Promise<Application> {
    return createApp(await this.#plan('app', name, globalConf && newSettings(globalConf)));
  }

  async getFilter(name: string, globalConf?: Settings): Promise<LoadedFilter> {
    return createFilter(await this.#plan('filter', name, globalConf && newSettings(globalConf)));
  }

  async getServer(name: string, globalConf?: Settings): Promise<ServerRunner> {
    return createServer(await this.#plan('server', name, globalConf && newSettings(globalConf)));
  }
}
