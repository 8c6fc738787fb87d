/** Built-in functions of scripts. */
import { TypeError } from './errors.ts';
import { HostCallable } from './objects.ts';
import { bindType, builtinFunctionType, BuiltinMethod } from './types.ts';

/** A built-in function with positional arguments; `call(undefined, …)`. */
export class BuiltinFunction extends HostCallable {
  readonly min: number;
  readonly max: number;
  readonly direct: (...args: unknown[]) => unknown;

  /** `module` is what messages about one argument name before the function. */
  constructor(name: string, params: string, direct: (...args: unknown[]) => unknown, module = '') {
    const method = new BuiltinMethod(name, params, (_self: unknown, ...args: unknown[]) => direct(...args));
    super(name, (args, kwargs) => {
      let slots = args;
      if (kwargs !== undefined && kwargs.size > 0) {
        slots = [...args];
        for (const [key, value] of kwargs) {
          const at = method.params.indexOf(key);
          if (at === -1)
            throw new TypeError(
              method.params.length === 0 || !params.includes('=')
                ? `${name}() takes no keyword arguments`
                : `'${key}' is an invalid keyword argument for ${name}()`,
            );
          while (slots.length < at) slots.push(undefined);
          slots[at] = value;
        }
      }
      if (slots.length < method.min || slots.length > method.max)
        throw wrongCount(method, slots.length, module);
      return direct(...slots);
    });
    this.min = method.min;
    this.max = method.max;
    this.direct = direct;
  }
}

function wrongCount({ name, min, max }: BuiltinMethod, given: number, module: string): TypeError {
  if (min === max && min === 1)
    return new TypeError(`${module}${name}() takes exactly one argument (${given} given)`);
  const few = given < min;
  const n = few ? min : max;
  return new TypeError(
    `${name} expected ${min === max ? '' : few ? 'at least ' : 'at most '}${n} argument${n === 1 ? '' : 's'}, got ${given}`,
  );
}

bindType(builtinFunctionType, BuiltinFunction);

/** A built-in function with its name, as an entry of a table; `module` is as for the class. */
export function builtinEntry(
  name: string,
  params: string,
  direct: (...args: never[]) => unknown,
  module = '',
): [string, unknown] {
  return [name, new BuiltinFunction(name, params, direct as (...args: unknown[]) => unknown, module)];
}
