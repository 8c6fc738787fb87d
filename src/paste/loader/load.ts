import path from 'node:path';
import './built-in.ts';
import type { Application, ServerRunner } from '../gateway/types.ts';
import { ConfigFile } from './config-file.ts';
import { quoted } from './config-parser.ts';
import { LoadError } from './errors.ts';
import type { LoadedFilter, Settings } from './factories.ts';
import { FunctionSource } from './function-source.ts';
import { EggSource } from './egg-source.ts';
import type { Kind } from './kinds.ts';
import { createApp, createFilter, createServer, newSettings, type Plan } from './plans.ts';
import type { PlanRequest } from './source.ts';

export interface LoadOptions {
  /** Section or entry point; it wins over the URI's fragment. Default: the fragment, or `main`. */
  readonly name?: string | undefined;
  /** Folder that a relative `config:` URI is relative to; without it such a URI is refused. */
  readonly relativeTo?: string | undefined;
  /** Variables: interpolated where `[DEFAULT]` has no such option, and handed to every factory. */
  readonly globalConf?: Settings | undefined;
}

/** The configuration of an application without making it. */
export interface AppConfig {
  readonly globalConf: Settings;
  readonly localConf: Settings;
  /** Both; a local option hides a global one. */
  readonly merged: Settings;
}

/**
 * Loads the application that a URI names: `config:site.ini#name`, `egg:Distribution#name`, `call:module:function`,
 * `npm:package#export`. Throws `LoadError`; an exception of a factory comes through unchanged.
 */
export async function loadApp(uri: string, options: LoadOptions = {}): Promise<Application> {
  return createApp(await planOf('app', uri, options));
}

/** Loads a filter; see `loadApp`. */
export async function loadFilter(uri: string, options: LoadOptions = {}): Promise<LoadedFilter> {
  return createFilter(await planOf('filter', uri, options));
}

/** Loads a server; see `loadApp`. Calling what comes back with an application starts to serve it. */
export async function loadServer(uri: string, options: LoadOptions = {}): Promise<ServerRunner> {
  return createServer(await planOf('server', uri, options));
}

/** Reads what `loadApp` would give to the factory, without running it. */
export async function appConfig(uri: string, options: LoadOptions = {}): Promise<AppConfig> {
  const { globalConf, localConf } = await planOf('app', uri, options);
  return { globalConf, localConf, merged: newSettings(globalConf, localConf) };
}

function planOf(kind: Kind, uri: string, options: LoadOptions): Promise<Plan> {
  const { name, relativeTo, globalConf } = options;
  return planOfUri(uri, relativeTo, {
    kind,
    name: name ?? undefined,
    globalConf: globalConf && newSettings(globalConf),
    trail: [],
    planOfUri,
  });
}

const SCHEMES = ['config', 'egg', 'call', 'npm'];

async function planOfUri(uri: string, relativeTo: string | undefined, request: PlanRequest): Promise<Plan> {
  const hash = uri.indexOf('#');
  const address = hash < 0 ? uri : uri.slice(0, hash);
  const name = request.name ?? (hash < 0 ? undefined : uri.slice(hash + 1));
  const colon = address.indexOf(':');
  if (colon < 0) throw new LoadError('uri-no-scheme', `URI has no scheme: ${quoted(address)}`);
  const scheme = address.slice(0, colon).toLowerCase();
  const rest = address.slice(colon + 1);
  switch (scheme) {
    case 'config':
      return new ConfigFile(resolveConfigPath(address, rest, relativeTo), request.globalConf).plan({
        ...request,
        name: name ?? 'main',
      });
    case 'egg':
      return new EggSource(rest, request.planOfUri).plan({ ...request, name: name ?? 'main' });
    case 'call':
    case 'npm':
      return new FunctionSource(scheme, rest, relativeTo ?? process.cwd(), request.planOfUri).plan({
        ...request,
        name,
      });
    default:
      throw new LoadError(
        'uri-unknown-scheme',
        `URI scheme not known: ${quoted(scheme)} (from ${SCHEMES.join(', ')})`,
      );
  }
}

function resolveConfigPath(uri: string, rest: string, relativeTo: string | undefined): string {
  let file = rest.replaceAll('\\', '/');
  if (!path.isAbsolute(file) && !/^[a-zA-Z]:\//.test(file)) {
    if (relativeTo === undefined || relativeTo === '') {
      throw new LoadError('uri-relative', `Cannot resolve relative uri ${quoted(uri)}; no relativeTo given`);
    }
    file = `${relativeTo.replaceAll('\\', '/')}/${file}`;
  }
  const unquoted = file.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
  return path.resolve(unquoted.trim());
}
