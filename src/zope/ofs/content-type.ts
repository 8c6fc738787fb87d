/** The media type of content by its name, and by its look where the name tells nothing (INVENTORY P-156; zope.contenttype and Python's mimetypes). */
import { lookup } from 'mrmime';

/** What Python and Zope call these ends of names, where the registry of today says something else or nothing. */
const TYPES: Readonly<Record<string, string>> = {
  'application/javascript': 'mjs',
  'application/msword': 'wiz',
  'application/octet-stream': 'a o obj',
  'application/rtf': 'rtf',
  'application/vnd.apple.mpegurl': 'm3u m3u8',
  'application/vnd.mozilla.xul+xml': 'xul',
  'application/vnd.ms-excel': 'xlb xls',
  'application/vnd.ms-excel.addin.macroenabled.12': 'xlam',
  'application/vnd.ms-excel.sheet.binary.macroenabled.12': 'xlsb',
  'application/vnd.ms-excel.sheet.macroenabled.12': 'xlsm',
  'application/vnd.ms-excel.template.macroenabled.12': 'xltm',
  'application/vnd.ms-fontobject': 'eot',
  'application/vnd.ms-powerpoint': 'pot ppa pps ppt pwz',
  'application/vnd.ms-powerpoint.addin.macroenabled.12': 'ppam',
  'application/vnd.ms-powerpoint.presentation.macroenabled.12': 'pptm',
  'application/vnd.ms-powerpoint.slideshow.macroenabled.12': 'ppsm',
  'application/vnd.ms-powerpoint.template.macroenabled.12': 'potm',
  'application/vnd.ms-word.document.macroenabled.12': 'docm',
  'application/vnd.ms-word.template.macroenabled.12': 'dotm',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
  'application/vnd.openxmlformats-officedocument.presentationml.slideshow': 'ppsx',
  'application/vnd.openxmlformats-officedocument.presentationml.template': 'potx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.template': 'xltx',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.template': 'dotx',
  'application/x-bcpio': 'bcpio',
  'application/x-cdf': 'cdf',
  'application/x-cpio': 'cpio',
  'application/x-csh': 'csh',
  'application/x-dvi': 'dvi',
  'application/x-font-woff': 'woff',
  'application/x-gtar': 'gtar',
  'application/x-hdf': 'hdf',
  'application/x-hdf5': 'h5',
  'application/x-latex': 'latex',
  'application/x-mif': 'mif',
  'application/x-netcdf': 'nc',
  'application/x-pkcs12': 'p12 pfx',
  'application/x-pn-realaudio': 'ram',
  'application/x-python-code': 'pyc pyo',
  'application/x-sh': 'sh',
  'application/x-shar': 'shar',
  'application/x-shockwave-flash': 'swf',
  'application/x-sv4cpio': 'sv4cpio',
  'application/x-sv4crc': 'sv4crc',
  'application/x-tar': 'tar',
  'application/x-tcl': 'tcl',
  'application/x-tex': 'tex',
  'application/x-texinfo': 'texi texinfo',
  'application/x-troff': 'roff t tr',
  'application/x-troff-man': 'man',
  'application/x-troff-me': 'me',
  'application/x-troff-ms': 'ms',
  'application/x-ustar': 'ustar',
  'application/x-wais-source': 'src',
  'application/xml': 'rdf wsdl xpdl',
  'audio/3gpp': '3gp 3gpp',
  'audio/3gpp2': '3g2 3gpp2',
  'audio/aac': 'ass loas',
  'audio/opus': 'opus',
  'audio/x-aiff': 'aif aifc aiff',
  'audio/x-pn-realaudio': 'ra',
  'audio/x-wav': 'wav',
  'font/opentype': 'otf',
  'font/truetype': 'ttf',
  'image/pict': 'pct pic pict',
  'image/svg+xml-compressed': 'svgz',
  'image/x-cmu-raster': 'ras',
  'image/x-icon': 'ico',
  'image/x-jpeg2000-image': 'jp2',
  'image/x-portable-anymap': 'pnm',
  'image/x-portable-bitmap': 'pbm',
  'image/x-portable-graymap': 'pgm',
  'image/x-portable-pixmap': 'ppm',
  'image/x-rgb': 'rgb',
  'image/x-xbitmap': 'xbm',
  'image/x-xpixmap': 'xpm',
  'image/x-xwindowdump': 'xwd',
  'message/rfc822': 'mht mhtml nws',
  'text/plain': 'bat c h ksh pl srt',
  'text/x-python': 'py',
  'text/x-setext': 'etx',
  'text/x-sgml': 'sgm sgml',
  'text/x-vcard': 'vcf',
  'text/xml': 'xsl',
  'video/mpeg': 'mpa',
  'video/x-m4v': 'm4v',
  'video/x-msvideo': 'avi',
  'video/x-sgi-movie': 'movie',
};
const BY_END = new Map(
  Object.entries(TYPES).flatMap(([type, ends]) => ends.split(' ').map((end) => [end, type] as const)),
);
/** Ends that say how a file is packed; what is in it, the end before says. */
const PACKED = new Set(['gz', 'Z', 'bz2', 'xz', 'br']);
const PACKED_AS_ONE = new Map(
  Object.entries({ svgz: 'svg', tgz: 'tar', taz: 'tar', tz: 'tar', tbz2: 'tar', txz: 'tar' }),
);
const BINARY = /[\0-\x07]/;

/** The media type that the end of a name stands for; undefined: none. */
export function contentTypeOfName(name: string): string | undefined {
  let [base, end] = splitEnd(name);
  const packed = PACKED_AS_ONE.get(end.toLowerCase());
  if (packed !== undefined) end = packed;
  else if (PACKED.has(end)) [base, end] = splitEnd(base);
  end = end.toLowerCase();
  if (end === '' || PACKED.has(end)) return undefined;
  return BY_END.get(end) ?? lookup(`.${end}`);
}

/** A name and its end without the dot. Dots that a name begins with begin no end. */
function splitEnd(name: string): [base: string, end: string] {
  const start = name.lastIndexOf('/') + 1;
  const dot = name.lastIndexOf('.');
  for (let at = start; at < dot; at++) if (name[at] !== '.') return [name.slice(0, dot), name.slice(dot + 1)];
  return [name, ''];
}

/** The media type for a name; by the look of the content, bytes or text, where the name tells nothing and there is no fallback. */
export function guessContentType(name: string, data: Uint8Array | string, fallback?: string): string {
  const byName = contentTypeOfName(name);
  if (byName !== undefined) return byName;
  if (fallback) return fallback;
  if (data.length === 0) return 'text/x-unknown-content-type';
  const text =
    typeof data === 'string'
      ? data
      : Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
  return BINARY.test(text) ? 'application/octet-stream' : textType(text);
}

const LONGEST_START = 14;

/** HTML, XML or plain text, by how it begins or by an end tag in it. */
function textType(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  const start = text.slice(from, Math.min(to, from + LONGEST_START)).toLowerCase();
  if (start.length === LONGEST_START) {
    if (start.startsWith('<html>') || start.startsWith('<!doctype html')) return 'text/html';
    if (start.startsWith('<?xml')) return 'text/xml';
  }
  return text.includes('</') ? 'text/html' : 'text/plain';
}

const isBlank = (code: number) => code === 32 || (code >= 9 && code <= 13);
