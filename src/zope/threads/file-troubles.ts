/** The files that this thread has open. Imports nothing: the main thread of a site with several threads has no use for storages at first. */
interface WatchedFile {
  trouble(): string | undefined;
}

const files = new Set<WatchedFile>();

/** Has `fileTrouble` tell of a file, too. */
export function watched<T extends WatchedFile>(file: T): T {
  files.add(file);
  return file;
}

/** What keeps one of the files from being used: see `FileStorage.trouble`. */
export function fileTrouble(): string | undefined {
  for (const file of files) {
    const trouble = file.trouble();
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}
