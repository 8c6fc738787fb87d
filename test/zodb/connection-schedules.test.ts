/**
 * Several connections work on one database in a random order of steps. Whatever the schedule: each of them always sees a state
 * that some transaction left (plus its own changes), nothing that was committed is lost, an undo takes back one transaction
 * and no more, and what was only read holds where `readCurrent` asked for it.
 *
 * A failing schedule is printed as JSON; `ZODB_SCHEDULE='<that JSON>' npx vitest run test/zodb/connection-schedules.test.ts`
 * runs it alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Persistent, PersistentBase, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { type Savepoint, TransactionManager } from '../../src/transaction/index.ts';
import {
  type Connection,
  DB,
  FileStorage,
  MappingStorage,
  type Storage,
  UndoError,
} from '../../src/zodb/index.ts';
import { ConflictError, type Tid } from '../../src/zodb/interfaces.ts';
import { TestStorage } from './connection-storage.ts';

class Account extends Persistent {
  amounts: number[] = [];
}
registerClass(Account, 'test.schedules.Account');

class Flag extends Persistent {
  on = false;
}
registerClass(Flag, 'test.schedules.Flag');

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

const OPERATIONS = [
  'move',
  'move',
  'move',
  'replace',
  'guard',
  'release',
  'commit',
  'commit',
  'commit',
  'abort',
  'minimize',
  'collect',
  'savepoint',
  'rollback',
  'reopen',
  'undo',
  'undo older',
  'pack',
  'past',
] as const;

interface Step {
  readonly who: number;
  readonly op: (typeof OPERATIONS)[number];
  readonly from: number;
  readonly to: number;
}

const schedules: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    who: fc.nat(CONNECTIONS - 1),
    op: fc.constantFrom(...OPERATIONS),
    from: fc.nat(ACCOUNTS - 1),
    to: fc.nat(ACCOUNTS - 1),
  }),
  { maxLength: 80, size: 'max' },
);

type Root = PersistentMapping<string, Account | Count | Flag>;
const rootOf = (connection: Connection) => connection.root() as unknown as Root;
const account = (root: Root, index: number) => root.get(`a${index}`) as Account;
const flag = (root: Root, index: number) => root.get(`f${index % 2}`) as Flag;

interface View {
  readonly amounts: readonly (readonly number[])[];
  readonly count: number;
  readonly flags: readonly boolean[];
}

function viewOf(connection: Connection): View {
  const root = rootOf(connection);
  const count = root.get('count') as Count;
  count._p_activate();
  return {
    amounts: Array.from({ length: ACCOUNTS }, (_, i) => [...account(root, i).amounts]),
    count: count.value,
    flags: [flag(root, 0).on, flag(root, 1).on],
  };
}

/** What holds in every state that anybody may see. `entries` counts both sides of each move, so it follows the count. */
function check({ amounts, count, flags }: View): void {
  const all = amounts.flat();
  if (all.reduce((sum, amount) => sum + amount, 0) !== ACCOUNTS * START)
    throw new Error(`the amounts do not add up: ${JSON.stringify(amounts)}`);
  if (all.length - ACCOUNTS !== count * 2)
    throw new Error(`${count} moves were counted, and ${all.length - ACCOUNTS} entries made`);
  if (flags[0]! && flags[1]!) throw new Error('both flags are on');
}

interface Session {
  readonly manager: TransactionManager;
  readonly connection: Connection;
  /** What it must see: what was committed when its transaction began, and its own changes. */
  view: View;
  savepoints: { readonly savepoint: Savepoint; readonly view: View }[];
}

