import { expect, it } from 'vitest';
import { getSecurityManager } from '../../src/access/index.ts';
import { registerClass } from '../../src/persistent/index.ts';
import {
  getRequest,
  type HTTPRequest,
  type HTTPResponse,
  NotFound,
  onPublication,
} from '../../src/publisher/index.ts';
import { declareClass } from '../../src/restricted/index.ts';
import { pathNames } from '../../src/publisher/traverse.ts';
import { transaction } from '../../src/transaction/index.ts';
import { ConflictError } from '../../src/zodb/index.ts';
import { basic, type Folder, Item, makeSite } from './site.ts';
import { File, Folder as FolderClass } from '../../src/zope/index.ts';

const tries: number[] = [];

class Probe extends Item {
  declare count: number;

  fine(): string {
    return `fine ${this.count ?? 0}`;
  }

  async later(REQUEST: HTTPRequest): Promise<string> {
    await Promise.resolve();
    this.count = 7;
    await new Promise((resolve) => setImmediate(resolve));
    const same = getRequest() === REQUEST;
    const user = getSecurityManager().getUser().getUserName();
    return `${same} ${user} ${transaction.get() === transaction.get()} ${this.count}`;
  }

  write(value: number): string {
    this.count = value;
    return 'written';
  }

  writeAndFail(): never {
    this.count = 99;
    throw new Error('no good');
  }

  doomed(): string {
    this.count = 55;
    transaction.doom();
    return 'doomed';
  }

  flaky(times: number, REQUEST: HTTPRequest): string {
    tries.push(REQUEST.retryCount);
    this.count = REQUEST.retryCount;
    if (REQUEST.retryCount < times) throw new ConflictError('again');
    return `after ${REQUEST.retryCount}`;
  }

  note(): string {
    const { user, description } = transaction.get();
    return `${user}|${description}`;
  }

  secret(): string {
    return 'secret';
  }

  undeclared(): string {
    return 'nobody declared this';
  }

  helper(): string {
    return 'declared, but no page';
  }

  change(): string {
    this.count = 1;
    return 'changed';
  }

  echo(text: string): string {
    return text;
  }

  headers(name: string, value: string, RESPONSE: HTTPResponse): string {
    RESPONSE.setHeader(name, value);
    RESPONSE.addHeader('X-Added', value);
    RESPONSE.setCookie('taste', value);
    RESPONSE.redirect(`http://elsewhere.test/${value}`);
    return '';
  }
}
registerClass(Probe, 'test.publisher.Probe', { acquires: 'implicit' });
declareClass(Probe, {
  object: 'public',
  published: [
    'fine',
    'later',
    'write',
    'writeAndFail',
    'doomed',
    'flaky',
    'note',
    'secret',
    'echo',
    'headers',
  ],
  postOnly: ['change'],
  names: {
    fine: 'public',
    later: 'public',
    write: 'public',
    writeAndFail: 'public',
    doomed: 'public',
    flaky: 'public',
    note: 'public',
    helper: 'public',
    echo: 'public',
    headers: 'public',
    change: 'public',
    secret: { permission: 'View management screens' },
  },
  signatures: {
    later: 'REQUEST',
    write: 'value',
    flaky: 'times, REQUEST',
    echo: 'text',
    headers: 'name, value, RESPONSE',
  },
});

const site = makeSite((app) => {
  const folder = FolderClass.prototype.constructor as unknown as new (id: string) => Folder;
  app._setObject('box', new folder('box') as never);
  const probe = new Probe();
  probe.id = 'probe';
  app._setObject('probe', probe as never);
});

it('answers 404 to a POST for a name that is not there', async () => {
  expect((await site.get('/nope', { method: 'POST', body: 'a=1' }))[0]).toBe(404);
  expect(site.lent()).toBe(0);
});

it('commits what a page writes, and forgets what a failing one wrote (P-006)', async () => {
  expect(await site.get('/probe/write?value:int=3')).toEqual([200, 'written']);
  expect(await site.get('/probe/writeAndFail')).toEqual([500, 'no good']);
  expect(await site.get('/probe/doomed')).toEqual([200, 'doomed']);
  expect(await site.get('/probe/fine')).toEqual([200, 'fine 3']);
  expect(site.lent()).toBe(0);
});

it('gives a method that awaits its request, user and transaction all the way', async () => {
  expect(await site.get('/probe/later', { headers: basic('admin', 'secret') })).toEqual([
    200,
    'true admin true 7',
  ]);
  expect(await site.get('/probe/fine')).toEqual([200, 'fine 7']);
});

it('runs requests that await at the same time apart from each other', async () => {
  const answers = await Promise.all([
    site.get('/probe/later', { headers: basic('admin', 'secret') }),
    site.get('/probe/later', { headers: basic('plain', 'plain') }),
    site.get('/probe/later'),
  ]);
  expect(answers.map(([, text]) => text.split(' ')[1])).toEqual(['admin', 'plain', 'Anonymous']);
});

