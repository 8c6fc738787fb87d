/** Runs the step lists of `transaction.json`: one manager, and data managers that log what is called. */
import {
  AlreadyInTransaction,
  currentManager,
  type DataManager,
  type DataManagerSavepoint,
  DoomedTransaction,
  InvalidSavepointRollbackError,
  NoTransaction,
  type Savepoint,
  SavepointsUnsupported,
  type Synchronizer,
  type Transaction,
  TransactionFailedError,
  TransactionManager,
  TransactionUseError,
  transaction,
  TransientError,
  UnknownSynchronizer,
  withTransactionManager,
} from '../../../../src/transaction/index.ts';

type Step = readonly [operation: string, ...args: unknown[]];
export type StepResult = Record<string, unknown>;

/** An error that stands for a Python one of this name. */
class NamedError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

class NamedTransientError extends TransientError {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

const errorNamed = (name: string, message: string) =>
  name === 'TransientError' || name === 'ConflictError'
    ? new NamedTransientError(name, message)
    : new NamedError(name, message);

/** Python's name of the type of an error. */
export function typeOf(error: unknown): string {
  for (const cls of [
    AlreadyInTransaction,
    DoomedTransaction,
    InvalidSavepointRollbackError,
    NoTransaction,
    TransactionFailedError,
  ])
    if (error instanceof cls) return cls.name;
  if (error instanceof SavepointsUnsupported) return 'TypeError';
  if (error instanceof UnknownSynchronizer) return 'KeyError';
  if (error instanceof TransactionUseError) return 'ValueError';
  return error instanceof Error ? error.name : String(error);
}

interface DmOptions {
  sort_key?: string;
  fail?: Record<string, string>;
  savepoints?: boolean;
  retry?: boolean;
}

class RecordingManager implements DataManager {
  readonly name: string;
  fail: Record<string, string>;
  savepoint?: () => DataManagerSavepoint;
  shouldRetry?: () => boolean;
  readonly #key: string;
  readonly #log: string[];

  constructor(name: string, options: DmOptions, log: string[]) {
    this.name = name;
    this.fail = options.fail ?? {};
    this.#key = options.sort_key ?? name;
    this.#log = log;
    if (options.savepoints === true) {
      this.savepoint = () => {
        this.#call('savepoint');
        return { rollback: () => this.#call('rollback') };
      };
    }
    if (options.retry !== undefined) {
      this.shouldRetry = () => {
        this.#call('should_retry');
        return options.retry!;
      };
    }
  }

  #call(method: string): void {
    this.#log.push(`${this.name}.${method}`);
    this.#failAt(method);
  }

  #failAt(method: string): void {
    const error = this.fail[method];
    if (error !== undefined) throw errorNamed(error, `${this.name} ${method}`);
  }

  sortKey(): string {
    this.#failAt('sortKey');
    return this.#key;
  }

  abort = () => this.#call('abort');
  tpcBegin = () => this.#call('tpc_begin');
  commit = () => this.#call('commit');
  tpcVote = () => this.#call('tpc_vote');
  tpcFinish = () => this.#call('tpc_finish');
  tpcAbort = () => this.#call('tpc_abort');
}

class Machine {
  log: string[] = [];
  manager = new TransactionManager();
  readonly #dms = new Map<string, RecordingManager>();
  readonly #savepoints = new Map<string, Savepoint>();
  readonly #kept = new Map<string, Transaction>();
  readonly #synchronizers = new Map<string, Synchronizer>();

