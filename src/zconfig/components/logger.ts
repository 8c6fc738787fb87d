/** `<eventlog>`, `<logger>` and their handlers (INVENTORY C-082 to C-085). */
import { ValueRefused } from '../errors.ts';
import { key, multikey, multisection } from '../items.ts';
import { integer } from '../numbers.ts';
import { quoted } from '../python-text.ts';
import type { SectionTypeDefinition } from '../schema.ts';
import type { SectionValue } from '../section-value.ts';
import { checkLogFormat, type LogFormatStyle, logFormatStyle } from './log-format.ts';

export const LOGGER_ABSTRACT = ['zconfig.logger.handler', 'zconfig.logger.log'];

const LEVELS: ReadonlyMap<string, number> = new Map([
  ['critical', 50],
  ['fatal', 50],
  ['error', 40],
  ['warn', 30],
  ['warning', 30],
  ['info', 20],
  ['blather', 15],
  ['debug', 10],
  ['trace', 5],
  ['all', 1],
  ['notset', 0],
]);

/** A level of Python's logging by its name, or a number from 0 to 50. */
function loggingLevel(text: string): number {
  const word = text.toLowerCase();
  const level = LEVELS.get(word) ?? Number(integer(word));
  if (level < 0 || level > 50) throw new ValueRefused(`log level not in range: ${level}`);
  return level;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\n': '\n',
  '\\t': '\t',
  '\\b': '\b',
  '\\f': '\f',
  '\\r': '\r',
};
const escaped = (text: string) => text.replaceAll(/\\[ntbfr]/g, (pair) => ESCAPES[pair]!);

const FACILITIES = (
  'auth authpriv cron daemon kern local0 local1 local2 local3 local4 local5 local6 local7 ' +
  'lpr mail news security syslog user uucp'
).split(' ');

function facility(text: string): string {
  const name = text.toLowerCase();
  if (!FACILITIES.includes(name))
    throw new ValueRefused(`Syslog facility must be one of ${FACILITIES.join(', ')}: ${quoted(text)}`);
  return name;
}

