/** `zope instance`: starts, stops and looks after an instance (INVENTORY 8.2). */
import { createReadStream, existsSync, statSync, watch } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Command,
  CommandError,
  type CommandIo,
  didYouMean,
  parseOptions,
  usageError,
} from './command-line.ts';
import { type InstancePaths, startSupervisor, supervise, restartSite, supervisorPid } from './supervisor.ts';

const usage = `usage: zope instance [-d DIR] COMMAND [ARGUMENTS]

  start      serve in the background; the site is started again when its process dies
  stop       end it, waiting for running requests
  restart    load the site anew: running requests end, and no client is refused;
             with options for runwsgi: stop, then start
  fg         serve in this terminal, in debug mode
  console    serve in this terminal, for a supervisor such as systemd
  status     tell whether it runs
  kill SIG   send a signal to it
  wait       wait until it has ended
  logtail    show the event log as it grows
  logreopen  open the log files anew
  debug      a prompt with the site as "app" (the site must not run)
  run FILE   run a script with the site as "app" (the site must not run)
  adduser NAME PASSWORD

  -d, --dir=DIR   the instance's folder (default: this folder)
`;

const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const TAIL_BYTES = 8192;

function pathsOf(dir: string): InstancePaths {
  const home = path.resolve(dir);
  const ini = path.join(home, 'etc/zope.ini');
  if (!existsSync(ini)) throw new CommandError(`${home} is no instance: there is no etc/zope.ini`);
  return {
    home,
    ini,
    conf: path.join(home, 'etc/zope.conf'),
    pidFile: path.join(home, 'var/supervisor.pid'),
    console: path.join(home, 'var/log/console.log'),
    log: path.join(home, 'var/log/event.log'),
  };
}

/** `TERM`, `SIGTERM`, `term` or `15`. */
function signalOf(text: string): NodeJS.Signals {
  const { signals } = os.constants;
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const found = Object.entries(signals).find(([known, number]) => known === name || String(number) === text);
  if (found === undefined) throw usageError(`there is no signal "${text}"`);
  return found[0] as NodeJS.Signals;
}

// Loaded when they are needed: the supervisor, and most commands, need none of them.
const serve = async (args: string[], io: CommandIo) => (await import('./runwsgi.ts')).runwsgi.run(args, io);
const inConsole = async (args: string[], io: CommandIo) =>
  (await import('./zconsole.ts')).zconsole.run(args, io);

type Action = (paths: InstancePaths, args: string[], io: CommandIo) => Promise<number>;

const actions: Record<string, Action> = {
  async start(paths, args, io) {
    const pid = supervisorPid(paths);
    if (pid !== undefined) {
      io.stdout.write(`The site runs already, pid=${pid}.\n`);
      return 0;
    }
    io.stdout.write(`The site runs, pid=${await startSupervisor(paths, args)}.\n`);
    return 0;
  },

  async stop(paths, _args, io) {
    const pid = supervisorPid(paths);
    if (pid === undefined) {
      io.stdout.write('The site does not run.\n');
      return 0;
    }
    process.kill(pid, 'SIGTERM');
    for (let waited = 0; waited < STOP_TIMEOUT_MS; waited += POLL_MS) {
      if (supervisorPid(paths) === undefined) {
        io.stdout.write('The site was stopped.\n');
        return 0;
      }
      await delay(POLL_MS);
    }
    throw new CommandError(`the site (pid=${pid}) did not end within ${STOP_TIMEOUT_MS / 1000} s`);
  },

  async restart(paths, args, io) {
    // What cannot be started does not end what runs.
    const { checkConfiguration } = await import('./check-configuration.ts');
    await checkConfiguration(paths.ini);
    if (existsSync(paths.conf)) {
      const zconfig = await import('../../zconfig/index.ts');
      zconfig.loadZopeConf(paths.conf);
    }
    const pid = supervisorPid(paths);
    if (pid === undefined) return actions.start!(paths, args, io);
    if (args.length === 0) {
      await restartSite(paths, pid);
      io.stdout.write(`The site was restarted, pid=${pid}.\n`);
      return 0;
    }
    await actions.stop!(paths, [], io);
    return actions.start!(paths, args, io);
  },

  async status(paths, _args, io) {
    const pid = supervisorPid(paths);
    io.stdout.write(pid === undefined ? 'The site does not run.\n' : `The site runs, pid=${pid}.\n`);
    return pid === undefined ? 3 : 0;
  },

  async kill(paths, [signal = 'TERM'], io) {
    const name = signalOf(signal);
    const pid = supervisorPid(paths);
    if (pid === undefined) throw new CommandError('the site does not run');
    process.kill(pid, name);
    io.stdout.write(`Sent ${name} to ${pid}.\n`);
    return 0;
  },

  async wait(paths) {
    while (supervisorPid(paths) !== undefined) await delay(POLL_MS);
    return 0;
  },

  logreopen: (paths, _args, io) => actions.kill!(paths, ['USR2'], io),
  fg: (paths, args, io) => serve(['-d', paths.ini, ...args], io),
  foreground: (paths, args, io) => serve(['-d', paths.ini, ...args], io),
  console: (paths, args, io) => serve([paths.ini, ...args], io),
  debug: (paths, _args, io) => inConsole(['debug', paths.conf], io),
  run: (paths, args, io) => inConsole(['run', paths.conf, ...args], io),
  async adduser(paths, args, io) {
    const { addzopeuser } = await import('./addzopeuser.ts');
    return addzopeuser.run(['-c', paths.conf, ...args], io);
  },
  logtail,
  supervise,
};

/** Shows the end of the event log, and what is added until interrupted. */
async function logtail(paths: InstancePaths, _args: string[], io: CommandIo): Promise<number> {
  if (!existsSync(paths.log)) throw new CommandError(`there is no ${paths.log} yet`);
  let { ino, size } = statSync(paths.log);
  let position = Math.max(0, size - TAIL_BYTES);
  const readOn = async () => {
    const now = statSync(paths.log, { throwIfNoEntry: false });
    // Moved away, and not yet opened anew.
    if (now === undefined) return;
    if (now.ino !== ino || now.size < position) position = 0;
    ({ ino, size } = now);
    if (size === position) return;
    for await (const chunk of createReadStream(paths.log, { start: position, end: size - 1 }))
      io.stdout.write(String(chunk));
    position = size;
  };
  await readOn();
  let reading: Promise<void> = Promise.resolve();
  return new Promise((resolve, reject) => {
    // The folder: a log that is rotated is another file of the same name.
    const watcher = watch(path.dirname(paths.log), (_event, name) => {
      if (name !== path.basename(paths.log)) return;
      reading = reading.then(readOn);
      reading.catch(reject);
    });
    process.once('SIGINT', () => {
      watcher.close();
      resolve(0);
    });
  });
}

export const instance: Command = {
  name: 'instance',
  about: 'start, stop and look after an instance',
  usage,
  async run(args, io) {
    const { values, positionals } = parseOptions(
      args,
      { dir: { type: 'string', short: 'd' } },
      { stopAfter: 1 },
    );
    if (values.help) {
      io.stdout.write(usage);
      return 0;
    }
    const [name, ...rest] = positionals;
    if (name === undefined) throw usageError('a command is needed');
    const action = Object.hasOwn(actions, name) ? actions[name]! : undefined;
    if (action === undefined) {
      const known = Object.keys(actions).filter((other) => other !== 'supervise');
      throw usageError(`there is no command "${name}".${await didYouMean(name, known)}`);
    }
    return action(pathsOf(values.dir ?? '.'), rest, io);
  },
};
