/** Python's distributions of this room: what `egg:Paste#…` and `egg:PasteDeploy#…` name, loaded when first wanted. */
import { registerDistribution } from './distributions.ts';

const configFilter = { load: async () => (await import('./config-filter.ts')).makeConfigFilter };

registerDistribution('PasteDeploy', {
  'paste.filter_app_factory': {
    config: configFilter,
    prefix: { load: async () => (await import('../filters/prefix.ts')).makePrefixFilter },
  },
});

registerDistribution('Paste', {
  'paste.composite_factory': {
    urlmap: { load: async () => (await import('../composites/urlmap.ts')).makeUrlMap },
    cascade: { load: async () => (await import('../composites/cascade.ts')).makeCascade },
  },
  'paste.filter_app_factory': { config: configFilter },
});
