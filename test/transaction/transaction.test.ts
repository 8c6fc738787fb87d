import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  DoomedTransaction,
  InvalidSavepointRollbackError,
  SavepointsUnsupported,
  TransactionFailedError,
  TransactionManager,
  TransactionUseError,
} from '../../src/transaction/index.ts';
import { Recorder } from './helpers.ts';

let manager: TransactionManager;
let calls: string[];

beforeEach(() => {
  manager = new TransactionManager();
  calls = [];
});

const phases = ['tpcBegin', 'commit', 'tpcVote', 'tpcFinish'];

describe('a commit', () => {
  it('takes all managers through each phase in the order of their keys', () => {
    for (const name of ['b', 'c', 'a']) manager.get().join(new Recorder(name, calls));
    manager.commit();
    expect(calls).toEqual(phases.flatMap((phase) => ['a', 'b', 'c'].map((name) => `${name}.${phase}`)));
  });

  it('orders keys by code points', () => {
    for (const name of ['\u{1f600}', '\uffff', 'z', '\u{1f600}a'])
      manager.get().join(new Recorder(name, calls));
    manager.commit();
    expect(calls.slice(0, 4)).toEqual(
      ['z', '\uffff', '\u{1f600}', '\u{1f600}a'].map((name) => `${name}.tpcBegin`),
    );
  });

  it('finishes all managers or none, and tells each that does not finish to abort', () => {
    const failure = fc.tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom('tpcBegin', 'commit', 'tpcVote'),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), failure, (count, [which, phase]) => {
        const log: string[] = [];
        const error = new Error('no');
        const tm = new TransactionManager();
        for (let i = 0; i < count; i++)
          tm.get().join(new Recorder(`m${i}`, log, i === which ? { [phase]: error } : {}));
        if (which >= count) {
          tm.commit();
          expect(log.filter((call) => call.endsWith('tpcFinish'))).toHaveLength(count);
          return;
        }
        expect(() => tm.commit()).toThrow(error);
        expect(log.some((call) => call.endsWith('tpcFinish'))).toBe(false);
        expect(log.filter((call) => call.endsWith('tpcAbort'))).toHaveLength(count);
        expect(tm.get().status).toBe('Commit failed');
        expect(() => tm.commit()).toThrow(TransactionFailedError);
        tm.abort();
        expect(tm.get().status).toBe('Active');
      }),
    );
  });

  it('has those abort that have not voted, and only then tells all that it is over', () => {
    for (const name of ['a', 'b', 'c'])
      manager.get().join(new Recorder(name, calls, name === 'b' ? { tpcVote: new Error('no') } : {}));
    expect(() => manager.commit()).toThrow('no');
    expect(calls.slice(calls.indexOf('b.tpcVote') + 1)).toEqual([
      'b.abort',
      'c.abort',
      'a.tpcAbort',
      'b.tpcAbort',
      'c.tpcAbort',
    ]);
  });

  it('ends early where all managers know of it, and not where one does not', () => {
    const early = () => Object.assign(new Recorder('early', calls), { canEndEarly: true });
    const ends = (...managers: Recorder[]) => {
      const transaction = manager.begin();
      for (const each of managers) transaction.join(each);
      transaction.commit(true);
      return transaction.endsEarly;
    };
    expect(ends(early(), early())).toBe(true);
    expect(ends(early(), new Recorder('late', calls))).toBe(false);
  });

  it('keeps telling managers to abort when one of them fails at that too', () => {
    manager
      .get()
      .join(new Recorder('a', calls, { tpcVote: new Error('vote'), tpcAbort: new Error('abort') }));
    manager.get().join(new Recorder('b', calls));
    expect(() => manager.commit()).toThrow('vote');
    expect(calls).toContain('b.tpcAbort');
  });

  it('names the first failure in what later uses are refused with', () => {
    const cause = new Error('the disk is full');
    manager.get().join(new Recorder('a', calls, { commit: cause }));
    expect(() => manager.commit()).toThrow(cause);
    expect(() => manager.get().join(new Recorder('b', calls))).toThrow(
      /An operation previously failed[^]*the disk is full/,
    );
  });

  it('is refused for a doomed transaction, which can only be aborted', () => {
    manager.get().join(new Recorder('a', calls));
    manager.doom();
    expect(() => manager.commit()).toThrow(DoomedTransaction);
    manager.abort();
    expect(calls).toEqual(['a.abort']);
    manager.commit();
  });
});

