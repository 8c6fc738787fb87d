/** Functions of scripts, and what scripts find as `Math`, `Object` and the like. */
import type { Dict } from '../../pickle/index.ts';
import { chargeMemory, chargeSteps, meter } from '../runtime/budget.ts';
import { guardedCall, isCallable } from '../runtime/call.ts';
import { RecursionError, TypeError } from '../runtime/errors.ts';
import { HostCallable } from '../runtime/objects.ts';
import { typeName } from '../runtime/types.ts';

export type Code = (...args: unknown[]) => unknown;

/** A function of a script. The database and Python have no `undefined`: for them the result is `None`. */
export class ScriptFunction extends HostCallable {
  readonly code: Code;

  constructor(name: string, code: Code) {
    super(name, (args, kwargs) => {
      if (kwargs !== undefined && kwargs.size > 0)
        throw new TypeError(`${name}() takes no keyword arguments`);
      return run(code, args) ?? null;
    });
    this.code = code;
  }
}

/** What a script can call, read members of, and make with `new`; its members are functions and constants. */
export class Offered extends HostCallable {
  readonly members: ReadonlyMap<string, unknown>;
  readonly make: ((args: unknown[]) => unknown) | undefined;
  /** Whether a value counts as an instance. */
  readonly holds: ((v: unknown) => boolean) | undefined;

  constructor(
    name: string,
    options: {
      members?: Readonly<Record<string, unknown>>;
      call?: (args: unknown[]) => unknown;
      make?: (args: unknown[]) => unknown;
      holds?: (v: unknown) => boolean;
    },
  ) {
    super(name, (args) => {
      if (options.call === undefined) throw new TypeError(`${name} is no function`);
      return options.call(args);
    });
    this.members = new Map(Object.entries(options.members ?? {}));
    this.make = options.make;
    this.holds = options.holds;
  }
}

/** Named arguments for a method of an object of the site: the last argument of a call. */
export class Keywords {
  readonly values: Dict<string, unknown>;

  constructor(values: Dict<string, unknown>) {
    this.values = values;
  }
}

/** More would not fit on the stack. */
const MOST_ARGUMENTS = 20_000;

function tooDeep(): never {
  throw new RecursionError('maximum recursion depth exceeded');
}

/** Errors leave the depth to the handler that catches them. */
function run(code: Code, args: unknown[]): unknown {
  if (--meter.steps < 0) chargeSteps(0);
  if (++meter.depth > meter.maxDepth) tooDeep();
  if (args.length > MOST_ARGUMENTS) throw new TypeError(`more than ${MOST_ARGUMENTS} arguments`);
  const result = code(...args);
  meter.depth--;
  return result;
}

export function call0(fn: unknown): unknown {
  return call(fn, []);
}

export function call1(fn: unknown, a: unknown): unknown {
  if (!(fn instanceof ScriptFunction)) return call(fn, [a]);
  if (--meter.steps < 0) chargeSteps(0);
  if (++meter.depth > meter.maxDepth) tooDeep();
  const result = fn.code(a);
  meter.depth--;
  return result;
}

export function call2(fn: unknown, a: unknown, b: unknown): unknown {
  if (!(fn instanceof ScriptFunction)) return call(fn, [a, b]);
  if (--meter.steps < 0) chargeSteps(0);
  if (++meter.depth > meter.maxDepth) tooDeep();
  const result = fn.code(a, b);
  meter.depth--;
  return result;
}

/** Calls any value. */
export function call(fn: unknown, args: unknown[]): unknown {
  if (fn instanceof ScriptFunction) return run(fn.code, args);
  if (fn === undefined) throw new TypeError('undefined is not a function');
  const last = args.at(-1);
  return last instanceof Keywords ? guardedCall(fn, args.slice(0, -1), last.values) : guardedCall(fn, args);
}

/** Calls a callback of a built-in function. */
export function callback(fn: unknown, a: unknown, b: unknown, c: unknown): unknown {
  if (!(fn instanceof ScriptFunction)) return call(fn, fn instanceof Offered ? [a] : [a, b, c]);
  if (--meter.steps < 0) chargeSteps(0);
  if (++meter.depth > meter.maxDepth) tooDeep();
  const result = fn.code(a, b, c);
  meter.depth--;
  return result;
}

export function checkCallback(fn: unknown): void {
  if (!isCallable(fn)) throw new TypeError(`${typeName(fn ?? null)} is not a function`);
}

export function makeFunction(name: string, code: Code): ScriptFunction {
  chargeMemory(128);
  return new ScriptFunction(name, code);
}

/** What may stand in a list or dict: they know no `undefined`. */
export function stored(v: unknown): unknown {
  return v === undefined ? null : v;
}
