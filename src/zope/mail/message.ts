/** A mail as scripts write it, as the bytes that go over the wire (RFC 5322, 2045, 2047). */
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { encode as quotedPrintable, wrap } from 'nodemailer/lib/qp';
import { ValueError } from '../../restricted/index.ts';
import { MailHostError } from './errors.ts';

export interface MailParts {
  /** The text, which may begin with header lines and an empty line. */
  readonly text: string;
  readonly to: readonly string[] | null;
  readonly from: string | null;
  readonly subject: string | null;
  /** `base64`, `quoted-printable` or `7bit`; chosen by the text unless told. */
  readonly encode: string | null;
  /** `text/html` and the like; `text/plain` unless told. */
  readonly type: string | null;
}

export interface Mail {
  readonly from: string;
  /** Addresses without names. */
  readonly to: readonly string[];
  readonly bytes: Uint8Array;
}

// oxlint-disable-next-line no-control-regex
const isAscii = (text: string) => /^[\u0000-\u007f]*$/.test(text);

/** Header lines at the beginning of a text, by name in the order given, and the rest. */
function splitHeaders(text: string): [headers: [string, string][], body: string] {
  const lines = text.split(/\r\n|\n|\r/);
  const headers: [string, string][] = [];
  for (const [index, line] of lines.entries()) {
    if (line === '') return [headers, lines.slice(index + 1).join('\n')];
    const folded = headers.at(-1);
    if (/^[ \t]/.test(line) && folded !== undefined) {
      folded[1] += ` ${line.trim()}`;
      continue;
    }
    const match = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line);
    // The first line that is no header ends them: what looks like text is text.
    if (match === null) return [[], text];
    headers.push([match[1]!, match[2]!]);
  }
  return [headers, ''];
}

/** Words of a header, those with other characters encoded (RFC 2047). */
function encodeWords(value: string): string {
  if (isAscii(value)) return value;
  const words: string[] = [];
  let word = '';
  for (const character of value) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  words.push(word);
  return words.map((each) => `=?utf-8?B?${Buffer.from(each).toString('base64')}?=`).join('\r\n ');
}

const ADDRESS = /^\s*(?:(.*?)\s*<([^<>]*)>|([^<>]*?))\s*$/s;

/** The parts of a header of addresses; a comma in quotes or brackets divides nothing. */
const addressesOf = (header: string): string[] =>
  (header.match(/(?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,"<])+/g) ?? []).map((each) => each.trim()).filter(Boolean);

/** The address without the name. */
function bare(address: string): string {
  const [, , inBrackets, alone] = ADDRESS.exec(address) ?? [];
  return (inBrackets ?? alone ?? address).trim();
}

function encodeAddress(address: string): string {
  const [, name, inBrackets] = ADDRESS.exec(address) ?? [];
  if (!name || inBrackets === undefined || isAscii(name)) return address;
  return `${encodeWords(name.replaceAll(/^"|"$/g, ''))} <${inBrackets}>`;
}

function encodeBody(body: string, encoding: string): string {
  const lines = body.replaceAll(/\r\n|\r|\n/g, '\r\n');
  if (encoding === 'base64') return Buffer.from(lines).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  return encoding === 'quoted-printable' ? wrap(quotedPrintable(lines)) : lines;
}

const LONGEST_LINE = 998;

function encodingFor({ encode, text }: MailParts, body: string): string {
  if (encode === 'base64' || encode === 'quoted-printable') return encode;
  if (encode !== null && encode !== '7bit' && encode !== '8bit')
    throw new ValueError(`mails cannot be encoded as ${encode}`);
  const plain = isAscii(text) && body.split('\n').every((line) => line.length <= LONGEST_LINE);
  return plain ? '7bit' : 'quoted-printable';
}

/** The mail with all its headers. Throws a `MailHostError` for one without sender or recipients, and a `ValueError` for line ends in what becomes a header. */
export function composeMail(parts: MailParts): Mail {
  const [given, body] = splitHeaders(parts.text);
  const header = (name: string) => given.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
  const to = parts.to ?? addressesOf([header('To'), header('Cc'), header('Bcc')].filter(Boolean).join(', '));
  const from = parts.from ?? header('From');
  if (to.length === 0) throw new MailHostError('No message recipients designated');
  if (from === undefined || from === '') throw new MailHostError("Message missing SMTP Header 'From'");
  const set = new Map<string, string>([
    ['from', encodeAddress(from)],
    [
      'to',
      parts.to === null
        ? (header('To') ?? to.map(encodeAddress).join(', '))
        : to.map(encodeAddress).join(', '),
    ],
    ['subject', encodeWords(parts.subject ?? header('Subject') ?? '[No Subject]')],
    ['date', header('Date') ?? new Date().toUTCString().replace('GMT', '+0000')],
    ['message-id', header('Message-ID') ?? `<${randomUUID()}@${os.hostname()}>`],
    ['mime-version', '1.0'],
  ]);
  for (const value of [from, ...to, parts.subject ?? ''])
    if (/[\r\n]/.test(value)) throw new ValueError('a header of a mail has one line');
  const type = header('Content-Type') ?? `${parts.type ?? 'text/plain'}; charset="utf-8"`;
  // A text that says itself how it is composed or encoded goes as it is.
  const whole = /^multipart\//i.test(type) || header('Content-Transfer-Encoding') !== undefined;
  const encoding = whole ? (header('Content-Transfer-Encoding') ?? '7bit') : encodingFor(parts, body);
  set.set('content-type', type);
  set.set('content-transfer-encoding', encoding);
  const names = [
    'From',
    'To',
    'Subject',
    'Date',
    'Message-ID',
    'MIME-Version',
    'Content-Type',
    'Content-Transfer-Encoding',
  ];
  const lines = names.map((name) => `${name}: ${set.get(name.toLowerCase())!}`);
  for (const [name, value] of given)
    if (!set.has(name.toLowerCase()) && name.toLowerCase() !== 'bcc')
      lines.push(`${name}: ${encodeWords(value)}`);
  const content = whole ? body.replaceAll(/\r\n|\r|\n/g, '\r\n') : encodeBody(body, encoding);
  return {
    from: bare(from),
    to: to.map(bare),
    bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n${content}\r\n`),
  };
}
