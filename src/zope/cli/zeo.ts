/** `runzeo` and `zeopack`. The storage server is a room of its own that is not built yet; its options are. */
import { ConfigurationError } from '../../zconfig/index.ts';
import { type Command, CommandError } from './command-line.ts';
import { zeoConfigToJson, zeoOptions } from './zeo-options.ts';

const NOT_YET =
  'the storage server (ZEO) is not part of this version yet; one process serves a database with all its threads (runwsgi)';
/** EX_SOFTWARE of sysexits.h: not an answer to a wrong command line. */
const EXIT_NOT_YET = 70;

const usage = `Usage: runzeo [-C FILE] [-a ADDRESS] [-f FILE] [options]

Not part of this version yet: is to serve databases to other processes, and ends with exit code 70 instead. The options are checked, and
--print-config shows what a configuration asks for. Without -C both -a and -f are needed.

  -C, --configure=FILE   the configuration, a zeo.conf
  -a, --address=ADDRESS  where to listen: PORT, HOST:PORT, or a path with a slash
  -f, --filename=FILE    a Data.fs to serve; may be repeated
  -t, --timeout=SECONDS  how long a client may hold up the others while it commits
      --pid-file=FILE    file with the process id
  -X, --option=KEY=VALUE an option of the file, such as zeo/read-only=true
      --print-config     show the options as JSON instead of serving
  -h, --help             this text
`;

export const runzeo: Command = {
  name: 'runzeo',
  about: 'not there yet: is to serve a database to other processes; checks its options',
  usage,
  async run(args, io) {
    try {
      const { help, printConfig, config } = zeoOptions(args, io.env);
      if (help) {
        io.stdout.write(usage);
        return 0;
      }
      if (printConfig) {
        io.stdout.write(`${JSON.stringify(zeoConfigToJson(config!), null, 2)}\n`);
        return 0;
      }
    } catch (error) {
      if (!(error instanceof CommandError) && !(error instanceof ConfigurationError)) throw error;
      io.stderr.write(`Error: ${error.message}\nFor help, use runzeo -h\n`);
      return 2;
    }
    throw new CommandError(NOT_YET, { exitCode: EXIT_NOT_YET });
  },
};

export const zeopack: Command = {
  name: 'zeopack',
  about: 'not there yet: is to pack the databases of a storage server',
  usage:
    'Usage: zeopack [options]\n\nNot part of this version yet, and ends with exit code 70. "zope db pack" packs a Data.fs.\n',
  async run(args, io) {
    if (args.includes('-h') || args.includes('--help')) {
      io.stdout.write(this.usage);
      return 0;
    }
    throw new CommandError(NOT_YET, { exitCode: EXIT_NOT_YET });
  },
};
