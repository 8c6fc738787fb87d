/** What file system a path lies on, as Linux tells it in `/proc/self/mountinfo` (proc_pid_mountinfo(5)), and what its locks are worth. */
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

export interface Mount {
  /** Where it is mounted. */
  readonly point: string;
  /** Such as `ext4` and `nfs4`. */
  readonly type: string;
  /** Those of the mount and of the file system. */
  readonly options: readonly string[];
}

/** Blanks, tabs, newlines and backslashes are written in octal digits. */
const unescape = (text: string) =>
  text.replaceAll(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    if (after === undefined) continue;
    const [, , , , point = '', options = ''] = before!.split(' ');
    const [type = '', , superOptions = ''] = after.split(' ');
    mounts.push({
      point: unescape(point),
      type,
      options: [...options.split(','), ...superOptions.split(',')],
    });
  }
  return mounts;
}

/** The mount that a file's folder lies on; undefined where the system does not tell. */
export function mountOf(file: string): Mount | undefined {
  let mounts: Mount[];
  let folder: string;
  try {
    mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
    folder = realpathSync(path.dirname(file));
  } catch {
    // Other systems have no such file.
    return undefined;
  }
  let found: Mount | undefined;
  for (const mount of mounts) {
    const { point } = mount;
    const inside = folder === point || folder.startsWith(point.endsWith('/') ? point : `${point}/`);
    // Of two in the same place the later one hides the other.
    if (inside && (found === undefined || point.length >= found.point.length)) found = mount;
  }
  return found;
}

/** Others may have the same files under locks of their own, and the system does not know of them. */
const LOCAL_ONLY = new Set(['9p', 'vboxsf', 'fuse.sshfs', 'fuse.s3fs', 'fuse.rclone', 'fuse.gcsfuse']);

/** Whether a lock that was given keeps others out. `refused`: it was asked to be no such lock; `doubt`: on this machine only. */
export function locksOfMount(mount: Mount | undefined): { refused?: string; doubt?: string } {
  if (mount === undefined) return {};
  const { type, options } = mount;
  const none = (type === 'nfs' || type === 'nfs4' ? ['nolock', 'local_lock=all', 'local_lock=flock'] : [])
    .concat(type === 'cifs' || type === 'smb3' ? ['nobrl', 'nolock'] : [])
    .find((option) => options.includes(option));
  if (none !== undefined)
    return { refused: `it is mounted with ${none}, so that other machines do not see its locks` };
  if (LOCAL_ONLY.has(type)) return { doubt: 'locks of this file system are seen on this machine only' };
  return {};
}
