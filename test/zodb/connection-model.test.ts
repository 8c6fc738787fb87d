/** Random transactions with savepoints against a plain model. A failing sequence is printed so that it can be run again. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Persistent, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { type Savepoint, TransactionManager } from '../../src/transaction/index.ts';
import { type Connection, DB } from '../../src/zodb/index.ts';
import { TestStorage } from './connection-storage.ts';

class Page extends Persistent {
  title = '';
  list: unknown[] = [];
  map = new Map<string, number[]>();
  link: Page | null = null;
}
registerClass(Page, 'test.model.Page');

interface Plain {
  title: string;
  list: unknown[];
  map: Record<string, number[]>;
  link: string | null;
}
type Model = Record<string, Plain>;

const NAMES = ['a', 'b', 'c', 'd'];

function view(connection: Connection): Model {
  const root = connection.root() as unknown as PersistentMapping<string, Page>;
  const names = new Map([...root].map(([name, page]) => [page, name]));
  return Object.fromEntries(
    [...root].map(([name, page]) => [
      name,
      {
        title: page.title,
        list: JSON.parse(JSON.stringify(page.list)) as unknown[],
        map: Object.fromEntries([...page.map].map(([key, values]) => [key, [...values]])),
        link: page.link === null ? null : (names.get(page.link) ?? 'gone'),
      },
    ]),
  );
}

const name = fc.constantFrom(...NAMES);
const operations = fc.array(
  fc.oneof(
    fc.record({ op: fc.constant('new' as const), name }),
    fc.record({ op: fc.constant('delete' as const), name }),
    fc.record({ op: fc.constant('title' as const), name, value: fc.string({ maxLength: 3 }) }),
    fc.record({
      op: fc.constant('push' as const),
      name,
      value: fc.oneof(fc.nat(9), fc.record({ n: fc.nat(9) })),
    }),
    fc.record({ op: fc.constant('inner' as const), name, value: fc.nat(9) }),
    fc.record({ op: fc.constant('map' as const), name, key: fc.constantFrom('x', 'y'), value: fc.nat(9) }),
    fc.record({ op: fc.constant('link' as const), name, to: name }),
    fc.record({
      op: fc.constantFrom(
        'savepoint' as const,
        'commit' as const,
        'abort' as const,
        'minimize' as const,
        'collect' as const,
      ),
    }),
    fc.record({ op: fc.constant('rollback' as const), which: fc.nat(5) }),
    fc.record({ op: fc.constant('elsewhere' as const), value: fc.string({ maxLength: 2 }) }),
  ),
  { maxLength: 40, size: 'max' },
);

it('a connection does what a plain model of transactions does', () => {
  fc.assert(
    fc.property(operations, (sequence) => {
      const db = new DB(new TestStorage(), { cacheSize: 2 });
      const manager = new TransactionManager();
      const connection = db.open({ transactionManager: manager });
      const root = connection.root() as unknown as PersistentMapping<string, Page>;
      let committed: Model = {};
      let model: Model = {};
      let savepoints: { savepoint: Savepoint; model: Model }[] = [];
      const end = (state: Model): void => {
        model = structuredClone(state);
        savepoints = [];
      };
      for (const step of sequence) {
        const page = 'name' in step ? root.get(step.name) : undefined;
        const plain = 'name' in step ? model[step.name] : undefined;
        switch (step.op) {
          case 'new':
            for (const other of Object.values(model)) if (other.link === step.name) other.link = 'gone';
            root.set(step.name, new Page());
            model[step.name] = { title: '', list: [], map: {}, link: null };
            break;
          case 'delete':
            root.delete(step.name);
            delete model[step.name];
            for (const other of Object.values(model)) if (other.link === step.name) other.link = 'gone';
            break;
          case 'title':
            if (page !== undefined) page.title = plain!.title = step.value;
            break;
          case 'push':
            page?.list.push(structuredClone(step.value));
            plain?.list.push(structuredClone(step.value));
            break;
          case 'inner':
            for (const list of [page?.list, plain?.list]) {
              const inner = list?.find((item) => typeof item === 'object') as { n: number } | undefined;
              if (inner !== undefined) inner.n = step.value;
            }
            break;
          case 'map':
            if (page !== undefined) {
              if (page.map.has(step.key)) page.map.get(step.key)!.push(step.value);
              else page.map.set(step.key, [step.value]);
              (plain!.map[step.key] ??= []).push(step.value);
            }
            break;
          case 'link': {
            const target = root.get(step.to);
            if (page !== undefined && target !== undefined) {
              page.link = target;
              plain!.link = step.to;
            }
            break;
          }
          case 'savepoint':
            savepoints.push({ savepoint: manager.savepoint(), model: structuredClone(model) });
            break;
          case 'rollback': {
            const index = step.which % (savepoints.length || 1);
            const chosen = savepoints[index];
            if (chosen !== undefined) {
              chosen.savepoint.rollback();
              model = structuredClone(chosen.model);
              savepoints = savepoints.slice(0, index + 1);
            }
            break;
          }
          case 'commit':
            manager.commit();
            committed = structuredClone(model);
            end(committed);
            break;
          case 'abort':
            manager.abort();
            end(committed);
            break;
          case 'minimize':
            connection.cacheMinimize();
            break;
          case 'collect':
            connection.cacheGC();
            break;
          case 'elsewhere': {
            // Another connection changes what this one may have loaded; this one starts afresh, so nothing clashes.
            manager.abort();
            end(committed);
            db.transaction((other) => {
              for (const each of (other.root() as unknown as PersistentMapping<string, Page>).values())
                each.title = step.value;
            });
            for (const each of Object.values(committed)) each.title = step.value;
            manager.begin();
            end(committed);
            break;
          }
        }
        expect(view(connection)).toEqual(model);
      }
      manager.commit();
      expect(db.transaction(view)).toEqual(model);
      db.close();
    }),
    { numRuns: 300, seed: 5 },
  );
});
