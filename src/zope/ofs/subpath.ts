/** The rest of a URL's path, which scripts and templates take for themselves (INVENTORY S-071). */
import { getOwn } from '../../persistent/index.ts';
import type { HTTPRequest } from '../../publisher/index.ts';

/** What Python's scripts and templates have beside what ours have: a path that names it is no subpath there. */
const PYTHON_NAMES = new Set(
  `COPY DELETE HistoricalRevisions LOCK MOVE PROPFIND PROPPATCH PrincipiaSearchSource TRACE UNLOCK ZBindings_setClient
  ZCacheable_configHTML ZCacheable_get ZCacheable_getCache ZCacheable_getModTime ZCacheable_getObAndView ZCacheable_set
  ZScriptHTML_tryAction ZScriptHTML_tryParams access_debug_info aclAChecked aclEChecked aclPChecked dav__init
  dav__simpleifhandler dav__validate getSize http__etag http__parseMatchList http__processMatchHeaders http__refreshEtag
  isPrincipiaFolderish isTopLevelPrincipiaApplicationObject listDAVObjects manage_DAVget manage_afterAdd manage_afterClone
  manage_beforeDelete manage_editRoles manage_editedDialog manage_form_title manage_getPermissionMapping manage_historyCompare
  manage_navbar manage_page_footer manage_page_header manage_setPermissionMapping manage_tabs permissionMappingPossibleValues
  raise_standardErrorMessage render selectedRoles smallRolesWidget tabs_path_default tabs_path_info tabs_path_length validRoles
  wl_clearLocks wl_delLock wl_getLock wl_hasLock wl_isLocked wl_lockItems wl_lockTokens wl_lockValues wl_lockmapping wl_setLock
  zmi_show_add_dialog zope_copyright get_filepath manage_FTPget manage_FTPput`.split(/\s+/),
);
/** Every object of Python has `__class__`, `__dict__`, `__doc__` … */
const PYTHON_OWN = /^__\w+__$/;

/** Makes what is left of the path the request's `traverse_subpath`, unless it begins with something that the object has. */
export function takeSubpath(object: object, request: HTTPRequest): void {
  const { path } = request;
  const next = path.at(-1);
  if (next !== undefined) {
    if (PYTHON_OWN.test(next) || PYTHON_NAMES.has(next) || getOwn(object, next) !== undefined) return;
  }
  request.set('traverse_subpath', path.splice(0).reverse());
}
