/**
 * Data.fs.lock: only one process may have the file open. A real `flock`, which Python's zc.lockfile respects and is respected
 * by, taken on our descriptor by a child program: the lock belongs to the open file, so it stays when the child has ended and
 * goes when this process does, however it ends. What the file says, or that it is there, means nothing.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { getLogger } from '@logtape/logtape';
import { LockError } from '../errors.ts';
import { locksOfMount, type Mount, mountOf } from './mount.ts';

const logger = getLogger(['ZODB', 'FileStorage']);

// Exit code 1 and no words: somebody else has the lock. A file system without locks fails in other ways.
const PERL =
  'open(my $f, "+<&=", 3) or die "$!\\n"; exit 0 if flock($f, 6); exit 1 if $!{EAGAIN}; print STDERR "$!\\n"; exit 71';
const PYTHON = `import fcntl, sys
try: fcntl.flock(3, 6)
except BlockingIOError: sys.exit(1)
except OSError as error: sys.exit(error.strerror)`;
const PROGRAMS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['flock', '-x', '-n', '3'],
  ['perl', '-e', PERL],
  ['python3', '-c', PYTHON],
];

/** A network's file system whose server is gone does not answer at all. */
const PATIENCE_MS = 30_000;
/** How often the lock file may be another one once it is locked, as when its owner removes it. */
const TRIES = 20;
/** Milliseconds between looks whether the lock file is still the one that is locked. */
const WATCH_MS = 2000;

type Outcome = 'locked' | 'taken' | { readonly why: string };

