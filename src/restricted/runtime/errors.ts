/** Python's exceptions. `except` clauses see these classes; their messages are Python's. */
import { type Tuple, tupleFrom } from '../../pickle/index.ts';
import { bindType, boundType, objectType, PyType, typeOf } from './types.ts';

/** Where a script was when an error arose, outermost call first. */
export interface Frame {
  readonly filename: string;
  readonly line: number;
  readonly function: string;
}

let describe: (error: PyError) => string = () => '';
let framesOf: (stack: string) => Frame[] = () => [];

/** The text of an exception needs `str()` and `repr()`, which are built on this file. */
export function installDescriptions(
  text: (error: PyError) => string,
  frames: (stack: string) => Frame[],
): void {
  describe = text;
  framesOf = frames;
}

/** Frames that a stack keeps while a Python exception is made. */
const STACK_FRAMES = 60;

/** Python's `BaseException`; every Python exception is an instance. `args` are the arguments it was made with. */
export class PyError extends Error {
  args: Tuple;
  /** Attributes that a script's exception class or its handler set. */
  attributes: Map<string, unknown> | undefined;

  constructor(...args: unknown[]) {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = STACK_FRAMES;
    super();
    Error.stackTraceLimit = before;
    // Formatted lazily by V8 on first use; the own property would otherwise hide the getter.
    delete (this as { message?: string }).message;
    this.args = tupleFrom(args);
    this.attributes = undefined;
  }

  get pyType(): PyType {
    return typeOf(this);
  }

  override get name(): string {
    return this.pyType.name;
  }

  /** Python's `str()` of the exception. */
  override get message(): string {
    return describe(this);
  }

  /** The frames of scripts and expressions on the way to the error, outermost first. */
  get traceback(): Frame[] {
    return framesOf(this.stack ?? '');
  }
}

export class Exception extends PyError {}
export class ArithmeticError extends Exception {}
export class ZeroDivisionError extends ArithmeticError {}
export class OverflowError extends ArithmeticError {}
class FloatingPointError extends ArithmeticError {}
export class AssertionError extends Exception {}
export class AttributeError extends Exception {}
class BufferError extends Exception {}
class EOFError extends Exception {}
export class ImportError extends Exception {}
class ModuleNotFoundError extends ImportError {}
export class LookupError extends Exception {}
export class IndexError extends LookupError {}
export class KeyError extends LookupError {}
export class MemoryError extends Exception {}
export class NameError extends Exception {}
export class UnboundLocalError extends NameError {}
export class OSError extends Exception {}
class ReferenceError extends Exception {}
export class RuntimeError extends Exception {}
export class NotImplementedError extends RuntimeError {}
export class RecursionError extends RuntimeError {}
export class StopIteration extends Exception {}
export class PySyntaxErrorBase extends Exception {}
class IndentationError extends PySyntaxErrorBase {}
class TabError extends IndentationError {}
export class SystemError extends Exception {}
export class TypeError extends Exception {}
export class ValueError extends Exception {}
export class UnicodeError extends ValueError {}
export class UnicodeDecodeError extends UnicodeError {}
export class UnicodeEncodeError extends UnicodeError {}
class UnicodeTranslateError extends UnicodeError {}
class Warning extends Exception {}
class BytesWarning extends Warning {}
class DeprecationWarning extends Warning {}
class FutureWarning extends Warning {}
class ImportWarning extends Warning {}
class PendingDeprecationWarning extends Warning {}
class RuntimeWarning extends Warning {}
class SyntaxWarning extends Warning {}
class UnicodeWarning extends Warning {}
class UserWarning extends Warning {}
class GeneratorExit extends PyError {}
class KeyboardInterrupt extends PyError {}
class SystemExit extends PyError {}

/** Code that is no Python, or that is refused before it runs. `line` from 1, `column` from 0. */
export class PySyntaxError extends PySyntaxErrorBase {
  readonly line: number;
  readonly column: number;
  readonly filename: string;
  /** What is wrong, without the place. */
  readonly msg: string;
  /** The source line, stripped. */
  readonly text: string | undefined;

  constructor(message: string, line: number, column: number, filename = '<string>', text?: string) {
    super(message);
    this.msg = message;
    this.line = line;
    this.column = column;
    this.filename = filename;
    this.text = text;
  }
}

/** Python that is understood but refused. */
export class RefusedSyntaxError extends PySyntaxError {}

/**
 * Zope's `Unauthorized`: the current user may not reach something. With a name (a single word): the name of what was
 * asked for; with a text: the whole message.
 */
