/** The folders of users, for paths such as `~zope/var`. */
import { readFileSync } from 'node:fs';

/** The folder of an account of this machine, as `/etc/passwd` has it; undefined where there is no such account. */
export function homeOf(user: string): string | undefined {
  let accounts: string;
  try {
    accounts = readFileSync('/etc/passwd', 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const line = accounts.split('\n').find((entry) => entry.startsWith(`${user}:`));
  return line?.split(':')[5];
}
