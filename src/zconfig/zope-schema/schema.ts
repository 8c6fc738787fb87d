/** All directives of zope.conf (INVENTORY 2.1): name, datatype, default, what they are for, and why some change nothing here. */
import { ValueRefused } from '../errors.ts';
import type { KeyItem, SchemaDefinition } from '../schema.ts';
import { identifier } from '../datatypes.ts';
import { DATABASE_TYPE, STORAGE_TYPES, TEMPORARY_STORAGE } from './storages.ts';

const key = (
  name: string,
  datatype: KeyItem['datatype'],
  about: string,
  more: Partial<KeyItem> = {},
): KeyItem => ({
  kind: 'key',
  name,
  datatype,
  about,
  ...more,
});

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

/** Charsets that answers can be encoded in; the name stays as it was written. */
function encoding(text: string): string {
  try {
    void new TextDecoder(text.replace(/^latin[-_]?1$/i, 'latin1'));
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
  return { text, virtualPath, realRoot: real.slice(1, slash), realPath: real.slice(slash) };
}

/** Names of Python classes that are known here; others cannot be had. */
function importable(text: string): string {
  const known = /^(?:ZODB|OFS|Products|App|BTrees|Zope2|tempstorage)\.[\w.]+$/;
  if (!known.test(text)) throw new ValueRefused(`The object named by '${text}' could not be imported`);
  return text;
}

export const ZOPE_SCHEMA: SchemaDefinition = {
  abstract: ['zodb.storage', 'zodb.database', 'zope.product.base'],
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
        {
          kind: 'multikey',
          name: 'mount-point',
          datatype: mountPoint,
          required: true,
          attribute: 'mount_points',
          about: 'where it is seen in the site',
        },
        key('connection-class', importable, 'a class of connections', {
          noEffect: 'there is one class of connections',
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
    {
      kind: 'section',
      type: 'environment',
      attribute: 'environment',
      name: '*',
      about: 'environment variables',
    },
    key('instancehome', 'existing-directory', 'folder of the instance', { required: true }),
    key('clienthome', 'existing-directory', 'folder of what changes; var in the instance unless given'),
    key('debug-mode', 'boolean', 'for developing', { default: 'off' }),
    key('debug-exceptions', 'boolean', 'exceptions leave the application', { default: 'off' }),
    key('locale', 'locale', 'locale of dates and numbers', {
      noEffect: 'dates and numbers are shown as in the C locale',
    }),
    key('datetime-format', oneOf('us', 'international'), 'order of day and month in dates', {
      default: 'us',
    }),
    key('python-check-interval', 'integer', 'how often Python switches threads', {
      default: '1000',
      noEffect: 'threads run at the same time, not in turn',
    }),
    key('http-realm', 'string', "name in the browser's login dialog", { default: 'Zope' }),
    key('automatically-quote-dtml-request-data', 'boolean', 'quote form values in DTML', { default: 'on' }),
    key('zmi-bookmarkable-urls', 'boolean', 'management URLs show what is managed', { default: 'on' }),
    key('pid-filename', 'existing-dirpath', 'file with the process id'),
    {
      kind: 'multikey',
      name: 'trusted-proxy',
      datatype: 'ipaddr-or-hostname',
      attribute: 'trusted_proxies',
      about: 'proxies that tell the client',
    },
    key('max-conflict-retries', 'integer', 'how often a request that met a conflict is tried again', {
      default: '3',
    }),
    key('security-policy-implementation', oneOf('python', 'C'), 'which of two policies', {
      default: 'C',
      noEffect: 'there is one policy',
    }),
    key('skip-authentication-checking', 'boolean', 'only public objects are served', { default: 'off' }),
    key('skip-ownership-checking', 'boolean', "a script's owner does not limit it", { default: 'off' }),
    key('verbose-security', 'boolean', 'tell why something is refused', { default: 'off' }),
    {
      kind: 'multisection',
      type: 'ZODB.Database',
      name: '+',
      attribute: 'databases',
      about: 'the databases',
    },
    key('default-zpublisher-encoding', encoding, 'charset of answers', { default: 'utf-8' }),
    {
      kind: 'multisection',
      type: 'zope.product.base',
      name: '+',
      attribute: 'product_config',
      about: 'settings of products',
    },
    key('webdav-source-port', 'integer', 'port on which sources are served', { default: '0' }),
    key('enable-ms-public-header', 'boolean', 'a header for old clients', { default: 'off' }),
    key('enable-xmlrpc', 'boolean', 'XML-RPC', { default: 'off' }),
    {
      kind: 'section',
      type: 'dos_protection',
      name: '*',
      attribute: 'dos_protection',
      about: 'limits of forms',
    },
  ],
};
