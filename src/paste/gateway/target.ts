/** A request target in its parts, percent-encoded as they came. */
export interface Target {
  readonly path: string;
  readonly query: string;
}

/** The path and the query of a request target in any of its forms (RFC 9112, 3.2). */
export function splitTarget(target: string): Target {
  let path = target.charCodeAt(0) === SLASH ? target : originForm(target);
  let query = '';
  // A fragment has no place in a request target.
  const hash = path.indexOf('#');
  if (hash >= 0) path = path.slice(0, hash);
  const mark = path.indexOf('?');
  if (mark >= 0) {
    query = path.slice(mark + 1);
    path = path.slice(0, mark);
  }
  // Two slashes in front would make the path look like another host in the URLs that are built from it.
  if (path.charCodeAt(1) === SLASH) path = path.replace(/^\/+/, '/');
  return { path, query };
}

const SLASH = 0x2f;

/** The path and query of an absolute target; `*` and other forms are taken as a path. */
function originForm(target: string): string {
  const match = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/is.exec(target);
  const path = match === null ? target : match[1]!;
  return path.startsWith('/') ? path : `/${path}`;
}