it('tries a conflict again from the start, as often as it is told, and no more (P-002)', async () => {
  tries.length = 0;
  expect(await site.get('/probe/flaky?times:int=2')).toEqual([200, 'after 2']);
  expect(tries).toEqual([0, 1, 2]);
  const strict = makeSite(
    (app) => {
      const probe = new Probe();
      probe.id = 'probe';
      app._setObject('probe', probe as never);
    },
    { maxConflictRetries: 1 },
  );
  tries.length = 0;
  expect(await strict.get('/probe/flaky?times:int=9')).toEqual([500, 'again']);
  expect(tries).toEqual([0, 1]);
  expect(strict.lent()).toBe(0);
});

it('tells the transaction who did what (P-013)', async () => {
  expect(await site.get('/probe/note', { headers: basic('admin', 'secret') })).toEqual([
    200,
    ' admin|/probe/note',
  ]);
  expect(await site.get('/probe/note')).toEqual([200, ' None|/probe/note']);
});

it('publishes what is declared as a page and nothing else (S-091)', async () => {
  for (const name of [
    'undeclared',
    'helper',
    '_p_jar',
    '__class__',
    'constructor',
    'hasOwnProperty',
    'count',
  ])
    // oxlint-disable-next-line no-await-in-loop
    expect((await site.get(`/probe/${name}`, { headers: basic('admin', 'secret') }))[0], name).toBe(404);
});

it('asks for a login where a permission is needed, and takes only the right one', async () => {
  const response = await site.fetch('/probe/secret');
  expect(response.status).toBe(401);
  expect(response.headers.get('WWW-Authenticate')).toBe('basic realm="Zope", charset="UTF-8"');
  expect((await site.get('/probe/secret', { headers: basic('admin', 'wrong') }))[0]).toBe(401);
  expect((await site.get('/probe/secret', { headers: basic('plain', 'plain') }))[0]).toBe(401);
  expect(await site.get('/probe/secret', { headers: basic('admin', 'secret') })).toEqual([200, 'secret']);
});

it('answers credentials that cannot be read with 400 (S-052)', async () => {
  for (const credentials of ['Basic /w==', `Basic ${Buffer.from('no colon').toString('base64')}`])
    // oxlint-disable-next-line no-await-in-loop
    expect((await site.get('/probe/fine', { headers: { Authorization: credentials } }))[0]).toBe(400);
});

it('lets only a POST of the site itself call what changes something (S-084)', async () => {
  const post = (headers: Record<string, string>) => site.get('/probe/change', { method: 'POST', headers });
  expect((await site.get('/probe/change'))[0]).toBe(404);
  expect((await post({ 'Sec-Fetch-Site': 'cross-site' }))[0]).toBe(403);
  expect((await post({ Origin: 'http://other.test' }))[0]).toBe(403);
  expect((await post({ Origin: 'null' }))[0]).toBe(403);
  expect((await post({ Origin: 'http://site.test' }))[0]).toBe(200);
  expect((await post({}))[0]).toBe(200);
});

it('lets no line end into headers, cookies and redirections (S-085)', async () => {
  const value = encodeURIComponent('a\r\nSet-Cookie: stolen=1\r\n\r\n<script>');
  const response = await site.fetch(`/probe/headers?name=X-Given%0D%0AX-Other&value=${value}`);
  const all = [...response.headers].map(([name, text]) => `${name}: ${text}`).join('|');
  expect(all).not.toMatch(/[\r\n]/);
  expect(response.headers.get('x-other')).toBeNull();
  expect(response.headers.get('location')).toMatch(/^http:\/\/elsewhere\.test\/a/);
  expect(response.headers.getSetCookie().every((cookie) => cookie.startsWith('taste='))).toBe(true);
});

it('takes no name of acquisition from a URL (S-102)', async () => {
  for (const path of ['/box/aq_parent', '/box/aq_self', '/box/aq_base', '/box/REQUEST', '/box/aq_chain'])
    // oxlint-disable-next-line no-await-in-loop
    expect((await site.get(path, { headers: basic('admin', 'secret') }))[0], path).toBe(404);
  expect(() => pathNames('/box/../../probe')).toThrow(NotFound);
  expect(pathNames('/box//./x/../probe/')).toEqual(['box', 'probe']);
});

it('finds the default page of what was acquired where attributes are acquired: first around itself, then along the URL (X-014)', async () => {
  const home = makeSite((app) => {
    for (const id of ['box', 'shelf']) app._setObject(id, new FolderClass(id));
    const file = (id: string, text: string) => new File(id, '', Buffer.from(text), 'text/plain');
    app._setObject('index_html', file('index_html', 'the page of the root'));
    (app.box as Folder)._setObject('note.txt', file('note.txt', 'words') as never);
  });
  // The File has a page of its own, which is not the page of the folder that was acquired through it.
  expect(await home.get('/box/note.txt')).toEqual([200, 'words']);
  expect(await home.get('/box/note.txt/shelf')).toEqual([200, 'the page of the root']);
});

