/** The servers that a configuration can name, and the gateway's filters, under their Python entry points. */
import { getLogger } from '@logtape/logtape';
import type { Application, RunningServer, ThreadedApplication } from '../gateway/types.ts';
import { registerDistribution } from '../loader/distributions.ts';
import type { ServerRunnerFactory, Settings } from '../loader/factories.ts';
import { contentLength } from '../filters/content-length.ts';
import { gzip } from '../filters/gzip.ts';
import { httpExceptions } from '../filters/http-exceptions.ts';
import { transLogger } from '../filters/translogger.ts';
import { gunicornSettings } from './gunicorn.ts';
import { HttpServer } from './http-server.ts';
import {
  bjoernSettings,
  cherootSettings,
  pasteHttpSettings,
  werkzeugDebuggerSettings,
  werkzeugSettings,
} from './other-servers.ts';
import { isAboutThreads, readSettings, settingsWithoutEffect } from './settings.ts';
import type { ReadSettings } from './translate.ts';

const waitressSettings = (given: Settings): ReadSettings => ({
  settings: readSettings(given),
  notes: settingsWithoutEffect(given),
});

/** Options that say how many threads there are to be; where none is given, the machine decides. */
const THREADS = ['threads', 'workers', 'numthreads', 'maxthreads', 'threadpool_workers'];
const isAsked = (given: Settings) => THREADS.some((option) => given[option] !== undefined);
/** Servers that have one thread unless they are told. */
const ONE_THREAD = new Set(['bjoern', 'gunicorn.error']);

function runner(name: string, read: (given: Settings) => ReadSettings): ServerRunnerFactory {
  return async (app, _globalConf, given) => {
    const { settings, notes } = read(given);
    const threaded = 'startThreads' in app;
    for (const note of notes) if (!threaded || !isAboutThreads(note)) getLogger(name.split('.')).warn(note);
    let urgentPaths: readonly string[] = [];
    if (threaded) {
      const threads = app as ThreadedApplication;
      urgentPaths = threads.urgentPaths ?? [];
      const count = isAsked(given) || ONE_THREAD.has(name) ? settings.threads : undefined;
      if (threads.acceptInThreads === true && count !== 1)
        return threads.serveInThreads!(count, settings, name);
      await threads.startThreads(count, settings.max_request_body_size, name, settings.inbuf_overflow);
    }
    return new HttpServer({ dispatch: app, settings, name, urgentPaths }).listen();
  };
}

/** Servers by the names that they have in a configuration. */
export const SERVERS = {
  'egg:waitress#main': runner('waitress', waitressSettings),
  'egg:gunicorn#main': runner('gunicorn.error', gunicornSettings),
  'egg:dataflake.wsgi.bjoern#main': runner('bjoern', bjoernSettings),
  'egg:dataflake.wsgi.cheroot#main': runner('cheroot', cherootSettings),
  'egg:dataflake.wsgi.werkzeug#main': runner('werkzeug', werkzeugSettings),
  'egg:dataflake.wsgi.werkzeug#debugger': runner('werkzeug', werkzeugDebuggerSettings),
  'egg:Paste#http': runner('paste.httpserver', pasteHttpSettings),
} as const satisfies Readonly<Record<string, ServerRunnerFactory>>;

export type ServerName = keyof typeof SERVERS;

/**
 * Serves an application as a section `[server:main]` with these settings would. Throws a SettingError or an AddressError.
 *
 * ```ts
 * const server = await serve(app, { listen: '127.0.0.1:8080 [::1]:8080' });
 * console.log(server.urls);
 * ```
 */
export function serve(
  app: Application,
  settings: Settings = {},
  server: ServerName = 'egg:waitress#main',
): Promise<RunningServer> {
  return SERVERS[server](app, {}, settings);
}

/** Makes Python's names of servers and filters known to the loader; called once at start. */
export function registerGatewayDistributions(): void {
  for (const [uri, factory] of Object.entries(SERVERS)) {
    const [distribution, entry] = uri.slice('egg:'.length).split('#') as [string, string];
    registerDistribution(distribution, { 'paste.server_runner': { [entry]: factory } });
  }
  registerDistribution('Paste', { 'paste.filter_app_factory': { gzip, translogger: transLogger } });
  registerDistribution('Zope', {
    'paste.filter_app_factory': { content_length: contentLength, httpexceptions: httpExceptions },
  });
}
