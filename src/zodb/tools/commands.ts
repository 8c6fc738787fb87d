/** The commands of `zope db`, with Python's names of them as aliases, which tell what they do in Python's own lines. */
import { analyze } from './analyze.ts';
import { backup } from './backup.ts';
import type { DbCommand } from './command.ts';
import { convert } from './convert.ts';
import { dump } from './dump.ts';
import { exportCommand, importCommand } from './export-import.ts';
import { inspect } from './inspect.ts';
import { fsoids, oids } from './oids.ts';
import { pack } from './pack.ts';
import { fsrecover, recover } from './recover.ts';
import { fsrefs, refs } from './refs.ts';
import { repozo } from './repozo.ts';
import { restore } from './restore.ts';
import { tail } from './tail.ts';
import { fstest, test } from './test.ts';

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
  fsoids,
  fsrecover,
  fsrefs,
  fstail: tail,
  fstest,
  repozo,
};
