/** Header lines at the start of a rendered document become headers of the answer (INVENTORY T-088). */
import type { HTTPResponse } from '../../publisher/index.ts';

const HEADER = /([-\w]+):[ \t]*([^\n]+)\n/y;

/** The document without its header lines; one that does not begin with header lines and an empty one stays as it is. */
export function decapitate(text: string, response: HTTPResponse | undefined): string {
  const headers: [string, string[]][] = [];
  let at = 0;
  for (;;) {
    HEADER.lastIndex = at;
    const match = HEADER.exec(text);
    if (match === null) break;
    at = HEADER.lastIndex;
    const parts = [match[2]!];
    while (text[at] === ' ' || text[at] === '\t') {
      const end = text.indexOf('\n', at);
      if (end < 0) return text;
      parts.push(text.slice(at, end).trim());
      at = end + 1;
    }
    headers.push([match[1]!, parts]);
  }
  const line = /\r?\n/y;
  line.lastIndex = at;
  if (!line.test(text)) return text;
  for (const [name, parts] of headers) response?.setHeader(name, parts.join(' ').trim());
  return text.slice(line.lastIndex);
}