/** Locks a descriptor. */
function flock(descriptor: number): Outcome {
  const failures: string[] = [];
  for (const [name, ...args] of PROGRAMS) {
    const { error, status, signal, stderr } = spawnSync(name, args, {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      env: { ...process.env, LC_ALL: 'C' },
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    if (code === 'ENOENT') continue;
    if (status === 0) return 'locked';
    const words = stderr?.trim() ?? '';
    // That of busybox ends with 1 in all cases, but not without a word.
    if (status === 1 && words === '') return 'taken';
    if (code === 'ETIMEDOUT') return { why: `it did not answer within ${PATIENCE_MS / 1000} s` };
    if (error !== undefined) failures.push(`${name} could not be started (${error.message})`);
    else failures.push(`${name} ended with ${signal ?? status}${words === '' ? '' : ` (${words})`}`);
  }
  if (failures.length > 0)
    return { why: `${failures.join(', ')}; it may be that the file system has no locks` };
  return {
    why: `none of the programs ${PROGRAMS.map(([name]) => name).join(', ')} is there to lock it with`,
  };
}

/** The lock files that this thread holds. */
const held = new Set<string>();
const keyOf = ({ dev, ino }: Stats) => `${dev} ${ino}`;

const INSTEAD =
  'One process serves a database with all its threads (threads in [server:…] of the .ini): stop the other one, or open the database ' +
  'read-only here. That several processes share one needs a storage server (runzeo), which is not part of this version yet.';
const PLACE = 'Put the database on a disk of this machine';
const ANYWAY =
  'or set ZOPE_NO_LOCK=1 in the environment if no other process, here or elsewhere, will ever open it.';

/** Says who has the lock, as far as can be known: the number may be of another container's or another machine's process. */
function ownerOf(file: string, key: string): string {
  const text = readFileSync(file, 'utf8').trim();
  if (!/^\d{1,9}$/.test(text)) return 'another process has this database open';
  const pid = Number(text);
  const own = held.has(key);
  const where = own || isHere(pid) ? '' : ', of another container or machine';
  return `another process (pid ${pid}${where}) has this database open${own ? ' (it is this very process, which opens it twice)' : ''}`;
}

function isHere(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const describe = ({ type, point }: Mount) => ` (${type} at ${point})`;

/** One locked file. */
class Held {
  readonly path: string;
  #descriptor: number;
  #key: string;
  #told = false;

  constructor(file: string) {
    this.path = file;
    for (let tries = 1; ; tries++) {
      const descriptor = openSync(file, 'a+');
      try {
        this.#lock(descriptor);
        const now = statSync(file, { throwIfNoEntry: false });
        this.#key = keyOf(fstatSync(descriptor));
        if (now !== undefined && keyOf(now) === this.#key) {
          this.#descriptor = descriptor;
          break;
        }
        if (tries === TRIES) throw new LockError(`'${file}' cannot be locked: it is replaced all the time`);
      } catch (error) {
        closeSync(descriptor);
        throw error;
      }
      closeSync(descriptor);
    }
    held.add(this.#key);
    this.#sign();
  }

  #lock(descriptor: number): void {
    const outcome = flock(descriptor);
    if (outcome === 'taken') {
      const owner = ownerOf(this.path, keyOf(fstatSync(descriptor)));
      throw new LockError(`Couldn't lock '${this.path}': ${owner}. ${INSTEAD}`);
    }
    if (process.env.ZOPE_NO_LOCK) return;
    const mount = mountOf(this.path);
    if (outcome !== 'locked') {
      const where = mount === undefined ? '' : describe(mount);
      throw new LockError(
        `'${this.path}'${where} cannot be locked: ${outcome.why}. Without a lock two processes would write to one database and ` +
          `destroy it. ${outcome.why.startsWith('none') ? 'Install one of them' : PLACE}, ${ANYWAY}`,
      );
    }
    const { refused, doubt } = locksOfMount(mount);
    if (refused !== undefined)
      throw new LockError(
        `'${this.path}'${describe(mount!)} cannot be locked: ${refused}. ${PLACE}, mount it in another way, ${ANYWAY}`,
      );
    if (doubt !== undefined)
      logger.warn(
        `'${this.path}'${describe(mount!)}: ${doubt}; see to it that no other machine opens the database`,
      );
  }

  /** For people and for Python's message; a full disk takes nothing, and the lock does not need it. */
  #sign(): void {
    try {
      ftruncateSync(this.#descriptor, 0);
      writeSync(this.#descriptor, ` ${process.pid}\n`);
    } catch (error) {
      logger.warn(
        `'${this.path}' is locked, but the process id could not be written to it: ${(error as Error).message}`,
      );
    }
  }

  /**
   * Sees to it that the file under its name is the locked one: who removes it, thinking that it was left behind, lets a second process
   * in. False when that has happened.
   */
  keep(): boolean {
    let now: Stats | undefined;
    try {
      now = statSync(this.path, { throwIfNoEntry: false });
      if (now !== undefined && keyOf(now) === this.#key) return true;
      const next = openSync(this.path, 'a+');
      const outcome = flock(next);
      if (outcome === 'taken') {
        closeSync(next);
        return false;
      }
      held.delete(this.#key);
      closeSync(this.#descriptor);
      this.#descriptor = next;
      this.#key = keyOf(fstatSync(next));
      held.add(this.#key);
      this.#sign();
      logger.error(
        `'${this.path}' was removed or replaced while the database is open; it was made and locked anew`,
      );
    } catch (error) {
      if (!this.#told)
        logger.error(`It cannot be seen whether '${this.path}' is still locked: ${(error as Error).message}`);
      this.#told = true;
    }
    return true;
  }

  close(): void {
    held.delete(this.#key);
    try {
      ftruncateSync(this.#descriptor, 0);
    } finally {
      closeSync(this.#descriptor);
    }
  }
}

/** Where a symbolic link leads: who opens the file by its own name has to meet the same lock. */
function targetOf(file: string): string | undefined {
  if (!existsSync(file) || !lstatSync(file).isSymbolicLink()) return undefined;
  return realpathSync(file);
}

export class LockFile {
  readonly #files: Held[] = [];
  readonly #timer: NodeJS.Timeout;

  /**
   * Locks a database until `close`.
   *
   * @param onLost Called when another process has got hold of the lock, which only works when the lock file was removed.
   * @throws A LockError when another process has the lock, or when it cannot be taken and `ZOPE_NO_LOCK` does not allow that.
   */
  constructor(database: string, onLost: () => void) {
    try {
      this.#files.push(new Held(`${path.resolve(database)}.lock`));
      const target = targetOf(database);
      if (target !== undefined) this.#files.push(new Held(`${target}.lock`));
    } catch (error) {
      for (const file of this.#files) file.close();
      throw error;
    }
    this.#timer = setInterval(() => {
      if (this.#files.every((file) => file.keep())) return;
      clearInterval(this.#timer);
      onLost();
    }, WATCH_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const file of this.#files) file.close();
  }
}
