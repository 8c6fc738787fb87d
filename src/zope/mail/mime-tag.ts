/** `dtml-mime` with `dtml-boundary`: a body of several parts, each of a type of its own, for mails (INVENTORY T-086). */
import { randomInt } from 'node:crypto';
import { encode as quotedPrintable, wrap } from 'nodemailer/lib/qp';
import { call, getattr, str, truth, ValueError } from '../../restricted/index.ts';
import {
  compileDtmlExpression,
  type DtmlBlockTag,
  type DtmlExpression,
  type DtmlNamespace,
  DtmlParseError,
  type DtmlSection,
  parseDtmlParameters,
  registerDtmlTag,
  renderDtmlParts,
} from '../../templates/index.ts';

/** The settings of a part with their defaults. Each can also be given as an expression: `type_expr` and so on. */
const DEFAULTS = {
  type: 'application/octet-stream',
  disposition: '',
  encode: 'base64',
  name: '',
  filename: '',
  cid: '',
  charset: 'us-ascii',
} as const;
type Setting = keyof typeof DEFAULTS;
const SETTINGS = Object.keys(DEFAULTS) as Setting[];

const KNOWN_OF_PARTS: Readonly<Record<string, null>> = {
  ...Object.fromEntries(SETTINGS.flatMap((name) => [name, `${name}_expr`]).map((name) => [name, null])),
  skip_expr: null,
};
const KNOWN = { ...KNOWN_OF_PARTS, multipart: null };

const ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'base64', 'quoted-printable']);
const UNSUPPORTED = 'An unsupported encoding was specified in tag';
/** Types of other kinds are sent as `application/octet-stream`, as in Python. */
const KINDS: ReadonlySet<string> = new Set(['text', 'image', 'audio', 'application']);
const TOKEN = /^[\w.+-]+$/;

/** Encodings of languages that are for the most part ASCII: they stay readable. */
const LATIN = /^(?:iso-8859-(?:1|2|3|4|9|10|13|14|15|16)|windows-1252)$/;
// oxlint-disable-next-line no-control-regex
const isAscii = (text: string) => /^[\u0000-\u007f]*$/.test(text);

interface Part {
  readonly settings: Readonly<Record<Setting, string | DtmlExpression>>;
  readonly skip: DtmlExpression | undefined;
  readonly body: DtmlSection['parts'];
}

function partOf({ parts }: DtmlSection, parameters: ReadonlyMap<string, string | 1>): Part {
  const setting = (name: Setting): string | DtmlExpression => {
    const expression = parameters.get(`${name}_expr`);
    if (expression === undefined) return String(parameters.get(name) ?? DEFAULTS[name]);
    if (parameters.has(name)) throw new DtmlParseError(`dtml-mime: ${name} and ${name}_expr given`, '');
    return compileDtmlExpression(String(expression));
  };
  const settings = Object.fromEntries(SETTINGS.map((name) => [name, setting(name)])) as Part['settings'];
  if (typeof settings.encode === 'string' && !ENCODINGS.has(settings.encode))
    throw new DtmlParseError(UNSUPPORTED, '');
  const skip = parameters.get('skip_expr');
  return {
    settings,
    skip: skip === undefined ? undefined : compileDtmlExpression(String(skip)),
    body: parts,
  };
}

/** The settings of a part in a namespace. Throws a `ValueError` for line ends, which would begin another header. */
function settingsOf({ settings }: Part, namespace: DtmlNamespace): Record<Setting, string> {
  const values = SETTINGS.map((name) => {
    const setting = settings[name];
    const value = typeof setting === 'string' ? setting : setting(namespace);
    const text = value === null || value === '' ? '' : str(value);
    if (/[\r\n]/.test(text)) throw new ValueError(`the ${name} of a part of a mail has one line`);
    return [name, text];
  });
  return Object.fromEntries(values) as Record<Setting, string>;
}

function typeOf(type: string): [kind: string, subtype: string] {
  const [kind, subtype, ...others] = type.toLowerCase().split('/');
  if (others.length > 0 || !TOKEN.test(kind!) || !TOKEN.test(subtype ?? ''))
    throw new ValueError(`"${type}" is no type of a part of a mail, such as text/plain`);
  return KINDS.has(kind!) ? [kind!, subtype!] : ['application', 'octet-stream'];
}

/** A parameter of a header; one with other characters as RFC 2231 has it. */
function headerParameter(name: string, value: string): string {
  if (isAscii(value)) return `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  const encoded = encodeURIComponent(value).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${name}*=utf-8''${encoded}`;
}

