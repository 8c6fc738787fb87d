/** Headers as flat lists of names and values in turn, and back. */

/** A `Headers` of names and values in turn. */
export function headersFrom(flat: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < flat.length; i += 2) headers.append(flat[i]!, flat[i + 1]!);
  return headers;
}

/** Names and values in turn; each cookie is a header of its own. */
export function flatten(headers: Headers): string[] {
  const list: string[] = [];
  for (const [name, value] of headers) if (name !== 'set-cookie') list.push(name, value);
  for (const cookie of headers.getSetCookie()) list.push('set-cookie', cookie);
  return list;
}

/** The value of a header by lower-case name; several of one name are joined as `Headers` does. */
export function valueOf(flat: readonly string[], name: string): string | null {
  let found: string | null = null;
  for (let i = 0; i < flat.length; i += 2) {
    const key = flat[i]!;
    if (key.length !== name.length || key.toLowerCase() !== name) continue;
    if (found === null) found = flat[i + 1]!;
    else found += `, ${flat[i + 1]!}`;
  }
  return found;
}

const changed = new WeakSet<Headers>();

/** A `Headers` of which `isChanged` tells whether somebody changed it: what nobody changed is sent in its own order and case. */
export function trackedHeaders(flat: readonly string[]): Headers {
  const headers = headersFrom(flat);
  for (const name of ['append', 'set', 'delete'] as const) {
    const method = Headers.prototype[name] as (...args: string[]) => void;
    Object.defineProperty(headers, name, {
      value(...args: string[]) {
        changed.add(headers);
        method.apply(headers, args);
      },
    });
  }
  return headers;
}

export const isChanged = (headers: Headers): boolean => changed.has(headers);
