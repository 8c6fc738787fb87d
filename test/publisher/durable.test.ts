/** No answer leaves before the disk has what it tells of. */
import { expect, it } from 'vitest';
import { registerClass } from '../../src/persistent/index.ts';
import { type HTTPRequest, onPublication, type SiteConnection } from '../../src/publisher/index.ts';
import { declareClass } from '../../src/restricted/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { ConflictError } from '../../src/zodb/index.ts';
import { canSee, openAnswers } from './open-answers.ts';
import { Item, makeSite, type TestSite } from './site.ts';

/** Streams of answers that were not sent. */
const dropped: string[] = [];

class Probe extends Item {
  declare count: number;

  read(): string {
    return `read ${this.count ?? 0}`;
  }

  async later(): Promise<string> {
    await Promise.resolve();
    return 'later';
  }

  /** Writes more than is kept in memory. */
  long(REQUEST: HTTPRequest): string {
    REQUEST.response.write(new Uint8Array(2_000_000));
    return 'end';
  }

  stream(REQUEST: HTTPRequest, how: string): unknown {
    const body = new ReadableStream<Uint8Array>({ cancel: () => void dropped.push(how) });
    if (how.startsWith('foreign')) return new Response(body);
    REQUEST.response.setBody(body);
    return REQUEST.response;
  }

  fail(): never {
    throw new Error('no good');
  }

  flaky(REQUEST: { readonly retryCount: number }): string {
    if (REQUEST.retryCount === 0) throw new ConflictError('again');
    return 'at last';
  }
}
registerClass(Probe, 'test.durable.Probe');
declareClass(Probe, {
  object: 'public',
  published: ['read', 'later', 'fail', 'flaky', 'long', 'stream'],
  names: {
    read: 'public',
    later: 'public',
    fail: 'public',
    flaky: 'public',
    long: 'public',
    stream: 'public',
  },
  signatures: { flaky: 'REQUEST', long: 'REQUEST', stream: 'REQUEST, how' },
});

/** A site whose connections are durable when the promises say so, in the order of the requests. */
function siteWith(disk: (Promise<void> | undefined)[]): { site: TestSite; early: boolean[] } {
  const early: boolean[] = [];
  class Manager extends TransactionManager {
    override commit(isEarly?: boolean): void {
      early.push(isEarly === true);
      super.commit(isEarly);
    }
  }
  const open = (): SiteConnection => {
    const transactions = new Manager();
    const connection = site.db.open({ transactionManager: transactions });
    return {
      root: connection.root().get('Application') as object,
      transactions,
      undurable: () => {
        const durable = disk.shift();
        return durable && { holds: [], wait: () => durable };
      },
      close: () => connection.close(),
    };
  };
  const site: TestSite = makeSite(
    (app) => app._setObject('probe', Object.assign(new Probe(), { id: 'probe' })),
    { open },
  );
  return { site, early };
}

const pending = Symbol('pending');
const soon = async (promise: Promise<unknown>) => {
  await new Promise((resolve) => setImmediate(resolve));
  return Promise.race([promise, Promise.resolve(pending)]);
};

it.each(['read', 'later', 'fail', 'nothing'])('holds the answer of %s back', async (name) => {
  let ended!: () => void;
  const { site, early } = siteWith([new Promise<void>((resolve) => (ended = resolve)), undefined]);
  const expected = { read: 200, later: 200, fail: 500, nothing: 404 }[name];
  const answer = site.get(`/probe/${name}`);
  expect(await soon(answer)).toBe(pending);
  ended();
  const [status, text] = await answer;
  expect(status).toBe(expected);
  expect([status, text]).toEqual(await site.get(`/probe/${name}`));
  expect(early.every(Boolean)).toBe(true);
});

it('tells an error instead where the disk did not take it', async () => {
  const { site } = siteWith([Promise.reject(new Error('EIO'))]);
  await expect(site.publish(new Request('http://localhost/probe/read'))).rejects.toThrow('EIO');
});

it('does not wait for an attempt that is made again', async () => {
  const { site } = siteWith([undefined]);
  expect(await site.get('/probe/flaky')).toEqual([200, 'at last']);
});

it.runIf(canSee)('leaves no file of an answer open that is not sent', async () => {
  const { site } = siteWith([Promise.reject(new Error('EIO'))]);
  await expect(site.publish(new Request('http://localhost/probe/long'))).rejects.toThrow('EIO');
  expect(openAnswers()).toBe(0);
  const stop = onPublication('pubBeforeCommit', () => {
    throw new RangeError('not so');
  });
  const broken = makeSite((app) => app._setObject('probe', Object.assign(new Probe(), { id: 'probe' })), {
    errorPage: () => {
      throw new Error('no page');
    },
  });
  try {
    await expect(broken.fetch('/probe/long')).rejects.toThrow('no page');
  } finally {
    stop();
  }
  expect(openAnswers()).toBe(0);
});

it('lets streams go that are not sent: of attempts that are made again, of errors, and of what the disk did not take', async () => {
  const { site } = siteWith([]);
  const stop = onPublication('pubBeforeCommit', ({ request }) => {
    const how = request.form.get('how') as string;
    if (how.endsWith('flaky') && request.retryCount === 0) throw new ConflictError('again');
    if (how.endsWith('failing')) throw new RangeError('not so');
  });
  try {
    for (const how of ['foreign-flaky', 'own-flaky', 'foreign-failing', 'own-failing'])
      await site.fetch(`/probe/stream?how=${how}`).catch(() => undefined);
  } finally {
    stop();
  }
  expect(dropped.splice(0)).toEqual(['foreign-flaky', 'own-flaky', 'foreign-failing', 'own-failing']);
  await site.fetch('/probe/stream?how=head', { method: 'HEAD' });
  expect(dropped.splice(0)).toEqual(['head']);
  const lost = siteWith([Promise.reject(new Error('EIO')), Promise.reject(new Error('EIO'))]).site;
  for (const how of ['foreign', 'own'])
    await expect(lost.publish(new Request(`http://localhost/probe/stream?how=${how}`))).rejects.toThrow(
      'EIO',
    );
  expect(dropped.splice(0)).toEqual(['foreign', 'own']);
});
