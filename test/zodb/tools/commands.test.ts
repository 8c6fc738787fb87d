/** The commands of `zope db`, on a file with a little of everything; against Python's where `ZOPE_PYTHON` names one. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Persistent, PersistentMapping, registerClass } from '../../../src/persistent/index.ts';
import { TransactionManager } from '../../../src/transaction/index.ts';
import {
  Blob,
  type Connection,
  DB,
  dbCommands,
  FileStorage,
  type Oid,
  POSKeyError,
} from '../../../src/zodb/index.ts';

class Page extends Persistent {
  title = '';
  link: Page | null = null;
}
registerClass(Page, 'test.tools.Page');

const python = process.env['ZOPE_PYTHON'];
let base: string;
let directory: string;
let file: string;
let count = 0;

const rootOf = (connection: Connection) => connection.root<Record<string, Page>>();

function changed(path: string, note: string, work: (connection: Connection) => void): void {
  const db = new DB(new FileStorage(path, { fsync: false }));
  db.transaction(work, note);
  db.close();
}

beforeAll(() => {
  base = mkdtempSync(path.join(tmpdir(), 'zodb-tools-'));
  const original = path.join(base, 'original.fs');
  const db = new DB(new FileStorage(original, { fsync: false }));
  const manager = new TransactionManager();
  const connection = db.open({ transactionManager: manager });
  const page = new Page();
  page.title = 'first';
  rootOf(connection).set('page', page);
  manager.get().setUser('admin');
  manager.get().note("it's new\nand good");
  manager.commit();
  page.title = 'second';
  page.link = new Page();
  manager.commit();
  db.undo(db.lastTransaction(), manager.get());
  manager.get().note('undo');
  manager.commit();
  const other = new Page();
  rootOf(connection).set('other', other);
  manager.commit();
  db.close();
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

beforeEach(() => {
  directory = path.join(base, String(++count));
  mkdirSync(directory);
  file = path.join(directory, 'Data.fs');
  copyFileSync(path.join(base, 'original.fs'), file);
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function zope(name: string, ...args: string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const code = await dbCommands[name]!.run(args, {
    stdout: { write: (text: string) => void (stdout += text) },
    stderr: { write: (text: string) => void (stderr += text) },
  });
  return { code, stdout, stderr };
}

/** Positions of the transactions, the first one first. */
async function transactionsOf(path: string): Promise<number[]> {
  const { stdout } = await zope('tail', '-n', '100', path);
  return [...stdout.matchAll(/offset=(\d+)/g)].map((found) => Number(found[1])).reverse();
}

const runPython = (...args: string[]) => execFileSync(python!, args, { encoding: 'utf8' });

/** Has the page refer to an object that is removed; gives its oid. */
function breakReference(file: string): Oid {
  changed(file, 'break', (connection) => {
    rootOf(connection).get('page')!.link = new Page();
  });
  const db = new DB(new FileStorage(file, { fsync: false }));
  const page = db.transaction((connection) => rootOf(connection).get('page')!.link!._p_oid!);
  const manager = new TransactionManager();
  const transaction = manager.begin();
  const { tid } = db.storage.load(page);
  db.storage.tpcBegin(transaction);
  db.storage.deleteObject!(page, tid, transaction);
  db.storage.tpcVote(transaction);
  db.storage.tpcFinish(transaction);
  db.close();
  return page;
}

