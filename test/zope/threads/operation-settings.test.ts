/** The section [zope-ts] of an .ini. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addressOf,
  readOperationSettings,
  settingsWithoutEffect,
} from '../../../src/zope/threads/operation-settings.ts';
import { AddressError } from '../../../src/paste/servers/errors.ts';
import { withPlace } from '../../../src/zope/cli/runwsgi.ts';
import { command } from '../command.ts';

let here: string;
let ini: string;
beforeEach(() => {
  here = mkdtempSync(path.join(os.tmpdir(), 'zope-operation-'));
  ini = path.join(here, 'site.ini');
});
afterEach(() => rmSync(here, { recursive: true }));

const read = (text: string, globalConf = {}) => {
  writeFileSync(ini, text);
  return readOperationSettings(ini, globalConf);
};

const DEFAULTS = {
  health_path: '/@@health',
  ready_path: '/@@ready',
  metrics_listen: '',
  accept: 'main',
  code_from_text: false,
  queue_limit: 1000,
  slow_request_seconds: 0,
  hung_request_seconds: 0,
  drain_seconds: 60,
  drain_streams_seconds: 3600,
};

describe('the section [zope-ts]', () => {
  it('need not be there', () => {
    expect(readOperationSettings(undefined, {})).toEqual(DEFAULTS);
    expect(read('[server:main]\nuse = egg:waitress#main\n')).toEqual(DEFAULTS);
  });

  it('is read with the variables of the file and of the command line', () => {
    const text =
      '[DEFAULT]\nname = shop\n[zope-ts]\nhealth_path = /%(name)s\nready_path =\nmetrics_listen = 127.0.0.1:%(metrics)s\n' +
      'accept = threads\ncode_from_text = yes\nqueue_limit = 7\nslow_request_seconds = 0.5\nhung_request_seconds = 30\n' +
      'drain_seconds = 5\ndrain_streams_seconds = 0.5\n';
    expect(read(text, { metrics: '9100' })).toEqual({
      health_path: '/shop',
      ready_path: '',
      metrics_listen: '127.0.0.1:9100',
      accept: 'threads',
      code_from_text: true,
      queue_limit: 7,
      slow_request_seconds: 0.5,
      hung_request_seconds: 30,
      drain_seconds: 5,
      drain_streams_seconds: 0.5,
    });
  });

  it('says what of it changes nothing, and why', () => {
    const of = (text: string, threads: number) => settingsWithoutEffect(read(`[zope-ts]\n${text}`), threads);
    expect(of('accept = main\nqueue_limit = 1000\ncode_from_text = yes\nhealth_path =\n', 1)).toEqual([]);
    const all =
      'accept = threads\nqueue_limit = 7\nslow_request_seconds = 0.5\nhung_request_seconds = 30\ndrain_seconds = 5\ndrain_streams_seconds = 9\n';
    const notes = of(all, 1);
    expect(notes.map((note) => note.split(' = ')[0]).sort()).toEqual([
      'accept',
      'drain_seconds',
      'drain_streams_seconds',
      'hung_request_seconds',
      'queue_limit',
    ]);
    expect(notes[0]).toBe(
      'accept = threads has no effect: one thread serves the site, and accepts connections itself',
    );
    expect(of(all.replace('accept = threads\n', ''), 2)).toEqual([]);
    expect(of(all, 2)).toEqual([
      expect.stringMatching(/^queue_limit = 7 has no effect: with accept = threads/),
    ]);
  });

  it('is all in the documentation', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../../docs/servers.md'), 'utf8');
    for (const [name, value] of Object.entries(DEFAULTS))
      expect(text).toContain(
        `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} |`.replace('|  |', '| |'),
      );
  });

  it.each([
    ['queue_limit = many', 'queue_limit', "Bad integer value: 'many'"],
    ['queue_limit = -1', 'queue_limit', "'-1' is less than 0"],
    ['slow_request_seconds = soon', 'slow_request_seconds', "'soon' is no number of seconds"],
    ['slow_request_seconds =', 'slow_request_seconds', "'' is no number of seconds"],
    ['hung_request_seconds = -1', 'hung_request_seconds', "'-1' is no number of seconds"],
    ['health_path = alive', 'health_path', "'alive' does not begin with /"],
    ['ready_path = ready', 'ready_path', "'ready' does not begin with /"],
    ['metrics_listen = 9100', 'metrics_listen', "'9100' is no host:port"],
    ['metrics_listen = 127.0.0.1:99999', 'metrics_listen', "'127.0.0.1:99999' is no host:port"],
    ['quueue_limit = 7', undefined, "unexpected option 'quueue_limit' (options: health_path, ready_path, "],
  ])('with %s is refused by runwsgi, with file, line, section and option', async (line, option, reason) => {
    writeFileSync(
      ini,
      `[app:main]\nuse = egg:Zope#main\nzope_conf = none.conf\n[server:main]\nuse = egg:waitress#main\n[zope-ts]\n${line}\n`,
    );
    const where = option === undefined ? '' : `, option '${option}'`;
    const { exit, stderr } = await command('runwsgi', [ini]);
    expect(exit).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(`runwsgi: error: ${ini}, line 7, section [zope-ts]${where}: ${reason}`);
  });
});

describe('an address that this machine does not have', () => {
  it('of the metrics is refused with its line', async () => {
    writeFileSync(
      ini,
      '[app:main]\nuse = egg:Zope#main\nzope_conf = none.conf\n[server:main]\nuse = egg:waitress#main\n' +
        'threads = 2\n[zope-ts]\nmetrics_listen = 192.0.2.1:0\n',
    );
    const { exit, stderr } = await command('runwsgi', [ini]);
    expect(exit).toBe(1);
    expect(stderr).toMatch(
      /line 8, section \[zope-ts\]: cannot listen on 192\.0\.2\.1:0: .*no such address\n$/,
    );
  });

  it('of the server is refused with the line that names it', async () => {
    const error = new AddressError('192.0.2.1:0', 'cannot listen');
    const told = async (...options: string[]) => {
      writeFileSync(ini, ['[server:other]', 'use = egg:waitress#main', ...options, ''].join('\n'));
      const place = { serverUri: undefined, serverName: 'other' };
      return ((await withPlace(error, ini, place)) as Error).message;
    };
    expect(await told('threads = 2', 'host = 192.0.2.1')).toBe(
      `${ini}, line 4, section [server:other]: cannot listen`,
    );
    expect(await told('listen = 192.0.2.1:0')).toBe(`${ini}, line 3, section [server:other]: cannot listen`);
    expect(await told()).toBe(`${ini}, section [server:other]: cannot listen`);
  });
});

describe('an address for metrics', () => {
  it.each([
    ['127.0.0.1:9100', { host: '127.0.0.1', port: 9100 }],
    [':9100', { host: '127.0.0.1', port: 9100 }],
    ['[::1]:0', { host: '::1', port: 0 }],
  ])('%s is read', (text, address) => expect(addressOf(text)).toEqual(address));
});