it('has methods for POST only hidden from all others, whoever asks', async () => {
  for (const headers of [{}, basic('admin', 'secret')])
    // oxlint-disable-next-line no-await-in-loop
    expect((await site.get('/manage_delLocalRoles', { headers }))[0]).toBe(404);
});

it('shows no stored user, password or user list to whoever may not manage users (S-077, S-078)', async () => {
  for (const name of [
    'data',
    'getUserNames',
    'getUsers',
    'getUser?name=admin',
    '_doAddUser',
    'userFolderAddUser',
  ])
    // oxlint-disable-next-line no-await-in-loop
    expect((await site.get(`/acl_users/${name}`, { headers: basic('admin', 'secret') }))[0], name).toBe(404);
});

it('escapes what it repeats of the request in its own errors (S-081)', async () => {
  const error = await site.fetch('/%3Cscript%3E').catch((thrown: unknown) => thrown);
  expect((error as { detail: string }).detail).not.toContain('<script>');
  const missing = await site.fetch('/probe/echo').catch((thrown: unknown) => thrown);
  expect((missing as { detail: string }).detail).toContain('<em>text</em>');
});

it('refuses forms that need too much, and takes many fields in linear time (S-093)', async () => {
  const small = makeSite(
    (app) => {
      const probe = new Probe();
      probe.id = 'probe';
      app._setObject('probe', probe as never);
    },
    { formLimits: { memory: 1000, disk: 2000, memfile: 100, parts: 3 } },
  );
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const long = await small.get('/probe/echo', {
    method: 'POST',
    headers: form,
    body: `text=${'x'.repeat(1001)}`,
  });
  expect(long[0]).toBe(400);
  const parts = new FormData();
  for (const name of ['a', 'b', 'c', 'd']) parts.append(name, '1');
  expect((await small.get('/probe/echo', { method: 'POST', body: parts }))[0]).toBe(400);
  const file = new FormData();
  file.append('text', new Blob(['y'.repeat(3000)]), 'y.txt');
  expect((await small.get('/probe/echo', { method: 'POST', body: file }))[0]).toBe(400);
  const many = `text=ok&${Array.from({ length: 20_000 }, (_none, n) => `f${n % 7}:list=${n}`).join('&')}`;
  expect(await site.get('/probe/echo', { method: 'POST', headers: form, body: many })).toEqual([200, 'ok']);
});

it('keeps the names of the environment from forms (P-075)', async () => {
  const body = 'text=x&REMOTE_USER=admin&HTTP_HOST=evil&REQUEST_METHOD=PUT';
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  expect(await site.get('/probe/echo', { method: 'POST', headers, body })).toEqual([200, 'x']);
  expect((await site.get('/probe/secret?REMOTE_USER=admin&AUTHENTICATED_USER=admin'))[0]).toBe(401);
});

it('gives other methods than a page’s only to what declares them (S-090)', async () => {
  const before = await site.get('/probe/fine');
  for (const method of ['PUT', 'DELETE', 'PROPFIND', 'MOVE', 'COPY', 'LOCK'])
    // oxlint-disable-next-line no-await-in-loop
    expect(await site.get('/probe', { method }), method).toEqual([200, '<Probe at probe>']);
  expect((await site.get('/probe', { method: 'MKCOL' }))[0]).toBe(405);
  expect(await site.get('/probe/fine')).toEqual(before);
});

it('tells who listens of everything around a request, in order (P-005, P-006)', async () => {
  const told: string[] = [];
  const names = [
    'pubStart',
    'pubAfterTraversal',
    'pubBeforeCommit',
    'pubSuccess',
    'pubBeforeAbort',
    'pubFailure',
    'endRequest',
  ] as const;
  const ends = names.map((name) => onPublication(name, () => void told.push(name)));
  await site.get('/probe/fine');
  expect(told.splice(0)).toEqual([
    'pubStart',
    'pubAfterTraversal',
    'pubBeforeCommit',
    'pubSuccess',
    'endRequest',
  ]);
  await site.get('/probe/writeAndFail');
  expect(told.splice(0)).toEqual([
    'pubStart',
    'pubAfterTraversal',
    'pubBeforeAbort',
    'pubFailure',
    'endRequest',
  ]);
  for (const end of ends) end();
  const refuse = onPublication('pubBeforeCommit', () => {
    throw new Error('not today');
  });
  expect(await site.get('/probe/write?value:int=1234')).toEqual([500, 'not today']);
  refuse();
  expect(await site.get('/probe/fine')).not.toEqual([200, 'fine 1234']);
  expect(told).toEqual([]);
});
