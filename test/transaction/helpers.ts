import type { DataManager, DataManagerSavepoint } from '../../src/transaction/index.ts';

/** A data manager that notes what is called, and fails where it is told to. */
export class Recorder implements DataManager {
  readonly name: string;
  readonly calls: string[];
  readonly failing: Partial<Record<string, Error>>;
  savepoint?: () => DataManagerSavepoint;

  constructor(
    name: string,
    calls: string[],
    failing: Partial<Record<string, Error>> = {},
    savepoints = true,
  ) {
    this.name = name;
    this.calls = calls;
    this.failing = failing;
    if (savepoints) {
      this.savepoint = () => {
        this.#note('savepoint');
        return { rollback: () => this.#note('rollback') };
      };
    }
  }

  #note(method: string): void {
    this.calls.push(`${this.name}.${method}`);
    const error = this.failing[method];
    if (error !== undefined) throw error;
  }

  sortKey = (): string => this.name;
  abort = (): void => this.#note('abort');
  tpcBegin = (): void => this.#note('tpcBegin');
  commit = (): void => this.#note('commit');
  tpcVote = (): void => this.#note('tpcVote');
  tpcFinish = (): void => this.#note('tpcFinish');
  tpcAbort = (): void => this.#note('tpcAbort');
}
