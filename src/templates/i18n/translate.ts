/** Translates for one request: the language that its reader prefers among those that a domain has. */
import { str } from '../../restricted/index.ts';
import { type Catalog, catalogsOf } from './catalogs.ts';
import { interpolate, Message } from './message.ts';

export interface TranslateOptions {
  readonly domain: string | null;
  readonly context: string | null;
  readonly mapping?: ReadonlyMap<unknown, unknown> | null;
  /** Shown without a translation. */
  readonly default?: string | null;
}

export class Translator {
  readonly #languages: () => readonly string[];
  #preferred: readonly string[] | undefined;

  /** `languages` gives what the reader prefers, best first; it is asked when it is first needed. */
  constructor(languages: () => readonly string[]) {
    this.#languages = languages;
  }

  /** A translator to one language, whatever the reader prefers. */
  toward(language: string): Translator {
    return new Translator(() => [language]);
  }

  /** The catalog for a domain: exactly the language, or one of which it is a variety (`de-AT` → `de`). */
  #catalog(domain: string | null): Catalog | undefined {
    const catalogs = catalogsOf(domain ?? 'default');
    if (catalogs === undefined) return undefined;
    this.#preferred ??= this.#languages();
    for (const language of this.#preferred) {
      for (
        let tag = normalised(language);
        tag !== '';
        tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))
      ) {
        const found = catalogs.get(tag);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** The translation of an id. */
  translate(id: string, options: TranslateOptions): string {
    const { domain, context, mapping = null } = options;
    const text = this.#catalog(domain)?.get(id, context) ?? options.default ?? id;
    return interpolate(text, mapping, (value) => this.#shown(value));
  }

  /** The text of a message, in its own domain. */
  message(message: Message): string {
    const { id, context, number, plural } = message;
    const catalog = this.#catalog(message.domain);
    let text: string | undefined;
    if (plural !== null && number !== null)
      text =
        catalog?.plural(id, number, context) ??
        (number === 1 ? (message.default ?? id) : (message.defaultPlural ?? plural));
    else text = catalog?.get(id, context) ?? message.default ?? id;
    const mapping =
      number === null
        ? message.mapping
        : new Map<unknown, unknown>([['number', number], ...(message.mapping ?? [])]);
    return interpolate(text, mapping, (value) => this.#shown(value));
  }

  #shown(value: unknown): string {
    return typeof value === 'string' ? value : value instanceof Message ? this.message(value) : str(value);
  }
}

/** A language tag in small letters with hyphens: `pt_BR` and `pt-br` are the same. */
export const normalised = (tag: string): string => tag.toLowerCase().replaceAll('_', '-');

/** The languages of an `Accept-Language` header (RFC 9110, 12.5.4), best first; `*` and refused ones are left out. */
export function acceptedLanguages(header: string): string[] {
  const found: { tag: string; quality: number }[] = [];
  for (const item of header.split(',')) {
    const [tag = '', ...parameters] = item.split(';').map((part) => part.trim());
    if (tag === '' || tag === '*') continue;
    const q = parameters.find((part) => /^q\s*=/i.test(part));
    const quality = q === undefined ? 1 : Number(q.slice(q.indexOf('=') + 1));
    if (quality > 0) found.push({ tag, quality });
  }
  return found.sort((a, b) => b.quality - a.quality).map(({ tag }) => tag);
}
