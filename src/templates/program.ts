/** A page template, compiled once and rendered often. */
import { readFileSync, statSync } from 'node:fs';
import { guardedRun } from '../restricted/index.ts';
import { CompilationFailure, nameFrames, placeOf, TemplateError } from './errors.ts';
import { Translator } from './i18n/translate.ts';
import { parseMarkup } from './markup/parse.ts';
import type { ProgramPlaces } from './runtime/index.ts';
import { evaluate, type ExpressionType } from './runtime/evaluate.ts';
import { instantiate } from './runtime/instantiate.ts';
import { Macro, Macros, type TemplateFunction } from './runtime/macros.ts';
import { DEFAULT } from './runtime/output.ts';
import type { Variables } from './runtime/paths.ts';
import { Repeats } from './runtime/repeat.ts';
import { Compiler } from './tal/compiler.ts';

export interface CompileOptions {
  /** Shown in errors. */
  readonly filename: string;
  /** Code of the program itself: paths are not guarded. */
  readonly trusted?: boolean;
}

export interface RenderOptions {
  /** Languages that the reader prefers, best first; asked when something is translated. */
  readonly languages?: () => readonly string[];
}

interface Functions {
  readonly main: TemplateFunction;
  readonly macros: ReadonlyMap<string, TemplateFunction>;
}

/** Deeply nested elements and expressions overflow the stack here or in V8's compiler. */
function deep<T>(filename: string, source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError && /call stack/.test(error.message))
      throw new TemplateError('ParseError', 'The elements are nested too deeply.', filename, source, 0, '');
    throw error;
  }
}

const META =
  /<meta\s{1,50}http-equiv=["']?Content-Type["']?\s{1,50}content=["']?([^;]{1,200});\s{0,50}charset=([^"']{1,200})["']?\s{0,50}\/?\s{0,50}>/i;

/** Whether a source is XML by what it says of itself. */
const isXml = (source: string): boolean =>
  source.startsWith('<?xml') || META.exec(source)?.[1]?.toLowerCase() === 'text/xml';

export class PageTemplateProgram {
  readonly #main: TemplateFunction;
  readonly macros: Macros;
  /** Expressions that are wrong; they are errors when they are used. */
  readonly problems: readonly TemplateError[];
  readonly #places: ProgramPlaces;

  private constructor(
    { main, macros }: Functions,
    problems: readonly TemplateError[],
    places: ProgramPlaces,
  ) {
    this.#places = places;
    this.#main = main;
    this.macros = new Macros(new Map([...macros].map(([name, code]) => [name, new Macro(code)])));
    this.problems = problems;
  }

  /** Throws a TemplateError with the place. */
  static compile(text: string, { filename, trusted = false }: CompileOptions): PageTemplateProgram {
    const xml = isXml(text);
    const source = xml ? text : text.replaceAll(/\r\n?/g, '\n');
    const compiler = new Compiler({
      filename,
      html: !xml,
      trusted,
      lineOf: (offset) => placeOf(source, offset).line,
    });
    let code: string;
    try {
      const main = deep(filename, source, () =>
        compiler.inFunction(() => compiler.nodes(parseMarkup(source))),
      );
      const parameters = 'c,g,r,d,x,T';
      const macros = [...compiler.macros]
        .map(([name, body]) => `M.set(${JSON.stringify(name)},(${parameters})=>{${body}});`)
        .join('');
      code = `const M=new Map();${macros}return {main:(${parameters})=>{${main}},macros:M}`;
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      if (error instanceof CompilationFailure)
        throw new TemplateError(error.kind, error.message, filename, source, error.offset, error.token);
      throw error;
    }
    const { constants, problems } = compiler.printer;
    const places = { filename, source, places: compiler.places };
    const functions = deep(filename, source, () =>
      instantiate(code, constants, places, trusted),
    ) as Functions;
    return new PageTemplateProgram(
      functions,
      problems.map(
        ({ reason, offset, token }) =>
          new TemplateError('ExpressionError', reason, filename, source, offset, token),
      ),
      places,
    );
  }

  /** Shown in errors of its rendering. */
  get filename(): string {
    return this.#places.filename;
  }

  /** Renders with these names: `here`, `context`, `request`, `options` … */
  render(names: Readonly<Record<string, unknown>>, { languages = () => [] }: RenderOptions = {}): string {
    const variables = variablesOf(names);
    const translator = new Translator(languages);
    try {
      return guardedRun(() => this.#main(variables, new Map(), { depth: 0 }, null, null, translator));
    } catch (error) {
      nameFrames(error);
      throw error;
    }
  }
}

/** The variables of a rendering: the names given, and those that every template has. */
function variablesOf(names: Readonly<Record<string, unknown>>): Variables {
  const variables: Variables = new Map<string, unknown>();
  variables.set('nothing', null);
  variables.set('default', DEFAULT);
  variables.set('repeat', new Repeats());
  for (const name of Object.keys(names)) variables.set(name, names[name] ?? null);
  return variables;
}

/** The value of one expression of untrusted code, without its type: `evaluateExpression('python', '1 + 1', {})`. */
export function evaluateExpression(
  type: ExpressionType,
  text: string,
  names: Readonly<Record<string, unknown>>,
): unknown {
  return guardedRun(() => evaluate(type, text, variablesOf(names), { depth: 0 }, false));
}

/** A template of the file system: part of a program, so its paths are not guarded. */
export class PageTemplateFile {
  readonly path: string;
  #program: PageTemplateProgram | undefined;
  #modified = 0;
  readonly #watch: boolean;

  /** With `watch` the file is read again when it changes. */
  constructor(path: string, options: { watch?: boolean } = {}) {
    this.path = path;
    this.#watch = options.watch ?? false;
  }

  #current(): PageTemplateProgram {
    const modified =
      this.#watch || this.#program === undefined ? statSync(this.path).mtimeMs : this.#modified;
    if (this.#program === undefined || modified !== this.#modified) {
      this.#modified = modified;
      this.#program = PageTemplateProgram.compile(readFileSync(this.path, 'utf8'), {
        filename: this.path,
        trusted: true,
      });
    }
    return this.#program;
  }

  get macros(): Macros {
    return this.#current().macros;
  }

  /** Renders for an object, with `options`. */
  render(context: object, options: ReadonlyMap<unknown, unknown>): string {
    return this.#current().render({ here: context, context, options });
  }
}
