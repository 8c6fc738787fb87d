/** One database under two servers: a request goes to Python's Zope and to this package, byte by byte as it stands. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { loadApp, loadServer, type RunningServer } from '../../../src/paste/index.ts';
import { registerDistributions } from '../../../src/zope/app/distributions.ts';
import { shutDown } from '../../../src/zope/app/shutdown.ts';
import { type Answer, exchange, parseAnswer } from '../../conformance/suites/lib/http-client.ts';

export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer;
  /** The page is each side's own: only that there is one is compared, with its status. */
  readonly ownPage?: boolean;
  /** Whether what was copied or cut last is sent along. */
  readonly clipboard?: boolean;
}

/** What a side answered; `raised`: the name of the exception that left the pipeline, where that is known. */
export type SiteAnswer = Answer & { readonly raised?: string | null };

export interface BothSites {
  /** The instance homes of both. */
  readonly homes: { readonly python: string; readonly ours: string };
  python(request: WireRequest): Promise<SiteAnswer>;
  ours(request: WireRequest): Promise<SiteAnswer>;
  close(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('zope-site.py', import.meta.url));

function completed({ headers = [], body, clipboard }: WireRequest, copied: string): [string, string][] {
  const all = headers.map(([name, value]): [string, string] => [name, value]);
  if (clipboard && copied !== '') all.push(['Cookie', copied]);
  const has = (name: string) => all.some(([header]) => header.toLowerCase() === name);
  if (!has('host')) all.unshift(['Host', 'zope.test']);
  if (!has('connection')) all.push(['Connection', 'close']);
  if (body !== undefined && !has('content-length') && !has('transfer-encoding'))
    all.push(['Content-Length', String(body.length)]);
  return all;
}

/** Starts both sides on copies of one database that Python has made. */
export async function startBoth(python: string): Promise<BothSites> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zope-both-http-'));
  const port = await freePort();
  const child = spawn(python, [SCRIPT, path.join(folder, 'python'), String(port)], {
    env: { ...process.env, TZ: 'UTC' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
  const ended = once(child, 'exit');
  const close = async (server?: RunningServer) => {
    child.stdin.end();
    await server?.close(0);
    await shutDown();
    // It still writes into the folder while it ends.
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { done, value } = (await lines.next()) as { done?: boolean; value: string };
    if (done) throw new Error(`Python's side ended: ${complaints}`);
    return value;
  };
  let server: RunningServer;
  try {
    if ((await line()) !== 'ready') throw new Error(`Python's side did not start: ${complaints}`);
    server = await startOurs(path.join(folder, 'ours'), path.join(folder, 'python', 'Data.fs'), port);
  } catch (error) {
    await close();
    throw error;
  }
  // Each side has its own form of what is copied.
  const copied = { python: '', ours: '' };
  const remember = (side: keyof typeof copied, answer: SiteAnswer): SiteAnswer => {
    for (const [name, value] of answer.headers)
      if (name.toLowerCase() === 'set-cookie' && value.startsWith('__cp='))
        copied[side] = value.startsWith('__cp=deleted') ? '' : value.split(';')[0]!;
    return answer;
  };
  return {
    homes: { python: path.join(folder, 'python'), ours: path.join(folder, 'ours') },
    async python(request) {
      const head = [
        `${request.method} ${request.target} HTTP/1.1`,
        ...completed(request, copied.python).map(([name, value]) => `${name}: ${value}`),
      ];
      const raw = Buffer.concat([
        Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
        request.body ?? Buffer.alloc(0),
      ]);
      child.stdin.write(`${raw.toString('base64')}\n`);
      const [data, raised] = JSON.parse(await line()) as [string, string | null];
      return remember('python', { ...parseAnswer(Buffer.from(data, 'base64'), request.method), raised });
    },
    async ours(request) {
      const answer = await exchange(port, {
        method: request.method,
        target: request.target,
        headers: completed(request, copied.ours),
        body: request.body,
      });
      return remember('ours', answer);
    },
    close: () => close(server),
  };
}

async function startOurs(folder: string, database: string, port: number): Promise<RunningServer> {
  registerDistributions();
  for (const name of ['etc', 'var']) mkdirSync(path.join(folder, name), { recursive: true });
  cpSync(database, path.join(folder, 'var', 'Data.fs'));
  writeFileSync(
    path.join(folder, 'etc', 'zope.conf'),
    `instancehome ${folder}\n<zodb_db main>\n<filestorage>\npath ${folder}/var/Data.fs\n</filestorage>\nmount-point /\n</zodb_db>\n` +
      'trusted-proxy 127.0.0.1\ntrusted-proxy 10.0.0.1\n',
  );
  const file = path.join(folder, 'etc', 'zope.ini');
  writeFileSync(
    file,
    `[app:zope]\nuse = egg:Zope#main\nzope_conf = %(here)s/zope.conf\n[server:main]\nuse = egg:waitress#main\nlisten = 127.0.0.1:${port}\nclear_untrusted_proxy_headers = false\n` +
      '[pipeline:main]\npipeline =\n    egg:Zope#httpexceptions\n    zope\n',
  );
  const options = { relativeTo: folder, globalConf: {} };
  const runner = await loadServer(`config:${file}`, options);
  return (await runner(await loadApp(`config:${file}`, options))) as RunningServer;
}

/** Both sides tell clients of the same port where a request names no host. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
