/** Blobs and exports to Python's ZODB and back. Runs where `ZOPE_PYTHON` names a Python that has ZODB. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PersistentMapping } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import { Blob, type Connection, DB, FileStorage } from '../../src/zodb/index.ts';

const python = process.env['ZOPE_PYTHON'];

const PYTHON = `
import os, sys
import transaction, ZODB
from ZODB.blob import Blob
from ZODB.FileStorage import FileStorage

directory = sys.argv[1]
db = ZODB.DB(FileStorage(os.path.join(directory, 'Data.fs'), blob_dir=os.path.join(directory, 'blobs')))
connection = db.open()
root = connection.root()
with root['blob'].open('r') as f:
    assert f.read() == b'from here', 'the blob'
with root['blob'].open('a') as f:
    f.write(b' and from Python')
root['python'] = Blob(b'made by Python')
copy = connection.importFile(os.path.join(directory, 'ours.zexp'))
with copy['photo'].open('r') as f:
    assert f.read() == b'exported', 'the blob of the export'
root['copy'] = copy
transaction.commit()
connection.exportFile(root['copy']._p_oid, os.path.join(directory, 'python.zexp'))
db.close()
`;

it.skipIf(python === undefined)('blobs and exports are what Python makes of them', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'zodb-blob-python-'));
  const open = (): { db: DB; connection: Connection; manager: TransactionManager } => {
    const db = new DB(
      new FileStorage(path.join(directory, 'Data.fs'), { blobDir: path.join(directory, 'blobs') }),
    );
    const manager = new TransactionManager();
    return { db, manager, connection: db.open({ transactionManager: manager }) };
  };
  try {
    const first = open();
    const root = first.connection.root<Record<string, Blob>>();
    root.set('blob', new Blob('from here'));
    const folder = new PersistentMapping<string, unknown>([['photo', new Blob('exported')]]);
    folder.set('itself', folder);
    first.connection.root().set('folder', folder);
    first.manager.commit();
    writeFileSync(path.join(directory, 'ours.zexp'), first.connection.exportFile(folder));
    first.db.close();

    execFileSync(python!, ['-c', PYTHON, directory], { encoding: 'utf8' });

    const second = open();
    const blobs = second.connection.root<Record<string, Blob>>();
    expect(blobs.get('blob')!.bytes().toString()).toBe('from here and from Python');
    expect(blobs.get('python')!.bytes().toString()).toBe('made by Python');
    const imported = second.connection.importFile<PersistentMapping<string, Blob>>(
      readFileSync(path.join(directory, 'python.zexp')),
    );
    expect(imported.get('photo')!.bytes().toString()).toBe('exported');
    expect(imported.get('itself') as unknown).toBe(imported);
    second.manager.abort();
    second.db.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
