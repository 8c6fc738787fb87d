import { beforeEach, describe, expect, it } from 'vitest';
import {
  AlreadyInTransaction,
  currentManager,
  isTransient,
  NoTransaction,
  type Synchronizer,
  transaction,
  TransactionManager,
  TransactionUseError,
  TransientError,
  withTransactionManager,
  withTransactionManagerAsync,
} from '../../src/transaction/index.ts';
import { Recorder } from './helpers.ts';

let manager: TransactionManager;
let calls: string[];

beforeEach(() => {
  manager = new TransactionManager();
  calls = [];
});

describe('a manager', () => {
  it('has one transaction at a time; beginning another aborts it', () => {
    manager.begin().join(new Recorder('a', calls));
    const second = manager.begin();
    expect(calls).toEqual(['a.abort']);
    expect(manager.get()).toBe(second);
  });

  it('that is explicit wants to be told to begin', () => {
    const explicit = new TransactionManager({ explicit: true });
    expect(() => explicit.get()).toThrow(NoTransaction);
    expect(() => explicit.commit()).toThrow(NoTransaction);
    explicit.begin();
    expect(() => explicit.begin()).toThrow(AlreadyInTransaction);
    explicit.commit();
    expect(explicit.active).toBe(false);
  });

  it('tells synchronizers when transactions begin and end', () => {
    const synchronizer: Synchronizer = {
      beforeCompletion: ({ status }) => calls.push(`before ${status}`),
      afterCompletion: ({ status }) => calls.push(`after ${status}`),
      newTransaction: () => calls.push('new'),
    };
    manager.registerSynch(synchronizer);
    manager.begin();
    manager.commit();
    expect(calls).toEqual(['new', 'before Active', 'after Committed']);
    manager.unregisterSynch(synchronizer);
    expect(manager.registeredSynchs()).toBe(false);
    expect(() => manager.unregisterSynch(synchronizer)).toThrow(TransactionUseError);
  });
});

describe('running work', () => {
  const failing = (times: number, error: Error = new TransientError('conflict')) => {
    let tries = 0;
    return function work() {
      calls.push(manager.get().description);
      if (tries++ < times) throw error;
      return tries;
    };
  };

  it('tries again after errors that may pass, and notes the name of the work', () => {
    expect(manager.run(failing(2))).toBe(3);
    expect(calls).toEqual(['work', 'work', 'work']);
    expect(manager.active).toBe(false);
  });

  it('gives up after the last try, and at once for other errors', () => {
    expect(() => manager.run(failing(9), 2)).toThrow('conflict');
    expect(calls).toHaveLength(2);
    expect(() => manager.run(failing(1, new Error('bug')), { tries: 5 })).toThrow('bug');
    expect(calls).toHaveLength(3);
    expect(() => manager.run(failing(0), 0)).toThrow(TransactionUseError);
  });

  it('commits what the work did, and aborts what it did before it failed', () => {
    expect(() =>
      manager.run(() => {
        manager.get().join(new Recorder('a', calls));
        throw new Error('bug');
      }),
    ).toThrow('bug');
    expect(calls).toEqual(['a.abort']);
  });

  it('takes what a data manager says may be tried again', () => {
    const recorder = Object.assign(new Recorder('a', calls), { shouldRetry: () => true });
    let tries = 0;
    manager.run(() => {
      manager.get().join(recorder);
      if (tries++ === 0) throw new Error('deadlock');
    });
    expect(tries).toBe(2);
  });

  it('works in a loop of attempts', () => {
    const work = failing(2);
    let last: number | undefined;
    for (const attempt of manager.attempts(3)) last = attempt.run(work);
    expect(last).toBe(3);
    const hopeless = failing(9);
    expect(() => {
      for (const attempt of manager.attempts(2)) attempt.run(hopeless);
    }).toThrow('conflict');
  });

  it('works for what awaits', async () => {
    const work = failing(1);
    expect(await manager.runAsync(async () => work())).toBe(2);
    const again = failing(1);
    let last: number | undefined;
    for (const attempt of manager.attempts(2)) last = await attempt.runAsync(async () => again());
    expect(last).toBe(2);
  });

  it('in one transaction commits it, or aborts it', () => {
    expect(manager.within((current) => current === manager.get())).toBe(true);
    expect(() =>
      manager.within((current) => {
        current.join(new Recorder('a', calls));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(calls).toEqual(['a.abort']);
  });
});

describe('an error that may pass', () => {
  it('is known by its mark, whichever room threw it', () => {
    expect(isTransient(new TransientError('x'))).toBe(true);
    expect(isTransient(Object.assign(new Error('x'), { transient: true }))).toBe(true);
    expect(isTransient(new Error('x'))).toBe(false);
    expect(isTransient(null)).toBe(false);
  });
});

describe('the current manager', () => {
  it('is that of the thread unless the code runs with another', () => {
    const thread = currentManager();
    expect(transaction.manager).toBe(thread);
    withTransactionManager(manager, () => {
      expect(currentManager()).toBe(manager);
      expect(transaction.get()).toBe(manager.get());
    });
    expect(currentManager()).toBe(thread);
  });

  it('stays with code that awaits, however it is interleaved', async () => {
    const managers = Array.from({ length: 5 }, () => new TransactionManager());
    const seen = await Promise.all(
      managers.map((each, index) =>
        withTransactionManagerAsync(each, async () => {
          const before = currentManager() === each;
          for (let i = 0; i <= index; i++) await Promise.resolve();
          const inside = withTransactionManager(manager, () => currentManager() === manager);
          await new Promise(setImmediate);
          return before && inside && currentManager() === each;
        }),
      ),
    );
    expect(seen).toEqual([true, true, true, true, true]);
  });
});
