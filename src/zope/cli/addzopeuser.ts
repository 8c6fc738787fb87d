/** `addzopeuser`: adds a manager to a site's root user folder (INVENTORY 1.8). */
import { openSite } from './open-site.ts';
import { type Command, parseOptions, usageError } from './command-line.ts';

const usage = `usage: addzopeuser [-h] [-c CONFIGURATION] user password

Adds a user with the role Manager to the root user folder of a site.

  -h, --help                    this text
  -c, --configuration=FILE      the site's zope.conf (default: the environment variable ZOPE_CONF, or etc/zope.conf)
`;

export const addzopeuser: Command = {
  name: 'addzopeuser',
  about: 'add a manager to a site',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, { configuration: { type: 'string', short: 'c' } });
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const [name, password, ...more] = positionals;
    if (name === undefined || password === undefined)
      throw usageError('the following arguments are required: user, password');
    if (more.length > 0) throw usageError(`unrecognized arguments: ${more.join(' ')}`);
    if (name.includes(':')) throw usageError('a user name cannot have a colon');
    const site = await openSite(values.configuration ?? io.env.ZOPE_CONF ?? 'etc/zope.conf');
    try {
      const users = site.app.acl_users;
      if (users.getUser(name) !== null) {
        io.stderr.write(`There is a user ${name} already; nothing was changed.\n`);
        return 1;
      }
      users._doAddUser(name, password, ['Manager'], []);
      site.connection.transactionManager.get().note('Added initial user');
      site.connection.transactionManager.commit();
      io.stdout.write(`User ${name} created.\n`);
      return 0;
    } finally {
      site.close();
    }
  },
};
