/** The modules in an instance's folder `Extensions`, whose functions External Methods call. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { getLogger } from '@logtape/logtape';
import { parseExpressionAt } from 'acorn';
import { importSource } from '../../paste/index.ts';
import { NotFound } from '../../publisher/index.ts';
import { RuntimeError } from '../../restricted/index.ts';

const logger = getLogger(['Zope', 'ExternalMethod']);
const MODULE = /^([\w-]+)\.(?:ts|mts|js|mjs|cjs)$/;

export type ExternalFunction = (...args: unknown[]) => unknown;

interface Extension {
  readonly file: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  /** What importing it threw. */
  readonly failure?: unknown;
}

let folder = '';
let modules = new Map<string, Extension>();

/** Imports what is in the folder `Extensions` of an instance. A module that fails is logged, and fails whoever calls it. */
export async function loadExtensions(instanceHome: string): Promise<void> {
  folder = path.join(instanceHome, 'Extensions');
  modules = new Map();
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder).sort()) {
    const name = MODULE.exec(entry)?.[1];
    if (name === undefined || entry.endsWith('.d.ts')) continue;
    const file = path.join(folder, entry);
    const before = modules.get(name);
    if (before !== undefined) {
      logger.warn('{file} is not used: External Methods that name {name} are in {before}', {
        file,
        name,
        before: before.file,
      });
      continue;
    }
    try {
      // oxlint-disable-next-line no-await-in-loop -- in their order
      modules.set(name, { file, exports: await importSource(file) });
    } catch (failure) {
      logger.error(`${file} cannot be imported`, { error: failure });
      modules.set(name, { file, failure });
    }
  }
}

/** A function of a module. Throws NotFound, worded as in Python, where there is none, and a RuntimeError for a module that could not be imported. */
export function externalFunction(module: string, name: string): ExternalFunction {
  const extension = modules.get(module);
  if (extension === undefined) {
    const python = /^[\w-]+$/.test(module) && existsSync(path.join(folder, `${module}.py`));
    throw new NotFound(
      `The specified module, '${module}', couldn't be found.` +
        (python ? ` Extensions/${module}.py is Python; its functions are to be in ${module}.ts.` : ''),
    );
  }
  const { file, exports, failure } = extension;
  if (exports === undefined)
    throw new RuntimeError(`${file} cannot be imported: ${(failure as Error)?.message ?? String(failure)}`);
  const found = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof found !== 'function' || name === '')
    throw new NotFound(`The specified object, '${name}', was not found in module, '${module}'.`);
  return found as ExternalFunction;
}

const signatures = new WeakMap<ExternalFunction, string>();

/** A function's parameters as a Python parameter list. */
export function signatureOfFunction(fn: ExternalFunction): string {
  let text = signatures.get(fn);
  if (text === undefined) signatures.set(fn, (text = parametersIn(fn)));
  return text;
}

interface Pattern {
  readonly type: string;
  readonly name?: string;
  readonly left?: Pattern;
}

function parametersIn(fn: ExternalFunction): string {
  const node = parseExpressionAt(`(${fn.toString()})`, 0, { ecmaVersion: 'latest' }) as unknown as {
    params?: readonly Pattern[];
  };
  const parts: string[] = [];
  for (const pattern of node.params ?? []) {
    const optional = pattern.type === 'AssignmentPattern';
    const { type, name } = optional ? pattern.left! : pattern;
    if (type === 'RestElement') {
      parts.push('*args');
      break;
    }
    if (type !== 'Identifier')
      throw new RuntimeError(`${fn.name}: a parameter of an External Method has to be a name`);
    parts.push(optional ? `${name!}=None` : name!);
  }
  return parts.join(', ');
}
