/** Random requests about each feature of the publisher, for the site of zope-site.py. */
import type { Random } from '../../restricted/programs.ts';
import type { WireRequest } from './both-sites.ts';
import { formRequests } from './form-requests.ts';
import { manageRequests } from './manage-requests.ts';
import { pathRequests } from './path-requests.ts';
import { responseRequests } from './response-requests.ts';

/** A feature makes requests that belong together: they are sent one after the other. */
export type Feature = (random: Random) => WireRequest[];

export const FEATURES: Readonly<Record<string, Feature>> = {
  ...formRequests,
  ...pathRequests,
  ...responseRequests,
  ...manageRequests,
};
