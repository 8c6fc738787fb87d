/** Paths that are answered where a server takes no more connections. */
import { afterEach, expect, it } from 'vitest';
import { GatewayResponse } from '../../src/paste/index.ts';
import { environOf } from '../../src/paste/gateway/environ.ts';
import { HttpServer } from '../../src/paste/servers/http-server.ts';
import { readSettings } from '../../src/paste/servers/settings.ts';
import { MOST_BEYOND } from '../../src/paste/servers/urgent.ts';
import { RawClient, request } from './servers-client.ts';

const servers: HttpServer[] = [];
const clients: RawClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

const LIMIT = 3;
const BACKLOG = 4;

/** A server all of whose connections are in use, and as many wait as are told. */
async function full(waiting: number, urgentPaths = ['/@@health']): Promise<() => RawClient> {
  const settings = readSettings({
    listen: '127.0.0.1:0',
    connection_limit: String(LIMIT),
    backlog: String(BACKLOG),
  });
  const dispatch = (asked: Request) => new GatewayResponse(environOf(asked).rawTarget) as unknown as Response;
  const server = await new HttpServer({ dispatch, settings, name: 'test', urgentPaths }).listen();
  servers.push(server);
  const connect = () => {
    const client = new RawClient(server);
    clients.push(client);
    return client;
  };
  const taken = [];
  for (let i = 0; i < LIMIT; i++) {
    const client = connect();
    taken.push(client);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await client.send(request('/')).answer())!.status).toBe(200);
  }
  for (let i = 0; i < waiting; i++) {
    const client = connect();
    // oxlint-disable-next-line no-await-in-loop
    await client.connected();
    client.send(request(`/waits${i}`));
  }
  return connect;
}

it.each([0, 1, BACKLOG])(
  'a path for health is answered while all connections are in use and %i wait',
  async (waiting) => {
    const connect = await full(waiting);
    const client = connect();
    const answer = await client.send(request('/@@health')).answer();
    expect(answer).toMatchObject({ status: 200, body: '/@@health' });
    // So that nobody comes to the site that way.
    expect(answer!.headers.get('connection')).toBe('close');
    await client.ended;
  },
);

it('what comes behind a request for health on its connection is not answered', async () => {
  const connect = await full(0);
  const client = connect().send(request('/@@health') + request('/secret'));
  expect((await client.answer())!.body).toBe('/@@health');
  expect(await client.answer()).toBeUndefined();
});

it('others wait for their turn with all that they have said', async () => {
  const connect = await full(0);
  const waiting = connect().send(request('/waits', [], 'body'));
  const other = connect().send('GET /@@hea');
  // The server has seen them by then.
  expect((await connect().send(request('/@@health')).answer())!.status).toBe(200);
  other.send('lth HTTP/1.1\r\nHost: a\r\n\r\n');
  clients[0]!.destroy();
  expect((await waiting.answer())!.body).toBe('/waits');
  clients[1]!.destroy();
  expect((await other.answer())!.body).toBe('/@@health');
});

it('who may not even wait is heard for a moment, the newest of many first', async () => {
  const connect = await full(BACKLOG);
  const silent: RawClient[] = [];
  for (let i = 0; i < MOST_BEYOND + 20; i++)
    // oxlint-disable-next-line no-await-in-loop -- the system's queue is as short
    silent.push(await connect().connected());
  expect((await connect().send(request('/@@health')).answer())!.status).toBe(200);
  await Promise.all(silent.map(({ ended }) => ended));
  expect((await connect().send(request('/@@health')).answer())!.status).toBe(200);
});

it('without such paths a connection that may not wait is ended at once', async () => {
  const connect = await full(BACKLOG, ['']);
  const client = connect().send(request('/@@health'));
  await client.ended;
});

it('connections that were given up while they waited make room for others', async () => {
  const connect = await full(0);
  // oxlint-disable-next-line no-await-in-loop -- the system's queue is as short
  for (let i = 0; i < 100; i++) await connect().connected();
  // Silent ones, as those that are served; and some of them ended well before they had a turn.
  for (const client of clients.splice(0)) client.destroy();
  // Until the server has noticed there is no place to wait.
  let answer;
  while (answer === undefined)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    answer = await connect().send(request('/after')).answer();
  expect(answer.body).toBe('/after');
});
