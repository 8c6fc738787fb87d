/**
 * What guarded code may spend: loop steps, recursion, allocation, wall time. Running out throws a `BudgetError`, which no
 * script can catch: handlers rethrow it and `finally` blocks throw it again.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Frame, MemoryError, NameError, RecursionError } from './errors.ts';
import { framesOf } from './frames.ts';

export type BudgetCode = 'BUDGET_STEPS' | 'BUDGET_TIME' | 'BUDGET_MEMORY';

/** Guarded code used up what it was given. `resource` and `limit` say what of. */
export class BudgetError extends Error {
  readonly code: BudgetCode;
  readonly limit: number;

  constructor(code: BudgetCode, limit: number) {
    const before = Error.stackTraceLimit;
    // Far down in nested values the script is a long way up.
    Error.stackTraceLimit = 5000;
    super(`${MESSAGES[code]} (limit: ${limit}${UNITS[code]})`);
    Error.stackTraceLimit = before;
    this.name = 'BudgetError';
    this.code = code;
    this.limit = limit;
  }

  /** Places in templates on the way, innermost first. */
  readonly places: Frame[] = [];

  /** The places of templates and frames of scripts, outermost first: where the budget ran out. */
  get traceback(): Frame[] {
    return [...this.places.toReversed(), ...framesOf(this.stack ?? '')];
  }
}

const MESSAGES: Record<BudgetCode, string> = {
  BUDGET_STEPS: 'script takes too many steps',
  BUDGET_TIME: 'script takes too long',
  BUDGET_MEMORY: 'script needs too much memory',
};
const UNITS: Record<BudgetCode, string> = { BUDGET_STEPS: '', BUDGET_TIME: ' ms', BUDGET_MEMORY: ' bytes' };

export interface BudgetLimits {
  /** Loop iterations, calls and elements handled by built-in functions. */
  readonly steps: number;
  /** Nested calls of script functions; beyond it Python's `RecursionError` (which a script may catch). */
  readonly depth: number;
  /** Bytes allocated, counted when they are made and never given back. */
  readonly memory: number;
  /** Milliseconds of wall time from the first guarded call on. */
  readonly time: number;
}

export const DEFAULT_LIMITS: BudgetLimits = {
  steps: 100_000_000,
  depth: 500,
  memory: 512 * 1024 * 1024,
  time: 30_000,
};

/** Steps between two looks at the clock, at most: fewer at first, and where steps turn out to take long. */
const SLICE = 512;
const FIRST_SLICE = 64;
const LEAST_SLICE = 1;
/** Bytes that count as a step. */
const PAGE = 1024;
/** Milliseconds that a slice should take at most. */
const SLICE_TIME = 8;

let standard: BudgetLimits = DEFAULT_LIMITS;
let current: () => Budget | undefined = () => undefined;

/** Sets the limits of budgets that are made from now on. */
export function setDefaultLimits(limits: Partial<BudgetLimits>): void {
  standard = { ...DEFAULT_LIMITS, ...limits };
}

/** Tells where the budget of the current request is; asked when guarded code is entered from outside. */
export function setBudgetSource(source: () => Budget | undefined): void {
  current = source;
}

/** The budget of one request; every expression and script of the request draws on it. */
export class Budget {
  readonly limits: BudgetLimits;
  steps: number;
  /** Steps left until the clock is looked at, of how many, and when it was looked at last. */
  slice: number;
  sliceSize = FIRST_SLICE;
  checked = 0;
  memory: number;
  /** When the time is over, on `performance.now()`'s clock; undefined before the first guarded call. */
  deadline: number | undefined;
  /** Set once something ran out: everything that follows is refused. */
  spent: BudgetError | undefined;

  constructor(limits?: Partial<BudgetLimits>) {
    this.limits = limits === undefined ? standard : { ...standard, ...limits };
    this.slice = Math.min(FIRST_SLICE, this.limits.steps);
    this.steps = this.limits.steps - this.slice;
    this.memory = this.limits.memory;
  }
}

/**
 * The counters that compiled code works on: one object for the thread, because a field of a constant object is the
 * cheapest thing to count in. Loaded from the budget when guarded code is entered from outside, written back on leaving.
 */
export const meter = {
  /** Steps left until the clock is looked at. */
  steps: 0,
  memory: 0,
  depth: 0,
  maxDepth: DEFAULT_LIMITS.depth,
  budget: undefined as Budget | undefined,
  /** The exception that is being handled. */
  handled: undefined as Error | undefined,
};

const store = new AsyncLocalStorage<Budget>();
/** Asking the async store costs as much as a small script, so it is asked only once somebody has put a budget there. */
let stored = false;

/** Runs `fn` (and what it awaits) with this budget. */
export function withBudget<T>(budget: Budget, fn: () => T): T {
  stored = true;
  return store.run(budget, fn);
}

/** The budget of the current request; undefined outside of `withBudget`. */
export function currentBudget(): Budget | undefined {
  return meter.budget ?? store.getStore() ?? current();
}

