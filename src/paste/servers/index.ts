/** The servers that a configuration can name, and filters of the gateway, under their Python entry points. */
import { getLogger } from '@logtape/logtape';
import type { Application, RunningServer } from '../gateway/types.ts';
import { registerDistribution } from '../loader/distributions.ts';
import type { Settings } from '../loader/factories.ts';
import { contentLength } from '../filters/content-length.ts';
import { gzip } from '../filters/gzip.ts';
import { httpExceptions } from '../filters/http-exceptions.ts';
import { transLogger } from '../filters/translogger.ts';
import {
  bjoernSettings,
  cherootSettings,
  gunicornSettings,
  pasteHttpSettings,
  werkzeugSettings,
} from './other-servers.ts';
import { HttpServer } from './http-server.ts';
import { readSettings, type ServerSettings, settingsWithoutEffect } from './settings.ts';

type Reader = (given: Settings) => { readonly settings: ServerSettings; readonly notes: readonly string[] };

function runner(name: string, read: Reader) {
  return async (app: Application, _globalConf: Settings, given: Settings): Promise<RunningServer> => {
    const { settings, notes } = read(given);
    for (const note of notes) getLogger(name.split('.')).warn(note);
    return new HttpServer(app, settings, { name }).listen();
  };
}

/** Serves an application as `egg:waitress#main` does. Throws a SettingError or an AddressError. */
export function serve(app: Application, given: Settings = {}): Promise<RunningServer> {
  return runner('waitress', waitressSettings)(app, {}, given);
}

const waitressSettings: Reader = (given) => ({
  settings: readSettings(given),
  notes: settingsWithoutEffect(given),
});

/** Makes Python's names of servers and filters known to the loader; called once at start. */
export function registerGatewayDistributions(): void {
  registerDistribution('waitress', { 'paste.server_runner': { main: runner('waitress', waitressSettings) } });
  registerDistribution('gunicorn', { 'paste.server_runner': { main: runner('gunicorn', gunicornSettings) } });
  registerDistribution('dataflake.wsgi.bjoern', {
    'paste.server_runner': { main: runner('bjoern', bjoernSettings) },
  });
  registerDistribution('dataflake.wsgi.cheroot', {
    'paste.server_runner': { main: runner('cheroot', cherootSettings) },
  });
  registerDistribution('dataflake.wsgi.werkzeug', {
    'paste.server_runner': {
      main: runner('werkzeug', werkzeugSettings),
      debugger: runner('werkzeug', werkzeugSettings),
    },
  });
  registerDistribution('Paste', {
    'paste.filter_app_factory': { gzip, translogger: transLogger },
    'paste.server_runner': { http: runner('paste.httpserver', pasteHttpSettings) },
  });
  registerDistribution('Zope', {
    'paste.filter_app_factory': { content_length: contentLength, httpexceptions: httpExceptions },
  });
}
