import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { environOf, withEnviron } from '../gateway/environ.ts';
import type { Application } from '../gateway/types.ts';
import { quoted } from '../loader/config-parser.ts';
import { LoadError } from '../loader/errors.ts';
import type { CompositeFactory } from '../loader/factories.ts';

// Larger bodies wait in a file until it is known which application takes them.
const MEMORY_LIMIT = 1 << 20;

/** `egg:Paste#cascade`: options `app…`, in the order of their names, are tried until one does not answer with a status in `catch`. */
export const makeCascade: CompositeFactory = async (loader, globalConf, localConf) => {
  const { catch: catchText = '404', ...rest } = localConf;
  const statuses = catchText.split(/\s+/).filter((word) => word !== '');
  for (const status of statuses) {
    if (/^[1-5]\d\d$/.test(status)) continue;
    throw new LoadError('option-invalid', `${quoted(status)} is no HTTP status`, { option: 'catch' });
  }
  const apps: [name: string, app: Application][] = [];
  for (const [name, value] of Object.entries(rest)) {
    if (!name.startsWith('app')) {
      throw new LoadError(
        'option-unexpected',
        `Bad configuration key ${quoted(name)} (=${quoted(value)}); all configuration keys must start with 'app'`,
        { option: name },
      );
    }
    apps.push([name, await loader.getApp(value, globalConf)]);
  }
  if (apps.length === 0) {
    throw new LoadError('option-missing', "a cascade needs at least one option that starts with 'app'");
  }
  apps.sort(([a], [b]) => (a < b ? -1 : 1));
  return createCascade(
    apps.map(([, app]) => app),
    new Set(statuses.map(Number)),
  );
};

/** Tries applications in turn; what the last one answers counts. */
export function createCascade(apps: readonly Application[], catchStatuses: ReadonlySet<number>): Application {
  const last = apps.at(-1)!;
  return async (request) => {
    const body = request.body ? await keepBody(request.body) : undefined;
    try {
      for (const app of apps.slice(0, -1)) {
        const answer = await attempt(app, copyRequest(request, body), catchStatuses);
        if (answer) return answer;
      }
      return await last(copyRequest(request, body));
    } finally {
      await body?.release();
    }
  };
}

async function attempt(
  app: Application,
  request: Request,
  catchStatuses: ReadonlySet<number>,
): Promise<Response | undefined> {
  let response: Response;
  try {
    response = await app(request);
  } catch (error) {
    // HTTP exceptions travel up the pipeline with their status.
    const { status } = (error ?? {}) as { status?: unknown };
    if (typeof status === 'number' && catchStatuses.has(status)) return undefined;
    throw error;
  }
  if (!catchStatuses.has(response.status)) return response;
  await response.body?.cancel();
  return undefined;
}

interface KeptBody {
  open(): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
  release(): Promise<void>;
}

/** Reads a body so that it can be read several times. */
async function keepBody(body: ReadableStream<Uint8Array>): Promise<KeptBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const iterator = body[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await iterator.next();
    if (done) {
      const bytes = new Uint8Array(Buffer.concat(chunks));
      return { open: () => bytes, release: async () => {} };
    }
    chunks.push(value);
    size += value.length;
    if (size > MEMORY_LIMIT) break;
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cascade-'));
  const file = path.join(folder, 'body');
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(
      async function* () {
        yield* chunks;
        yield* { [Symbol.asyncIterator]: () => iterator };
      },
      createWriteStream(file, { mode: 0o600 }),
    );
  } catch (error) {
    await release();
    throw error;
  }
  return { open: () => Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>, release };
}

/** A request of one's own for each application: what one does to it the next does not see. */
function copyRequest(request: Request, body: KeptBody | undefined): Request {
  if (!body) return withEnviron(request, {}, { isolated: true });
  const { method, headers, signal, url } = request;
  // `duplex` is required for streams and unknown to the types.
  const init: RequestInit & { duplex: 'half' } = {
    method,
    headers,
    signal,
    body: body.open(),
    duplex: 'half',
  };
  const environ = environOf(request);
  return withEnviron(
    new Request(url, init),
    { ...environ, extra: new Map(environ.extra) },
    { isolated: true },
  );
}
