import { lstatSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { listenError } from './errors.ts';

/** A socket file that nobody listens on any more was left by a process that was killed. */
export async function removeStaleSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw listenError(path, new Error('there is a file of this name that is no socket'));
  const alive = await new Promise<boolean>((resolve) => {
    const probe = net.connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (alive) throw listenError(path, Object.assign(new Error(), { code: 'EADDRINUSE' }));
  unlinkSync(path);
}
