/** Every directive of zope.conf and zeo.conf changes what the product is told, or says that it has no effect here (INVENTORY 2.1 to 2.4). */
import { mkdtempSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Item,
  loadZeoConf,
  parseZopeConf,
  type SectionTypeDefinition,
  ZEO_SCHEMA,
  ZOPE_SCHEMA,
  type ZopeConfig,
} from '../../src/zconfig/index.ts';

let home: string;
beforeAll(() => {
  home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'directives-')));
  mkdirSync(path.join(home, 'var'));
  mkdirSync(path.join(home, 'data'));
});
afterAll(() => rmSync(home, { recursive: true }));

/** A value of each directive that is not its default. */
const TOP: Readonly<Record<string, string>> = {
  instancehome: '@HOME@/data',
  clienthome: '@HOME@/data',
  'debug-mode': 'on',
  'debug-exceptions': 'on',
  locale: 'de_DE',
  'datetime-format': 'international',
  'python-check-interval': '250',
  'http-realm': 'Shop',
  'automatically-quote-dtml-request-data': 'off',
  'zmi-bookmarkable-urls': 'off',
  'pid-filename': '@HOME@/data/zope.pid',
  'trusted-proxy': '192.0.2.1',
  'max-conflict-retries': '7',
  'security-policy-implementation': 'PYTHON',
  'skip-authentication-checking': 'on',
  'skip-ownership-checking': 'on',
  'verbose-security': 'on',
  'default-zpublisher-encoding': 'latin-1',
  'webdav-source-port': '9800',
  'enable-ms-public-header': 'on',
  'enable-xmlrpc': 'on',
  'script-steps-limit': '5000',
  'script-memory-limit': '7MB',
  'script-time-limit': '7s',
  'script-recursion-limit': '70',
};

const DATABASE: Readonly<Record<string, string>> = {
  'mount-point': '/shop',
  'connection-class': 'ZEO.Connection',
  'container-class': 'OFS.Folder.Folder',
  'cache-size': '7',
  'cache-size-bytes': '7MB',
  'large-record-size': '7MB',
  'pool-size': '9',
  'pool-timeout': '7m',
  'historical-pool-size': '9',
  'historical-cache-size': '9',
  'historical-cache-size-bytes': '9MB',
  'historical-timeout': '9m',
  'database-name': 'other',
  'allow-implicit-cross-references': 'false',
  'class-factory': 'zc.classes.find',
};

const FORMS: Readonly<Record<string, string>> = {
  'form-memory-limit': '2MB',
  'form-disk-limit': '2MB',
  'form-memfile-limit': '2KB',
  'form-part-limit': '2',
};

const MAIN = '<zodb_db main>\n  <mappingstorage/>\n  mount-point /\n</zodb_db>\n';

const parse = (text: string): ZopeConfig =>
  parseZopeConf(text.replaceAll('@HOME@', home), path.join(home, 'zope.conf'));

/** What the product reads of a configuration. */
function told(config: ZopeConfig): unknown {
  const { raw: _raw, withoutEffect: _notes, databases, ...others } = config;
  return { ...others, databases: databases.map(({ place: _place, ...database }) => database) };
}

function expectEffectOrNote(name: string, without: ZopeConfig, given: ZopeConfig, line: number): void {
  const note = given.withoutEffect.find((text) => text.includes(`: ${name} has no effect: `));
  if (note !== undefined) {
    expect(note.startsWith(`${path.join(home, 'zope.conf')}, line ${line}: `)).toBe(true);
    return;
  }
  expect(JSON.stringify(told(given))).not.toBe(JSON.stringify(told(without)));
}

const keysOf = (items: readonly Item[]) =>
  items.filter(({ kind, name }) => kind.endsWith('key') && name !== '+').map(({ name }) => name);
const typeOf = (name: string): SectionTypeDefinition =>
  ZOPE_SCHEMA.types!.find((type) => type.name === name)!;

