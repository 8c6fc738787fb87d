/**
 * Several connections move amounts between accounts in a random order of steps. Whatever the schedule, each of them always
 * sees all amounts add up, and nothing that was committed is lost. A failing schedule is printed so that it can be replayed.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Persistent, PersistentBase, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { type Connection, DB, MappingStorage } from '../../src/zodb/index.ts';
import { ConflictError } from '../../src/zodb/interfaces.ts';
import { TestStorage } from './connection-storage.ts';

class Account extends Persistent {
  amounts: number[] = [];
}
registerClass(Account, 'test.schedules.Account');

class Count extends PersistentBase {
  value = 0;

  increase(): void {
    this._p_activate();
    this.value++;
    this._p_changed = true;
  }

  override __getstate__(): unknown {
    return this.value;
  }

  override __setstate__(state: unknown): void {
    this.value = state as number;
  }

  _p_resolveConflict(old: number, committed: number, current: number): number {
    return committed + current - old;
  }
}
registerClass(Count, 'test.schedules.Count');

const ACCOUNTS = 4;
const CONNECTIONS = 3;
const START = 100;

const steps = fc.array(
  fc.record({
    who: fc.nat(CONNECTIONS - 1),
    op: fc.constantFrom(
      'move',
      'move',
      'move',
      'commit',
      'commit',
      'abort',
      'minimize',
      'collect',
      'savepoint',
      'reopen',
    ),
    from: fc.nat(ACCOUNTS - 1),
    to: fc.nat(ACCOUNTS - 1),
  }),
  { maxLength: 60, size: 'max' },
);

type Root = PersistentMapping<string, Account | Count>;
const rootOf = (connection: Connection) => connection.root() as unknown as Root;
const account = (root: Root, index: number) => root.get(`a${index}`) as Account;

function total(root: Root): number {
  let sum = 0;
  for (let i = 0; i < ACCOUNTS; i++) for (const amount of account(root, i).amounts) sum += amount;
  return sum;
}

it.each([
  ['a storage that remembers what was changed', () => new TestStorage()],
  ['MappingStorage', () => new MappingStorage()],
])('connections keep their snapshots and lose nothing, on %s', (_name, makeStorage) => {
  fc.assert(
    fc.property(steps, (schedule) => {
      const db = new DB(makeStorage(), { cacheSize: 3 });
      db.transaction((connection) => {
        const root = rootOf(connection);
        for (let i = 0; i < ACCOUNTS; i++) {
          const made = new Account();
          made.amounts = [START];
          root.set(`a${i}`, made);
        }
        root.set('count', new Count());
      });
      const open = () => {
        const manager = new TransactionManager();
        return { manager, connection: db.open({ transactionManager: manager }), moves: 0 };
      };
      const sessions = Array.from({ length: CONNECTIONS }, open);
      let committed = 0;
      for (const { who, op, from, to } of schedule) {
        const session = sessions[who]!;
        const root = rootOf(session.connection);
        switch (op) {
          case 'move':
            account(root, from).amounts.push(-1);
            account(root, to).amounts.push(1);
            (root.get('count') as Count).increase();
            session.moves++;
            break;
          case 'commit':
            try {
              session.manager.commit();
              committed += session.moves;
            } catch (error) {
              if (!(error instanceof ConflictError)) throw error;
              session.manager.abort();
            }
            session.moves = 0;
            break;
          case 'abort':
            session.manager.abort();
            session.moves = 0;
            break;
          case 'minimize':
            session.connection.cacheMinimize();
            break;
          case 'collect':
            session.connection.cacheGC();
            break;
          case 'savepoint':
            session.manager.savepoint();
            break;
          case 'reopen':
            session.manager.abort();
            session.connection.close();
            sessions[who] = open();
            break;
        }
        for (const each of sessions) expect(total(rootOf(each.connection))).toBe(ACCOUNTS * START);
      }
      db.transaction((connection) => {
        const root = rootOf(connection);
        expect(total(root)).toBe(ACCOUNTS * START);
        const count = root.get('count') as Count;
        count._p_activate();
        expect(count.value).toBe(committed);
        let entries = 0;
        for (let i = 0; i < ACCOUNTS; i++) entries += account(root, i).amounts.length - 1;
        expect(entries).toBe(committed * 2);
      });
      for (const each of sessions) each.manager.abort();
      db.close();
    }),
    { numRuns: 150, seed: 9 },
  );
});