/** Runs a schedule; throws when something is not as it should be. */
function run(storage: Storage, schedule: readonly Step[]): void {
  const db = new DB(storage, { cacheSize: 3 });
  db.transaction((connection) => {
    const root = rootOf(connection);
    for (let i = 0; i < ACCOUNTS; i++) {
      const made = new Account();
      made.amounts = [START];
      root.set(`a${i}`, made);
    }
    root.set('count', new Count());
    root.set('f0', new Flag());
    root.set('f1', new Flag());
  });
  /** Every state that was committed, in order. */
  const committed: { readonly tid: Tid; readonly view: View; readonly accounts: string }[] = [];
  const noteCommit = (): View => {
    const view = db.transaction(viewOf);
    check(view);
    const accounts = db.transaction((connection) =>
      Array.from({ length: ACCOUNTS }, (_, i) => account(rootOf(connection), i)._p_oid).join(' '),
    );
    committed.push({ tid: db.lastTransaction(), view, accounts });
    return view;
  };
  noteCommit();
  const open = (): Session => {
    const manager = new TransactionManager();
    const connection = db.open({ transactionManager: manager });
    return { manager, connection, view: committed.at(-1)!.view, savepoints: [] };
  };
  const begin = (session: Session): void => {
    session.manager.abort();
    session.view = committed.at(-1)!.view;
    session.savepoints = [];
  };
  const sessions = Array.from({ length: CONNECTIONS }, open);
  const undo = (tid: Tid): void => {
    if (!db.supportsUndo()) return;
    const manager = new TransactionManager();
    db.undo(tid, manager.begin());
    try {
      manager.commit();
    } catch (error) {
      if (!(error instanceof UndoError)) throw error;
      manager.abort();
      return;
    }
    noteCommit();
  };
  for (const { who, op, from, to } of schedule) {
    const session = sessions[who]!;
    const root = rootOf(session.connection);
    const { view } = session;
    switch (op) {
      case 'move':
        // The accounts must still be those of the root when this is committed.
        session.connection.readCurrent(root);
        account(root, from).amounts.push(-1);
        account(root, to).amounts.push(1);
        (root.get('count') as Count).increase();
        session.view = {
          ...view,
          amounts: view.amounts.map((amounts, i) => [
            ...amounts,
            ...(i === from ? [-1] : []),
            ...(i === to ? [1] : []),
          ]),
          count: view.count + 1,
        };
        break;
      case 'replace': {
        // The account is deleted, and another one with its amounts is put in its place.
        const made = new Account();
        // One that this transaction has made is nobody else's.
        if (account(root, from)._p_jar !== null) session.connection.readCurrent(account(root, from));
        made.amounts = [...account(root, from).amounts];
        root.delete(`a${from}`);
        root.set(`a${from}`, made);
        break;
      }
      case 'guard':
        // Only one flag may be on; the other one is only read.
        session.connection.readCurrent(flag(root, from + 1));
        if (flag(root, from + 1).on) break;
        flag(root, from).on = true;
        session.view = { ...view, flags: view.flags.map((on, i) => on || i === from % 2) };
        break;
      case 'release':
        flag(root, from).on = false;
        session.view = { ...view, flags: view.flags.map((on, i) => on && i !== from % 2) };
        break;
      case 'commit': {
        const last = db.lastTransaction();
        try {
          session.manager.commit();
        } catch (error) {
          if (!(error instanceof ConflictError)) throw error;
          if (db.lastTransaction() !== last) throw new Error('a commit that failed has left something');
          begin(session);
          break;
        }
        if (db.lastTransaction() !== last) noteCommit();
        begin(session);
        break;
      }
      case 'abort':
        begin(session);
        break;
      case 'minimize':
        session.connection.cacheMinimize();
        break;
      case 'collect':
        session.connection.cacheGC();
        break;
      case 'savepoint':
        session.savepoints.push({ savepoint: session.manager.savepoint(), view });
        break;
      case 'rollback': {
        const index = from % (session.savepoints.length || 1);
        const chosen = session.savepoints[index];
        if (chosen === undefined) break;
        chosen.savepoint.rollback();
        session.view = chosen.view;
        session.savepoints = session.savepoints.slice(0, index + 1);
        break;
      }
      case 'reopen':
        begin(session);
        session.connection.close();
        sessions[who] = open();
        break;
      case 'undo': {
        const before = committed.at(-2)?.view;
        const count = committed.length;
        if (count > 1) undo(committed.at(-1)!.tid);
        if (committed.length > count) expect(committed.at(-1)!.view).toEqual(before);
        break;
      }
      case 'undo older': {
        if (committed.length < 3) break;
        const index = committed.length - 2 - (from % (committed.length - 2));
        const { tid, accounts } = committed[index]!;
        // A transaction that changed an account which was replaced since can be undone, but that changes nothing any more.
        if (committed.slice(index - 1).every((each) => each.accounts === accounts)) undo(tid);
        break;
      }
      case 'pack':
        // Those who still look at earlier states would miss them.
        for (const each of sessions) begin(each);
        db.pack();
        committed.splice(0, committed.length - 1);
        break;
      case 'past': {
        const { tid, view: then } = committed[from % committed.length]!;
        const past = db.open({ transactionManager: new TransactionManager(), at: tid });
        expect(viewOf(past)).toEqual(then);
        past.close();
        break;
      }
    }
    for (const each of sessions) {
      const seen = viewOf(each.connection);
      check(seen);
      expect(seen).toEqual(each.view);
    }
  }
  for (const each of sessions) each.manager.abort();
  expect(db.transaction(viewOf)).toEqual(committed.at(-1)!.view);
  db.close();
}

