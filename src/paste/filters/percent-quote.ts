const PLAIN = /^[A-Za-z0-9_.~/-]*$/;

/**
 * A path decoded and quoted again, as WSGI programs log it: the bytes are taken for Latin-1 characters and those are
 * quoted as UTF-8, so that what is beyond ASCII is encoded twice.
 */
export function percentQuote(path: string): string {
  if (PLAIN.test(path)) return path;
  const bytes: number[] = [];
  for (let i = 0; i < path.length; i++) {
    const hex = path[i] === '%' ? /^[0-9A-Fa-f]{2}/.exec(path.slice(i + 1, i + 3))?.[0] : undefined;
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else bytes.push(...Buffer.from(path[i]!, 'utf8'));
  }
  let quoted = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    quoted += PLAIN.test(char)
      ? char
      : [...Buffer.from(char, 'utf8')]
          .map((part) => `%${part.toString(16).toUpperCase().padStart(2, '0')}`)
          .join('');
  }
  return quoted;
}
