/** The files `inituser` and `access` of an instance: `name:password[:domains]` (INVENTORY S-054, S-056). */
import { existsSync, readFileSync } from 'node:fs';

export interface PasswordEntry {
  readonly name: string;
  /** Encoded, or in clear text. */
  readonly password: string;
  readonly domains: readonly string[];
}

/** The file is not as it must be. */
export class PasswordFileError extends Error {
  readonly code = 'PASSWORD_FILE';
  readonly path: string;

  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
  }
}

/** The user of the file; null when there is no such file. Throws a PasswordFileError. */
export function readPasswordFile(path: string): PasswordEntry | null {
  if (!existsSync(path)) return null;
  const line = readFileSync(path, 'utf8').split('\n', 1)[0]!.trim();
  const [name, password, domains = ''] = line.split(':');
  if (!name || password === undefined)
    throw new PasswordFileError(path, 'the first line must be NAME:PASSWORD');
  return { name, password, domains: domains.split(/\s+/).filter(Boolean) };
}
