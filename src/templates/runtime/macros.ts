/** Macros and slots while a template is rendered (INVENTORY 6.3). */
import {
  AttributeError,
  chargeSteps,
  declareClass,
  KeyError,
  RecursionError,
  registerType,
  typeName,
} from '../../restricted/index.ts';
import type { Translator } from '../i18n/translate.ts';
import type { Variables } from './paths.ts';

/** What all functions of one rendering share. */
export interface Rendering {
  /** How many macros are inside of each other. */
  depth: number;
}

/** A function of generated code: gives its output. */
export type TemplateFunction = (
  c: Variables,
  g: Variables,
  r: Rendering,
  d: string | null,
  x: string | null,
  T: Translator,
) => string;

export type FillFunction = (c: Variables, g: Variables) => string;

/** Macros inside of macros: far more than any page, far less than the stack holds. */
const MAX_DEPTH = 200;

/** A piece of a template that others use. */
export class Macro {
  readonly #code: TemplateFunction;

  constructor(code: TemplateFunction) {
    this.#code = code;
  }

  static include(macro: unknown): TemplateFunction {
    if (macro instanceof Macro) return macro.#code;
    throw new AttributeError(`'${typeName(macro)}' object has no attribute 'include'`);
  }
}
declareClass(Macro, { object: 'public' });
registerType(Macro, { pyName: 'Macro' });

/** The macros of a template by name; hyphens count as underscores. */
export class Macros {
  readonly #macros: ReadonlyMap<string, Macro>;

  constructor(macros: ReadonlyMap<string, Macro>) {
    this.#macros = macros;
  }

  get names(): string[] {
    return [...this.#macros.keys()];
  }

  get(name: string): Macro | undefined {
    return this.#macros.get(name.replaceAll('-', '_'));
  }
}
declareClass(Macros, { object: 'public', default: 'allow', names: { names: 'public' } });
registerType(Macros, {
  pyName: 'Macros',
  operators: {
    getitem: (self, key) => {
      const name = String(key);
      const macro = self.get(name);
      if (macro === undefined) throw new KeyError(`Macro does not exist: '${name}'.`);
      return macro;
    },
  },
});

function run(
  code: TemplateFunction,
  c: Variables,
  g: Variables,
  r: Rendering,
  d: string | null,
  x: string | null,
  T: Translator,
): string {
  const { depth } = r;
  if (depth >= MAX_DEPTH) throw new RecursionError('maximum recursion depth exceeded in macros');
  chargeSteps(4 + (c.size >>> 3));
  let out: string;
  r.depth = depth + 1;
  try {
    out = code(new Map(c), g, r, d, x, T);
  } finally {
    // Also where an error ends the macro, which `on-error` around it may catch.
    r.depth = depth;
  }
  for (const [name, value] of g) c.set(name, value);
  return out;
}

/** Shows a macro where it is defined. */
export function own(
  macros: ReadonlyMap<string, TemplateFunction>,
  key: string,
  c: Variables,
  g: Variables,
  r: Rendering,
  d: string | null,
  x: string | null,
  T: Translator,
): string {
  return run(macros.get(key)!, c, g, r, d, x, T);
}

/** Shows what a `use-macro` expression gave. */
export function include(
  macro: unknown,
  c: Variables,
  g: Variables,
  r: Rendering,
  d: string | null,
  x: string | null,
  T: Translator,
): string {
  return run(Macro.include(macro), c, g, r, d, x, T);
}

/**
 * Puts what fills a slot where the macro looks for it. An extending macro stands behind what its own user has filled: that user's
 * content is taken first, and what the extension says next.
 */
export function fill(c: Variables, key: string, code: FillFunction, extend: boolean): void {
  const before = c.get(key) as FillFunction[] | undefined;
  if (extend && before !== undefined) before.unshift(code);
  else c.set(key, [code]);
}

/** Takes what fills a slot; undefined: nothing. */
export function slot(c: Variables, key: string): FillFunction | undefined {
  return (c.get(key) as FillFunction[] | undefined)?.pop();
}
