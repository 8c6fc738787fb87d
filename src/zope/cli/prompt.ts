/** Questions on a terminal, and their answers from a pipe. */
import { createInterface, type Interface } from 'node:readline';
import type { CommandIo } from './command-line.ts';
import { usageError } from './command-line.ts';

export class Prompter {
  readonly #io: CommandIo;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;
  #hidden = false;

  constructor(io: CommandIo) {
    this.#io = io;
    const terminal = io.stdin.isTTY === true;
    this.#interface = createInterface({
      input: io.stdin,
      output: terminal ? process.stdout : undefined,
      terminal,
    });
    if (terminal) {
      // A password is typed without being shown.
      const shown = this.#interface as unknown as { _writeToOutput(text: string): void };
      const write = shown._writeToOutput.bind(shown);
      shown._writeToOutput = (text) => {
        if (!this.#hidden) write(text);
      };
    }
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  async ask(question: string): Promise<string> {
    this.#io.stdout.write(question);
    return (await this.#next()).trim();
  }

  async askPassword(question: string): Promise<string> {
    this.#io.stderr.write(question);
    this.#hidden = true;
    try {
      return await this.#next();
    } finally {
      this.#hidden = false;
      this.#io.stderr.write('\n');
    }
  }

  async #next(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw usageError('the answers ended before all questions were answered');
    return value;
  }

  close(): void {
    this.#interface.close();
  }
}
