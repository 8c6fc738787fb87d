import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { UrlMap } from '../../../src/paste/composites/urlmap.ts';
import type { PrefixFilter } from '../../../src/paste/filters/prefix.ts';
import { environOf, withEnviron } from '../../../src/paste/gateway/environ.ts';
import type { Application, RunningServer, ServerRunner } from '../../../src/paste/gateway/types.ts';
import { registerDistribution, registerModule } from '../../../src/paste/loader/distributions.ts';
import { LoadError } from '../../../src/paste/loader/errors.ts';
import type { Loader, Settings } from '../../../src/paste/loader/factories.ts';
import {
  appConfig,
  loadApp,
  loadFilter,
  type LoadOptions,
  loadServer,
} from '../../../src/paste/loader/load.ts';
import { readOptions, textOption } from '../../../src/paste/loader/options.ts';
import { expectSame, Mismatch, type Suite } from '../suite.ts';

/** What a factory of the stub made: something that says how it was made. */
interface Described {
  description: Record<string, unknown>;
}

interface Reached {
  label: string | null;
  [fact: string]: unknown;
}

let calls: [string, string | null][] = [];
let reached: Reached | null = null;

const call = (factory: string, localConf: Settings) => calls.push([factory, localConf['label'] ?? null]);

function application(description: Record<string, unknown>): Application & Described {
  const app: Application = (request) => {
    const environ = environOf(request);
    reached = {
      label: (description['local_conf'] as Settings)['label'] ?? null,
      script_name: decodeURIComponent(environ.scriptName),
      path_info: decodeURIComponent(environ.pathInfo),
      http_host: request.headers.get('host'),
      remote_addr: environ.remoteAddr,
      server_port: String(environ.serverPort),
      url_scheme: environ.scheme,
    };
    return new Response('reached', { status: 200, statusText: 'OK' });
  };
  return Object.assign(app, { description });
}

const appFactory = (factory: string) => (globalConf: Settings, localConf: Settings) => {
  call(factory, localConf);
  return application({ type: 'app', factory, global_conf: globalConf, local_conf: localConf });
};

function makeStrictApp(globalConf: Settings, localConf: Settings) {
  const options = readOptions(localConf, { greeting: textOption(), volume: textOption('low') });
  call('make_strict_app', options);
  return application({
    type: 'app',
    factory: 'make_strict_app',
    global_conf: globalConf,
    local_conf: options,
  });
}

function makeFailingApp(): never {
  const error = new Error('the stub refuses to be made');
  error.name = 'RuntimeError';
  throw error;
}

async function makeComposite(loader: Loader, globalConf: Settings, localConf: Settings) {
  call('make_composite', localConf);
  const { apps = '', filters = '', servers = '', ...rest } = localConf;
  const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
  const children: Record<string, unknown>[] = [];
  for (const name of words(apps)) {
    children.push({ name, app: describe(await loader.getApp(name, globalConf)) });
  }
  for (const name of words(filters)) {
    children.push({ name, filter: describe(await (await loader.getFilter(name, globalConf))(probe)) });
  }
  for (const name of words(servers)) {
    children.push({ name, server: describe(await (await loader.getServer(name, globalConf))(probe)) });
  }
  return application({
    type: 'composite',
    factory: 'make_composite',
    global_conf: globalConf,
    local_conf: rest,
    children,
  });
}

function makeFilter(globalConf: Settings, localConf: Settings) {
  call('make_filter', localConf);
  return (app: Application) => {
    call('make_filter wraps', localConf);
    return wrapper('filter', 'make_filter', app, globalConf, localConf);
  };
}

function makeFilterApp(app: Application, globalConf: Settings, localConf: Settings) {
  call('make_filter_app', localConf);
  return wrapper('filter_app', 'make_filter_app', app, globalConf, localConf);
}

function wrapper(type: string, factory: string, app: Application, globalConf: Settings, localConf: Settings) {
  const description = { type, factory, global_conf: globalConf, local_conf: localConf, app: describe(app) };
  return Object.assign(((request) => app(request)) as Application, { description });
}

function runningServer(description: Record<string, unknown>): RunningServer & Described {
  return { urls: [], close: async () => {}, closed: Promise.resolve(), description };
}

function makeServer(globalConf: Settings, localConf: Settings): ServerRunner {
  call('make_server', localConf);
  return async (app) => {
    call('make_server serves', localConf);
    const facts = { global_conf: globalConf, local_conf: localConf, app: describe(app) };
    return runningServer({ type: 'server', factory: 'make_server', ...facts });
  };
}