  #dm(name: unknown): RecordingManager {
    return this.#dms.get(String(name))!;
  }

  #join(names: unknown): void {
    for (const name of (names ?? []) as string[]) this.manager.get().join(this.#dm(name));
  }

  #addHook(kind: string, hook: (...args: never[]) => unknown, args: unknown[] = []): void {
    const transaction = this.manager.get();
    if (kind === 'before_commit') transaction.addBeforeCommitHook(hook, args);
    else if (kind === 'after_commit') transaction.addAfterCommitHook(hook, args);
    else if (kind === 'before_abort') transaction.addBeforeAbortHook(hook, args);
    else if (kind === 'after_abort') transaction.addAfterAbortHook(hook, args);
    else throw new Error(`no kind of hook: ${kind}`);
  }

  #fails(plan: unknown, attempt: number, what: string): void {
    const error = (plan as (string | null)[])[attempt];
    if (error === 'doom') this.manager.doom();
    else if (typeof error === 'string') throw errorNamed(error, what);
  }

  readonly #operations: Record<string, (...args: never[]) => unknown> = {
    manager: (explicit: boolean) => {
      this.manager = new TransactionManager({ explicit });
    },
    thread_manager: (explicit: boolean) => {
      this.manager = withTransactionManager(new TransactionManager(), currentManager);
      this.manager.explicit = explicit;
    },
    dm: (name: string, options: DmOptions = {}) => {
      this.#dms.set(name, new RecordingManager(name, options, this.log));
    },
    fail: (name: string, fail: Record<string, string>) => {
      this.#dm(name).fail = fail;
    },
    join: (...names: string[]) => this.#join(names),
    commit: () => this.manager.commit(),
    abort: () => this.manager.abort(),
    begin: () => void this.manager.begin(),
    get: () => void this.manager.get(),
    doom: () => this.manager.doom(),
    is_doomed: () => this.manager.isDoomed(),
    status: () => this.manager.get().status,
    savepoint: (name: string, optimistic = false) => {
      this.#savepoints.set(name, this.manager.savepoint(optimistic));
    },
    rollback: (name: string) => this.#savepoints.get(name)!.rollback(),
    valid: (name: string) => this.#savepoints.get(name)!.valid,
    note: (text: string) => this.manager.get().note(text),
    set_description: (text: string) => {
      this.manager.get().description = text;
    },
    set_user: (...args: [string, string?]) => this.manager.get().setUser(...args),
    user_attribute: (text: string) => {
      this.manager.get().user = text;
    },
    extended: (name: string, value: unknown) => this.manager.get().setExtendedInfo(name, value),
    metadata: () => {
      const { user, description, extension } = this.manager.get();
      return { user, description, extension: Object.fromEntries(extension) };
    },
    keep: (name: string) => void this.#kept.set(name, this.manager.get()),
    same: (name: string) => this.#kept.get(name) === this.manager.get(),
    tx: (name: string, member: 'status' | 'commit' | 'abort' | 'doom') => {
      const kept = this.#kept.get(name)!;
      return member === 'status' ? kept.status : kept[member]();
    },
    tx_join: (name: string, dm: string) => this.#kept.get(name)!.join(this.#dm(dm)),
    hook: (kind: string, name: string, args: unknown[] = [], kwargs: unknown = {}, error?: string) => {
      const hook = (...given: unknown[]) => {
        this.log.push(`hook ${name} ${pyJson([given, kwargs ?? {}])}`);
        if (error !== undefined) throw errorNamed(error, name);
      };
      this.#addHook(kind, hook, args);
    },
    hook_adds_hook: (name: string) => {
      this.#addHook('before_commit', () => {
        this.log.push(`hook ${name}`);
        this.#addHook('before_commit', () => this.log.push(`hook ${name}-second`));
      });
    },
    hook_joins: (name: string, dm: string) => {
      this.#addHook('before_commit', () => {
        this.log.push(`hook ${name}`);
        this.#join([dm]);
      });
    },
    after_hook_joins: (name: string, dm: string) => {
      this.#addHook('after_commit', (success: boolean) => {
        this.log.push(`hook ${name} ${success ? 'True' : 'False'}`);
        this.#join([dm]);
      });
    },
    sync: (name: string) => {
      const synchronizer: Synchronizer = {
        beforeCompletion: ({ status }) => this.log.push(`${name}.beforeCompletion ${status}`),
        afterCompletion: ({ status }) => this.log.push(`${name}.afterCompletion ${status}`),
        newTransaction: () => this.log.push(`${name}.newTransaction`),
      };
      this.#synchronizers.set(name, synchronizer);
      this.manager.registerSynch(synchronizer);
    },
    unsync: (name: string) => this.manager.unregisterSynch(this.#synchronizers.get(name)!),
    clear_syncs: () => this.manager.clearSynchs(),
    registered_syncs: () => this.manager.registeredSynchs(),
    is_retryable: (name: string) => this.manager.get().isRetryableError(errorNamed(name, '')),
    attempts: (number: number | null, plan: unknown, joins?: unknown) => {
      let count = 0;
      for (const attempt of this.manager.attempts(number ?? undefined)) {
        const index = count++;
        attempt.run(() => {
          this.log.push(`attempt ${index}`);
          this.#join(joins);
          this.#fails(plan, index, 'attempt');
        });
      }
      return count;
    },
    run: (tries: number, plan: unknown, name: string, doc: string | null, joins?: unknown) => {
      let count = 0;
      const descriptions: string[] = [];
      const work = () => {
        const index = count++;
        this.log.push(`call ${index}`);
        descriptions.push(this.manager.get().description);
        this.#join(joins);
        this.#fails(plan, index, 'run');
        return 'answer';
      };
      Object.defineProperty(work, 'name', { value: name });
      try {
        return this.manager.run(work, { tries, doc: doc ?? '' });
      } finally {
        this.log.push(`descriptions ${pyJson(descriptions)}`);
      }
    },
    with: (error?: string) =>
      this.manager.within(() => {
        this.log.push('body');
        this.#join(this.#dms.keys());
        if (typeof error === 'string') throw errorNamed(error, 'body');
      }),
  };

  step([operation, ...args]: Step): StepResult {
    const run = this.#operations[operation];
    if (run === undefined) throw new Error(`no such step: ${operation}`);
    const result: StepResult = {};
    try {
      result.result = run(...(args as never[])) ?? null;
    } catch (error) {
      result.error = typeOf(error);
    }
    return result;
  }
}

/** As Python's `json.dumps`. */
const pyJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(pyJson).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${pyJson(item)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
};

export async function runTransactionSteps(steps: readonly Step[]): Promise<StepResult[]> {
  const machine = new Machine();
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.name);
  process.on('warning', onWarning);
  const results: StepResult[] = [];
  try {
    for (const step of steps) {
      machine.log.length = warnings.length = 0;
      const result = machine.step(step);
      // Warnings come a tick later.
      await new Promise(setImmediate);
      if (machine.log.length > 0) result.log = [...machine.log];
      if (warnings.length > 0) result.warnings = [...new Set(warnings)];
      results.push(result);
    }
  } finally {
    process.off('warning', onWarning);
    transaction.abort();
  }
  return results;
}
