/** A DTML source, compiled, and how it is rendered. */
import { guardedRun } from '../../restricted/index.ts';
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

export class DtmlProgram {
  readonly #parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** Throws a ParseError with the tag and its line. */
  static compile(source: string, options: DtmlOptions): DtmlProgram {
    const sql = options.sql ?? false;
    const { name, refused } = options;
    const parse = () => new DtmlProgram(parseDtml(source, name, sql ? SQL_TAGS : TAGS, sql, refused));
    return refused === undefined ? parse() : collectingRefusals(parse);
  }

  /** The text, or what a `return` tag gives. */
  render({ clients = [], mapping, defaults, values }: DtmlCall): unknown {
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