describe('an abort', () => {
  it('tells all managers, and throws what the first of those that fail has thrown', () => {
    const transaction = manager.get();
    for (const name of ['a', 'b', 'c'])
      transaction.join(new Recorder(name, calls, name === 'a' ? {} : { abort: new Error(name) }));
    expect(() => manager.abort()).toThrow(new Error('b'));
    expect(calls).toEqual(['a.abort', 'b.abort', 'c.abort']);
    expect(manager.active).toBe(false);
  });
});

describe('savepoints', () => {
  it('go back, and make later ones invalid', () => {
    manager.get().join(new Recorder('a', calls));
    const first = manager.savepoint();
    const second = manager.savepoint();
    first.rollback();
    expect([first.valid, second.valid]).toEqual([true, false]);
    expect(() => second.rollback()).toThrow(InvalidSavepointRollbackError);
    manager.commit();
    expect(first.valid).toBe(false);
  });

  it('undo the joining of a manager that joined later', () => {
    const savepoint = manager.savepoint();
    manager.get().join(new Recorder('late', calls));
    savepoint.rollback();
    manager.commit();
    expect(calls).toEqual(['late.abort']);
  });

  it('need every manager to support them, unless they are optimistic', () => {
    manager.get().join(new Recorder('a', calls, {}, false));
    const optimistic = manager.savepoint(true);
    expect(() => optimistic.rollback()).toThrow(SavepointsUnsupported);
    manager.abort();
    manager.get().join(new Recorder('a', calls, {}, false));
    expect(() => manager.savepoint()).toThrow(SavepointsUnsupported);
  });
});

describe('hooks', () => {
  it('are called around the commit with what they were given', () => {
    const transaction = manager.get();
    transaction.join(new Recorder('a', calls));
    transaction.addBeforeCommitHook((what: string) => calls.push(`before ${what}`), ['x']);
    transaction.addAfterCommitHook(
      (success: boolean, what: string) => calls.push(`after ${success} ${what}`),
      ['y'],
    );
    transaction.addBeforeAbortHook(() => calls.push('never'));
    manager.commit();
    expect(calls.at(0)).toBe('before x');
    expect(calls.slice(-2)).toEqual(['after true y', 'a.abort']);
    expect(calls).not.toContain('never');
  });

  it('are told of a commit that failed', () => {
    const transaction = manager.get();
    transaction.join(new Recorder('a', calls, { commit: new Error('no') }));
    transaction.addAfterCommitHook((success: boolean) => calls.push(`after ${success}`));
    expect(() => manager.commit()).toThrow('no');
    expect(calls).toContain('after false');
  });

  it('are called once, also where one of them fails and the commit is tried again', () => {
    const transaction = manager.get();
    transaction.addBeforeCommitHook(() => {
      calls.push('before');
      throw new Error('not yet');
    });
    expect(() => manager.commit()).toThrow('not yet');
    manager.commit();
    expect(calls).toEqual(['before']);
  });

  it('may add hooks', () => {
    const transaction = manager.get();
    transaction.addBeforeCommitHook(() => {
      transaction.addBeforeCommitHook(() => calls.push('second'));
    });
    manager.commit();
    expect(calls).toEqual(['second']);
  });
});

describe('what a transaction says of itself', () => {
  it('is a user, lines of description and further facts', () => {
    const transaction = manager.get();
    transaction.note(' one ');
    transaction.note('two');
    transaction.setUser('anna', '/folder');
    transaction.setExtendedInfo('k', 1);
    expect(transaction.description).toBe('one\ntwo');
    expect(transaction.user).toBe('/folder anna');
    expect([...transaction.extension]).toEqual([['k', 1]]);
    expect(() => (transaction.user = null as never)).toThrow(TransactionUseError);
  });

  it('can keep data of others until it ends', () => {
    const key = {};
    const transaction = manager.get();
    transaction.setData(key, 1);
    expect([transaction.hasData(key), transaction.data(key), transaction.hasData({})]).toEqual([
      true,
      1,
      false,
    ]);
    manager.commit();
    expect(transaction.hasData(key)).toBe(false);
  });
});
