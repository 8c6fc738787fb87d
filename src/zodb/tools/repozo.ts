import { runBackup } from './backup.ts';
import { BackupError } from './backup-files.ts';
import { command } from './command.ts';
import { runRestore, runVerify } from './restore.ts';

/** Backup, restore and verification with the options of Python's repozo. */
export const repozo = command({
  about: 'backup, restore and verify a repository, with the options of Python’s repozo',
  usage: `usage: repozo -B|-R|-V -r REPOSITORY [options]

  -B, --backup             save FILE (-f)
  -R, --recover            put the file together and write it to OUTPUT (-o)
  -V, --verify             compare the repository with what was noted

  -r, --repository DIR
  -f, --file FILE          -B: the Data.fs
  -F, --full               -B: the whole file
  -Q, --quick              -B, -V: compare less
  -z, --gzip               -B: compress
  -k, --kill-old-on-full   -B: after a whole backup remove older ones
  -D, --date DATE          -R: as YYYY-MM-DD[-HH[-MM[-SS]]], UTC
  -o, --output OUTPUT      -R: the file; without it everything goes to standard output
  -w, --with-verify        -R: compare on the way
  -v, --verbose            tell on standard error what is done
`,
  options: {
    backup: { type: 'boolean', short: 'B', default: false },
    recover: { type: 'boolean', short: 'R', default: false },
    verify: { type: 'boolean', short: 'V', default: false },
    repository: { type: 'string', short: 'r' },
    file: { type: 'string', short: 'f' },
    full: { type: 'boolean', short: 'F', default: false },
    quick: { type: 'boolean', short: 'Q', default: false },
    gzip: { type: 'boolean', short: 'z', default: false },
    'kill-old-on-full': { type: 'boolean', short: 'k', default: false },
    date: { type: 'string', short: 'D' },
    output: { type: 'string', short: 'o' },
    'with-verify': { type: 'boolean', short: 'w', default: false },
    verbose: { type: 'boolean', short: 'v', default: false },
  },
  positionals: [0, 0],
  run(values, _positionals, io) {
    const { repository, file, output, verbose, quick } = values;
    if ([values.backup, values.recover, values.verify].filter(Boolean).length !== 1)
      throw new BackupError('one of -B, -R and -V must be given');
    if (repository === undefined) throw new BackupError('--repository is required');
    if (values.verify) return runVerify(repository, quick, verbose, io);
    if (values.recover) {
      const { date, 'with-verify': verify } = values;
      return runRestore({ repository, output, date, verify, verbose, quiet: true }, io);
    }
    if (file === undefined) throw new BackupError('--file is required');
    const { full, gzip, 'kill-old-on-full': killOld } = values;
    return runBackup({ repository, file, full, quick, gzip, killOld, verbose }, io);
  },
});
