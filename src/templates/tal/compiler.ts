/**
 * Compiles the tree of a template to JavaScript: one function for each macro and one for the whole. What no statement touches becomes
 * constant text. The order of statements is that of Chameleon (INVENTORY T-002): define, case, condition, repeat, switch, content.
 *
 * In generated code: `c` are the variables, `g` those that `define global` has set, `r` the rendering, `d` and `x` the domain and
 * context of translation, `T` translates, `o` is the output, `t` the number of the expression that runs, `L` looks a name up for Python.
 */
import { CompilationFailure } from '../errors.ts';
import type { Instruction, Node } from '../markup/parse.ts';
import { TalesSyntaxError } from '../tales/parse.ts';
import { interpolated, type Piece } from '../tales/interpolate.ts';
import { literal, type Printed, type PrinterOptions, TalesPrinter } from '../tales/print.ts';
import { type Code, print, shown } from './code.ts';
import { compileElement } from './elements.ts';
import type { Clause } from './syntax.ts';

/** Where an expression stands, for errors. */
export interface ExpressionPlace {
  readonly offset: number;
  readonly text: string;
}

export interface CompilerOptions extends PrinterOptions {
  /** Whether attributes such as `checked` are there or not, as in HTML. */
  readonly html: boolean;
  /** Code of the program itself. */
  readonly trusted: boolean;
}

/** Names of a translation's parts, with the variables that hold their text. */
export type TranslatedNames = Map<string, string>;

/** What belongs to one function of the generated code. */
export interface FunctionState {
  /** Slots by name, with the variables that hold what fills them. */
  readonly slots: Map<string, string>;
  /** The translations that are open, innermost last. */
  readonly translations: TranslatedNames[];
  /** Variables of `tal:switch` on the elements around, innermost last. */
  readonly switches: (string | undefined)[];
  /** Code for the domain, the context and the translator. */
  domain: string;
  context: string;
  translator: string;
}

const newState = (): FunctionState => ({
  slots: new Map(),
  translations: [],
  switches: [],
  domain: 'd',
  context: 'x',
  translator: 'T',
});

/** A filled slot: its name and the code of its content. */
export interface Fill {
  readonly name: string;
  readonly code: Code;
}

const USES_ATTRS = /\battrs\b|\bpath\s*\(|\?/;

export class Compiler {
  readonly options: CompilerOptions;
  readonly printer: TalesPrinter;
  /** Macros by name: their bodies. */
  readonly macros = new Map<string, string>();
  readonly places: ExpressionPlace[] = [];
  state = newState();
  /** Fills of the `use-macro` elements around, innermost last. */
  readonly uses: Fill[][] = [];
  readonly interpolation: boolean[] = [true];
  /** The text before the element, from which the white space between repeated elements is made; null: none counts. */
  lastText: string | null = '';
  whitespace = '\n';
  /** The constant with the attributes of the element, for the variable `attrs`. */
  attributes: string | undefined;
  #next = 1;

  constructor(options: CompilerOptions) {
    this.options = options;
    this.printer = new TalesPrinter(options);
  }

  /** A fresh variable of the generated code. */
  name(): string {
    return `v${this.#next++}`;
  }

  /** The value of an expression; what it is thrown for is at this place. */
  value(clause: Clause): Printed {
    return this.placed(this.printer.printLate(clause), clause);
  }

  placed({ code, constant }: Printed, { text, offset }: Clause): Printed {
    const start = text.length - text.trimStart().length;
    this.places.push({ offset: offset + start, text: text.trim() });
    const attrs = USES_ATTRS.test(text) ? `attrs(c,${this.attributes ?? 'null'}),` : '';
    return { code: `(t=${this.places.length - 1},${attrs}${code})`, constant };
  }

  nodes(nodes: readonly Node[]): Code {
    return nodes.flatMap((node) => this.#node(node));
  }

  #node(node: Node): Code {
    switch (node.kind) {
      case 'element':
        return compileElement(this, node);
      case 'comment':
        if (node.text.startsWith('<!--!')) return [];
        return shown(node.text);
      case 'cdata':
        return this.#interpolates(node.text) ? this.#written(node, false) : shown(node.text);
      case 'instruction':
        return this.#instruction(node);
      case 'other':
        return shown(node.text);
      default:
        return this.#text(node);
    }
  }

  #instruction(node: Instruction): Code {
    if (node.name !== 'python') return this.#text(node);
    // Untrusted templates have no code blocks: what they hold does not run.
    if (!this.options.trusted) return [];
    throw new CompilationFailure('LanguageError', 'Code blocks are not available.', node.offset, node.text);
  }

  #interpolates(text: string): boolean {
    return this.interpolation.at(-1)! && text.includes('${');
  }

  #text(clause: Clause): Code {
    this.lastText = clause.text;
    return this.#interpolates(clause.text)
      ? this.#written(clause, true)
      : shown(clause.text.replaceAll('$$', '$'));
  }

  #written(clause: Clause, escape: boolean): Code {
    return this.pieces(clause).flatMap((piece): Code => {
      if (typeof piece === 'string') return shown(piece);
      const { code } = this.placed(piece, piece.clause);
      return [`o+=${escape ? 'content' : 'raw'}(${code},${this.state.translator});`];
    });
  }

  /** The pieces of a text with `${…}`; one that throws when there is no end of an expression. */
  pieces(clause: Clause): Piece[] {
    try {
      return interpolated(clause, this.printer);
    } catch (error) {
      if (!(error instanceof TalesSyntaxError)) throw error;
      const place = { text: error.token, offset: error.offset };
      return [{ code: this.printer.problem(error), constant: undefined, clause: place }];
    }
  }

  /** Compiles `work` as the body of a function of its own. */
  inFunction(work: () => Code): string {
    const before = this.state;
    this.state = newState();
    try {
      return this.functionBody(work());
    } finally {
      this.state = before;
    }
  }

  /** The body of a function that returns the output. */
  functionBody(code: Code): string {
    const slots = [...this.state.slots].map(
      ([name, variable]) => `const ${variable}=slot(c,${literal(slotKey(name))});`,
    );
    return `${slots.join('')}${body(code)}`;
  }
}

/** Statements that return the output of `code`. */
export function body(code: Code): string {
  const printed = print(code);
  const lookup = printed.includes('.run(L)') ? 'const L=names(c,r);' : '';
  return `${lookup}let o="",t=-1;try{${printed}return o}catch(e){throw failed(e,P,t)}`;
}

const mangled = (name: string): string => name.replaceAll(/[^\p{L}\p{N}_]/gu, '_');

export const slotKey = (name: string): string => `__slot_${mangled(name)}`;
/** Hyphens in names of macros count as underscores. */
export const macroKey = mangled;

/** Statements by `prefix:name` whatever prefix the source uses. */
export type Statements = ReadonlyMap<string, Clause>;
