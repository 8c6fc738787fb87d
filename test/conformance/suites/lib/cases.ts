import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../../suite.ts';

/** The cases of some files of a suite. */
export function readCases(dir: string, suite: string, take: (file: string) => boolean): Case[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith('.json') && take(file))
    .sort()
    .flatMap((file) => {
      const { cases } = JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as { cases?: Case[] };
      return (cases ?? []).map((item) => ({ ...item, suite, file }));
    });
}
