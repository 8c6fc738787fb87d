/** What the directives of a zope.conf do outside of the databases (INVENTORY 2.1). */
import path from 'node:path';
import { setEmergencyUser, ZopeSecurityPolicy } from '../../access/index.ts';
import { setDefaultDateFormat } from '../../pickle/index.ts';
import { getRequest, HTTPRequest, type PublisherOptions } from '../../publisher/index.ts';
import { type Budget, setBudgetSource, setDefaultLimits, setSecurityPolicy } from '../../restricted/index.ts';
import type { ZopeConfig } from '../../zconfig/index.ts';
import { setConfiguration } from './configuration.ts';
import { environmentOf } from './environment.ts';
import { noteOnce, setTimeZone } from '../threads/process-services.ts';
import { readPasswordFile } from './password-file.ts';
import { trustedProxiesOf } from './trusted-proxies.ts';
import { readLocales, setCatalogs } from '../../templates/index.ts';

/** What a configuration does to the process: environment, order of dates, emergency user, security policy. */
export function applyToProcess(config: ZopeConfig): void {
  setConfiguration(config);
  const environment = environmentOf(config);
  Object.assign(process.env, environment);
  if (environment.TZ !== undefined) setTimeZone(environment.TZ);
  setDefaultDateFormat(config.datetimeFormat);
  setEmergencyUser(readPasswordFile(path.join(config.instanceHome, 'access')));
  setCatalogs(readLocales(path.join(config.instanceHome, 'locales')));
  setSecurityPolicy(
    new ZopeSecurityPolicy({
      ownerous: !config.skipOwnershipChecking,
      authenticated: !config.skipAuthenticationChecking,
    }),
  );
  setDefaultLimits(config.scriptLimits);
  setBudgetSource(budgetOfRequest);
  for (const note of config.withoutEffect) noteOnce(note);
}

/** All scripts and templates of a request draw on one budget. */
function budgetOfRequest(): Budget | undefined {
  const request = getRequest();
  return request === undefined ? undefined : HTTPRequest.budgetOf(request);
}

const DEFAULT_RETRIES = 3;

/** The settings of the publisher. Throws a ConfigurationError for a proxy that has no address. */
export async function publisherSettings(
  config: ZopeConfig,
): Promise<
  Required<
    Pick<PublisherOptions, 'maxConflictRetries' | 'realm' | 'charset' | 'formLimits' | 'trustedProxies'>
  >
> {
  return {
    // Zero means the default, as it always did.
    maxConflictRetries: config.maxConflictRetries || DEFAULT_RETRIES,
    realm: config.httpRealm,
    charset: config.encoding,
    formLimits: config.formLimits,
    trustedProxies: await trustedProxiesOf(config),
  };
}
