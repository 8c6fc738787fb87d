/** Runs commands in this process, and tells what they said. */
import { PassThrough, Readable } from 'node:stream';
import { run } from '../../src/zope/cli/main.ts';

export interface Said {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command; `undefined` is the umbrella `zope`. */
export async function command(
  name: string | undefined,
  args: readonly string[],
  options: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const stream = (key: 'stdout' | 'stderr') => ({ write: (text: string) => (said[key] += text) });
  const exit = await run(name, [...args], {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: options.stdin === undefined ? new PassThrough() : Readable.from([options.stdin]),
    env: options.env ?? {},
  });
  return { exit, ...said };
}
