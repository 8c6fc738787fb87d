/** Classes that scripts define. */
import { chargeMemory } from './budget.ts';
import { call } from './call.ts';
import { baseExceptionType, PyError, TypeError } from './errors.ts';
import { BoundMethod, instanceType, PyFunction, PyInstance } from './objects.ts';
import { bindType, objectType, PyType, typeName } from './types.ts';

/** Python's method resolution order (C3). */
function linearize(name: string, bases: readonly PyType[]): PyType[] {
  const sequences = [...bases.map((base) => [...base.mro]), [...bases]];
  const out: PyType[] = [];
  for (;;) {
    const open = sequences.filter((s) => s.length > 0);
    if (open.length === 0) return out;
    const next = open.map((s) => s[0]!).find((head) => !open.some((s) => s.indexOf(head) > 0));
    if (next === undefined)
      throw new TypeError(
        `Cannot create a consistent method resolution order (MRO) for bases ${bases.map((base) => base.name).join(', ')}`,
      );
    out.push(next);
    for (const s of sequences) if (s[0] === next) s.shift();
    if (out.length > 1000) throw new TypeError(`${name}: too many base classes`);
  }
}

/** Exceptions with fields of their own in Python: a class has only one of them below its bases. */
const LAID_OUT = new Set(
  'OSError SyntaxError UnicodeDecodeError UnicodeEncodeError UnicodeTranslateError StopIteration SystemExit ImportError AttributeError NameError'.split(
    ' ',
  ),
);

/** The base that says what instances are made of; undefined for a class that is no exception. */
function exceptionBase(types: readonly PyType[]): PyType | undefined {
  let best: PyType | undefined;
  let layout: PyType | undefined;
  for (const type of types) {
    if (!type.isSubclassOf(baseExceptionType)) continue;
    best ??= type;
    const own = type.mro.find((base) => LAID_OUT.has(base.name));
    if (own === undefined || layout?.isSubclassOf(own) === true) continue;
    if (layout !== undefined && !own.isSubclassOf(layout))
      throw new TypeError('multiple bases have instance lay-out conflict');
    layout = own;
    best = type;
  }
  return best;
}

/** A `class` statement. Attributes of the class and its instances may be read and written by untrusted code. */
export function makeClass(name: string, bases: unknown[], members: [string, unknown][]): PyType {
  chargeMemory(2000);
  const types = bases.map((base) => {
    if (base instanceof PyType && (base.script || base.isSubclassOf(baseExceptionType))) return base;
    if (base instanceof PyType)
      throw new TypeError(`type '${base.name}' is not an acceptable base type in untrusted code`);
    throw new TypeError(`'${typeName(base)}' is no class: it cannot be a base class`);
  });
  const exception = exceptionBase(types);
  const mro = types.length === 0 ? [objectType] : linearize(name, types);
  const type =
    exception === undefined ? instanceClass(name, types, mro) : exceptionClass(name, types, mro, exception);
  for (const [key, value] of members) if (value !== undefined) type.dict.set(key, value);
  return type;
}

function instanceClass(name: string, bases: readonly PyType[], mro: PyType[]): PyType {
  const cls = class extends PyInstance {};
  const type = new PyType(name, bases.length === 0 ? [instanceType] : bases, {
    access: 'all',
    cls,
    script: true,
    mro,
  });
  bindType(type, cls, true);
  type.construct = (args, kwargs) => {
    chargeMemory(200);
    const instance = new cls();
    const init = type.lookup('__init__');
    if (init instanceof PyFunction) call(new BoundMethod(instance, init, '__init__'), args, kwargs);
    else if (args.length > 0 || (kwargs !== undefined && kwargs.size > 0))
      throw new TypeError(`${name}() takes no arguments`);
    return instance;
  };
  return type;
}

function exceptionClass(name: string, bases: readonly PyType[], mro: PyType[], base: PyType): PyType {
  const parent = base.cls as unknown as new (...args: unknown[]) => PyError;
  const cls = class extends parent {};
  const type = new PyType(name, bases, { access: 'all', cls, script: true, mro });
  bindType(type, cls, true);
  type.construct = (args, kwargs) => {
    const init = type.lookup('__init__');
    if (!(init instanceof PyFunction)) {
      if (kwargs !== undefined && kwargs.size > 0)
        throw new TypeError(`${name}() takes no keyword arguments`);
      return new cls(...args);
    }
    const error = new cls(...args);
    call(new BoundMethod(error, init, '__init__'), args, kwargs);
    return error;
  };
  return type;
}