function inFile(work: (storage: Storage) => void): void {
  const directory = mkdtempSync(path.join(tmpdir(), 'zodb-schedules-'));
  try {
    work(new FileStorage(path.join(directory, 'Data.fs'), { fsync: false }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const storages: readonly [string, (work: (storage: Storage) => void) => void, number][] = [
  ['a plain storage in memory', (work) => work(new TestStorage()), 150],
  ['MappingStorage', (work) => work(new MappingStorage()), 100],
  ['FileStorage', inFile, 60],
];

const replay = process.env['ZODB_SCHEDULE'];

describe.skipIf(replay === undefined)('a schedule that is given', () => {
  it.each(storages)('on %s', (_name, use) => {
    use((storage) => run(storage, JSON.parse(replay!) as Step[]));
  });
});

function report(details: fc.RunDetails<[Step[]]>): void {
  if (!details.failed) return;
  const error = details.errorInstance;
  throw new Error(
    `a schedule fails (seed ${details.seed}):\nZODB_SCHEDULE='${JSON.stringify(details.counterexample?.[0])}'\n${String(error)}`,
    { cause: error },
  );
}

describe.skipIf(replay !== undefined)('connections keep their snapshots and lose nothing', () => {
  it.each(storages)('on %s', (_name, use, numRuns) => {
    fc.assert(
      fc.property(schedules, (schedule) => use((storage) => run(storage, schedule))),
      { numRuns, seed: 9, reporter: report },
    );
  });
});

describe.skipIf(replay !== undefined)('the schedules find what they are for:', () => {
  class NoReadCheck extends TestStorage {
    override checkCurrentSerialInTransaction(): void {}
  }
  class LostUpdate extends TestStorage {
    override store(...args: Parameters<TestStorage['store']>): void {
      const [oid, , data, transaction] = args;
      super.store(oid, this.revisions.get(oid)?.at(-1)?.tid ?? 0n, data, transaction);
    }
  }
  class NoNews extends TestStorage {
    override changesSince(): never[] {
      return [];
    }
  }
  class NewestOnly extends TestStorage {
    override loadBefore(oid: Parameters<TestStorage['loadBefore']>[0]) {
      return { ...this.load(oid), end: null };
    }
  }
  it.each([
    ['a storage that does not check what was only read', () => new NoReadCheck()],
    ['a storage that overwrites', () => new LostUpdate()],
    ['a storage that does not tell of changes', () => new NoNews()],
    ['a storage that shows the newest state always', () => new NewestOnly()],
  ])('%s', (_name, make) => {
    const found = fc.check(
      fc.property(schedules, (schedule) => run(make(), schedule)),
      { numRuns: 500, seed: 9, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});
