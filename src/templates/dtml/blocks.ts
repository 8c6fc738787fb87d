/** `dtml-if`, `unless`, `with`, `let` and `comment`. */
import { KeyError, truth } from '../../restricted/index.ts';
import { Tuple } from '../../pickle/index.ts';
import { ParseError } from './errors.ts';
import { Bindings, InstanceNames, ItemNames, Namespace } from './namespace.ts';
import { nameParameter, parseLet, parseParameters, type Source } from './parameters.ts';
import { type BlockTag, type Part, renderParts, type Section } from './render.ts';
import { valueOf } from './var.ts';

const CONDITION = { name: '', expr: '' } as const;

interface Branch {
  readonly source: Source;
  readonly parts: readonly Part[];
}

/** Whether a condition holds. A name that is not there is false; its value is kept for the section. */
function holds({ name, expression }: Source, namespace: Namespace, cache: Map<string, unknown>): boolean {
  if (expression !== undefined) return truth(expression(namespace));
  const found = namespace.find(name);
  if (found === undefined) return false;
  let value: unknown;
  try {
    value = namespace.render(found);
  } catch (error) {
    // What fails for lack of its own name is as good as not there.
    if (error instanceof KeyError && error.args[0] === name) return false;
    throw error;
  }
  cache.set(name, value);
  return truth(value);
}

function conditional(branches: readonly Branch[], otherwise: readonly Part[] | undefined): Part {
  return (namespace) => {
    const cache = new Map<string, unknown>();
    namespace.push(new Bindings(cache));
    try {
      for (const { source, parts } of branches)
        if (holds(source, namespace, cache)) return renderParts(parts, namespace);
      return otherwise === undefined ? '' : renderParts(otherwise, namespace);
    } finally {
      namespace.pop();
    }
  };
}

const conditionOf = (args: string): Source => nameParameter(parseParameters(args, CONDITION));

/** The `else` of a tag may repeat its name. */
export function checkElse(section: Section, name: string, tag: string): void {
  const parameters = parseParameters(section.args, { name: '' });
  if (parameters.size > 0 && nameParameter(parameters).name !== name)
    throw new ParseError(`name in else does not match ${tag}`, '');
}

export const ifBlock: BlockTag = {
  continuations: ['else', 'elif'],
  make(sections) {
    const [first, ...rest] = sections as [Section, ...Section[]];
    const branches: Branch[] = [{ source: conditionOf(first.args), parts: first.parts }];
    let otherwise: readonly Part[] | undefined;
    if (rest.at(-1)?.tag === 'else') {
      const last = rest.pop()!;
      checkElse(last, branches[0]!.source.name, 'if');
      otherwise = last.parts;
    }
    for (const section of rest) {
      if (section.tag === 'else') throw new ParseError('more than one else tag for a single if tag', '');
      branches.push({ source: conditionOf(section.args), parts: section.parts });
    }
    return conditional(branches, otherwise);
  },
};

export const unlessBlock: BlockTag = {
  continuations: [],
  make([section]) {
    return conditional([{ source: conditionOf(section!.args), parts: [] }], section!.parts);
  },
};

export const withBlock: BlockTag = {
  continuations: [],
  make([section]) {
    const parameters = parseParameters(section!.args, { name: '', expr: '', mapping: 1, only: 1 });
    const source = nameParameter(parameters);
    const [mapping, only] = [parameters.has('mapping'), parameters.has('only')];
    return (outer) => {
      let value = valueOf(source, outer);
      if (!mapping && value instanceof Tuple && value.length === 1) value = value[0];
      const namespace = only ? new Namespace() : outer;
      namespace.push(mapping ? new ItemNames(value) : new InstanceNames(value));
      try {
        return renderParts(section!.parts, namespace);
      } finally {
        namespace.pop();
      }
    };
  },
};

export const letBlock: BlockTag = {
  continuations: [],
  make([section]) {
    const assignments = parseLet(section!.args);
    return (namespace) => {
      const values = new Map<string, unknown>();
      namespace.push(new Bindings(values));
      try {
        for (const { name, source } of assignments) values.set(name, valueOf(source, namespace));
        return renderParts(section!.parts, namespace);
      } finally {
        namespace.pop();
      }
    };
  },
};

export const commentBlock: BlockTag = {
  continuations: [],
  make: () => '',
};