export class Unauthorized extends Exception {
  readonly value: unknown;

  constructor(nameOrMessage?: string | null, value?: unknown) {
    super(
      ...(value !== undefined
        ? [nameOrMessage ?? null, value]
        : nameOrMessage === undefined || nameOrMessage === null
          ? []
          : [nameOrMessage]),
    );
    this.value = value;
  }
}

/** An error of the host that passes through a script. Handlers see a plain `Exception`; `cause` is the original. */
export class HostError extends Exception {
  constructor(cause: unknown) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause));
    this.cause = cause;
  }
}

type ForeignClass = abstract new (...args: never[]) => Error;
const foreign = new WeakMap<object, new (...args: unknown[]) => PyError>();

/**
 * Lets scripts catch an error class of a room that knows no Python as a Python exception of that name: below the exception of its
 * base class, or below `base`.
 */
export function registerForeignError(
  cls: ForeignClass,
  name: string,
  base?: new (...args: never[]) => PyError,
): PyType {
  const parent =
    base ?? foreign.get((Object.getPrototypeOf(cls) as { prototype: object }).prototype) ?? Exception;
  const mapped = class extends (parent as new (...args: unknown[]) => PyError) {};
  foreign.set(cls.prototype as object, mapped);
  return registerException(mapped, name);
}

/** The Python exception for an error of the host, whose `cause` it keeps. */
export function foreignError(error: unknown): PyError {
  for (
    let at: object | null = error instanceof Error ? error : null;
    at !== null;
    at = Object.getPrototypeOf(at)
  ) {
    const mapped = foreign.get(at);
    if (mapped === undefined) continue;
    const made = new mapped((error as Error).message);
    made.cause = error;
    return made;
  }
  return new HostError(error);
}

const EXCEPTION_CLASSES = {
  BaseException: PyError,
  Exception,
  ArithmeticError,
  ZeroDivisionError,
  OverflowError,
  FloatingPointError,
  AssertionError,
  AttributeError,
  BufferError,
  EOFError,
  ImportError,
  ModuleNotFoundError,
  LookupError,
  IndexError,
  KeyError,
  MemoryError,
  NameError,
  UnboundLocalError,
  OSError,
  ReferenceError,
  RuntimeError,
  NotImplementedError,
  RecursionError,
  StopIteration,
  SyntaxError: PySyntaxErrorBase,
  IndentationError,
  TabError,
  SystemError,
  TypeError,
  ValueError,
  UnicodeError,
  UnicodeDecodeError,
  UnicodeEncodeError,
  UnicodeTranslateError,
  Warning,
  BytesWarning,
  DeprecationWarning,
  FutureWarning,
  ImportWarning,
  PendingDeprecationWarning,
  RuntimeWarning,
  SyntaxWarning,
  UnicodeWarning,
  UserWarning,
  GeneratorExit,
  KeyboardInterrupt,
  SystemExit,
} as const;

type ErrorClass = new (...args: never[]) => PyError;

/** Makes a host class of errors a Python exception class under `name`. Its base class must be one already. */
export function registerException(cls: ErrorClass, name: string = cls.name): PyType {
  const parent = Object.getPrototypeOf(cls) as ErrorClass;
  const base = (parent as unknown) === Error ? objectType : boundType(parent);
  if (base === undefined) throw new Error(`${parent.name} is not registered as a Python exception`);
  const type = new PyType(name, [base], { cls, access: 'none' });
  type.construct = (args, kwargs) => {
    if (kwargs !== undefined && kwargs.size > 0) throw new TypeError(`${name}() takes no keyword arguments`);
    return new (cls as new (...a: unknown[]) => PyError)(...args);
  };
  return bindType(type, cls);
}

/** Python's name of each built-in exception, with its type. */
export const exceptionTypes = new Map<string, PyType>();
for (const [name, cls] of Object.entries(EXCEPTION_CLASSES))
  exceptionTypes.set(name, registerException(cls, name));
for (const alias of ['IOError', 'EnvironmentError'])
  exceptionTypes.set(alias, exceptionTypes.get('OSError')!);
registerException(PySyntaxError, 'SyntaxError');
registerException(Unauthorized, 'Unauthorized');
const hostErrorType = registerException(HostError, 'Exception');
hostErrorType.construct = undefined;

export const baseExceptionType = exceptionTypes.get('BaseException')!;

// What JavaScript's own built-ins throw: Python's counterparts.
registerForeignError(globalThis.TypeError, 'TypeError', TypeError);
registerForeignError(globalThis.RangeError, 'ValueError', ValueError);
