import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';

/**
 * Puts a packed file in the place of the old one, in one step: whoever stops here leaves one or the other. The index goes first,
 * for it is that of the old file.
 */
export function replaceFile(path: string, packed: string, keepOld: boolean): void {
  const old = `${path}.old`;
  rmSync(`${path}.index`, { force: true });
  rmSync(old, { force: true });
  if (keepOld) {
    try {
      linkSync(path, old);
    } catch (error) {
      // A file system without second names. For a moment the file has only its old one.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
      renameSync(path, old);
      try {
        renameSync(packed, path);
      } catch (failure) {
        if (!existsSync(path)) renameSync(old, path);
        throw failure;
      }
      return;
    }
  }
  renameSync(packed, path);
}
