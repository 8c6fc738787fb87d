/** `try`, `except`, `raise` and `with` of scripts. */
import { isTransient } from '../../transaction/index.ts';
import { BudgetError, meter, tooLarge, undeclared } from './budget.ts';
import { call } from './call.ts';
import { operatorsOf, truth } from './compare.ts';
import {
  AssertionError,
  baseExceptionType,
  foreignError,
  PyError,
  RecursionError,
  RuntimeError,
  TypeError,
} from './errors.ts';
import { PyType, typeName } from './types.ts';

/** What was caught, as a Python exception. Running out of budget and conflicts of transactions pass every handler. */
export function caught(error: unknown): PyError {
  if (meter.budget?.spent !== undefined) throw meter.budget.spent;
  if (error instanceof PyError) return error;
  if (error instanceof BudgetError || isTransient(error)) throw error;
  if (error instanceof globalThis.RangeError && /call stack/i.test(error.message))
    return new RecursionError('maximum recursion depth exceeded');
  const large = tooLarge(error);
  if (large !== undefined) return large;
  return foreignError(error instanceof globalThis.ReferenceError ? undeclared(error) : error);
}

export function handling(error: PyError): PyError | undefined {
  const before = meter.handled as PyError | undefined;
  meter.handled = error;
  return before;
}

export function leave(before: PyError | undefined): void {
  meter.handled = before;
}

/** `raise` without an exception. */
export function reraise(): unknown {
  const error = meter.handled as PyError | undefined;
  if (error === undefined) return new RuntimeError('No active exception to reraise');
  return original(error);
}

/** An error of the host goes on as itself. */
function original(error: PyError): unknown {
  return error.cause instanceof Error && !(error.cause instanceof PyError) ? error.cause : error;
}

/** What `raise value` throws. */
export function raise(value: unknown, cause?: unknown): unknown {
  const error = exceptionOf(value, 'exceptions must derive from BaseException');
  if (cause !== undefined && cause !== null)
    error.cause = exceptionOf(cause, 'exception causes must derive from BaseException');
  return original(error);
}

function exceptionOf(value: unknown, message: string): PyError {
  if (value instanceof PyError) return value;
  if (value instanceof PyType && value.isSubclassOf(baseExceptionType)) {
    const made = call(value, []);
    if (made instanceof PyError) return made;
  }
  throw new TypeError(message);
}

export function assertFailed(message?: unknown): PyError {
  return message === undefined ? new AssertionError() : new AssertionError(message);
}

/** `with manager`: only objects of the host are context managers, for no script can define the methods. */
export function enter(manager: unknown): unknown {
  const own = operatorsOf(manager);
  if (own.enter === undefined || own.exit === undefined)
    throw new TypeError(`'${typeName(manager)}' object does not support the context manager protocol`);
  return own.enter(manager) ?? null;
}

export function exit(manager: unknown, error?: PyError): boolean {
  return truth(operatorsOf(manager).exit!(manager, error) ?? false);
}
