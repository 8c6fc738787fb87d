/** The configuration of the site that this process serves. */
import type { ZopeConfig } from '../../zconfig/index.ts';

let current: ZopeConfig | undefined;

export function setConfiguration(config: ZopeConfig): void {
  current = config;
}

/**
 * What the site's zope.conf says, for the site's own modules: `getConfiguration().productConfig.shop?.currency` is the value of
 * `currency` in `<product-config shop>`. Throws where no site is configured yet.
 */
export function getConfiguration(): ZopeConfig {
  if (current === undefined) throw new Error('no site is configured in this process yet');
  return current;
}
