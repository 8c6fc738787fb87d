/** A mail server of tests in a process of its own, as sending waits for it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
}

export class MailServer {
  readonly port: number;
  readonly received: Received[] = [];
  readonly #process: ChildProcess;
  #onMail: (() => void) | undefined;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.port = port;
  }

  static async start(): Promise<MailServer> {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'smtp-server.js')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout! });
    const [port] = (await once(lines, 'line')) as [string];
    const server = new MailServer(child, Number(port));
    lines.on('line', (line: string) => {
      server.received.push(JSON.parse(line) as Received);
      server.#onMail?.();
    });
    return server;
  }

  /** The mails that have arrived once there are so many. */
  async mails(count: number): Promise<readonly Received[]> {
    while (this.received.length < count)
      // oxlint-disable-next-line no-await-in-loop -- each wait is for the next mail
      await new Promise<void>((resolve) => (this.#onMail = resolve));
    return this.received;
  }

  async stop(): Promise<void> {
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}
