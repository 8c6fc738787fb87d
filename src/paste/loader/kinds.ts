import type { Protocol } from './factories.ts';

/** What is asked for: the three kinds of objects that an `.ini` describes. */
export type Kind = 'app' | 'filter' | 'server';

interface KindTable {
  /** Each group is searched in order and gives one candidate; several candidates are ambiguous. */
  readonly protocols: readonly (readonly Protocol[])[];
  /** Prefixes of section names, grouped in the same way. */
  readonly prefixes: readonly (readonly string[])[];
  /** What a plain function is taken for when no section says it. */
  readonly usual: Protocol;
}

export const KINDS: Readonly<Record<Kind, KindTable>> = {
  app: {
    protocols: [['paste.app_factory'], ['paste.composite_factory'], ['paste.composit_factory']],
    prefixes: [['app', 'application'], ['composite', 'composit'], ['pipeline'], ['filter-app']],
    usual: 'paste.app_factory',
  },
  filter: {
    protocols: [['paste.filter_factory', 'paste.filter_app_factory']],
    prefixes: [['filter']],
    usual: 'paste.filter_factory',
  },
  server: {
    protocols: [['paste.server_factory', 'paste.server_runner']],
    prefixes: [['server']],
    usual: 'paste.server_factory',
  },
};

/** The protocol that a section's prefix gives to a plain function (`use = call:` and `use = npm:`). */
export function protocolOfSection(section: string, kind: Kind): Protocol {
  const prefix = section.split(':', 1)[0]!;
  return prefix === 'composite' || prefix === 'composit' ? 'paste.composite_factory' : KINDS[kind].usual;
}
