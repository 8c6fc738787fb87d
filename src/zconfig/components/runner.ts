/** `<runner>`: how a process is kept running (INVENTORY C-081). */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { expandUser } from '../datatypes.ts';
import { ValueRefused } from '../errors.ts';
import { key, section } from '../items.ts';
import { integer } from '../numbers.ts';
import { quoted, strip, withAsciiDigits } from '../python-text.ts';
import type { SectionTypeDefinition } from '../schema.ts';

const isFolder = (name: string) => existsSync(name) && statSync(name).isDirectory();

/** A path whose folder's folder is there: the folder itself may be made. */
function parentDirpath(text: string): string {
  const name = expandUser(text);
  const folder = name.includes('/') ? path.dirname(name) : '';
  const parent = folder.includes('/') ? path.dirname(folder) : '';
  if (parent !== '' && !isFolder(parent))
    throw new ValueRefused(`The directory named as part of the path ${text} does not exist.`);
  return name;
}

/** A folder, or the name of one in a folder that is there. */
function parentDirectory(text: string): string {
  const name = expandUser(text);
  if (!isFolder(name) && !(name.includes('/') && isFolder(path.dirname(name))))
    throw new ValueRefused(`${text} is not an existing directory`);
  return name;
}

const integers = (text: string) => (text === '' ? [] : text.split(',').map((part) => Number(integer(part))));

function octal(text: string): number {
  const match = /^([-+]?)(?:0o_?)?([0-7]+(?:_[0-7]+)*)$/i.exec(withAsciiDigits(strip(text)));
  if (match === null) throw new ValueRefused(`invalid literal for int() with base 8: ${quoted(text)}`);
  const [, sign, digits] = match;
  return Number.parseInt(`${sign}${digits!.replaceAll('_', '')}`, 8) + 0;
}

export const RUNNER: SectionTypeDefinition = {
  name: 'runner',
  about: 'how a process is kept running',
  items: [
    section('ZConfig.logger.log', 'eventlog', 'what the runner logs'),
    key('program', 'string-list', 'the command', { required: true }),
    key('python', 'existing-path', "Python's program"),
    key('zdrun', 'existing-path', "the runner's program"),
    key('socket-name', parentDirpath, 'socket for commands', { default: 'zdsock' }),
    key('daemon', 'boolean', 'run in the background', { default: 'on' }),
    key('directory', parentDirectory, 'folder in which it runs'),
    key('backoff-limit', 'integer', 'longest delay before it is started again', { default: '10' }),
    key('forever', 'boolean', 'never give up', { default: 'false' }),
    key('exit-codes', integers, 'exit codes after which it is not started again', { default: '0,2' }),
    key('start-test-program', 'string-list', 'command that tells whether it runs'),
    key('start-timeout', 'integer', 'seconds until it must run', { default: '300' }),
    key('stop-timeout', 'integer', 'seconds until it must have ended', { default: '300' }),
    key('user', 'string', 'account under which it runs'),
    key('umask', octal, 'permissions that new files lack', { default: '022' }),
    key('hang-around', 'boolean', 'the runner stays when the process has ended', { default: 'false' }),
    key('default-to-interactive', 'boolean', 'ask for commands', { default: 'true' }),
    key('logfile', 'existing-dirpath', 'file that is shown by the command logtail'),
    key('transcript', 'existing-dirpath', 'file for its output'),
    key('prompt', 'string', 'prompt for commands'),
  ],
};
