/** `zope db`: tools for databases, those of the database's room. */
import { dbCommands } from '../../zodb/index.ts';
// The content classes that are known here.
import '../ofs/index.ts';
import { type Command, CommandError, didYouMean } from './command-line.ts';

const names = Object.keys(dbCommands);
const usage = `usage: zope db COMMAND [ARGUMENTS]

${names.map((name) => `  ${name.padEnd(12)}${dbCommands[name]!.about}`).join('\n')}

zope db COMMAND --help tells more of one.
`;

export const db: Command = {
  name: 'db',
  about: 'look into, pack, check, save and convert databases',
  usage,
  async run(args, io) {
    const [name, ...rest] = args;
    if (name === undefined || name === '-h' || name === '--help') {
      io.stdout.write(usage);
      return name === undefined ? 2 : 0;
    }
    const command = Object.hasOwn(dbCommands, name) ? dbCommands[name]! : undefined;
    if (command === undefined) {
      const hint = await didYouMean(name, names);
      throw new CommandError(`there is no command "${name}".${hint}`, { exitCode: 2 });
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(`${command.usage.trimEnd()}\n`);
      return 0;
    }
    return command.run(rest, io);
  },
};
