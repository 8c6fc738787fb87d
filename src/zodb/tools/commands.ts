/** The commands of `zope db`, with Python's names of them as aliases. */
import { analyze } from './analyze.ts';
import { backup } from './backup.ts';
import type { DbCommand } from './command.ts';
import { convert } from './convert.ts';
import { dump } from './dump.ts';
import { exportCommand, importCommand } from './export-import.ts';
import { inspect } from './inspect.ts';
import { oids } from './oids.ts';
import { pack } from './pack.ts';
import { recover } from './recover.ts';
import { refs } from './refs.ts';
import { repozo } from './repozo.ts';
import { restore } from './restore.ts';
import { tail } from './tail.ts';
import { test } from './test.ts';

export const dbCommands: Readonly<Record<string, DbCommand>> = {
  analyze,
  backup,
  convert,
  dump,
  export: exportCommand,
  import: importCommand,
  inspect,
  oids,
  pack,
  recover,
  refs,
  restore,
  tail,
  test,
  fsdump: dump,
  fsoids: oids,
  fsrecover: recover,
  fsrefs: refs,
  fstail: tail,
  fstest: test,
  repozo,
};
