/** The stock datatypes: from the text of a configuration to a value (INVENTORY C-rows of 2.5). */
import { existsSync, statSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { ValueRefused } from './errors.ts';
import { homeOf } from './home.ts';
import { float, integer, normalised } from './numbers.ts';
import { quoted, words } from './python-text.ts';
import { timedelta } from './timedelta.ts';

export type Datatype<T = unknown> = (text: string) => T;

function ranged(min: number, max: number): Datatype<number> {
  return (text) => {
    const value = integer(text);
    if (value < min) throw new ValueRefused(`${value} is below lower bound (${min})`);
    if (value > max) throw new ValueRefused(`${value} is above upper bound (${max})`);
    return Number(value);
  };
}

function matching(pattern: RegExp, reason: string): Datatype<string> {
  return (text) => {
    if (!pattern.test(text)) throw new ValueRefused(`${reason}: ${quoted(text)}`);
    return text;
  };
}

export function boolean(text: string): boolean {
  const word = text.toLowerCase();
  if (word === 'yes' || word === 'true' || word === 'on') return true;
  if (word === 'no' || word === 'false' || word === 'off') return false;
  throw new ValueRefused(`not a valid boolean value: ${quoted(text)}`);
}

const NO_KEY = 'value did not match regular expression';
const keyLike = matching(/^[a-zA-Z][-._a-zA-Z0-9]*$/, NO_KEY);
export const basicKey: Datatype<string> = (text) => keyLike(text).toLowerCase();
export const identifier = matching(/^[_a-zA-Z][_a-zA-Z0-9]*$/, 'not a valid Python identifier');
const NAME = '[_a-zA-Z][_a-zA-Z0-9]*';
const dottedName = matching(new RegExp(`^${NAME}(?:\\.${NAME})*$`), 'not a valid dotted name');
const dottedSuffix = matching(
  new RegExp(`^(?:${NAME}(?:\\.${NAME})*|(?:\\.${NAME})+)$`),
  'not a valid dotted name or suffix',
);
const stringList: Datatype<string[]> = words;
const portNumber = ranged(0, 65_535);

/** Host and port; a port that was not given is null. */
export type InetAddress = readonly [host: string, port: number | null];

function inetAddress(defaultHost: string): Datatype<InetAddress> {
  return (text) => {
    let host = '';
    let port: number | null = null;
    const colon = text.lastIndexOf(':');
    if (colon >= 0) {
      host = text.slice(0, colon);
      let digits = text.slice(colon + 1);
      if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1);
      else if (host.includes(':')) {
        // An IPv6 address without brackets: what follows the last colon belongs to it.
        host = text;
        digits = '';
      }
      if (digits !== '') port = portNumber(digits);
      host = host.toLowerCase();
    } else {
      try {
        port = portNumber(text);
      } catch (error) {
        if (!(error instanceof ValueRefused)) throw error;
        if (words(text).length !== 1) throw new ValueRefused(`not a valid host name: ${quoted(text)}`);
        host = text.toLowerCase();
      }
    }
    return [host || defaultHost, port];
  };
}

export interface SocketAddress {
  readonly family: 'AF_UNIX' | 'AF_INET' | 'AF_INET6';
  readonly address: string | InetAddress;
}

function socketAddress(inet: Datatype<InetAddress>): Datatype<SocketAddress> {
  return (text) => {
    if (text.includes('/')) return { family: 'AF_UNIX', address: text };
    const address = inet(text);
    return { family: address[0].includes(':') ? 'AF_INET6' : 'AF_INET', address };
  };
}

const OCTET = String.raw`(?:\p{Nd}|[01]?\p{Nd}\p{Nd}|2[0-4]\p{Nd}|25[0-5])`;
/** The first of these that fits the beginning decides: a host name therefore hides an IPv6 address that begins with a letter. */
const HOST = new RegExp(
  `^(?:${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$|[A-Za-z_][-A-Za-z0-9_.]*[-A-Za-z0-9_]|[0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*)`,
  'u',
);
export const ipaddrOrHostname: Datatype<string> = (text) => {
  if (HOST.exec(text)?.[0] !== text) throw new ValueRefused(`${NO_KEY}: ${quoted(text)}`);
  const host = text.toLowerCase();
  if (host.includes(':') && !net.isIPv6(host))
    throw new ValueRefused(`${quoted(text)} is not a valid IPv6 address`);
  return host;
};