/** Host and port, and the rest, of an address that begins with http. */
function httpUrl(text: string): readonly [location: string, path: string] {
  const match = /^http:\/\/([^/?#]*)([^?#]*)(.*)$/is.exec(text);
  if (match === null) throw new ValueRefused(`url must be an http url: ${quoted(text)}`);
  const [, location, path, rest] = match;
  if (location === '') throw new ValueRefused(`url must specify a location: ${quoted(text)}`);
  if (path === '') throw new ValueRefused(`url must specify a path: ${quoted(text)}`);
  // An empty query, fragment or parameter is left out.
  const [, query, fragment] = /^(\?[^#]*)?(#.*)?$/s.exec(rest!)!;
  const more = [query, fragment].filter((part) => part !== undefined && part.length > 1);
  return [location!, path!.replace(/;$/, '') + more.join('')];
}

function getOrPost(text: string): string {
  const method = text.toUpperCase();
  if (method !== 'GET' && method !== 'POST')
    throw new ValueRefused(`method must be "GET" or "POST", instead received: ${quoted(method)}`);
  return method;
}

const FORMATTERS = new Set(['logging.Formatter', 'zope.exceptions.log.Formatter']);

function checkHandler(section: SectionValue): SectionValue {
  const formatter = section.get<string | null>('formatter');
  if (formatter !== null && !FORMATTERS.has(formatter)) {
    throw new ValueRefused(
      `formatter ${formatter} is not known here; there are ${[...FORMATTERS].join(' and ')}`,
    );
  }
  checkLogFormat(
    section.get('format'),
    section.get<LogFormatStyle>('style'),
    section.get<boolean>('arbitrary_fields'),
  );
  return section;
}

const WHEN = /^(?:[SMHD]|MIDNIGHT|W[0-6])$/i;

function checkLogFile(section: SectionValue): SectionValue {
  checkHandler(section);
  const path = section.get<string>('path');
  const size = section.get<number>('max_size');
  const old = Number(section.get('old_files'));
  const when = section.get<string>('when');
  const interval = Number(section.get('interval'));
  if (path === 'STDERR' || path === 'STDOUT') {
    if (size !== 0 || old !== 0 || when !== '') throw new ValueRefused(`cannot rotate ${path}`);
    if (section.get<boolean>('delay')) throw new ValueRefused(`cannot delay opening ${path}`);
    if (section.get<string | null>('encoding')) throw new ValueRefused(`cannot specify encoding for ${path}`);
    return section;
  }
  if (size === 0 && old === 0 && when === '' && interval === 0) return section;
  if (old === 0) throw new ValueRefused('old-files must be set for log rotation');
  if (when !== '') {
    if (size !== 0)
      throw new ValueRefused("can't set *both* max_bytes and when: max-size and when exclude each other");
    if (!WHEN.test(when))
      throw new ValueRefused(`when must be S, M, H, D, MIDNIGHT or W0 to W6, not '${when}'`);
  } else if (size === 0) throw new ValueRefused('max-bytes or when must be set for log rotation (max-size)');
  return section;
}

function checkEmail(section: SectionValue): SectionValue {
  checkHandler(section);
  if ((section.get('smtp_username') === '') !== (section.get('smtp_password') === ''))
    throw new ValueRefused('Either both smtp-username and smtp-password or none must be given');
  return section;
}

const BASE = [
  key('formatter', 'dotted-name', 'class of formatters'),
  key('dateformat', 'string', 'format of times', { default: '%Y-%m-%dT%H:%M:%S' }),
  key('level', loggingLevel, 'lowest level that is shown', { default: 'notset' }),
  key('style', logFormatStyle, 'how fields are written in the format', { default: 'classic' }),
  key('arbitrary-fields', 'boolean', 'fields that records may lack are allowed', { default: 'false' }),
];
const format = (text: string) => key('format', escaped, 'format of a line', { default: text });
const handler = (
  name: string,
  about: string,
  items: SectionTypeDefinition['items'] & object,
  check = checkHandler,
): SectionTypeDefinition => ({
  name,
  implements: 'ZConfig.logger.handler',
  about,
  datatype: check,
  items: [...BASE, ...items],
});

const LOG = [
  key('level', loggingLevel, 'lowest level that is logged', { default: 'info' }),
  multisection('ZConfig.logger.handler', 'handlers', 'where it goes'),
];

/** The type of the section for all that is logged, and its handlers. */
export const EVENTLOG_TYPES: readonly SectionTypeDefinition[] = [
  handler(
    'logfile',
    'a file',
    [
      key('path', 'string', 'the file, STDOUT or STDERR', { required: true }),
      key('old-files', 'integer', 'how many old files are kept', { default: '0' }),
      key('max-size', 'byte-size', 'size at which a new file is begun', { default: '0' }),
      key('when', 'string', 'time at which a new file is begun', { default: '' }),
      key('interval', 'integer', 'how many such times', { default: '0' }),
      format('------\\n%(asctime)s %(levelname)s %(name)s %(message)s'),
      key('encoding', 'string', 'character set'),
      key('delay', 'boolean', 'make the file with the first line', { default: 'false' }),
    ],
    checkLogFile,
  ),
  handler('syslog', 'syslog', [
    key('facility', facility, 'which part of the system it is', { default: 'user' }),
    key('address', 'socket-address', 'where syslog listens', { default: 'localhost:514' }),
    format('%(name)s %(message)s'),
  ]),
  handler('win32-eventlog', "Windows' event log", [
    key('appname', 'string', 'name of the application', { default: 'Zope' }),
    format('%(levelname)s %(name)s %(message)s'),
  ]),
  handler('http-logger', 'a web server', [
    key('url', httpUrl, 'where it is sent', { default: 'http://localhost/' }),
    key('method', getOrPost, 'how it is sent', { default: 'GET' }),
    format('%(asctime)s %(levelname)s %(name)s %(message)s'),
  ]),
  handler(
    'email-notifier',
    'mail',
    [
      key('from', 'string', 'sender', { required: true, attribute: 'fromaddr' }),
      multikey('to', 'string', 'receivers', { required: true, attribute: 'toaddrs' }),
      key('subject', 'string', 'subject', { default: 'Message from Zope' }),
      key('smtp-server', 'inet-address', 'mail server', { default: 'localhost' }),
      key('smtp-username', 'string', 'account', { default: '' }),
      key('smtp-password', 'string', 'password', { default: '' }),
      format('%(asctime)s %(levelname)s %(name)s %(message)s'),
    ],
    checkEmail,
  ),
  { name: 'eventlog', implements: 'ZConfig.logger.log', about: 'all that is logged', items: LOG },
];

/** As well as one for a part of what is logged. */
export const LOGGER_TYPES: readonly SectionTypeDefinition[] = [
  ...EVENTLOG_TYPES,
  {
    name: 'logger',
    implements: 'ZConfig.logger.log',
    about: 'what one part of the program logs',
    items: [
      ...LOG,
      key('propagate', 'boolean', 'the parents get it too', { default: 'true' }),
      key('name', 'dotted-name', 'its name'),
    ],
  },
];
