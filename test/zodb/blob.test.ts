import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PersistentMapping } from '../../src/persistent/index.ts';
import { TransactionManager } from '../../src/transaction/index.ts';
import {
  Blob,
  BlobError,
  ConflictError,
  type Connection,
  DB,
  ExportError,
  FileStorage,
  MappingStorage,
  UnsupportedError,
} from '../../src/zodb/index.ts';

interface Root {
  blob: Blob;
  copy: Blob;
}

let directory: string;
let db: DB;
let manager: TransactionManager;
let connection: Connection;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'zodb-blob-test-'));
  db = new DB(
    new FileStorage(path.join(directory, 'Data.fs'), {
      fsync: false,
      blobDir: path.join(directory, 'blobs'),
    }),
  );
  manager = new TransactionManager();
  connection = db.open({ transactionManager: manager });
});

afterEach(() => {
  manager.abort();
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

const root = () => connection.root<Root>();
const text = (blob: Blob) => blob.bytes().toString();

function stored(content: string): Blob {
  const blob = new Blob(content);
  root().set('blob', blob);
  manager.commit();
  return blob;
}

function write(blob: Blob, mode: 'w' | 'a' | 'r+', content: string): void {
  const file = blob.open(mode);
  file.write(content);
  file.close();
}

/** The files in the blob directory, without the marker of its layout. */
const files = () =>
  readdirSync(path.join(directory, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.layout' && entry.name !== '.lock')
    .map((entry) => path.join(entry.parentPath, entry.name));

describe('a blob', () => {
  it('keeps bytes in a file beside the database, which another connection reads when they are committed', () => {
    const blob = stored('hello');
    expect(files()).toEqual([blob.committed()]);
    db.transaction((other) => expect(text(other.root<Root>().get('blob')!)).toBe('hello'));
    write(blob, 'w', 'bye');
    expect(text(blob)).toBe('bye');
    expect(() => blob.committed()).toThrow(BlobError);
    db.transaction((other) => expect(text(other.root<Root>().get('blob')!)).toBe('hello'));
    manager.commit();
    db.transaction((other) => expect(text(other.root<Root>().get('blob')!)).toBe('bye'));
  });

  it('is written anew, appended to, or changed in place, by the mode', () => {
    const blob = stored('0123456789');
    write(blob, 'a', 'X');
    expect(text(blob)).toBe('0123456789X');
    write(blob, 'r+', 'ab');
    expect(text(blob)).toBe('ab23456789X');
    const file = blob.open('r+');
    file.seek(3);
    expect(file.read(2).toString()).toBe('34');
    expect(file.tell()).toBe(5);
    file.truncate();
    file.close();
    expect(text(blob)).toBe('ab234');
    write(blob, 'w', 'new');
    expect(text(blob)).toBe('new');
  });

  it('is back at what was committed after an abort, and leaves no files', () => {
    const blob = stored('hello');
    const before = files();
    write(blob, 'w', 'bye');
    expect(files().length).toBe(before.length + 1);
    manager.abort();
    expect(text(blob)).toBe('hello');
    expect(files()).toEqual(before);
  });

  it('leaves no file when another connection has changed it first', () => {
    const ours = stored('first');
    const others = new TransactionManager();
    const other = db.open({ transactionManager: others });
    write(other.root<Root>().get('blob')!, 'w', 'theirs');
    write(ours, 'w', 'ours');
    others.commit();
    expect(() => manager.commit()).toThrow(ConflictError);
    manager.abort();
    expect(text(ours)).toBe('theirs');
    expect(readdirSync(path.join(directory, 'blobs/tmp'))).toEqual([]);
    other.close();
  });

  it('goes back to a savepoint', () => {
    const blob = stored('one');
    write(blob, 'w', 'two');
    const savepoint = manager.savepoint();
    expect(text(blob)).toBe('two');
    expect(() => blob.open('c')).toThrow('Uncommitted changes');
    write(blob, 'a', ' and three');
    manager.savepoint();
    expect(text(blob)).toBe('two and three');
    savepoint.rollback();
    expect(text(blob)).toBe('two');
    manager.commit();
    expect(text(blob)).toBe('two');
    expect(blob.open('c').read().toString()).toBe('two');
    write(blob, 'w', 'x');
    manager.savepoint();
    manager.abort();
    expect(text(blob)).toBe('two');
    expect(files().length).toBe(2);
  });

  it('takes a file over', () => {
    const blob = stored('one');
    const upload = path.join(directory, 'upload');
    writeFileSync(upload, 'uploaded');
    blob.consumeFile(upload);
    expect(existsSync(upload)).toBe(false);
    expect(text(blob)).toBe('uploaded');
    manager.commit();
    expect(text(blob)).toBe('uploaded');
    expect(() => blob.consumeFile(upload)).toThrow(/there is no file/);
  });

  it('has many readers or many writers, and neither at a commit', () => {
    const blob = stored('one');
    const reader = blob.open('r');
    expect(() => blob.open('w')).toThrow('Already opened for reading.');
    expect(() => blob.consumeFile('x')).toThrow('Already opened for reading.');
    expect(blob.open('r').read().toString()).toBe('one');
    expect(blob.opened()).toBe(true);
    reader.close();
    expect(() => reader.read()).toThrow(/closed/);
    manager.abort();
    const fresh = new Blob();
    const writer = fresh.open('w');
    root().set('copy', fresh);
    expect(() => fresh.open('r')).toThrow('Already opened for writing.');
    expect(() => manager.commit()).toThrow("Can't commit with opened blobs.");
    writer.close();
    manager.abort();
    expect(() => blob.open('x' as 'r')).toThrow(/invalid mode/);
    expect(() => blob.open('r').write('x')).toThrow(/for reading/);
  });

  it('can be empty, and cannot be subclassed', () => {
    const blob = new Blob();
    root().set('blob', blob);
    manager.commit();
    expect(text(blob)).toBe('');
    class Special extends Blob {}
    expect(() => new Special()).toThrow('Blobs do not support subclassing.');
  });

  it('is seen as it was by a historical connection, and taken back by an undo', () => {
    const blob = stored('one');
    const tid = blob._p_serial;
    write(blob, 'w', 'two');
    manager.commit();
    const past = db.open({ at: tid, transactionManager: new TransactionManager() });
    expect(text(past.root<Root>().get('blob')!)).toBe('one');
    past.close();
    db.undo(db.undoLog()[0]!.tid, manager.get());
    manager.commit();
    expect(text(blob)).toBe('one');
  });

  it('goes with an export', () => {
    const blob = stored('exported');
    const copy = connection.importFile<Blob>(connection.exportFile(blob));
    expect(text(copy)).toBe('exported');
    root().set('copy', copy);
    manager.commit();
    expect(text(copy)).toBe('exported');
    expect(copy.committed()).not.toBe(blob.committed());
    const file = connection.exportFile(blob);
    expect(() => connection.importFile(file.subarray(0, -20))).toThrow(/cut off/);
    manager.abort();
  });

  it('is read from a file a part at a time, with its blobs', () => {
    const content = randomBytes(300_000);
    const folder = new PersistentMapping<string, unknown>();
    folder.set('blob', new Blob(content));
    folder.set('large', 'x'.repeat(200_000));
    connection.root().set('folder', folder);
    manager.commit();
    const file = path.join(directory, 'folder.zexp');
    connection.exportFile(folder, file);
    const copy = connection.importFile<PersistentMapping<string, unknown>>(file);
    connection.root().set('copy', copy);
    manager.commit();
    expect(copy.get('large')).toBe('x'.repeat(200_000));
    expect(readFileSync((copy.get('blob') as Blob).committed())).toEqual(content);
    // At any byte.
    const whole = readFileSync(file);
    for (const length of [0, 3, 4, 19, 200, 100_000, 250_000, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, length));
      expect(() => connection.importFile(file), `${length} bytes`).toThrow(ExportError);
      manager.abort();
    }
    // A length that no file has.
    const huge = Buffer.from(whole);
    huge.fill(0x7f, 12, 20);
    writeFileSync(file, huge);
    expect(() => connection.importFile(file)).toThrow(/cut off/);
    manager.abort();
  });

  it('is refused by a storage that keeps none', () => {
    const other = new DB(new MappingStorage());
    // Its file is there for as long as the blob is.
    vi.stubEnv('TMPDIR', directory);
    expect(() => other.transaction((each) => each.root<Root>().set('blob', new Blob('x')))).toThrow(
      UnsupportedError,
    );
    vi.unstubAllEnvs();
    other.close();
  });
});
