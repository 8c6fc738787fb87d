/** What WebDAV says of a resource: the headers of HEAD and OPTIONS, and entity tags (INVENTORY 4.9). */
import { aqBase, getOwn } from '../../persistent/index.ts';
import { type HTTPRequest, type HTTPResponse, MethodNotAllowed, NotFound } from '../../publisher/index.ts';
import { contentTypeOfName } from './content-type.ts';

/** Python's name of the attribute that keeps the entity tag. */
export const ETAG = '_EtagSupport__etag';
const METHODS =
  'GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK';

interface Resource {
  getId(): string;
  get_size?(): number;
  readonly index_html?: unknown;
  readonly content_type?: unknown;
  readonly default_content_type?: unknown;
  readonly _p_mtime?: number | null;
}

const isCollection = (object: Resource) => Boolean(getOwn(object, 'isPrincipiaFolderish'));

function initialise(object: Resource, request: HTTPRequest, response: HTTPResponse): void {
  // The name of the method is the last step of the URL.
  const url = request.URL.replace(/\/[A-Z]+$/, '');
  if (isCollection(object)) {
    if (!String(request.get('PATH_INFO')).endsWith('/')) response.setHeader('Content-Location', `${url}/`);
    return;
  }
  response.setHeader('Accept-Ranges', getOwn(object, 'acceptRanges') ?? 'none');
}

/** The entity tag of an object, made when it has none yet. */
function entityTag(object: object): string {
  const known = getOwn(object, ETAG);
  return typeof known === 'string' ? known : refreshEntityTag(object);
}

/** Gives an object another entity tag: its content has changed. */
export function refreshEntityTag(object: object): string {
  const tag = `ts${String(Date.now() / 1000).slice(2)}`;
  (aqBase(object) as Record<string, unknown>)[ETAG] = tag;
  return tag;
}

function contentType(object: Resource): string {
  // Both attributes may be acquired.
  const { content_type: known, default_content_type: fallback } = object;
  if (typeof known === 'string' && known !== '') return known;
  return (
    contentTypeOfName(object.getId()) ??
    (typeof fallback === 'string' ? fallback : 'application/octet-stream')
  );
}

/** The answer to HEAD: what is known of the object without rendering it. */
export function head(object: Resource, request: HTTPRequest, response: HTTPResponse): HTTPResponse {
  initialise(object, request, response);
  if (isCollection(object)) {
    const page = object.index_html as (Resource & { HEAD?: unknown }) | undefined | null;
    if (page === undefined || page === null) throw new NotFound('The requested resource does not exist.');
    if (typeof page.HEAD !== 'function')
      throw new MethodNotAllowed('Method not supported for this resource.');
    return head(page, request, response);
  }
  response.setHeader('Content-Type', contentType(object).toLowerCase());
  if (typeof getOwn(object, 'get_size') === 'function')
    response.setHeader('Content-Length', object.get_size!());
  const { _p_mtime: changed } = object;
  if (typeof changed === 'number')
    response.setHeader('Last-Modified', new Date(Math.floor(changed) * 1000).toUTCString());
  response.setHeader('Etag', entityTag(object));
  response.setStatus(200);
  return response;
}

/** The answer to OPTIONS. */
export function options(object: Resource, request: HTTPRequest, response: HTTPResponse): HTTPResponse {
  initialise(object, request, response);
  response.setHeader('Allow', METHODS);
  response.setHeader('Content-Length', 0);
  response.setHeader('DAV', '1,2', 1);
  response.setStatus(200);
  return response;
}
