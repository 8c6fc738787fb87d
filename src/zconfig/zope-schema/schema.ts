/** All directives of zope.conf (INVENTORY 2.1): name, datatype, default, what they are for, and why some change nothing here. */
import { components } from '../components/index.ts';
import { LOGGER_ABSTRACT } from '../components/logger.ts';
import { ValueRefused } from '../errors.ts';
import { importable, type ImportedName } from '../imported-name.ts';
import { key, multikey, multisection, section } from '../items.ts';
import type { SchemaDefinition } from '../schema.ts';
import { identifier } from '../datatypes.ts';
import { GONE } from './gone.ts';
import { DATABASE_TYPE, STORAGE_TYPES, TEMPORARY_STORAGE } from './storages.ts';

const oneOf =
  (...choices: string[]) =>
  (text: string): string => {
    const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
    if (found === undefined)
      throw new ValueRefused(
        `must be one of ${choices.map((choice) => `"${choice}"`).join(', ')}, not '${text}'`,
      );
    return found;
  };

const positive =
  (most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n < 1 || n > most)
      throw new ValueRefused(
        `must be a whole number from 1${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''}, not '${text}'`,
      );
    return n;
  };

/** Charsets that answers can be encoded in; the name stays as it was written. */
function encoding(text: string): string {
  const label = text
    .toLowerCase()
    .replaceAll('_', '-')
    .replace(/^(?:u8|utf-?8)$/, 'utf-8');
  try {
    void new TextDecoder(label.replace(/^latin-(?=\d)/, 'latin'));
  } catch {
    throw new ValueRefused(`unknown encoding: ${text}`);
  }
  return text;
}

/** A place in the site where a database is seen, and which object of it. */
export interface MountPoint {
  /** As it was written. */
  readonly text: string;
  readonly virtualPath: string;
  /** Name of the object at the database's root; null for the default. */
  readonly realRoot: string | null;
  /** From that object; without its first slash where there is a real root. */
  readonly realPath: string;
}

/** `/path`, `/path:/real/path` or `/path:~Root/real/path`. */
export function mountPoint(text: string): MountPoint {
  if (text === '') throw new ValueRefused('mount-point must not be empty');
  if (!text.startsWith('/'))
    throw new ValueRefused(`mount-point '${text}' is invalid: mount points must begin with a slash`);
  const [virtualPath, ...rest] = text.split(':') as [string, ...string[]];
  const real = rest.length === 0 ? virtualPath : rest.join(':');
  if (!real.startsWith('~')) return { text, virtualPath, realRoot: null, realPath: real };
  const slash = real.indexOf('/');
  if (slash < 0) throw new ValueRefused(`mount-point '${text}' is invalid: ~ROOT is followed by a path`);
  return { text, virtualPath, realRoot: real.slice(1, slash), realPath: real.slice(slash + 1) };
}

/** A note for a switch that asks for something that is not there. */
const unlessOn = (reason: string) => (value: unknown) => (value === true ? undefined : reason);
const unlessOff = (reason: string) => (value: unknown) =>
  value === false || value === 0 ? undefined : reason;

