/** Names of a script: what each block declares. Every name of the source gets one of its own in the output. */
import type { Pattern, Program, Statement, VariableDeclaration } from 'acorn';

export type Kind = 'let' | 'const' | 'var' | 'parameter' | 'function' | 'binding';

export interface Variable {
  readonly id: string;
  readonly kind: Kind;
}

/** A function's frame: its temporaries are declared at its start. */
export interface Frame {
  temporaries: number;
  readonly generator: boolean;
}

export class Scope {
  readonly parent: Scope | undefined;
  readonly variables = new Map<string, Variable>();
  readonly frame: Frame;

  constructor(parent: Scope | undefined, frame: Frame) {
    this.parent = parent;
    this.frame = frame;
  }

  find(name: string): Variable | undefined {
    return this.variables.get(name) ?? this.parent?.find(name);
  }
}

/** The names that a pattern binds. */
export function namesOf(pattern: Pattern, into: string[] = []): string[] {
  switch (pattern.type) {
    case 'Identifier':
      into.push(pattern.name);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties)
        namesOf(property.type === 'RestElement' ? property.argument : property.value, into);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element !== null) namesOf(element, into);
      break;
    case 'AssignmentPattern':
      namesOf(pattern.left, into);
      break;
    case 'RestElement':
      namesOf(pattern.argument, into);
      break;
    default:
  }
  return into;
}

const declared = (declaration: VariableDeclaration): string[] =>
  declaration.declarations.flatMap(({ id }) => namesOf(id));

/** What a block declares itself: `let`, `const` and functions. */
export function lexical(body: readonly (Statement | Program['body'][number])[]): [string, Kind][] {
  const found: [string, Kind][] = [];
  for (const statement of body) {
    if (statement.type === 'VariableDeclaration' && statement.kind !== 'var')
      for (const name of declared(statement)) found.push([name, statement.kind as Kind]);
    else if (statement.type === 'FunctionDeclaration' && statement.id !== null)
      found.push([statement.id.name, 'function']);
  }
  return found;
}

/** The `var`s of a function, at any depth. */
export function vars(node: unknown, into: Set<string> = new Set()): Set<string> {
  if (Array.isArray(node)) {
    for (const each of node) vars(each, into);
    return into;
  }
  if (node === null || typeof node !== 'object') return into;
  const { type } = node as { type?: string };
  if (type === undefined || type.endsWith('Expression') || type === 'FunctionDeclaration') return into;
  if (type === 'VariableDeclaration' && (node as VariableDeclaration).kind === 'var')
    for (const name of declared(node as VariableDeclaration)) into.add(name);
  for (const key of [
    'body',
    'consequent',
    'alternate',
    'init',
    'left',
    'block',
    'handler',
    'finalizer',
    'cases',
  ])
    vars((node as Record<string, unknown>)[key], into);
  return into;
}
