/** The last attempt of a request that has lost against those of other threads (INVENTORY P-003). */
import { expect, it } from 'vitest';
import { registerClass } from '../../src/persistent/index.ts';
import type { SiteConnection } from '../../src/publisher/index.ts';
import { declareClass } from '../../src/restricted/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { ConflictError } from '../../src/zodb/index.ts';
import { Item, makeSite, type TestSite } from './site.ts';

/** What happened, in order. */
let events: string[] = [];

class Probe extends Item {
  lose(times: number, REQUEST: { readonly retryCount: number }): string {
    events.push(`attempt ${REQUEST.retryCount}`);
    if (REQUEST.retryCount < times) throw new ConflictError('another thread was faster');
    return 'at last';
  }

  async loseLater(REQUEST: { readonly retryCount: number }): Promise<string> {
    await Promise.resolve();
    return this.lose(3, REQUEST);
  }

  /** Returns a promise only the last time. */
  loseThenWait(REQUEST: { readonly retryCount: number }): string | Promise<string> {
    const answer = this.lose(3, REQUEST);
    return Promise.resolve().then(() => {
      events.push('waited');
      return answer;
    });
  }

  loseSlowly(REQUEST: { readonly retryCount: number }): string {
    for (const start = performance.now(); performance.now() - start < 130;);
    return this.lose(3, REQUEST);
  }
}
const names = ['lose', 'loseLater', 'loseThenWait', 'loseSlowly'] as const;
registerClass(Probe, 'test.turns.Probe');
declareClass(Probe, {
  object: 'public',
  published: [...names],
  names: Object.fromEntries(names.map((name) => [name, 'public'])),
  signatures: {
    lose: 'times, REQUEST',
    loseLater: 'REQUEST',
    loseThenWait: 'REQUEST',
    loseSlowly: 'REQUEST',
  },
});

function site(maxConflictRetries?: number): TestSite {
  events = [];
  class Manager extends TransactionManager {
    override begin() {
      events.push('begin');
      return super.begin();
    }
  }
  const open = (): SiteConnection => {
    const transactions = new Manager();
    const connection = made.db.open({ transactionManager: transactions });
    return {
      root: connection.root().get('Application') as object,
      transactions,
      takeTurn: () => void events.push('turn'),
      endTurn: () => void events.push('end of turn'),
      close: () => connection.close(),
    };
  };
  const made: TestSite = makeSite(
    (app) => app._setObject('probe', Object.assign(new Probe(), { id: 'probe' })),
    { open, ...(maxConflictRetries === undefined ? {} : { maxConflictRetries }) },
  );
  return made;
}

const ATTEMPTS = (count: number) =>
  Array.from({ length: count }, (_none, n) => ['begin', `attempt ${n}`]).flat();

it('has other threads wait from before its transaction begins until it is over', async () => {
  expect(await site().get('/probe/lose?times:int=3')).toEqual([200, 'at last']);
  expect(events).toEqual([...ATTEMPTS(3), 'turn', 'begin', 'attempt 3', 'end of turn']);
});

it('ends its turn when it fails', async () => {
  expect((await site(1).get('/probe/lose?times:int=9'))[0]).toBe(500);
  expect(events).toEqual([...ATTEMPTS(1), 'turn', 'begin', 'attempt 1', 'end of turn']);
});

it('has nobody wait before it is the last', async () => {
  expect(await site().get('/probe/lose?times:int=2')).toEqual([200, 'at last']);
  expect(events).toEqual(ATTEMPTS(3));
});

it('has nobody wait when the attempts before took long, or waited for something themselves', async () => {
  for (const name of ['loseSlowly', 'loseLater']) {
    expect(await site().get(`/probe/${name}`)).toEqual([200, 'at last']);
    expect(events).toEqual(ATTEMPTS(4));
  }
});

it('has nobody wait any more when it begins to wait itself', async () => {
  expect(await site().get('/probe/loseThenWait')).toEqual([200, 'at last']);
  expect(events).toEqual([
    ...ATTEMPTS(3),
    'turn',
    'begin',
    'attempt 3',
    'end of turn',
    'waited',
    'end of turn',
  ]);
});
