/** The table of values in the README: each row is stored and read back. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { Persistent, registerClass } from '../../src/persistent/index.ts';
import * as pickle from '../../src/pickle/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { DB, MappingStorage, type Oid } from '../../src/zodb/index.ts';

class Holder extends Persistent {
  value: unknown = 'nothing yet';
}
registerClass(Holder, 'test.values.Holder');

const readme = readFileSync(path.join(import.meta.dirname, '../../src/zodb/README.md'), 'utf8');
const rows = [...readme.matchAll(/^\| `(.+?)` \| (.+?) \| (.+?) \|$/gm)].map(([, given, stored, back]) => ({
  given: given!,
  stored: /^`(\w+)`/.exec(stored!)?.[1],
  back: /^`(\w+)`/.exec(back!)![1]!,
}));

function evaluate(expression: string): unknown {
  const names = Object.keys(pickle).filter((name) => new RegExp(`\\b${name}\\b`).test(expression));
  const values = names.map((name) => (pickle as Record<string, unknown>)[name]);
  // oxlint-disable-next-line no-new-func -- the expressions are those of our README
  return new Function(...names, `return ${expression};`)(...values) as unknown;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? value.constructor.name : typeof value;
}

function storeAll(): { db: DB; oids: Oid[] } {
  const db = new DB(new MappingStorage());
  const oids: Oid[] = [];
  db.transaction((connection) => {
    for (const { given } of rows) {
      const holder = new Holder();
      holder.value = evaluate(given);
      connection.root().set(given, holder);
      connection.add(holder);
      oids.push(holder._p_oid!);
    }
  });
  return { db, oids };
}

/** The state of each record is the second pickle of it. */
const PYTHON = `
import base64, io, json, pickle, sys

class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        return module + '.' + name if module == 'test.values' else super().find_class(module, name)

def state_of(record):
    reader = Reader(io.BytesIO(base64.b64decode(record)))
    reader.load()
    return reader.load()

states = [state_of(record) for record in json.load(sys.stdin)]
print(json.dumps([type(state['value']).__name__ if 'value' in state else None for state in states]))
`;

it('every value of the table is read back as the table says', () => {
  expect(rows.length).toBeGreaterThan(15);
  const { db } = storeAll();
  const connection = db.open({ transactionManager: new TransactionManager() });
  connection.cacheMinimize();
  const root = connection.root<Record<string, Holder>>();
  expect(rows.map(({ given }) => [given, nameOf(root.get(given)!.value)])).toEqual(
    rows.map(({ given, back }) => [given, back]),
  );
  db.close();
});

it.skipIf(process.env['ZOPE_PYTHON'] === undefined)('and is to Python what the table says', () => {
  const { db, oids } = storeAll();
  const records = oids.map((oid) => Buffer.from(db.storage.load(oid).data).toString('base64'));
  db.close();
  const output = execFileSync(process.env['ZOPE_PYTHON']!, ['-c', PYTHON], {
    input: JSON.stringify(records),
    encoding: 'utf8',
  });
  const names = JSON.parse(output) as (string | null)[];
  const expected = rows.map(({ stored }) => (stored === 'None' ? 'NoneType' : (stored ?? null)));
  expect(names).toEqual(expected);
});