describe('dump', () => {
  it('prints every transaction and record', async () => {
    const { code, stdout } = await zope('dump', file);
    expect(code).toBe(0);
    expect(stdout.match(/^Trans #/gm)!.length).toBe(5);
    expect(stdout).toContain(`user=b'/ admin' description=b"it's new\\nand good"`);
    expect(stdout).toContain('class=test.tools.Page');
    expect(stdout).toMatch(/class=undo or abort of object creation|bp=[0-9a-f]{16}/);
  });

  it.skipIf(python === undefined)('prints what Python prints', async () => {
    const { stdout } = await zope('fsdump', file);
    expect(stdout).toBe(
      runPython('-c', 'import sys; from ZODB.FileStorage.fsdump import fsdump; fsdump(sys.argv[1])', file),
    );
  });
});

describe('tail', () => {
  it('prints the last transactions, the newest first', async () => {
    const { stdout } = await zope('tail', '-n', '2', file);
    expect(stdout.match(/hash=[0-9a-f]{40}/g)!.length).toBe(2);
    expect(stdout.indexOf("description=''")).toBeLessThan(stdout.indexOf("description=b'undo'"));
    await expect(zope('tail', '-n', 'two', file)).rejects.toThrow(/no whole number/);
  });

  it.skipIf(python === undefined)('prints what Python prints', async () => {
    expect((await zope('fstail', file)).stdout).toBe(runPython('-m', 'ZODB.scripts.fstail', file));
  });
});

describe('test', () => {
  it('finds nothing wrong with a file that is whole', async () => {
    expect(await zope('test', file)).toMatchObject({ code: 0, stderr: '' });
  });

  it('finds each byte of the structure that was changed', async () => {
    const bytes = readFileSync(file);
    const offsets = await transactionsOf(file);
    // Lengths, tids and statuses of transactions, and the positions in the first record of each.
    for (const offset of offsets.slice(1)) {
      const texts =
        bytes.readUInt16BE(offset + 17) + bytes.readUInt16BE(offset + 19) + bytes.readUInt16BE(offset + 21);
      const record = offset + 23 + texts;
      for (const at of [
        offset,
        offset + 15,
        offset + 16,
        record + 15,
        record + 31,
        record + 33,
        record + 41,
      ]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = damaged[at]! ^ 0x11;
        writeFileSync(file, damaged);
        const outcome = await zope('test', file);
        expect([at, outcome.code]).toEqual([at, 1]);
        expect(outcome.stderr).toMatch(/: at \d+: /);
      }
    }
  });
});

describe('refs and oids', () => {
  it('find references that lead nowhere, and show where an object comes from', async () => {
    expect(await zope('refs', file)).toMatchObject({ code: 0, stdout: '' });
    const page = breakReference(file);
    const outcome = await zope('refs', file);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toMatch(
      /oid 0x1 test\.tools\.Page\n[^]*object creation was undone: 'test\.tools\.Page'/,
    );
    const traced = await zope('oids', file, page.toString(), '0x1f');
    expect(traced.stdout).toContain(`oid 0x0${page.toString(16)} test.tools.Page 1 revision\n`);
    expect(traced.stdout).toContain('referenced by 0x01 test.tools.Page');
    expect(traced.stdout).toContain('creation undo at ');
    expect(traced.stdout).toContain('this oid was not defined (no data record for it found)');
    await expect(zope('oids', file, 'xyz')).rejects.toThrow(/no oid/);
  });

  it.skipIf(python === undefined)('print what Python prints', async () => {
    breakReference(file);
    // Python does not always know the class of what is referred to.
    const refs = await zope('refs', file);
    expect(refs.stdout.replace(": 'test.tools.Page'", ": '<unknown>'")).toBe(
      runPython('-m', 'ZODB.scripts.fsrefs', file),
    );
    const oids = ['0', '1', '3', '0x2', '0x1f'];
    const unnamed = (text: string) => text.replaceAll(/(references \S+) \S+ at/g, '$1 at');
    expect(unnamed((await zope('oids', file, ...oids)).stdout)).toBe(
      unnamed(runPython('-m', 'ZODB.scripts.fsoids', file, ...oids)),
    );
  });
});

describe('recover', () => {
  it('copies everything but the transaction that is damaged', async () => {
    const offsets = await transactionsOf(file);
    const bytes = readFileSync(file);
    bytes.fill(0xee, offsets[2]! + 8, offsets[2]! + 40);
    writeFileSync(file, bytes);
    const target = path.join(directory, 'recovered.fs');
    const outcome = await zope('recover', file, target);
    expect(outcome).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^4 transactions copied/) as string,
    });
    expect(outcome.stderr).toContain(`left out: ${offsets[3]! - offsets[2]!} bytes from ${offsets[2]}`);
    expect((await zope('test', target)).code).toBe(0);
    const db = new DB(new FileStorage(target, { readOnly: true }));
    expect(rootOf(db.open({ transactionManager: new TransactionManager() })).has('other')).toBe(true);
    db.close();
    await expect(zope('recover', file, target)).rejects.toThrow(/exists/);
    expect((await zope('recover', '--stop', '-f', file, `${target}2`)).stdout).toMatch(
      /^2 transactions copied/,
    );
  });
});

