/** A pack of an open file from its beginning to the replacement of the file, a little at each step. */
import { rmSync } from 'node:fs';
import { getLogger } from '@logtape/logtape';
import type { BlobDirectory } from '../blobs/blob-directory.ts';
import { CorruptedError, type PackOptions } from '../interfaces.ts';
import { referencesOf } from '../serialize-reader.ts';
import { tidOfSeconds } from '../timestamp.ts';
import { syncDirectory } from './disk.ts';
import { PackError, RevivedError } from './errors.ts';
import type { FileState } from './file-state.ts';
import { replaceFile } from './pack-replace.ts';
import { Packer } from './pack.ts';

const logger = getLogger(['ZODB', 'FileStorage']);
/** Times that a pack is begun: each but the last is given up when what it was to remove is used again, or what it has copied is lost. */
const ATTEMPTS = 3;
/** Milliseconds that an online pack works before it lets others go on. */
const STEP = 5;

/** What a pack needs of the storage. */
export interface PackHost {
  readonly path: string;
  readonly state: FileState;
  readonly blobs: BlobDirectory | undefined;
  readonly gc: boolean;
  readonly keepOld: boolean;
  readonly fsync: boolean;
  /** Throws when the storage can not be written to, e.g. since it was closed meanwhile. */
  checkWritable(): void;
  /** Whether this thread is committing a transaction. */
  isCommitting(): boolean;
  saveIndex(): void;
}

/** `wait`: it cannot go on before somebody else has. */
type Step = 'wait' | undefined;

/** Packs at once. Throws a PackError where it would have to wait. */
export function packAtOnce(host: PackHost, time: number, options: PackOptions): void {
  const steps = packSteps(host, time, options);
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    if (step.value !== 'wait') continue;
    steps.return();
    throw new PackError('a transaction is being committed: only packOnline can wait for its end');
  }
}

/** Packs while everybody else in the thread goes on. */
export async function packOnline(host: PackHost, time: number, options: PackOptions): Promise<void> {
  const steps = packSteps(host, time, options);
  let until = performance.now() + STEP;
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    if (step.value !== 'wait' && performance.now() < until) continue;
    await new Promise((resolve) => setImmediate(resolve));
    until = performance.now() + STEP;
  }
}

function* packSteps(host: PackHost, time: number, options: PackOptions): Generator<Step, void> {
  const { path, state, blobs } = host;
  host.checkWritable();
  state.follow();
  if (state.index.size === 0) return;
  if (!state.beginPack()) throw new PackError('the storage is being packed already');
  try {
    // As in Python; the room may be needed.
    rmSync(`${path}.old`, { force: true });
    if (blobs !== undefined) rmSync(`${blobs.path}.old`, { recursive: true, force: true });
    for (let attempt = 1; ; attempt++) {
      state.follow();
      const { generation } = state;
      try {
        yield* attemptSteps(host, time, options);
        return;
      } catch (error) {
        state.follow();
        // Damage that it has met may be what was written over since.
        const wasLost =
          state.generation !== generation && (error instanceof PackError || error instanceof CorruptedError);
        if (!(error instanceof RevivedError || wasLost) || attempt === ATTEMPTS) throw error;
        logger.info(`${path}: ${(error as Error).message}; the pack begins anew`);
      }
    }
  } finally {
    state.endPack();
  }
}

function* attemptSteps(host: PackHost, time: number, options: PackOptions): Generator<Step, void> {
  const { path, state } = host;
  const { generation } = state;
  const packer = new Packer({
    descriptor: state.descriptor,
    path,
    end: state.seenEnd,
    stop: tidOfSeconds(time),
    gc: options.gc ?? host.gc,
    options: { referencesOf, ...options },
    blobs: host.blobs !== undefined,
  });
  let locked = false;
  try {
    for (const step = packer.copyPast(); ;) {
      const { done, value } = step.next();
      host.checkWritable();
      if (done === true && value === false) {
        logger.info(`${path} has nothing to be packed`);
        return;
      }
      if (done === true) break;
      yield;
    }
    state.follow();
    for (const _ of packer.copyRest(state.seenEnd)) {
      yield;
      host.checkWritable();
    }
    packer.sync();
    // The file is replaced between transactions; what came meanwhile is little.
    while (host.isCommitting()) {
      yield 'wait';
      host.checkWritable();
    }
    state.lockSettled(host.fsync);
    locked = true;
    if (state.generation !== generation)
      throw new PackError('the disk did not take what was already packed; pack once more');
    for (const _ of packer.copyRest(state.end));
    replace(host, packer, options.keepOld ?? host.keepOld);
  } finally {
    if (locked) state.unlock();
    packer.close();
  }
}

function replace({ path, state, blobs, fsync, saveIndex }: PackHost, packer: Packer, keepOld: boolean): void {
  const packed = packer.finish();
  state.replace(packed.descriptor, packed.index, packed.end, () => replaceFile(path, packer.file, keepOld));
  saveIndex();
  if (fsync) syncDirectory(path);
  blobs?.pack(packed.removedBlobs, keepOld ? `${blobs.path}.old` : null);
}
