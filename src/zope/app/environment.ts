/** The environment variables of a site. */
import { loadZopeConf, type ZopeConfig } from '../../zconfig/index.ts';
import { setConfiguration } from './configuration.ts';

/** The variables that a configuration sets; its `<environment>` has the last word. */
export function environmentOf(config: ZopeConfig): Readonly<Record<string, string>> {
  return {
    INSTANCE_HOME: config.instanceHome,
    CLIENT_HOME: config.clientHome,
    DATETIME_FORMAT: config.datetimeFormat,
    ...(config.quoteDtmlRequestData ? {} : { ZOPE_DTML_REQUEST_AUTOQUOTE: '0' }),
    ...config.environment,
  };
}

/**
 * Sets the variables of a configuration. They are set before the modules are loaded that have the site's classes: some of
 * those read variables when they are loaded. Returns the configuration. Throws a ConfigurationError.
 */
export function applyEnvironment(file: string): ZopeConfig {
  const config = loadZopeConf(file);
  Object.assign(process.env, environmentOf(config));
  setConfiguration(config);
  return config;
}