describe('recover of transactions that are not in the order of time', () => {
  it('tells of those that it leaves out', async () => {
    const last = (await transactionsOf(file)).at(-1)!;
    const bytes = readFileSync(file);
    bytes.writeBigUInt64BE(1n, last);
    writeFileSync(file, bytes);
    const outcome = await zope('recover', file, path.join(directory, 'recovered.fs'));
    expect(outcome).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^4 transactions copied, [1-9]\d* bytes left out/) as string,
    });
    expect(outcome.stderr).toContain(`the transaction 0000000000000001 at ${last}`);
  });
});

describe('recover, beside Python', () => {
  it.skipIf(python === undefined)(
    'copies the transactions that Python copies, record by record',
    async () => {
      const offsets = await transactionsOf(file);
      const bytes = readFileSync(file);
      bytes.fill(0xee, offsets[2]! + 8, offsets[2]! + 40);
      writeFileSync(file, bytes);
      const ours = path.join(directory, 'ours.fs');
      const theirs = path.join(directory, 'theirs.fs');
      await zope('recover', file, ours);
      runPython('-m', 'ZODB.fsrecover', file, theirs);
      const dumped = async (of: string) =>
        (await zope('dump', of)).stdout.replaceAll(/offset=\d+/g, '').replaceAll(/bp=[0-9a-f]{16}/g, '');
      expect(await dumped(ours)).toBe(await dumped(theirs));
      expect(readFileSync(ours).equals(readFileSync(theirs))).toBe(true);
    },
  );
});

describe('recover of a transaction in which a record is damaged', () => {
  it('leaves it out, or copies the records before the damage', async () => {
    changed(file, 'two', (connection) => {
      rootOf(connection).get('page')!.title = 'third';
      rootOf(connection).get('other')!.title = 'fourth';
    });
    const last = (await transactionsOf(file)).at(-1)!;
    const bytes = readFileSync(file);
    // The second record of the last transaction says that it has a version.
    const first = last + 23 + 'two'.length;
    const second = first + 42 + Number(bytes.readBigUInt64BE(first + 34));
    bytes.writeUInt16BE(1, second + 32);
    writeFileSync(file, bytes);
    const [without, part, packed] = ['a', 'b', 'c'].map((name) => path.join(directory, `${name}.fs`));
    expect((await zope('recover', file, without!)).stdout).toMatch(/^5 transactions copied/);
    const outcome = await zope('recover', '-p', file, part!);
    expect(outcome).toMatchObject({ code: 1, stdout: expect.stringMatching(/^6 transactions/) as string });
    expect(outcome.stderr).toContain('copied a part of it: 1 records');
    expect((await zope('test', part!)).code).toBe(0);
    const db = new DB(new FileStorage(part!, { readOnly: true }));
    const root = rootOf(db.open({ transactionManager: new TransactionManager() }));
    expect([root.get('page')!.title, root.get('other')!.title].sort()).not.toEqual(['', 'second']);
    db.close();
    expect((await zope('recover', '-p', '-P', '0', file, packed!)).code).toBe(1);
    expect(readFileSync(packed!).length).toBeLessThan(readFileSync(part!).length);
  });
});

