import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FileStorage } from '../../../src/zodb/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'zope-lock-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

/** Lets the programs that lock end in some way. */
function lockingEndsWith(exit: number): void {
  for (const name of ['flock', 'perl']) {
    const file = path.join(directory, name);
    writeFileSync(file, `#!/bin/sh\nexit ${exit}\n`);
    chmodSync(file, 0o755);
  }
  vi.stubEnv('PATH', directory);
}

it('a database where locks do not work is refused, unless that is wanted', () => {
  const file = path.join(directory, 'Data.fs');
  // What util-linux says of ENOLCK.
  lockingEndsWith(71);
  expect(() => new FileStorage(file)).toThrow(
    /cannot be locked: .* the file system has no locks.*ZOPE_NO_LOCK/,
  );
  expect(existsSync(file)).toBe(false);
  vi.stubEnv('ZOPE_NO_LOCK', '1');
  new FileStorage(file).close();
  expect(existsSync(file)).toBe(true);
});

it('a database that another process has is refused in other words', () => {
  lockingEndsWith(1);
  expect(() => new FileStorage(path.join(directory, 'Data.fs'))).toThrow(
    /another process has this database open.*runzeo/,
  );
});
