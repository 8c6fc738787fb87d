/** `runzeo` and `zeopack`: the storage server is a room of its own that is not built yet. */
import { type Command, CommandError } from './command-line.ts';

const notYet = (name: string, about: string): Command => ({
  name,
  about,
  usage: `usage: ${name} [options]\n`,
  run() {
    throw new CommandError('the storage server (ZEO) is not part of this version yet', { exitCode: 70 });
  },
});

export const runzeo = notYet('runzeo', 'serve a database to other processes');
export const zeopack = notYet('zeopack', 'pack the databases of a storage server');
