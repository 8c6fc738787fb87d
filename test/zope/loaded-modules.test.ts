import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** What a new process prints that runs a module from the folder of this package. */
const run = (source: string) =>
  execFileSync(process.execPath, ['--input-type=module', '-e', source], { cwd: root, encoding: 'utf8' });

describe('the built package', () => {
  it('is loaded without what Node loads for fetch, TLS or HTTP/2', () => {
    const loaded = run(`
      await import('zope-ts');
      await import('zope-ts/paste/servers');
      await import('./dist/zope/threads/thread-main.cjs');
      console.log(process.moduleLoadList.join('\\n'));`);
    expect(loaded).toContain('NativeModule http\n');
    expect(loaded).not.toMatch(/NativeModule (internal\/deps\/undici\/undici|tls|http2)\n/);
  });

  it('has each class once, whichever entry it comes from', () => {
    const same = run(`
      const [whole, zope, ofs] = await Promise.all(['zope-ts', 'zope-ts/zope', 'zope-ts/zope/ofs'].map((name) => import(name)));
      const [zodb, persistent] = await Promise.all(['zope-ts/zodb', 'zope-ts/persistent'].map((name) => import(name)));
      const connection = new zodb.DB(new zodb.MappingStorage()).open();
      console.log(whole.Folder === zope.Folder, whole.Folder === ofs.Folder,
        new whole.Folder() instanceof persistent.Persistent,
        connection.root() instanceof persistent.PersistentBase, whole.Folder.name);`);
    expect(same.trim()).toBe('true true true true Folder');
  });
});
