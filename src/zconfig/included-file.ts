/** Which file `%include` names: its argument is a URL, relative to the file that it stands in. */
import path from 'node:path';
import { ConfigurationError } from './errors.ts';

const SCHEME = /^([a-z][-+.a-z0-9]+):/i;

function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) =>
    Buffer.from(codes.replaceAll('%', ''), 'hex').toString(),
  );
}

const refused = (file: string, reason: string) => new ConfigurationError(reason, { file, line: undefined });

/** Throws a ConfigurationError for what is no file of this machine. */
export function includedFile(target: string, from: string): string {
  const url = target.replace(/[\t\r\n]/g, '');
  const hash = url.indexOf('#');
  if (hash >= 0 && hash < url.length - 1)
    throw refused(path.resolve(path.dirname(from), url), 'fragment identifiers are not supported');
  const whole = hash < 0 ? url : url.slice(0, hash);
  const scheme = SCHEME.exec(whole);
  if (scheme !== null && scheme[1]!.toLowerCase() !== 'file')
    throw refused(url, `error opening URL ${url}: only files can be included`);
  let file = scheme === null ? whole : whole.slice(scheme[0].length);
  const host = /^\/\/([^/]*)/.exec(file);
  if (host !== null) {
    if (host[1] !== '' && host[1] !== 'localhost')
      throw refused(url, `error opening URL ${url}: file:// scheme is supported only on localhost`);
    file = file.slice(host[0].length);
  }
  if (file === '') return from;
  return unquote(path.resolve(path.dirname(from).replaceAll('%', '%25'), file));
}
