/**
 * Data.fs.lock: only one process may have the file open. A real `flock`, which Python's zc.lockfile respects and is respected
 * by, taken on our descriptor by a child program: the lock belongs to the open file, so it stays when the child has ended and
 * goes when this process does, however it ends.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { LockError } from '../errors.ts';

// 1 only when somebody else has the lock; a file system without locks fails in other ways.
const PERL = 'open(my $f, "+<&=", 3) or exit 70; exit 0 if flock($f, 6); exit($!{EAGAIN} ? 1 : 71)';

/** Locks a descriptor: true, false when another process has it, undefined when no program can tell. */
function flock(descriptor: number): boolean | undefined {
  const stdio = ['ignore', 'ignore', 'ignore', descriptor] as const;
  const first = spawnSync('flock', ['-x', '-n', '3'], { stdio: [...stdio] });
  if (first.error === undefined && first.status !== null && first.status <= 1) return first.status === 0;
  const second = spawnSync('perl', ['-e', PERL], { stdio: [...stdio] });
  if (second.error === undefined && second.status !== null && second.status <= 1) return second.status === 0;
  return undefined;
}

export class LockFile {
  readonly #descriptor: number;

  /** Throws a LockError when another process has the lock, or when it cannot be taken and `ZOPE_NO_LOCK` does not allow that. */
  constructor(path: string) {
    const descriptor = openSync(path, 'a+');
    const locked = flock(descriptor);
    if (locked === false) {
      closeSync(descriptor);
      const owner = readFileSync(path, 'utf8').trim();
      throw new LockError(
        `Couldn't lock '${path}': another process${/^\d+$/.test(owner) ? ` (pid ${owner})` : ''} has this database open. ` +
          'One process serves a database with all its threads; several processes share one through a storage server (runzeo).',
      );
    }
    if (locked === undefined && !process.env.ZOPE_NO_LOCK) {
      closeSync(descriptor);
      throw new LockError(
        `'${path}' cannot be locked: neither of the programs flock and perl is there, or the file system has no locks. ` +
          'Install one of them, or set ZOPE_NO_LOCK=1 if no other process will ever open this database.',
      );
    }
    this.#descriptor = descriptor;
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, ` ${process.pid}\n`);
  }

  close(): void {
    ftruncateSync(this.#descriptor, 0);
    closeSync(this.#descriptor);
  }
}
