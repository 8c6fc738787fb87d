import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Opens a new file among the system's temporary files, for this user only. It has no name any more, so that it is gone when its
 * descriptor is closed, however the process ends.
 */
export function openNameless(): number {
  const directory = mkdtempSync(path.join(tmpdir(), 'zodb-'));
  try {
    return openSync(path.join(directory, 'records'), 'wx+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
