/** Who acts, and through which code: the security context of the running request (INVENTORY S-025 to S-033). */
import { AsyncLocalStorage } from 'node:async_hooks';
import { getSecurityPolicy } from '../restricted/index.ts';
import { nobody } from './special-users.ts';
import type { User } from './user.ts';

/** Code that runs on somebody's behalf: a script or template with an owner and perhaps proxy roles. */
export interface Executable {
  /** The user who owns the code; null when nobody does or ownership does not limit it. */
  getOwner(): User | null;
  /** The owner wrapped in his user folder. */
  getWrappedOwner(): User | null;
  readonly _proxy_roles?: readonly string[];
}

/** How many scripts may call each other (INVENTORY S-031), from Python's environment variable. */
const MAX_STACK = maxStack(process.env.Z_MAX_STACK_SIZE ?? '100');

function maxStack(text: string): number {
  if (!/^\d+$/.test(text))
    throw new RangeError(`Z_MAX_STACK_SIZE: ${JSON.stringify(text)} is no whole number`);
  return Number(text);
}

/** The user of a request, the code that acts for him, innermost last, and what the policy in force allows them. */
export class SecurityManager {
  #user: User;
  readonly stack: Executable[] = [];

  constructor(user: User) {
    this.#user = user;
  }

  getUser(): User {
    return this.#user;
  }

  setUser(user: User): void {
    this.#user = user;
  }

  addContext(executable: Executable): void {
    if (this.stack.length >= MAX_STACK) {
      throw new Error(`Excessive recursion: more than ${MAX_STACK} scripts call each other`);
    }
    this.stack.push(executable);
  }

  removeContext(executable: Executable): void {
    const index = this.stack.lastIndexOf(executable);
    if (index >= 0) this.stack.length = index;
  }

  calledByExecutable(): boolean {
    return this.stack.length > 0;
  }

  checkPermission(permission: string, object: unknown): boolean {
    return getSecurityPolicy().checkPermission(permission, object);
  }

  validate(
    accessed: unknown,
    container: unknown,
    name: string | number | undefined,
    value: unknown,
  ): boolean {
    return getSecurityPolicy().validate(accessed, container, name, value);
  }
}

// Synchronous code runs with `active`; only what awaits pays for an async context.
let active: SecurityManager | undefined;
const contexts = new AsyncLocalStorage<SecurityManager>();

/** The security manager of the running request; outside of one a new one for the anonymous user. */
export function getSecurityManager(): SecurityManager {
  return active ?? contexts.getStore() ?? new SecurityManager(nobody);
}

/** Runs synchronous code under a security manager. */
export function withSecurityManager<T>(manager: SecurityManager, run: () => T): T {
  const before = active;
  active = manager;
  try {
    return run();
  } finally {
    active = before;
  }
}

/** Runs asynchronous code under a security manager. */
export function withSecurityManagerAsync<T>(manager: SecurityManager, run: () => Promise<T>): Promise<T> {
  const before = active;
  active = undefined;
  try {
    return contexts.run(manager, run);
  } finally {
    active = before;
  }
}
