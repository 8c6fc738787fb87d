/** This room and Python's ZODB take turns on one file. Runs where `ZOPE_PYTHON` names a Python that has ZODB. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { Persistent, PersistentMapping, registerClass } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { DB, FileStorage } from '../../src/zodb/index.ts';

class Page extends Persistent {
  declare title: string;
  declare tags: unknown[];
  declare before: Page | undefined;
}
registerClass(Page, 'interop.Page', { python: true });

const python = process.env['ZOPE_PYTHON'];
const TURNS = 9;

it.skipIf(python === undefined)(
  'takes turns with Python on a file, and both see what the other has done',
  () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'zodb-turns-'));
    const file = path.join(directory, 'Data.fs');
    try {
      let transactions = 0;
      const titles: string[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        const db = new DB(new FileStorage(file));
        const manager = new TransactionManager();
        const root = db
          .open({ transactionManager: manager })
          .root<{ pages: PersistentMapping<string, Page> }>();
        if (turn === 0) {
          root.set('pages', new PersistentMapping());
          manager.commit();
        }
        const pages = root.get('pages')!;
        for (let step = 0; step < 3; step++) {
          const page = new Page();
          page.title = `typescript ${turn} ${step}`;
          page.tags = ['t', turn];
          const before = [...pages.keys()].sort().at(-1);
          if (before !== undefined) {
            page.before = pages.get(before)!;
            page.before.tags.push('seen by typescript');
          }
          pages.set(String(pages.size).padStart(4, '0'), page);
          titles.push(page.title);
          manager.commit();
          transactions++;
        }
        db.close();
        const seen = JSON.parse(
          execFileSync(python!, [path.join(import.meta.dirname, 'db_python.py'), file, String(turn)], {
            encoding: 'utf8',
          }),
        ) as { titles: string[]; tags: unknown[][]; chain: boolean; turns: number; mapping: boolean };
        for (let step = 0; step < 3; step++) titles.push(`python ${turn} ${step}`);
        transactions += 3;
        expect(seen.titles).toEqual(titles);
        expect(seen.chain).toBe(true);
        expect(seen.mapping).toBe(true);
        expect(seen.turns).toBe((turn + 1) * 3);
        expect(seen.tags.slice(0, -1).every((tags) => String(tags.at(-1)).startsWith('seen by'))).toBe(true);
      }
      expect(transactions).toBeGreaterThan(50);
      const db = new DB(new FileStorage(file, { readOnly: true }));
      const pages = db
        .open({ transactionManager: new TransactionManager() })
        .root<{ pages: PersistentMapping<string, Page> }>()
        .get('pages')!;
      expect([...pages.keys()].sort().map((key) => pages.get(key)!.title)).toEqual(titles);
      db.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
