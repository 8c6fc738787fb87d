/** The files `inituser` and `access` of an instance: `name:password[:domains]` (INVENTORY S-054, S-056). */
import { existsSync, readFileSync } from 'node:fs';

export interface PasswordEntry {
  readonly name: string;
  /** Encoded, or in clear text. */
  readonly password: string;
  readonly domains: readonly string[];
}

/** The user of the file; null when there is no such file. Throws for a file without a name and a password. */
export function readPasswordFile(path: string): PasswordEntry | null {
  if (!existsSync(path)) return null;
  const line = readFileSync(path, 'utf8').split('\n', 1)[0]!.trim();
  const [name, password, domains = ''] = line.split(':');
  if (!name || password === undefined) throw new Error(`${path}: the first line must be NAME:PASSWORD`);
  return { name, password, domains: domains.split(/\s+/).filter(Boolean) };
}