describe('analyze, beside Python', () => {
  it.skipIf(python === undefined)('counts what Python counts', async () => {
    const packed = path.join(directory, 'packed.fs');
    copyFileSync(file, packed);
    await zope('pack', packed);
    for (const each of [file, packed]) {
      const theirs = runPython('-m', 'ZODB.scripts.analyze', each);
      const { stdout } = await zope('analyze', each);
      expect(Number(/(\d+) transactions/.exec(stdout)![1])).toBe(
        Number(/in (\d+) transactions/.exec(theirs)![1]),
      );
      // Python counts what a record points at once more.
      if (each === file) continue;
      for (const name of ['test.tools.Page', 'persistent.mapping.PersistentMapping']) {
        const [, count, size] = new RegExp(`^${name} +(\\d+) +(\\d+) `, 'm').exec(theirs)!;
        expect(stdout).toMatch(new RegExp(`^${name} +${count} +${size} +${count} +${size}$`, 'm'));
      }
    }
  });
});

describe('progress', () => {
  it('is shown on a terminal and nowhere else', async () => {
    const seen: Record<string, string> = {};
    for (const isTTY of [true, false]) {
      for (const args of [
        ['pack', file],
        ['recover', file, path.join(directory, `recovered-${isTTY}.fs`)],
        ['analyze', file],
        ['test', file],
      ]) {
        copyFileSync(path.join(base, 'original.fs'), file);
        let shown = '';
        await dbCommands[args[0]!]!.run(args.slice(1), {
          stdout: { write: () => true },
          stderr: { write: (text: string) => void (shown += text), isTTY },
        });
        seen[`${args[0]} ${isTTY}`] = shown;
      }
    }
    for (const [name, shown] of Object.entries(seen)) {
      if (name.endsWith('false')) expect(shown, name).toBe('');
      // The line is cleared at the end.
      // oxlint-disable-next-line no-control-regex -- the terminal's own
      else expect(shown, name).toMatch(/^\r[\w ]+: +\d+ %[^]*\r\x1b\[K$/);
    }
  });
});

describe('analyze, inspect and pack', () => {
  it('count what is there, and remove what is not needed', async () => {
    expect((await zope('analyze', file)).stdout).toMatch(/test\.tools\.Page +2 /);
    expect((await zope('inspect', file)).stdout).toMatch(/test\.tools\.Page/);
    expect((await zope('pack', file)).stdout).toMatch(/^\d+ bytes before, \d+ bytes now/);
    expect((await zope('test', file)).code).toBe(0);
    expect((await zope('analyze', file)).stdout).toContain('at most 0 bytes of records can be packed');
    await expect(zope('pack', path.join(directory, 'none.fs'))).rejects.toThrow(/there is no file/);
    expect((await zope('pack')).code).toBe(2);
    expect((await zope('pack', '--wrong', file)).stderr).toContain('usage: zope db pack');
  });
});

describe('a database that a site has open', () => {
  it('is not packed, and the error says who has it; what only reads may', async () => {
    const storage = new FileStorage(file);
    try {
      await expect(zope('pack', file)).rejects.toThrow(
        new RegExp(`Couldn't lock .*another process \\(pid ${process.pid}\\) has this database open`),
      );
      for (const name of ['test', 'dump', 'tail', 'refs', 'analyze', 'inspect'])
        expect((await zope(name, file)).code, name).toBe(0);
      // The site itself packs while it goes on.
      await storage.packOnline(Date.now() / 1000 + 1);
      expect((await zope('test', file)).code).toBe(0);
    } finally {
      storage.close();
    }
  });
});

describe('export and import', () => {
  it('bring an object to another database', async () => {
    const zexp = path.join(directory, 'page.zexp');
    await zope('export', file, 'page', zexp);
    const target = path.join(directory, 'Other.fs');
    changed(
      target,
      'a folder',
      (connection) => void connection.root().set('folder', new PersistentMapping()),
    );
    await zope('import', target, 'folder/copy', zexp);
    const db = new DB(new FileStorage(target, { readOnly: true }));
    const connection = db.open({ transactionManager: new TransactionManager() });
    expect(connection.traverse<Page>('folder/copy').title).toBe('first');
    db.close();
    await expect(zope('import', target, 'folder/copy', zexp)).rejects.toThrow(/already/);
    await expect(zope('export', file, 'nothing', `${zexp}2`)).rejects.toThrow(/no such object/);
  });
});

describe('convert', () => {
  it('copies every transaction as it is, and blobs', async () => {
    const blobs = path.join(directory, 'blobs');
    const db = new DB(new FileStorage(file, { blobDir: blobs, fsync: false }));
    db.transaction((connection) => void connection.root().set('blob', new Blob('content')));
    db.close();
    const target = path.join(directory, 'Copy.fs');
    const copied = path.join(directory, 'copied');
    const outcome = await zope(
      'convert',
      '--from-blobs',
      blobs,
      '--to-blobs',
      copied,
      '--layout',
      'lawn',
      file,
      target,
    );
    expect(outcome.stdout).toMatch(/^6 transactions, \d+ records, 1 blobs copied/);
    expect((await zope('dump', target)).stdout.replaceAll(/ offset=\d+/g, '')).toBe(
      (await zope('dump', file)).stdout.replaceAll(/ offset=\d+/g, ''),
    );
    const other = new DB(new FileStorage(target, { readOnly: true, blobDir: copied, blobLayout: 'lawn' }));
    const connection = other.open({ transactionManager: new TransactionManager() });
    expect((connection.root().get('blob') as Blob).bytes().toString()).toBe('content');
    other.close();
  });

  it('goes on where the file of a blob is missing, and says so', async () => {
    const blobs = path.join(directory, 'blobs');
    const storage = new FileStorage(file, { blobDir: blobs, fsync: false });
    const db = new DB(storage);
    const oid = db.transaction((connection) => {
      const lost = new Blob('lost');
      connection.root().set('lost', lost);
      connection.root().set('kept', new Blob('kept'));
      connection.add(lost);
      return lost._p_oid!;
    });
    const tid = db.lastTransaction();
    rmSync(storage.loadBlob(oid, tid));
    db.close();
    const [target, copied] = ['Copy.fs', 'copied'].map((name) => path.join(directory, name));
    const { stdout, stderr, code } = await zope(
      'convert',
      '--from-blobs',
      blobs,
      '--to-blobs',
      copied!,
      file,
      target!,
    );
    expect([code, stderr]).toEqual([
      0,
      `the file of the blob 0x${oid.toString(16).padStart(2, '0')} of the transaction 0x${tid.toString(16).padStart(16, '0')} is missing\n`,
    ]);
    expect(stdout).toMatch(/^6 transactions, \d+ records, 1 blobs copied/);
    const other = new DB(new FileStorage(target!, { readOnly: true, blobDir: copied! }));
    const root = other.open({ transactionManager: new TransactionManager() }).root();
    expect((root.get('kept') as Blob).bytes().toString()).toBe('kept');
    expect(() => (root.get('lost') as Blob).bytes()).toThrow(POSKeyError);
    other.close();
  });
});

describe('backup and restore', () => {
  const restored = () => path.join(directory, 'restored.fs');
  let repository: string;

  beforeEach(() => {
    repository = path.join(directory, 'repository');
    mkdirSync(repository);
  });

  /** The next backup has another second in its name. */
  const age = () => {
    for (const name of readdirSync(repository)) {
      const older = name.replace(/^(\d{4})/, (year) => String(Number(year) - 1));
      const from = path.join(repository, name);
      if (name.endsWith('.dat')) {
        const lines = readFileSync(from, 'utf8').replaceAll(
          /\/(\d{4})(-\d\d-\d\d-\d\d-\d\d-\d\d)/g,
          (_all, year, rest) => `/${Number(year) - 1}${rest}`,
        );
        writeFileSync(path.join(repository, older), lines);
      } else copyFileSync(from, path.join(repository, older));
      rmSync(from);
    }
  };

  it.each([[[]], [['-z']], [['-Q']]])('save the whole file, then what was added: %s', async (options) => {
    const first = readFileSync(file);
    await zope('backup', '-r', repository, ...options, file);
    expect(readdirSync(repository).filter((name) => /\.fsz?$/.test(name)).length).toBe(1);
    age();
    await zope('backup', '-r', repository, ...options, file);
    expect(readdirSync(repository).some((name) => name.includes('delta'))).toBe(false);
    changed(file, 'more', (connection) => void rootOf(connection).set('more', new Page()));
    await zope('backup', '-r', repository, ...options, file);
    expect(readdirSync(repository).filter((name) => name.includes('.deltafs')).length).toBe(1);
    expect((await zope('repozo', '-V', '-r', repository)).stdout).toBe('');
    await zope('restore', '-r', repository, '-w', restored());
    expect(readFileSync(restored()).equals(readFileSync(file))).toBe(true);
    // As it was before the second one.
    const year = new Date().getUTCFullYear();
    await zope('restore', '-r', repository, '-D', `${year}-01-01`, restored());
    expect(readFileSync(restored()).equals(first)).toBe(true);
    await expect(zope('restore', '-r', repository, '-D', '2001-01-01', restored())).rejects.toThrow(
      'No files in repository before 2001-01-01',
    );
  });

  it('save the whole file again after a pack, and may remove the older ones', async () => {
    await zope('backup', '-r', repository, file);
    age();
    await zope('pack', file);
    await zope('repozo', '-B', '-k', '-r', repository, '-f', file);
    expect(readdirSync(repository).filter((name) => name.endsWith('.fs')).length).toBe(1);
    expect(readdirSync(repository).filter((name) => name.endsWith('.dat')).length).toBe(1);
    await zope('repozo', '-R', '-r', repository, '-o', restored());
    expect((await zope('test', restored())).code).toBe(0);
  });

  it('find a backup that was damaged or cut', async () => {
    await zope('backup', '-r', repository, file);
    const saved = path.join(
      repository,
      readdirSync(repository).find((name) => name.endsWith('.fs'))!,
    );
    const bytes = readFileSync(saved);
    bytes[100] = bytes[100]! ^ 1;
    writeFileSync(saved, bytes);
    await expect(zope('repozo', '-V', '-r', repository)).rejects.toThrow(/has checksum/);
    expect((await zope('repozo', '-V', '-Q', '-r', repository)).code).toBe(0);
    await expect(zope('restore', '-w', '-r', repository, restored())).rejects.toThrow(/has checksum/);
    expect(readdirSync(directory)).not.toContain('restored.fs.part');
    truncateSync(saved, 50);
    await expect(zope('repozo', '-V', '-Q', '-r', repository)).rejects.toThrow(/is 50 bytes, should be/);
    rmSync(saved);
    await expect(zope('restore', '-r', repository, restored())).rejects.toThrow('No files in repository');
  });

  it.skipIf(python === undefined)(
    'go on with what Python’s repozo has saved, and the other way round',
    async () => {
      runPython('-m', 'ZODB.scripts.repozo', '-B', '-r', repository, '-f', file);
      age();
      changed(file, 'more', (connection) => void rootOf(connection).set('more', new Page()));
      await zope('backup', '-z', '-r', repository, file);
      expect(readdirSync(repository).filter((name) => name.includes('.deltafsz')).length).toBe(1);
      runPython('-m', 'ZODB.scripts.repozo', '-V', '-r', repository);
      runPython('-m', 'ZODB.scripts.repozo', '-R', '-w', '-r', repository, '-o', restored());
      expect(readFileSync(restored()).equals(readFileSync(file))).toBe(true);
      age();
      changed(file, 'yet more', (connection) => void rootOf(connection).set('more', new Page()));
      runPython('-m', 'ZODB.scripts.repozo', '-B', '-r', repository, '-f', file);
      await zope('restore', '-w', '-r', repository, restored());
      expect(readFileSync(restored()).equals(readFileSync(file))).toBe(true);
    },
  );
});
