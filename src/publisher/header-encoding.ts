/** Header values beyond Latin-1 (INVENTORY P-143): parameters get an RFC 8187 twin, other headers stay as they are. */
import { repr, ValueError } from '../restricted/index.ts';

// oxlint-disable-next-line no-control-regex
const NOT_LATIN1 = /[^\u0000-\u00ff]/;
const PARAMETERS = new Set(['content-type', 'content-disposition']);

export function encodeHeader(name: string, value: string): string {
  if (!NOT_LATIN1.test(value)) return value;
  if (!PARAMETERS.has(name.toLowerCase()))
    throw new ValueError(`the header ${name} has characters that a header cannot have: ${repr(value)}`);
  const parts = value.match(/(?:[^;"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const pairs = parts.map((part) => {
    const [key, ...rest] = part.trim().split('=');
    return rest.length === 0 ? [key!.trim()] : [key!.trim(), rest.join('=').trim()];
  });
  const known = new Set(pairs.map(([key]) => key));
  const extra: string[][] = [];
  for (const pair of pairs) {
    if (pair.length < 2 || !NOT_LATIN1.test(pair[1]!)) continue;
    const bare = pair[1]!.startsWith('"') ? pair[1]!.slice(1, -1) : pair[1]!;
    if (!known.has(`${pair[0]}*`)) extra.push([`${pair[0]}*`, `utf-8''${encodeURIComponent(bare)}`]);
    pair[1] = pair[1]!.replaceAll(new RegExp(NOT_LATIN1, 'g'), '?');
  }
  return [...pairs, ...extra].map((pair) => pair.join('=')).join('; ');
}
