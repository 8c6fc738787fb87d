/** The message catalogs of an instance: `locales/LANGUAGE/LC_MESSAGES/DOMAIN.po` and `.mo`, as gettext lays them out. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMo } from './mo.ts';
import { compilePlural, type PluralRule } from './plural.ts';
import { readPo } from './po.ts';
import { normalised } from './translate.ts';

/** One entry: `translations` has one text, or one for each plural form. */
export interface CatalogEntry {
  readonly context: string | null;
  readonly id: string;
  readonly translations: readonly string[];
}

const key = (id: string, context: string | null): string => (context === null ? id : `${context}\u0004${id}`);

export class Catalog {
  readonly #texts = new Map<string, readonly string[]>();
  #rule: PluralRule = (n) => (n === 1 ? 0 : 1);

  add(entries: readonly CatalogEntry[]): void {
    for (const { context, id, translations } of entries) {
      if (id === '' && context === null) this.#header(translations[0] ?? '');
      else if (translations.some((text) => text !== '')) this.#texts.set(key(id, context), translations);
    }
  }

  #header(text: string): void {
    const rule = /^Plural-Forms:.*?plural=([^;\n]+)/im.exec(text)?.[1];
    if (rule !== undefined) this.#rule = compilePlural(rule);
  }

  #find(id: string, context: string | null): readonly string[] | undefined {
    return (context === null ? undefined : this.#texts.get(key(id, context))) ?? this.#texts.get(id);
  }

  /** A translation; without one in the context that outside of any. */
  get(id: string, context: string | null): string | undefined {
    return this.#find(id, context)?.[0] || undefined;
  }

  plural(id: string, number: number, context: string | null): string | undefined {
    const forms = this.#find(id, context);
    return forms?.[Math.min(this.#rule(Math.abs(number)), forms.length - 1)] || undefined;
  }
}

/** By domain and language. */
type Catalogs = ReadonlyMap<string, ReadonlyMap<string, Catalog>>;

let current: Catalogs = new Map();

/** The catalogs of a domain by language; undefined without any. */
export function catalogsOf(domain: string): ReadonlyMap<string, Catalog> | undefined {
  return current.get(domain);
}

/** Replaces the catalogs of this thread and returns those before. */
export function setCatalogs(catalogs: Catalogs): Catalogs {
  const before = current;
  current = catalogs;
  return before;
}

/** A catalog file that cannot be read. */
export class CatalogError extends Error {
  readonly code = 'CATALOG';
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path}: ${reason}`, options);
    this.path = path;
  }
}

/**
 * Reads all catalogs below a `locales` folder; none when there is no such folder. Where a domain has both kinds of files the
 * texts of the `.po` count. Throws a `CatalogError` with file and line.
 */
export function readLocales(folder: string): Catalogs {
  const catalogs = new Map<string, Map<string, Catalog>>();
  for (const language of names(folder)) {
    const messages = join(folder, language, 'LC_MESSAGES');
    for (const name of names(messages).sort()) {
      const match = /^(.+)\.(mo|po)$/.exec(name);
      if (match === null) continue;
      const [, domain, kind] = match as unknown as [string, string, string];
      const path = join(messages, name);
      const byLanguage = catalogs.get(domain) ?? new Map<string, Catalog>();
      catalogs.set(domain, byLanguage);
      const catalog = byLanguage.get(normalised(language)) ?? new Catalog();
      byLanguage.set(normalised(language), catalog);
      try {
        catalog.add(kind === 'mo' ? readMo(readFileSync(path)) : readPo(readFileSync(path, 'utf8')));
      } catch (error) {
        throw new CatalogError(path, (error as Error).message, { cause: error });
      }
    }
  }
  return catalogs;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