/** `~` and `~name` at the beginning replaced by that user's folder; unchanged where nobody has the name. */
export function expandUser(text: string): string {
  const user = /^~([^/]*)/.exec(text)?.[1];
  if (user === undefined) return text;
  const home = user === '' ? (process.env.HOME ?? os.homedir()) : homeOf(user);
  return home === undefined ? text : home.replace(/\/+$/, '') + text.slice(user.length + 1) || '/';
}

/** What Python's `os.path.dirname` gives: all before the last slash. */
export function folderOf(file: string): string {
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  return /^\/*$/.test(folder) ? folder : folder.replace(/\/+$/, '');
}

const existing =
  (what: string, test: (file: string) => boolean): Datatype<string> =>
  (text) => {
    const file = expandUser(text);
    if (!test(file)) throw new ValueRefused(`${text} is not an existing ${what}`);
    return file;
  };
const isFolder = (file: string) => existsSync(file) && statSync(file).isDirectory();
export const existingDirectory = existing('directory', isFolder);
const existingPath = existing('path', existsSync);
const existingFile = existing('file', existsSync);
export const existingDirpath: Datatype<string> = (text) => {
  const file = expandUser(text);
  const folder = folderOf(file);
  if (folder !== '' && !isFolder(folder))
    throw new ValueRefused(`The directory named as part of the path ${text} does not exist.`);
  return file;
};

function multiplied(units: Readonly<Record<string, number>>): Datatype<number | bigint> {
  return (text) => {
    const word = text.toLowerCase();
    for (const [unit, factor] of Object.entries(units))
      if (word.endsWith(unit))
        return normalised(BigInt(integer(word.slice(0, -unit.length))) * BigInt(factor));
    return integer(word);
  };
}

const C_LOCALE = /^(?:|POSIX|C(?:\.[Uu][Tt][Ff]-?8(?:@.*)?)?)$/;

/** A locale that this machine can use: the C ones, and what the runtime knows. */
function locale(text: string): string {
  const language = /^([A-Za-z]{2,3}(?:_[A-Za-z]{2})?)(?:\.[-\w]+)?(?:@\w+)?$/.exec(text)?.[1];
  const ok = language === undefined ? C_LOCALE.test(text) : isKnownLocale(language.replace('_', '-'));
  if (!ok) {
    throw new ValueRefused(
      `The specified locale "${text}" is not supported by your system.\nSee your operating system documentation for more\ninformation on locale support.`,
    );
  }
  return text;
}

function isKnownLocale(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}

const inet = inetAddress('');
const inetConnection = inetAddress('127.0.0.1');

export const DATATYPES = {
  boolean,
  'dotted-name': dottedName,
  'dotted-suffix': dottedSuffix,
  identifier,
  integer,
  float,
  string: (text: string) => text,
  'string-list': stringList,
  null: (text: string) => text,
  locale,
  'port-number': portNumber,
  'basic-key': basicKey,
  'inet-address': inet,
  'inet-binding-address': inet,
  'inet-connection-address': inetConnection,
  'socket-address': socketAddress(inet),
  'socket-binding-address': socketAddress(inet),
  'socket-connection-address': socketAddress(inetConnection),
  'ipaddr-or-hostname': ipaddrOrHostname,
  'existing-directory': existingDirectory,
  'existing-path': existingPath,
  'existing-file': existingFile,
  'existing-dirpath': existingDirpath,
  'byte-size': multiplied({ kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }),
  'time-interval': multiplied({ s: 1, m: 60, h: 3600, d: 86_400 }),
  timedelta,
} as const satisfies Record<string, Datatype>;

export type DatatypeName = keyof typeof DATATYPES;