async function runServer(
  app: Application,
  globalConf: Settings,
  localConf: Settings,
): Promise<RunningServer> {
  call('run_server', localConf);
  const facts = { global_conf: globalConf, local_conf: localConf, app: describe(app) };
  return runningServer({ type: 'server_runner', factory: 'run_server', ...facts });
}

const probe: Application & Described = Object.assign((() => new Response()) as Application, {
  description: { type: 'probe' },
});

function describe(object: unknown): unknown {
  const { description } = object as Partial<Described>;
  if (description) return description;
  if ('applications' in (object as object)) {
    const { applications, notFoundApp } = object as UrlMap;
    return {
      type: 'urlmap',
      not_found_app: notFoundApp && describe(notFoundApp),
      applications: applications.map(({ domain, path, app }) => ({ domain, path, app: describe(app) })),
    };
  }
  if ('translateForwarded' in (object as object)) {
    const { prefix, forcePort, scheme, app } = object as PrefixFilter;
    return { type: 'prefix', prefix, force_port: forcePort, scheme, app: describe(app) };
  }
  // A filter that somebody has named where an application belongs.
  if (typeof object === 'function') return { type: 'python-object' };
  throw new Error(`an object of an unknown kind was loaded: ${String(object)}`);
}

registerModule('conf_stub', {
  make_app: appFactory('make_app'),
  make_other_app: appFactory('make_other_app'),
  make_strict_app: makeStrictApp,
  make_failing_app: makeFailingApp,
  make_composite: makeComposite,
  make_filter: makeFilter,
  make_filter_app: makeFilterApp,
  make_server: makeServer,
  run_server: runServer,
  not_callable: 42,
  factories: { dotted_app: appFactory('factories.dotted_app') },
});
registerDistribution('ConfStub', {
  'paste.app_factory': {
    main: 'conf_stub:make_app',
    other: 'conf_stub:make_other_app',
    strict: 'conf_stub:make_strict_app',
    failing: 'conf_stub:make_failing_app',
    dotted: 'conf_stub:factories.dotted_app',
    twofold: 'conf_stub:make_app',
    broken: 'conf_stub:no_such_attribute',
    gone: 'conf_stub_gone:make_app',
  },
  'paste.composite_factory': { bundle: 'conf_stub:make_composite', twofold: 'conf_stub:make_composite' },
  'paste.composit_factory': { oldbundle: 'conf_stub:make_composite' },
  'paste.filter_factory': { main: 'conf_stub:make_filter', either: 'conf_stub:make_filter' },
  'paste.filter_app_factory': { direct: 'conf_stub:make_filter_app', either: 'conf_stub:make_filter_app' },
  'paste.server_factory': { main: 'conf_stub:make_server', either: 'conf_stub:make_server' },
  'paste.server_runner': { run: 'conf_stub:run_server', either: 'conf_stub:run_server' },
});

// Python's exceptions for the codes of ours.
const PYTHON_TYPES: Record<string, string[]> = {
  'ini-missing-section-header': ['MissingSectionHeaderError'],
  'ini-duplicate-section': ['DuplicateSectionError'],
  'ini-duplicate-option': ['DuplicateOptionError'],
  'ini-syntax': ['ParsingError'],
  'ini-encoding': ['UnicodeDecodeError'],
  'ini-interpolation-missing': ['InterpolationMissingOptionError'],
  'ini-interpolation-syntax': ['InterpolationSyntaxError'],
  'ini-interpolation-depth': ['InterpolationDepthError'],
  'file-not-found': ['FileNotFoundError', 'NotADirectoryError'],
  'file-unreadable': ['IsADirectoryError', 'PermissionError'],
  'uri-no-scheme': ['LookupError'],
  'uri-unknown-scheme': ['LookupError'],
  'uri-relative': ['ValueError'],
  'uri-malformed': ['LookupError', 'ValueError', 'AttributeError'],
  'section-missing': ['LookupError'],
  'section-ambiguous': ['LookupError'],
  'section-circle': ['RecursionError'],
  'section-no-loader': ['LookupError'],
  'section-several-loaders': ['LookupError'],
  'option-missing': ['LookupError', 'TypeError', 'IndexError'],
  'option-unexpected': ['LookupError', 'TypeError', 'ValueError'],
  'option-invalid': ['ValueError', 'AssertionError', 'IndexError'],
  'global-missing': ['KeyError'],
  'distribution-missing': ['PackageNotFoundError'],
  'entry-point-missing': ['LookupError'],
  'entry-point-ambiguous': ['LookupError'],
  'module-missing': ['ModuleNotFoundError'],
  'attribute-missing': ['AttributeError'],
  'factory-not-callable': ['TypeError'],
};

