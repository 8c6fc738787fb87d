/** A DTML source, compiled, and how it is rendered. */
import { compileFunction } from 'node:vm';
import { generatedFileName, guardedRun } from '../../restricted/index.ts';
import { commentBlock, ifBlock, letBlock, unlessBlock, withBlock } from './blocks.ts';
import { Returned } from './errors.ts';
import { raiseBlock, tryBlock } from './exceptions.ts';
import { inBlock } from './in.ts';
import { Bindings, InstanceNames, Namespace, namesOf } from './namespace.ts';
import { showPlaces } from '../errors.ts';
import { collectingRefusals } from './expression.ts';
import { parseDtml, type Refused } from './parse.ts';
import { type Part, renderParts, type Tag } from './render.ts';
import { sqlgroupBlock, sqltestTag, sqlvarTag } from './sql.ts';
import { treeBlock } from './tree.ts';
import { callTag, returnTag, varTag } from './var.ts';

const TAGS = new Map<string, Tag>([
  ['var', varTag],
  ['call', callTag],
  ['return', returnTag],
  ['if', ifBlock],
  ['unless', unlessBlock],
  ['else', unlessBlock],
  ['with', withBlock],
  ['let', letBlock],
  ['comment', commentBlock],
  ['in', inBlock],
  ['try', tryBlock],
  ['raise', raiseBlock],
  ['tree', treeBlock],
]);
/** The tags of SQL methods. */
const SQL_TAGS: ReadonlyMap<string, Tag> = new Map<string, Tag>([
  ...TAGS,
  ['sqlvar', sqlvarTag],
  ['sqltest', sqltestTag],
  ['sqlgroup', sqlgroupBlock],
]);

/** Adds a tag to what DTML Methods and Documents may use; SQL methods have none of these. */
export function registerDtmlTag(name: string, tag: Tag): void {
  TAGS.set(name, tag);
}

export interface DtmlOptions {
  /** For messages. */
  readonly name: string;
  /** The object that it is the source of, for stacks and the places of errors: its kind (`DTML Method`) and path. */
  readonly object?: { readonly kind: string; readonly path: string };
  /** With the tags of SQL methods; messages are HTML, as their forms show them. */
  readonly sql?: boolean;
  /** Hears of expressions that will fail when they are evaluated, as they are refused. */
  readonly refused?: Refused;
}

export interface DtmlCall {
  /** The objects whose attributes are names, the innermost last. */
  readonly clients?: readonly unknown[];
  /** The caller's namespace, a request, or any mapping. */
  readonly mapping?: unknown;
  /** Values that were stored with the template. */
  readonly defaults?: ReadonlyMap<string, unknown> | undefined;
  readonly values?: ReadonlyMap<string, unknown> | undefined;
}

let next = 1;

/** A function that does what it is given in a frame whose file is named for an object, where stacks are looked at. */
function namedFrame({ kind, path }: NonNullable<DtmlOptions['object']>): <T>(work: () => T) => T {
  const filename = generatedFileName('dtml', next++, undefined, `${kind} at ${path}`);
  return compileFunction('return work();', ['work'], { filename }) as <T>(work: () => T) => T;
}

export class DtmlProgram {
  /** The path of its object, where one is told. */
  readonly path: string | undefined;
  readonly #parts: readonly Part[];
  readonly #object: DtmlOptions['object'];
  #inFrame: (<T>(work: () => T) => T) | undefined;

  private constructor(parts: readonly Part[], object: DtmlOptions['object']) {
    this.#parts = parts;
    this.#object = object;
    this.path = object?.path;
  }

  /** Throws a ParseError with the tag and its line. */
  static compile(source: string, options: DtmlOptions): DtmlProgram {
    const sql = options.sql ?? false;
    const { name, object, refused } = options;
    const names = { name, filename: object?.path ?? name };
    const parse = () =>
      new DtmlProgram(parseDtml(source, names, sql ? SQL_TAGS : TAGS, sql, refused), object);
    return refused === undefined ? parse() : collectingRefusals(parse);
  }

  /** The text, or what a `return` tag gives. */
  render(given: DtmlCall): unknown {
    if (this.#object === undefined) return this.#render(given);
    this.#inFrame ??= namedFrame(this.#object);
    return this.#inFrame(() => this.#render(given));
  }

  #render({ clients = [], mapping, defaults, values }: DtmlCall): unknown {
    const inner = mapping instanceof Namespace;
    const namespace = inner ? mapping : new Namespace();
    const depth = namespace.size;
    if (defaults !== undefined && defaults.size > 0)
      namespace.push(new Bindings(defaults as Map<string, unknown>));
    if (!inner) {
      if (mapping !== undefined && mapping !== null) namespace.push(namesOf(mapping));
      namespace.client = clients.at(-1) ?? null;
    }
    return namespace.nested(() =>
      guardedRun(() => {
        try {
          for (const client of clients) namespace.push(new InstanceNames(client));
          if (values !== undefined && values.size > 0)
            namespace.push(new Bindings(values as Map<string, unknown>));
          return renderParts(this.#parts, namespace);
        } catch (error) {
          if (error instanceof Returned) return error.value;
          showPlaces(error);
          throw error;
        } finally {
          namespace.pop(namespace.size - depth);
        }
      }),
    );
  }
}
