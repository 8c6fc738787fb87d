/** Processes that tests of crashes kill. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** When a child is killed: at most so many milliseconds after it has said this. */
export interface Moment {
  readonly said: RegExp;
  readonly within: number;
}

/** Runs a script until it is killed; gives the whole lines that it has printed. Rejects when it ends by itself. */
export function linesUntilKilled(
  script: URL,
  args: readonly string[],
  { said, within }: Moment,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const file = fileURLToPath(script);
    const child = spawn(process.execPath, ['--import', './scripts/register-ts.js', file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (said.test(output)) timer ??= setTimeout(() => child.kill('SIGKILL'), Math.random() * within);
    });
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(output.split('\n').slice(0, -1));
      else reject(new Error(`${file} ended by itself: ${errors}`));
    });
  });
}