interface Input {
  files?: Record<string, string>;
  load: {
    kind: 'app' | 'filter' | 'server' | 'appconfig';
    uri: string;
    name?: string | null;
    relative_to?: string | null;
    global_conf?: Record<string, string>;
  };
  requests?: { path: string; headers?: Record<string, string> }[];
}

async function load({ load: { kind, uri, name, relative_to, global_conf } }: Input, here: string) {
  const options: LoadOptions = {
    name: name ?? undefined,
    relativeTo: relative_to === undefined ? here : (relative_to?.replaceAll('${HERE}', here) ?? undefined),
    globalConf: global_conf,
  };
  const address = uri.replaceAll('${HERE}', here);
  if (kind === 'appconfig') {
    const { merged, localConf, globalConf } = await appConfig(address, options);
    return { result: { merged, local_conf: localConf, global_conf: globalConf } };
  }
  if (kind === 'filter') return { result: describe(await (await loadFilter(address, options))(probe)) };
  if (kind === 'server') return { result: describe(await (await loadServer(address, options))(probe)) };
  const app = await loadApp(address, options);
  return { result: describe(app), app };
}

async function respond(app: Application, request: NonNullable<Input['requests']>[number]) {
  reached = null;
  const response = await app(
    withEnviron(new Request('http://localhost/', { headers: { host: 'localhost', ...request.headers } }), {
      scriptName: '',
      pathInfo: encodeURI(request.path),
      remoteAddr: '127.0.0.1',
      scheme: 'http',
    }),
  );
  return { status: `${response.status} ${response.statusText}`, reached };
}

const suite: Suite = {
  async run({ input, expect }) {
    const here = mkdtempSync(path.join(os.tmpdir(), 'paste-'));
    calls = [];
    try {
      for (const [name, text] of Object.entries((input as Input).files ?? {})) {
        mkdirSync(path.dirname(path.join(here, name)), { recursive: true });
        writeFileSync(path.join(here, name), text);
      }
      let loaded: Awaited<ReturnType<typeof load>>;
      try {
        loaded = await load(input as Input, here);
      } catch (error) {
        checkError(error, expect);
        return;
      }
      const got: Record<string, unknown> = { result: loaded.result, calls };
      if (input.requests && loaded.app) {
        const responses: unknown[] = [];
        for (const request of input.requests) responses.push(await respond(loaded.app, request));
        got['responses'] = responses;
      }
      // A quirk says that composing what Python cannot compose is right.
      if (expect.quirk !== undefined && (expect.error || expect.result?.type === 'python-object')) {
        if ((loaded.result as { type?: string }).type !== undefined) return;
      }
      const masked = JSON.parse(JSON.stringify(got).replaceAll(here, '${HERE}')) as unknown;
      const { result, calls: expectedCalls, responses } = expect;
      expectSame('what was loaded', masked, {
        result,
        calls: expectedCalls,
        ...(responses && { responses }),
      });
    } finally {
      rmSync(here, { recursive: true, force: true });
    }
  },
};

interface ExpectedError {
  error?: {
    type: string;
    essential: string[];
    lineno?: number;
    section?: string;
    option?: string;
    errors?: unknown;
  };
  quirk?: string;
}

function checkError(error: unknown, expect: ExpectedError): void {
  if (expect.quirk !== undefined && error instanceof LoadError && error.section !== undefined) return;
  if (!expect.error || !(error instanceof Error)) throw error;
  const { type, essential, lineno, section, option, errors } = expect.error;
  const types = error instanceof LoadError ? (PYTHON_TYPES[error.code] ?? []) : [error.name];
  if (!types.includes(type)) {
    throw new Mismatch(
      'another error',
      type,
      `${error instanceof LoadError ? error.code : error.name}: ${error.message}`,
    );
  }
  for (const part of essential) {
    if (!error.message.toLowerCase().includes(part.toLowerCase())) {
      throw new Mismatch(`the message lacks ${part}`, expect.error, error.message);
    }
  }
  if (!(error instanceof LoadError)) return;
  const facts = { lineno: error.line, section: error.section, option: error.option, errors: error.errors };
  for (const [name, value] of Object.entries({ lineno, section, option, errors })) {
    if (value !== undefined) expectSame(`the error's ${name}`, facts[name as keyof typeof facts], value);
  }
}

export default suite;
