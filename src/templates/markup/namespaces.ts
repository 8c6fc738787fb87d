/** XML namespaces of the template languages (INVENTORY T-001). */
export const TAL = 'http://xml.zope.org/namespaces/tal';
export const METAL = 'http://xml.zope.org/namespaces/metal';
export const I18N = 'http://xml.zope.org/namespaces/i18n';
export const META = 'http://xml.zope.org/namespaces/meta';
export const XML_SPACE = 'http://www.w3.org/XML/1998/namespace';
export const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** Their elements have no tags of their own in the output, their attributes are statements. */
export const STATEMENT_SPACES: ReadonlySet<string> = new Set([TAL, METAL, I18N, META]);

/** Prefixes that need no declaration. */
export const DEFAULT_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['xmlns', XMLNS],
  ['xml', XML_SPACE],
  ['tal', TAL],
  ['metal', METAL],
  ['i18n', I18N],
  ['meta', META],
]);