/**
 * Runs guarded code. Called from inside guarded code it only calls `fn`. Without a budget of the request the call gets
 * one of its own with the default limits.
 */
export function guardedRun<T>(fn: () => T): T {
  if (meter.budget !== undefined) return fn();
  const budget = (stored ? store.getStore() : undefined) ?? current() ?? new Budget();
  enter(budget);
  try {
    return fn();
  } catch (error) {
    // Deep recursion in built-in functions ends at V8's own limit.
    if (error instanceof RangeError && /call stack/.test(error.message))
      throw new RecursionError('maximum recursion depth exceeded');
    if (error instanceof ReferenceError) throw undeclared(error);
    throw tooLarge(error) ?? error;
  } finally {
    leave(budget);
  }
}

/** Messages of V8 and of the database about values that are too large. */
const TOO_LARGE = /too large for a dict key|^Invalid string length/;

/** An error of the host about the size of a value, as Python has it. */
export function tooLarge(error: unknown): MemoryError | undefined {
  return error instanceof RangeError && TOO_LARGE.test(error.message)
    ? new MemoryError(error.message)
    : undefined;
}

/** How many calls of scripts are open: what catches their errors itself goes on from there. */
export function callDepth(): number {
  return meter.depth;
}

export function restoreCallDepth(depth: number): void {
  meter.depth = depth;
}

/** A variable of a script in TypeScript that is used before its declaration, by the name that it has there. */
export function undeclared(error: Error): Error {
  return /\$\d+'/.test(error.message) ? new NameError(error.message.replace(/\$\d+'/, "'")) : error;
}

function enter(budget: Budget): void {
  if (budget.spent !== undefined) throw budget.spent;
  budget.deadline ??= performance.now() + budget.limits.time;
  meter.budget = budget;
  meter.steps = budget.slice;
  meter.memory = budget.memory;
  meter.depth = 0;
  meter.maxDepth = budget.limits.depth;
}

function leave(budget: Budget): void {
  budget.slice = Math.max(0, meter.steps);
  budget.memory = meter.memory;
  meter.budget = undefined;
  meter.steps = 0;
  // A generator that was left in a handler keeps its exception: it is nothing to the next request.
  meter.handled = undefined;
}

/** A slice of steps is used up: look at the clock and take the next one. */
export function refill(): void {
  const budget = meter.budget;
  // Python values handled by trusted code outside of any request are not metered.
  if (budget === undefined) {
    meter.steps = SLICE;
    return;
  }
  if (budget.spent !== undefined) throw budget.spent;
  budget.steps += meter.steps;
  const now = performance.now();
  const took = now - budget.checked;
  budget.checked = now;
  if (took > SLICE_TIME) budget.sliceSize = Math.max(LEAST_SLICE, budget.sliceSize >>> 2);
  else if (took < SLICE_TIME / 2) budget.sliceSize = Math.min(SLICE, budget.sliceSize * 2);
  if (now > budget.deadline!) throw spend('BUDGET_TIME', budget.limits.time);
  if (budget.steps <= 0) throw spend('BUDGET_STEPS', budget.limits.steps);
  meter.steps = Math.min(budget.sliceSize, budget.steps);
  budget.steps -= meter.steps;
}

function spend(code: BudgetCode, limit: number): BudgetError {
  const error = new BudgetError(code, limit);
  if (meter.budget !== undefined) {
    meter.budget.spent = error;
    meter.steps = -1;
  }
  return error;
}

/** Counts `n` steps of a built-in function. */
export function chargeSteps(n: number): void {
  if ((meter.steps -= n) < 0) refill();
}

/** Counts an allocation that is about to be made. Outside of guarded code only absurd sizes are refused. */
export function chargeMemory(bytes: number): void {
  if (meter.budget === undefined) {
    if (bytes > DEFAULT_LIMITS.memory) throw new BudgetError('BUDGET_MEMORY', DEFAULT_LIMITS.memory);
    return;
  }
  if ((meter.memory -= bytes) < 0) outOfMemory();
  // What is allocated is also filled: many large pieces take time without a loop of the script.
  if (bytes >= PAGE && (meter.steps -= Math.floor(bytes / PAGE)) < 0) refill();
}

/** Counts a look at `units` characters of texts, which V8 compares or copies in one go. */
export function chargeText(units: number): void {
  if (units >= PAGE && (meter.steps -= Math.floor(units / PAGE)) < 0) refill();
}

function outOfMemory(): never {
  throw spend('BUDGET_MEMORY', meter.budget!.limits.memory);
}

/** Counts a list, tuple or other container of `n` items that is about to be made. */
export function chargeItems(n: number): void {
  chargeMemory(16 + n * 8);
  if ((meter.steps -= n >>> 2) < 0) refill();
}

/** First thing in every `finally` of a script: after running out nothing of it may run. */
export function alive(): void {
  if (meter.budget?.spent !== undefined) throw meter.budget.spent;
}