export const ZOPE_SCHEMA: SchemaDefinition = {
  abstract: ['zodb.storage', 'zodb.database', 'zope.product.base', 'relstorage.adapter', ...LOGGER_ABSTRACT],
  components: components('ZODB', 'tempstorage'),
  gone: GONE,
  types: [
    ...STORAGE_TYPES,
    TEMPORARY_STORAGE,
    DATABASE_TYPE,
    {
      name: 'environment',
      keytype: identifier,
      items: [{ kind: 'key', name: '+', attribute: 'environ', datatype: 'string' }],
    },
    {
      name: 'zodb_db',
      implements: 'ZODB.database',
      extends: 'zodb',
      items: [
        multikey('mount-point', mountPoint, 'where it is seen in the site', {
          required: true,
          attribute: 'mount_points',
        }),
        key('connection-class', importable, 'a class of connections', {
          noEffect: (value) =>
            (value as ImportedName).name === 'ZODB.Connection.Connection'
              ? undefined
              : 'there is one class of connections',
        }),
        key('container-class', 'string', 'class of the object that is made at the mount point'),
      ],
    },
    {
      name: 'dos_protection',
      items: [
        key('form-memory-limit', 'byte-size', 'bytes of form fields in memory', { default: '1MB' }),
        key('form-disk-limit', 'byte-size', 'bytes of a form on disk', { default: '1GB' }),
        key('form-memfile-limit', 'byte-size', 'bytes of an upload in memory', { default: '4KB' }),
        key('form-part-limit', 'integer', 'fields of a form', { default: '1024' }),
      ],
    },
    {
      name: 'product-config',
      implements: 'zope.product.base',
      items: [{ kind: 'key', name: '+', attribute: 'mapping', datatype: 'string' }],
    },
  ],
  items: [
    section('environment', 'environment', 'environment variables'),
    key('instancehome', 'existing-directory', 'folder of the instance', { required: true }),
    key('clienthome', 'existing-directory', 'folder of what changes; var in the instance unless given'),
    key('debug-mode', 'boolean', 'for developing', { default: 'off' }),
    key('debug-exceptions', 'boolean', 'exceptions leave the application', { default: 'off' }),
    key('locale', 'locale', 'locale of dates and numbers', {
      noEffect: (value) =>
        value === 'C' || value === 'POSIX' ? undefined : 'dates and numbers are shown as in the locale C',
    }),
    key('datetime-format', oneOf('us', 'international'), 'order of day and month in dates', {
      default: 'us',
    }),
    key('python-check-interval', 'integer', 'how often Python switches threads', {
      default: '1000',
      noEffect: 'threads run at the same time, not in turn',
    }),
    key('http-realm', 'string', "name in the browser's login dialog", { default: 'Zope' }),
    key('automatically-quote-dtml-request-data', 'boolean', 'quote form values in DTML', {
      default: 'on',
      noEffect: unlessOn('markup in form values is always quoted'),
    }),
    key('zmi-bookmarkable-urls', 'boolean', 'management URLs show what is managed', {
      default: 'on',
      noEffect: unlessOn('every management page has its own URL'),
    }),
    key('pid-filename', 'existing-dirpath', 'file with the process id'),
    multikey('trusted-proxy', 'ipaddr-or-hostname', 'proxies that tell the client', {
      attribute: 'trusted_proxies',
    }),
    key('max-conflict-retries', 'integer', 'how often a request that met a conflict is tried again', {
      default: '3',
    }),
    key('security-policy-implementation', oneOf('PYTHON', 'C'), 'which of two policies', {
      default: 'C',
      noEffect: 'there is one policy, with the abilities of both',
    }),
    key('skip-authentication-checking', 'boolean', 'only public objects are served', { default: 'off' }),
    key('skip-ownership-checking', 'boolean', "a script's owner does not limit it", { default: 'off' }),
    key('verbose-security', 'boolean', 'tell why something is refused', {
      default: 'off',
      noEffect: unlessOff('a refusal names the object, not the reason'),
    }),
    multisection('ZODB.Database', 'databases', 'the databases', { name: '+' }),
    key('default-zpublisher-encoding', encoding, 'charset of answers', { default: 'utf-8' }),
    multisection('zope.product.base', 'product_config', 'settings of products', { name: '+' }),
    key('webdav-source-port', 'integer', 'port on which sources are served', {
      default: '0',
      noEffect: unlessOff('WebDAV is not part of this version yet'),
    }),
    key('enable-ms-public-header', 'boolean', 'a header for old clients', {
      default: 'off',
      noEffect: unlessOff('WebDAV is not part of this version yet'),
    }),
    key('enable-xmlrpc', 'boolean', 'XML-RPC', {
      default: 'off',
      noEffect: unlessOff('XML-RPC is not part of this version yet; such requests are refused'),
    }),
    section('dos_protection', 'dos_protection', 'limits of forms'),
    key(
      'script-steps-limit',
      positive(),
      'turns of loops and calls that the scripts and templates of a request may take',
      {
        default: '100000000',
      },
    ),
    key(
      'script-memory-limit',
      'byte-size',
      'memory that the scripts and templates of a request may allocate in all',
      {
        default: '512MB',
      },
    ),
    key('script-time-limit', 'time-interval', 'time that the scripts and templates of a request may run', {
      default: '30s',
    }),
    key(
      'script-recursion-limit',
      positive(1000),
      "how deep a script's functions may call each other, at most 1000",
      {
        default: '500',
      },
    ),
  ],
};
