/** `zope bench` (INVENTORY W-163). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/zope/cli/main.ts';

// Whole processes start here, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 90_000 });

const servers: net.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: net.Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const answering = (listener: http.RequestListener) => listen(http.createServer(listener));
/** Bytes for every request, of a server that is none. */
const saying = (bytes: string, end = false) =>
  listen(
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => (end ? socket.end(bytes) : socket.write(bytes)));
    }),
  );

async function bench(args: readonly string[], isTTY = false) {
  let stdout = '';
  let stderr = '';
  const exit = await run('bench', [...args], {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text), isTTY },
    stdin: new PassThrough(),
    env: {},
  });
  return { exit, stdout, stderr };
}

interface Result {
  answers: number;
  errors: number;
  bytes: number;
  server: string;
  compared?: string;
  statuses: Record<string, number>;
  latency: Record<string, number>;
  histogram: { upTo: number; answers: number }[];
}
async function measure(...args: string[]): Promise<Result> {
  const { stdout } = await bench(['-c', '3', '-t', '0.2', '--json', ...args]);
  return (JSON.parse(stdout) as Result[])[0]!;
}

describe('zope bench', () => {
  it('shows a histogram and a table, and no progress in a pipe', async () => {
    const url = await answering((_incoming, outgoing) => outgoing.setHeader('Server', 'Probe').end('hello'));
    const { exit, stdout, stderr } = await bench([url, `${url}else`, '-c', '2', '-t', '0.2']);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(/^ +up to +[\d.]+ ms +[\d,]+ +[\d.]+ % █+$/m);
    const table = stdout.slice(stdout.lastIndexOf('\n\n') + 2).split('\n');
    expect(table[0]).toMatch(/^URL +requests\/s +of the best +median ms .* errors +calls itself$/);
    expect(table[1]).toMatch(new RegExp(`^${url} +[\\d,]+ +\\d+ % .* 0 +Probe$`));
    expect(table[2]).toContain('/else');
  });

  it('shows how it goes on a terminal', async () => {
    const url = await answering((_incoming, outgoing) => outgoing.end('hello'));
    const { stderr } = await bench([url, '-c', '2', '-t', '0.6'], true);
    expect(stderr).toMatch(/[█░]{20} \d+\/[\d.]+ s {2}[\d,]+ requests\/s {2}median [\d.]+ ms {2}0 errors/);
    expect(stderr.endsWith('\r\x1b[K')).toBe(true);
  });

  it('counts every answer once, with its bytes and its status', async () => {
    let served = 0;
    const url = await answering((incoming, outgoing) => {
      served++;
      outgoing.statusCode = served % 2 === 0 ? 404 : 200;
      // Of changing length, so that answers cannot be told by the one before.
      outgoing.end('x'.repeat(served % 7));
    });
    const { answers, errors, statuses, latency, histogram } = await measure(url);
    expect(errors).toBe(0);
    expect(answers).toBe(served);
    expect(statuses['200']! + statuses['404']!).toBe(served);
    expect(histogram.reduce((sum, bucket) => sum + bucket.answers, 0)).toBe(served);
    expect(latency.p50!).toBeLessThanOrEqual(latency['p99.9']!);
    expect(latency['p99.9']!).toBeLessThanOrEqual(latency.longest!);
  });

  it.each([
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', false],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', false],
    ['that end with their connection', 'HTTP/1.0 200 OK\r\n\r\nuntil the end', true],
  ])('takes answers %s', async (_about, bytes, end) => {
    const { answers, errors, bytes: sum } = await measure(await saying(bytes, end));
    expect(errors).toBe(0);
    expect(answers).toBeGreaterThan(2);
    expect(sum).toBe(answers * bytes.length);
  });

  it('counts what is no chunk as an error, and goes on', async () => {
    const url = await saying('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n');
    const { answers, errors, statuses } = await measure(url);
    expect(answers).toBeGreaterThan(3);
    expect(errors).toBe(answers);
    expect(statuses).toEqual({ 0: answers });
  });

  it('fails for errors of the server', async () => {
    const url = await answering((_incoming, outgoing) => outgoing.writeHead(500).end());
    expect((await bench([url, '-c', '2', '-t', '0.1'])).exit).toBe(1);
  });

  it.each(['what is this', ''])('counts answers that are no HTTP as errors: %j', async (bytes) => {
    const url = await saying(bytes, true);
    const { exit, stderr } = await bench([url, '-c', '2', '-t', '0.1']);
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: `bench: error: ${url} did not answer\n` });
  });

  it('says where nobody listens', async () => {
    const gone = net.createServer();
    const url = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    servers.length = 0;
    const { exit, stderr } = await bench([url, '-c', '2', '-t', '0.1']);
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: `bench: error: ${url} did not answer\n` });
  });

  it.each([
    ['stays as it is', () => 100, 0],
    ['grows while the server warms up', (n: number) => 60 + Math.min(n, 2), 0],
    // However few samples a busy machine takes.
    ['grows all the time', (n: number) => 60 + 20 * n, 1],
  ])('tells of memory that %s', async (_about, megabytes, code) => {
    let samples = 0;
    const url = await answering((incoming, outgoing) =>
      outgoing.end(
        incoming.url === '/metrics'
          ? `# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ${megabytes(samples++) * 2 ** 20}\n`
          : 'hello',
      ),
    );
    // No answer takes a second where there is one client.
    const args = ['-c', '1', '-t', '1', url, '--metrics', `${url}metrics`];
    const { exit, stdout } = await bench([...args, '--soak']);
    expect(exit, stdout).toBe(code);
    expect(samples).toBeGreaterThan(1);
    expect(stdout).toMatch(
      /the server's memory is [\d,]+ MB warm, [\d,]+ MB at the end, at most [\d,]+ MB\n$/,
    );
    if (code === 1) expect((await bench(args)).exit).toBe(0);
  });

  it('says where a server does not tell its memory', async () => {
    const url = await answering((_incoming, outgoing) => outgoing.end('hello'));
    expect(await bench([url, '-t', '9', '--metrics', url])).toEqual({
      exit: 1,
      stdout: '',
      stderr: `bench: error: ${url} does not tell process_resident_memory_bytes\n`,
    });
  });

  it.each([
    [['http://x', '--metrics', 'x'], 'x is no http: address', 1],
    [['--compare', 'x.ini', '--metrics', 'http://x/'], '--metrics goes with a URL', 2],
    [['https://x'], 'no http: address', 1],
    [['http://x', '-c', '1.5'], 'a whole number', 2],
    [['http://x', '-t', 'Infinity'], 'above 0', 2],
    [['http://x', '--server', 'waitress'], '--server goes with --compare', 2],
    [['--compare', 'x.ini', '--server', 'apache'], "there is no server 'apache'", 2],
    [['--compare', '/nowhere/x.ini', '-t', '0.1'], 'there is no file /nowhere/x.ini', 1],
  ])('refuses %j', async (args, words, code) => {
    const { exit, stderr } = await bench(args);
    expect(exit).toBe(code);
    expect(stderr).toContain(words);
  });
});