const base64 = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString('base64')
    .replaceAll(/.{1,76}/g, '$&\n');
const printable = (bytes: Uint8Array) => wrap(quotedPrintable(Buffer.from(bytes))).replaceAll('\r\n', '\n');

/** The encoding is that of the character set, as in Python. */
function encodeBodyText(text: string, charset: string): [encoding: string, content: string] {
  const bytes = call(getattr(text, 'encode'), [charset]) as Uint8Array;
  if (charset === 'us-ascii') return ['7bit', text];
  return LATIN.test(charset) ? ['quoted-printable', printable(bytes)] : ['base64', base64(bytes)];
}

/** Texts are how DTML has bytes, too: one character each. */
function encodeBodyData(text: string, encode: string): [encoding: string, content: string] {
  if (encode === '7bit' || encode === '8bit') return [isAscii(text) ? '7bit' : '8bit', text];
  // oxlint-disable-next-line no-control-regex
  const bytes = Buffer.from(text, /^[\u0000-\u00ff]*$/.test(text) ? 'latin1' : 'utf8');
  return [encode, encode === 'base64' ? base64(bytes) : printable(bytes)];
}

const CHARSETS: Readonly<Record<string, string>> = {
  '': 'us-ascii',
  ascii: 'us-ascii',
  utf8: 'utf-8',
  'latin-1': 'iso-8859-1',
  latin1: 'iso-8859-1',
};

/** A part: its headers, an empty line and its content. */
function renderPart(part: Part, namespace: DtmlNamespace): string {
  const { type, disposition, encode, name, filename, cid, charset } = settingsOf(part, namespace);
  if (!ENCODINGS.has(encode)) throw new ValueError(UNSUPPORTED);
  const [kind, subtype] = typeOf(type);
  const text = renderDtmlParts(part.body, namespace).replaceAll(/\r\n|\r/g, '\n');
  const isText = kind === 'text';
  const known = CHARSETS[charset.toLowerCase()] ?? charset.toLowerCase();
  const [encoding, content] = isText ? encodeBodyText(text, known) : encodeBodyData(text, encode);
  let contentType = `${kind}/${subtype}`;
  if (isText) contentType += `; ${headerParameter('charset', known)}`;
  if (name !== '') contentType += `;\n ${headerParameter('name', name)}`;
  const lines = [
    `Content-Type: ${contentType}`,
    'MIME-Version: 1.0',
    `Content-Transfer-Encoding: ${encoding}`,
  ];
  if (cid !== '') lines.push(`Content-ID: <${cid}>`);
  if (disposition !== '') {
    const named = filename === '' ? '' : `;\n ${headerParameter('filename', filename)}`;
    lines.push(`Content-Disposition: ${disposition}${named}`);
  }
  return `${lines.join('\n')}\n\n${content}`;
}

/** A line that no part holds. */
function boundaryFor(parts: readonly string[]): string {
  for (;;) {
    const digits = Array.from({ length: 19 }, () => randomInt(10)).join('');
    const boundary = `${'='.repeat(15)}${digits}==`;
    if (!parts.some((part) => part.includes(boundary))) return boundary;
  }
}

const mimeBlock: DtmlBlockTag = {
  continuations: ['boundary'],
  make(sections) {
    let multipart = 'mixed';
    const parts = sections.map((section) => {
      const outer = section.tag === 'mime';
      const parameters = parseDtmlParameters(section.args, outer ? KNOWN : KNOWN_OF_PARTS);
      if (outer) multipart = String(parameters.get('multipart') ?? multipart);
      return partOf(section, parameters);
    });
    if (!TOKEN.test(multipart)) throw new DtmlParseError(`"${multipart}" is no kind of multipart`, '');
    return (namespace) => {
      const made: string[] = [];
      for (const part of parts)
        if (part.skip === undefined || !truth(part.skip(namespace))) made.push(renderPart(part, namespace));
      const boundary = boundaryFor(made);
      const head = `Content-Type: multipart/${multipart}; boundary="${boundary}"\nMIME-Version: 1.0\n\n`;
      return `${head}--${boundary}\n${made.join(`\n--${boundary}\n`)}\n--${boundary}--\n`;
    };
  },
};

/** Makes `dtml-mime` a tag, as the add-on Products.MIMETools does: Zope by itself has none of this name. To be called before templates are shown. */
export function addMimeTags(): void {
  registerDtmlTag('mime', mimeBlock);
}