describe('a directive of zope.conf', () => {
  it('has a value in the tables of this test', () => {
    expect(Object.keys(TOP).sort()).toEqual(keysOf(ZOPE_SCHEMA.items).sort());
    const database = [...keysOf(typeOf('zodb').items!), ...keysOf(typeOf('zodb_db').items!)];
    expect(Object.keys(DATABASE).sort()).toEqual(database.sort());
    expect(Object.keys(FORMS).sort()).toEqual(keysOf(typeOf('dos_protection').items!).sort());
  });

  it.each(Object.entries(TOP))('%s is told to the product, or noted', (name, value) => {
    const base = name === 'instancehome' ? '' : 'instancehome @HOME@\n';
    const line = base === '' ? 1 : 2;
    expectEffectOrNote(name, parse(`instancehome @HOME@\n`), parse(`${base}${name} ${value}\n`), line);
  });

  it.each(Object.entries(DATABASE))('%s of a database is told to the product, or noted', (name, value) => {
    const of = (more: string) => `instancehome @HOME@\n<zodb_db x>\n  <mappingstorage/>\n${more}</zodb_db>\n`;
    const point = name === 'mount-point' ? '' : '  mount-point /\n';
    const given = parse(of(`${point}  ${name} ${value}\n`));
    expectEffectOrNote(name, parse(of('  mount-point /\n')), given, point === '' ? 4 : 5);
  });

  it.each(Object.entries(FORMS))('%s is told to the product', (name, value) => {
    const of = (more: string) =>
      parse(`instancehome @HOME@\n${MAIN}<dos_protection>\n${more}</dos_protection>\n`);
    const { formLimits } = of(`${name} ${value}\n`);
    expect(formLimits).not.toEqual(of('').formLimits);
    expect(Object.values(formLimits)).toContain(
      { '2MB': 2 ** 21, '2KB': 2048, 2: 2 }[value as '2MB' | '2KB' | '2'],
    );
  });

  it('is not noted where the default, or what is done anyway, is asked for', () => {
    const text =
      'automatically-quote-dtml-request-data on\nzmi-bookmarkable-urls on\nlocale C\nverbose-security off\nenable-xmlrpc off\nwebdav-source-port 0\n';
    expect(parse(`instancehome @HOME@\n${text}${MAIN}`).withoutEffect).toEqual([]);
  });

  it.each([
    [
      'zserver-threads 4',
      "'zserver-threads' is not a known key name (gone since Zope 4: servers are configured",
    ],
    [
      'effective-user zope',
      "'effective-user' is not a known key name (gone since Zope 4: the process is looked after by",
    ],
    ['debug-moed on', "'debug-moed' is not a known key name (did you mean debug-mode?)"],
    ['<http-server>\n</http-server>', "unknown type name: 'http-server' (gone since Zope 4: servers"],
    ['<zodb_bd x>\n</zodb_bd>', "unknown type name: 'zodb_bd' (did you mean zodb_db"],
    ['xyzzy 1', "'xyzzy' is not a known key name"],
  ])('that is not known is refused with what was meant: %j', (text, message) => {
    expect(() => parse(`instancehome @HOME@\n${text}\n`)).toThrow(
      `${path.join(home, 'zope.conf')}, line 2: ${message}`,
    );
  });
});

describe('a directive of zeo.conf', () => {
  const ZEO: Readonly<Record<string, string>> = {
    address: '127.0.0.1:8101',
    'read-only': 'true',
    'invalidation-queue-size': '7',
    'invalidation-age': '7.5',
    'transaction-timeout': '7',
    'pid-filename': '@HOME@/var/zeo.pid',
    'client-conflict-resolution': 'true',
    msgpack: 'true',
  };
  const load = (more: string, address = 'address 8100\n') => {
    const file = path.join(home, 'zeo.conf');
    writeFileSync(file, `<zeo>\n${address}${more}</zeo>\n<mappingstorage 1/>\n`.replaceAll('@HOME@', home));
    const { withoutEffect, ...others } = loadZeoConf(file);
    expect(withoutEffect).toEqual([]);
    return JSON.stringify({ ...others, storages: [] });
  };

  it('has a value in the table of this test', () => {
    expect(Object.keys(ZEO).sort()).toEqual(
      keysOf(ZEO_SCHEMA.types!.find(({ name }) => name === 'zeo')!.items!).sort(),
    );
  });

  it.each(Object.entries(ZEO))('%s is told to the server', (name, value) => {
    const given = name === 'address' ? load('', `address ${value}\n`) : load(`${name} ${value}\n`);
    expect(given).not.toBe(load(''));
  });
});
