/** Renders a page in a fresh site that holds something worth protecting. */
import { Dict } from '../../../src/pickle/index.ts';
import { call, getattr } from '../../../src/restricted/index.ts';
import { type ObjectSpec, type SiteInput, withSite } from '../../conformance/suites/lib/site.ts';

export interface PageOptions {
  readonly options?: Readonly<Record<string, unknown>>;
  /** Page templates beside the page, by id. */
  readonly pages?: Readonly<Record<string, string>>;
  readonly site?: SiteInput;
  /** The request's `Accept-Language`. */
  readonly languages?: string;
}

/** A folder that only managers may look into. */
const SECRET: ObjectSpec = {
  $obj: {
    class: 'Folder',
    id: 'safe',
    title: 'Secret',
    children: [{ $obj: { class: 'Script (Python)', id: 'run', body: 'return "ran"' } }],
    permissions: { View: ['Manager'], 'Access contents information': ['Manager'] },
  },
};

export function renderPage(
  source: string,
  { options = {}, pages = {}, site, languages }: PageOptions = {},
): string {
  const root: ObjectSpec[] = [
    SECRET,
    ...Object.entries(pages).map(([id, text]) => ({ $obj: { class: 'Page Template', id, source: text } })),
    ...(site?.root ?? []),
  ];
  return withSite({ ...site, root }, (made) => {
    if (languages !== undefined)
      (made.request.environ as Map<string, unknown>).set('HTTP_ACCEPT_LANGUAGE', languages);
    made.add(made.here, { class: 'Page Template', id: 'page', source });
    return call(getattr(made.here, 'page'), [], new Dict<string, unknown>(Object.entries(options))) as string;
  });
}

/** What rendering the page throws. */
export function errorOfPage(source: string, options?: PageOptions): Error {
  try {
    renderPage(source, options);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`the page was rendered: ${source}`);
}
