/** No answer leaves before the disk has what it tells of. */
import { expect, it } from 'vitest';
import { registerClass } from '../../src/persistent/index.ts';
import type { SiteConnection } from '../../src/publisher/index.ts';
import { declareClass } from '../../src/restricted/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { ConflictError } from '../../src/zodb/index.ts';
import { Item, makeSite, type TestSite } from './site.ts';

class Probe extends Item {
  declare count: number;

  read(): string {
    return `read ${this.count ?? 0}`;
  }

  async later(): Promise<string> {
    await Promise.resolve();
    return 'later';
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
  published: ['read', 'later', 'fail', 'flaky'],
  names: { read: 'public', later: 'public', fail: 'public', flaky: 'public' },
  signatures: { flaky: 'REQUEST' },
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
