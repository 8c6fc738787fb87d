import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Opens a new file among the system's temporary files, for this user only. It has no name any more, so that it is gone when its
 * descriptor is closed, however the thread or the process ends.
 *
 * @param prefix What the name of its directory begins with, as long as there is one.
 */
export function openNameless(prefix: string): number {
  const directory = mkdtempSync(path.join(tmpdir(), prefix));
  try {
    return openSync(path.join(directory, 'body'), 'wx+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
