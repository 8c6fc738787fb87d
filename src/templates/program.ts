/** A page template, compiled once and rendered often. */
import { readFileSync, statSync } from 'node:fs';
import { Compiler, Macro, type Part, runPart } from './compile.ts';
import { parseMarkup } from './parse.ts';
import { newScope, Rendering, type Scope } from './scope.ts';

export interface CompileOptions {
  readonly mode: 'html' | 'xml';
  /** Shown in errors. */
  readonly filename: string;
  /** Code of the program itself: nothing is guarded. */
  readonly trusted?: boolean;
}

export class PageTemplateProgram {
  readonly #body: Part;
  readonly #trusted: boolean;
  /** Its macros by name. */
  readonly macros: ReadonlyMap<string, unknown>;

  private constructor(body: Part, macros: ReadonlyMap<string, Macro>, trusted: boolean) {
    this.#body = body;
    this.macros = macros;
    this.#trusted = trusted;
  }

  /** Throws a TemplateError with the place. */
  static compile(source: string, { mode, filename, trusted = false }: CompileOptions): PageTemplateProgram {
    const compiler = new Compiler(filename, source, mode === 'html');
    const body = compiler.compile(parseMarkup(source, filename));
    // The whole template can be used as a macro as well.
    if (!compiler.macros.has('')) compiler.macros.set('', new Macro('', body));
    return new PageTemplateProgram(body, compiler.macros, trusted);
  }

  /** Renders with these names: `here`, `context`, `request`, `options` … */
  render(names: Readonly<Record<string, unknown>>): string {
    const globals: Scope = newScope(null);
    for (const name of Object.keys(names)) globals[`$${name}`] = names[name];
    return runPart(this.#body, globals, new Rendering(globals, this.#trusted));
  }
}

/** A template of the file system: part of a program, so nothing in it is guarded. */
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
        mode: 'html',
        filename: this.path,
        trusted: true,
      });
    }
    return this.#program;
  }

  get macros(): ReadonlyMap<string, unknown> {
    return this.#current().macros;
  }

  /** Renders for an object, with `options`. */
  render(context: object, options: ReadonlyMap<unknown, unknown>): string {
    return this.#current().render({ here: context, context, options });
  }
}