describe('zope bench --compare', () => {
  const site = (source: string): string => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-'));
    folders.push(folder);
    writeFileSync(path.join(folder, 'site.ts'), source);
    const ini = path.join(folder, 'a site.ini');
    writeFileSync(
      ini,
      '[app:main]\nuse = npm:./site.ts\n[server:main]\nuse = egg:waitress#main\nthreads = 9\n',
    );
    return ini;
  };
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  it('serves the application by one server after the other', async () => {
    const ini = site('export const main = () => () => new Response("hi");\n');
    const { exit, stdout, stderr } = await bench([
      '--compare',
      ini,
      '/x',
      '--server',
      'bjoern',
      '--server',
      'cheroot',
      '-c',
      '2',
      '-t',
      '0.2',
      '--json',
    ]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const results = JSON.parse(stdout) as Result[];
    expect(results.map(({ compared, server }) => [compared, server])).toEqual([
      ['bjoern', ''],
      ['cheroot', 'cheroot'],
    ]);
    expect(results.every(({ answers }) => answers > 0)).toBe(true);
  });

  it('shows what the site says where it does not start', async () => {
    const { exit, stderr } = await bench(['--compare', site('throw new Error("no tea");\n'), '-t', '0.1']);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/does not start by egg:waitress#main:\n.*no tea/s);
  });
});
