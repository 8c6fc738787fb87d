/**
 * Prints guarded JavaScript for the syntax tree of a script. A node of a kind that is not known here is refused: default deny.
 * No name of the source appears in the output except as a string or with `$` and a number behind it; everything else comes
 * from the runtime that the code is given. Line N of the output is line N of the source.
 *
 * One file: every construct prints its parts with every other.
 */
import type * as Tree from 'acorn';
import { type Frame, type Kind, lexical, namesOf, Scope, type Variable, vars } from './scope.ts';

export interface Printed {
  /** The body of a function of `R` (the runtime) that returns the function which makes the script. */
  readonly code: string;
  /** `Line 3, column 5: message`. Code with errors must not be run. */
  readonly errors: readonly string[];
}

/** The names of the runtime that generated code uses. */
export const RUNTIME_NAMES = (
  'add sub mul div rem power exact bits negate plus invert same loose less lessEqual greater greaterEqual truth typeOfValue ' +
  'attr item invoke invokeItem setattr setitem remove has iterate namesIn spread take others call call0 call1 call2 construct ' +
  'instance makeFunction makeGenerator delegate list dict dictMerge template caught handling leave alive raise refill ' +
  'newCache builtin float int S nullish binding free'
).split(' ');

const BINARY: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'rem',
  '**': 'power',
  '<': 'less',
  '<=': 'lessEqual',
  '>': 'greater',
  '>=': 'greaterEqual',
  '===': 'same',
  '==': 'loose',
};
/** Operators of whole numbers of any size. */
const EXACT: ReadonlySet<string> = new Set('+ - * ** / % & | ^ << >>'.split(' '));
const BITS = new Set(['&', '|', '^', '<<', '>>', '>>>']);
const BOOLEAN = new Set(['<', '<=', '>', '>=', '===', '!==', '==', '!=', 'in', 'instanceof']);
const REFUSED_MEMBERS = new Set(['constructor', 'prototype', 'caller', 'callee', 'arguments']);
/** What a node of a kind that is not offered is called. */
const KINDS: Readonly<Record<string, string>> = {
  ClassDeclaration: 'classes are',
  ClassExpression: 'classes are',
  ThisExpression: "'this' is",
  Super: "'super' is",
  MetaProperty: "'new.target' and 'import.meta' are",
  ImportExpression: "'import' is",
  ImportDeclaration: "'import' is",
  ExportNamedDeclaration: "'export' is",
  ExportDefaultDeclaration: "'export' is",
  ExportAllDeclaration: "'export' is",
  AwaitExpression: "'await' is",
  WithStatement: "'with' is",
  DebuggerStatement: "'debugger' is",
  TaggedTemplateExpression: 'tagged templates are',
  PrivateIdentifier: 'private names are',
  Decorator: 'decorators are',
};

const mark = (node: { loc?: Tree.SourceLocation | null }): string =>
  `\u0001${node.loc?.start.line ?? 1}\u0002`;
const text = (s: string): string =>
  JSON.stringify(s).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

function isBigInt(node: Tree.Expression): boolean {
  if (node.type === 'UnaryExpression') return isBigInt(node.argument);
  if (node.type === 'BinaryExpression')
    return (node.left.type !== 'PrivateIdentifier' && isBigInt(node.left)) || isBigInt(node.right);
  return node.type === 'Literal' && typeof node.bigint === 'string';
}

/** Replaces marks by as many line breaks as are missing. */
function finish(code: string): string {
  let line = 1;
  // oxlint-disable-next-line no-control-regex
  return code.replace(/\u0001(\d+)\u0002/g, (_mark, wanted: string) => {
    const missing = Number(wanted) - line;
    if (missing <= 0) return '';
    line = Number(wanted);
    return '\n'.repeat(missing);
  });
}

/** Prints a script: `(G) => function`, where `G` holds the bindings of a call. */
export function printScript(
  name: string,
  params: readonly Tree.Pattern[],
  body: readonly Tree.Statement[],
  bindings: readonly string[],
  isGlobal: (name: string) => boolean,
): Printed {
  const printer = new Printer(isGlobal);
  const frame: Frame = { temporaries: 0, generator: false };
  const outer = new Scope(undefined, frame);
  for (const binding of bindings) outer.variables.set(binding, { id: printer.id(binding), kind: 'binding' });
  const code = printer.functionCode(name, params, body, outer, false);
  const bound = [...outer.variables].map(([binding, { id }]) => `${id}=binding(G,${text(binding)})`);
  const head = `return function f_script$0(G){${bound.length === 0 ? '' : `const ${bound.join(',')};`}`;
  return { code: finish(`${printer.header()}${head}return ${code}}`), errors: printer.errors };
}

/** Prints an expression: `(L) => value`, where `L` looks up the names that the expression does not declare itself. */
export function printTypeScriptExpression(node: Tree.Expression): Printed & { readonly names: string[] } {
  const free = new Set<string>();
  const printer = new Printer(() => false, free);
  const frame: Frame = { temporaries: 1, generator: false };
  const value = printer.value(node, new Scope(undefined, frame));
  const temporaries = Array.from({ length: frame.temporaries }, (_none, i) => `$${i}`).join(',');
  const code = `return function f_expression$0(L){let ${temporaries};return nullish(${value})}`;
  return { code: finish(printer.header() + code), errors: printer.errors, names: [...free] };
}

class Printer {
  readonly errors: string[] = [];
  readonly #isGlobal: (name: string) => boolean;
  /** The names that an expression leaves to its caller. */
  readonly #free: Set<string> | undefined;
  readonly #globals = new Map<string, string>();
  readonly #labels: { name: string; id: string }[] = [];
  #next = 1;
  #caches = 0;

  constructor(isGlobal: (name: string) => boolean, free?: Set<string>) {
    this.#isGlobal = isGlobal;
    this.#free = free;
  }

  header(): string {
    const made = [
      ...Array.from({ length: this.#caches }, (_none, i) => `c${i}=newCache()`),
      ...[...this.#globals].map(([name, id]) => `${id}=builtin(${text(name)})`),
    ];
    return `"use strict";const {${RUNTIME_NAMES.join(',')}}=R;${made.length === 0 ? '' : `const ${made.join(',')};`}`;
  }

  id(name: string): string {
    return `${name.replace(/[^A-Za-z0-9_]/g, '_')}$${this.#next++}`;
  }

  #temp(scope: Scope): string {
    return `$${scope.frame.temporaries++}`;
  }

  #cache(): string {
    return `c${this.#caches++}`;
  }

  #refuse(node: { loc?: Tree.SourceLocation | null }, message: string): string {
    const { line, column } = node.loc?.start ?? { line: 1, column: 0 };
    this.errors.push(`Line ${line}, column ${column + 1}: ${message}`);
    return 'null';
  }

  #unknown(node: { type: string; loc?: Tree.SourceLocation | null }): string {
    return this.#refuse(node, `${KINDS[node.type] ?? `${node.type} is`} not available in scripts`);
  }

  #declare(scope: Scope, name: string, kind: Kind): Variable {
    const variable = { id: this.id(name), kind };
    scope.variables.set(name, variable);
    return variable;
  }

  // Names

  #load(node: Tree.Identifier, scope: Scope): string {
    const { name } = node;
    const variable = scope.find(name);
    if (variable !== undefined) return variable.id;
    switch (name) {
      case 'undefined':
        return '(void 0)';
      case 'NaN':
        return '(0/0)';
      case 'Infinity':
        return '(1/0)';
      case 'arguments':
        return this.#refuse(node, "'arguments' is not available in scripts: use a rest parameter");
      default:
    }
    if (this.#free !== undefined) {
      this.#free.add(name);
      return `${mark(node)}free(L,${text(name)})`;
    }
    if (!this.#isGlobal(name))
      return this.#refuse(node, `'${name}' is not defined, or not available in scripts`);
    let id = this.#globals.get(name);
    if (id === undefined) this.#globals.set(name, (id = `b_${this.id(name)}`));
    return id;
  }

  #target(node: Tree.Identifier, scope: Scope): string {
    const variable = scope.find(node.name);
    if (variable === undefined)
      return this.#refuse(
        node,
        `'${node.name}' is not declared: assign to variables that let, const or var declare`,
      );
    if (variable.kind === 'const' || variable.kind === 'binding')
      return this.#refuse(node, `'${node.name}' is a constant`);
    return variable.id;
  }

  #memberName(node: Tree.Identifier | Tree.PrivateIdentifier | Tree.Expression): string {
    if (node.type === 'Identifier') {
      const name = node.name.normalize('NFKC');
      if (name.startsWith('_'))
        this.#refuse(node, `"${name}" is an invalid attribute name because it starts with "_"`);
      else if (REFUSED_MEMBERS.has(name) || name.endsWith('__roles__'))
        this.#refuse(node, `"${name}" is an invalid attribute name`);
      return text(name);
    }
    return this.#unknown(node);
  }

  // Expressions

  value(
    node: Tree.Expression | Tree.Super | Tree.PrivateIdentifier | Tree.SpreadElement,
    scope: Scope,
  ): string {
    switch (node.type) {
      case 'Literal':
        return this.#literal(node);
      case 'Identifier':
        return this.#load(node, scope);
      case 'TemplateLiteral':
        return `template([${node.quasis.flatMap((quasi, i) => [text(quasi.value.cooked ?? ''), ...(node.expressions[i] === undefined ? [] : [this.value(node.expressions[i]!, scope)])]).join(',')}])`;
      case 'MemberExpression':
      case 'CallExpression':
        return this.#chain(node, scope, (code) => code);
      case 'ChainExpression':
        return this.#chain(node.expression, scope, (code) => code);
      case 'ParenthesizedExpression':
        return this.value(node.expression, scope);
      case 'BinaryExpression':
        return this.#binary(node, scope);
      case 'LogicalExpression':
        return this.#logical(
          node.operator,
          this.value(node.left, scope),
          this.value(node.right, scope),
          scope,
        );
      case 'UnaryExpression':
        return this.#unary(node, scope);
      case 'UpdateExpression':
        return this.#update(node, scope, false);
      case 'AssignmentExpression':
        return this.#assignment(node, scope);
      case 'ConditionalExpression':
        return `(${this.test(node.test, scope)}?${this.value(node.consequent, scope)}:${this.value(node.alternate, scope)})`;
      case 'SequenceExpression':
        return `(${node.expressions.map((each) => this.value(each, scope)).join(',')})`;
      case 'ArrayExpression':
        return `list([${this.#items(node.elements, scope)}])`;
      case 'ObjectExpression':
        return this.#object(node, scope);
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        return this.#functionExpression(node, scope, '');
      case 'NewExpression':
        return `${mark(node)}construct(${this.value(node.callee, scope)},[${this.#items(node.arguments, scope)}])`;
      case 'YieldExpression':
        if (node.delegate) return `(yield* delegate(${this.value(node.argument!, scope)}))`;
        return `(yield (${node.argument === null || node.argument === undefined ? 'null' : `nullish(${this.value(node.argument, scope)})`}))`;
      default:
        return this.#unknown(node);
    }
  }

  /** JavaScript's true or false for an expression. */
  test(node: Tree.Expression, scope: Scope): string {
    if (node.type === 'BinaryExpression' && BOOLEAN.has(node.operator)) return this.value(node, scope);
    if (node.type === 'UnaryExpression' && node.operator === '!')
      return `!${this.test(node.argument, scope)}`;
    if (node.type === 'LogicalExpression' && node.operator !== '??')
      return `(${this.test(node.left, scope)}${node.operator}${this.test(node.right, scope)})`;
    return `truth(${this.value(node, scope)})`;
  }

  #literal(node: Tree.Literal): string {
    if (node.regex !== undefined && node.regex !== null)
      return this.#refuse(node, 'regular expressions are not available in scripts');
    if (node.bigint !== undefined && node.bigint !== null)
      return `int(${BigInt(node.bigint.replaceAll('_', ''))}n)`;
    const { value } = node;
    if (value === null || typeof value === 'boolean') return String(value);
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return '(1/0)';
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? `float(${value})` : String(value);
    }
    return this.#unknown(node);
  }

  #items(elements: readonly (Tree.Expression | Tree.SpreadElement | null)[], scope: Scope): string {
    return elements
      .map((each) =>
        each === null
          ? 'null'
          : each.type === 'SpreadElement'
            ? `...spread(${this.value(each.argument, scope)})`
            : this.value(each, scope),
      )
      .join(',');
  }

  #object(node: Tree.ObjectExpression, scope: Scope): string {
    const parts = node.properties.map((property) => {
      if (property.type === 'SpreadElement') return `dictMerge,${this.value(property.argument, scope)}`;
      if (property.kind !== 'init') {
        this.#refuse(property, 'getters and setters are not available in scripts');
        return 'null,null';
      }
      return `${this.#key(property, scope)},${this.#named(property.value, scope, property.key.type === 'Identifier' ? property.key.name : '')}`;
    });
    return `dict([${parts.join(',')}])`;
  }

  #key(property: { key: Tree.Expression | Tree.PrivateIdentifier; computed: boolean }, scope: Scope): string {
    const { key, computed } = property;
    if (computed) return this.value(key, scope);
    if (key.type === 'Identifier') {
      if (key.name === '__proto__') return this.#refuse(key, '"__proto__" is an invalid attribute name');
      return text(key.name);
    }
    if (key.type === 'Literal' && key.value === '__proto__')
      return this.#refuse(key, '"__proto__" is an invalid attribute name');
    return this.value(key, scope);
  }

  /** A function takes the name of what it is assigned to. */
  #named(node: Tree.Expression, scope: Scope, name: string): string {
    return node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression'
      ? this.#functionExpression(node, scope, name)
      : this.value(node, scope);
  }

  /**
   * Members and calls. `rest` prints what follows: behind a `?.` it is not evaluated where the value before is nothing.
   */
  #chain(node: Tree.Expression | Tree.Super, scope: Scope, rest: (code: string) => string): string {
    if (node.type === 'MemberExpression')
      return this.#chain(node.object, scope, (object) =>
        this.#optional(node.optional, object, scope, (o) =>
          rest(
            node.computed
              ? `${mark(node)}item(${o},${this.value(node.property, scope)})`
              : `${mark(node.property)}attr(${o},${this.#memberName(node.property)},${this.#cache()})`,
          ),
        ),
      );
    if (node.type !== 'CallExpression') {
      // A chain in parentheses ends there.
      return rest(this.value(node, scope));
    }
    const { callee } = node;
    const args = (): string => this.#items(node.arguments, scope);
    if (callee.type === 'MemberExpression')
      return this.#chain(callee.object, scope, (object) =>
        this.#optional(callee.optional, object, scope, (o) => {
          if (node.optional) {
            const [self, fn] = [this.#temp(scope), this.#temp(scope)];
            const read = callee.computed
              ? `item(${self},${this.value(callee.property, scope)})`
              : `attr(${self},${this.#memberName(callee.property)},${this.#cache()})`;
            return `(${self}=${o},${fn}=${read},${fn}===null||${fn}===undefined?undefined:${rest(`call(${fn},[${args()}])`)})`;
          }
          return rest(
            callee.computed
              ? `${mark(node)}invokeItem(${o},${this.value(callee.property, scope)},${this.#cache()},[${args()}])`
              : `${mark(callee.property)}invoke(${o},${this.#memberName(callee.property)},${this.#cache()},[${args()}])`,
          );
        }),
      );
    return this.#chain(callee, scope, (fn) =>
      this.#optional(node.optional, fn, scope, (f) => {
        const plain =
          node.arguments.length <= 2 && !node.arguments.some((arg) => arg.type === 'SpreadElement');
        return rest(
          plain
            ? `${mark(node)}call${node.arguments.length}(${[f, ...node.arguments.map((arg) => this.value(arg, scope))].join(',')})`
            : `${mark(node)}call(${f},[${args()}])`,
        );
      }),
    );
  }

  #optional(optional: boolean, code: string, scope: Scope, rest: (code: string) => string): string {
    if (!optional) return rest(code);
    const t = this.#temp(scope);
    return `(${t}=${code},${t}===null||${t}===undefined?undefined:${rest(t)})`;
  }

  #binary(node: Tree.BinaryExpression, scope: Scope): string {
    const { operator } = node;
    if (node.left.type === 'PrivateIdentifier') return this.#unknown(node.left);
    const [left, right] = [this.value(node.left, scope), this.value(node.right, scope)];
    if (EXACT.has(operator) && (isBigInt(node.left) || isBigInt(node.right)))
      return `${mark(node)}exact("${operator}",${left},${right})`;
    return mark(node) + this.#operate(operator, left, right, node);
  }

  #operate(operator: string, left: string, right: string, node: Tree.Node): string {
    const direct = BINARY[operator];
    if (direct !== undefined) return `${direct}(${left},${right})`;
    if (BITS.has(operator)) return `bits("${operator}",${left},${right})`;
    switch (operator) {
      case '!==':
        return `!same(${left},${right})`;
      case '!=':
        return `!loose(${left},${right})`;
      case 'in':
        return `has(${left},${right})`;
      case 'instanceof':
        return `instance(${left},${right})`;
      default:
        return this.#refuse(node, `the operator ${operator} is not available in scripts`);
    }
  }

  #logical(operator: string, left: string, right: string, scope: Scope): string {
    const t = this.#temp(scope);
    if (operator === '&&') return `(truth(${t}=${left})?${right}:${t})`;
    if (operator === '||') return `(truth(${t}=${left})?${t}:${right})`;
    return `((${t}=${left})===null||${t}===undefined?${right}:${t})`;
  }

  #unary(node: Tree.UnaryExpression, scope: Scope): string {
    const { operator, argument } = node;
    switch (operator) {
      case '!':
        return `!${this.test(argument, scope)}`;
      case '-':
        return `negate(${this.value(argument, scope)})`;
      case '+':
        return `plus(${this.value(argument, scope)})`;
      case '~':
        return `invert(${this.value(argument, scope)})`;
      case 'typeof':
        return `typeOfValue(${this.value(argument, scope)})`;
      case 'void':
        return `(${this.value(argument, scope)},void 0)`;
      default: {
        const target = argument.type === 'ChainExpression' ? argument.expression : argument;
        if (target.type !== 'MemberExpression')
          return this.#refuse(node, "'delete' is for members of an object only");
        return `${mark(node)}remove(${this.value(target.object, scope)},${this.#propertyOf(target, scope)},${!target.computed})`;
      }
    }
  }

  #propertyOf(node: Tree.MemberExpression, scope: Scope): string {
    return node.computed
      ? this.value(node.property as Tree.Expression, scope)
      : this.#memberName(node.property);
  }

  #update(node: Tree.UpdateExpression, scope: Scope, unused: boolean): string {
    const by = node.operator === '++' ? 'add' : 'sub';
    const { argument } = node;
    const before = node.prefix || unused ? undefined : this.#temp(scope);
    const changed = (old: string): string =>
      before === undefined ? `${by}(plus(${old}),1)` : `${by}(${before}=plus(${old}),1)`;
    const code = this.#modify(argument as Tree.Pattern, scope, changed);
    return before === undefined ? code : `(${code},${before})`;
  }

  /** Reads a target, changes what it holds, and gives the new value. */
  #modify(target: Tree.Pattern | Tree.Expression, scope: Scope, change: (old: string) => string): string {
    if (target.type === 'Identifier') {
      const id = this.#target(target, scope);
      return id === 'null' ? id : `(${id}=${change(id)})`;
    }
    if (target.type !== 'MemberExpression') return this.#unknown(target);
    const [o, k, v] = [this.#temp(scope), this.#temp(scope), this.#temp(scope)];
    const key = this.#propertyOf(target, scope);
    const read = target.computed ? `item(${o},${k})` : `attr(${o},${k},${this.#cache()})`;
    const write = target.computed ? 'setitem' : 'setattr';
    return `(${o}=${this.value(target.object, scope)},${k}=${key},${v}=${change(read)},${mark(target)}${write}(${o},${k},${v}),${v})`;
  }

  #assignment(node: Tree.AssignmentExpression, scope: Scope): string {
    const { left, right, operator } = node;
    if (operator === '=') {
      if (left.type === 'Identifier') {
        const id = this.#target(left, scope);
        return `(${id === 'null' ? '$0' : id}=${this.#named(right, scope, left.name)})`;
      }
      const t = this.#temp(scope);
      if (left.type === 'MemberExpression') {
        // The object is evaluated before the value.
        const [o, k] = [this.#temp(scope), this.#temp(scope)];
        const write = left.computed ? 'setitem' : 'setattr';
        return `(${o}=${this.value(left.object, scope)},${k}=${this.#propertyOf(left, scope)},${t}=${this.value(right, scope)},${mark(left)}${write}(${o},${k},${t}),${t})`;
      }
      return `(${t}=${this.value(right, scope)},${this.#assign(left, t, scope, (id) => this.#target(id, scope)).join(',')},${t})`;
    }
    const op = operator.slice(0, -1);
    if (op === '&&' || op === '||' || op === '??') {
      // Assigned only where the right side counts.
      if (left.type === 'Identifier') {
        const id = this.#target(left, scope);
        const value = `(${id === 'null' ? '$0' : id}=${this.#named(right, scope, left.name)})`;
        return this.#logical(op, this.#load(left, scope), value, scope);
      }
      if (left.type !== 'MemberExpression') return this.#unknown(left);
      const [o, k, v] = [this.#temp(scope), this.#temp(scope), this.#temp(scope)];
      const key = this.#propertyOf(left, scope);
      const read = left.computed ? `item(${o},${k})` : `attr(${o},${k},${this.#cache()})`;
      const write = left.computed ? 'setitem' : 'setattr';
      const value = `(${v}=${this.value(right, scope)},${write}(${o},${k},${v}),${v})`;
      return `(${o}=${this.value(left.object, scope)},${k}=${key},${this.#logical(op, read, value, scope)})`;
    }
    return this.#modify(left, scope, (old) => this.#operate(op, old, this.value(right, scope), node));
  }

  /** Expressions that assign `value` (a variable of the output) to what a pattern binds. */
  #assign(
    pattern: Tree.Pattern,
    value: string,
    scope: Scope,
    target: (id: Tree.Identifier) => string,
  ): string[] {
    switch (pattern.type) {
      case 'Identifier':
        return [`${target(pattern)}=${value}`];
      case 'MemberExpression':
        return [
          `${pattern.computed ? 'setitem' : 'setattr'}(${this.value(pattern.object, scope)},${this.#propertyOf(pattern, scope)},${value})`,
        ];
      case 'AssignmentPattern': {
        const t = this.#temp(scope);
        return [
          `${t}=${value}===undefined?${this.#named(pattern.right, scope, pattern.left.type === 'Identifier' ? pattern.left.name : '')}:${value}`,
          ...this.#assign(pattern.left, t, scope, target),
        ];
      }
      case 'ArrayPattern': {
        const t = this.#temp(scope);
        const last = pattern.elements.at(-1);
        const rest = last !== undefined && last !== null && last.type === 'RestElement';
        const n = pattern.elements.length - (rest ? 1 : 0);
        const parts = [`${t}=take(${value},${n},${rest})`];
        for (const [i, element] of pattern.elements.entries()) {
          if (element === null) continue;
          const part = this.#temp(scope);
          parts.push(
            `${part}=${t}[${i}]`,
            ...this.#assign(element.type === 'RestElement' ? element.argument : element, part, scope, target),
          );
        }
        return parts;
      }
      case 'ObjectPattern': {
        const parts: string[] = [];
        const keys: string[] = [];
        for (const property of pattern.properties) {
          const part = this.#temp(scope);
          if (property.type === 'RestElement') {
            parts.push(
              `${part}=others(${value},[${keys.join(',')}])`,
              ...this.#assign(property.argument, part, scope, target),
            );
            continue;
          }
          if (property.computed) {
            const key = this.#temp(scope);
            keys.push(key);
            parts.push(
              `${key}=${this.value(property.key as Tree.Expression, scope)}`,
              `${part}=item(${value},${key})`,
            );
          } else if (property.key.type === 'Identifier') {
            const name = this.#memberName(property.key);
            keys.push(name);
            parts.push(`${part}=attr(${value},${name},${this.#cache()})`);
          } else {
            const key = this.value(property.key as Tree.Expression, scope);
            keys.push(key);
            parts.push(`${part}=item(${value},${key})`);
          }
          parts.push(...this.#assign(property.value, part, scope, target));
        }
        // `const {} = null` is an error as well.
        return parts.length === 0 ? [`attr(${value},"",${this.#cache()})`] : parts;
      }
      default:
        return [this.#unknown(pattern)];
    }
  }

  // Functions

  #functionExpression(
    node:
      | Tree.ArrowFunctionExpression
      | Tree.FunctionExpression
      | Tree.FunctionDeclaration
      | Tree.AnonymousFunctionDeclaration,
    scope: Scope,
    name: string,
  ): string {
    if (node.async) return this.#refuse(node, "'async' is not available in scripts");
    const own = node.id?.name;
    let outer = scope;
    let self = '';
    if (own !== undefined && node.type === 'FunctionExpression') {
      outer = new Scope(scope, scope.frame);
      self = this.#declare(outer, own, 'const').id;
    }
    const body: readonly Tree.Statement[] =
      node.body.type === 'BlockStatement'
        ? node.body.body
        : [
            {
              type: 'ReturnStatement',
              argument: node.body,
              loc: node.body.loc ?? null,
              start: node.body.start,
              end: node.body.end,
            },
          ];
    const code = this.functionCode(own ?? (name || 'anonymous'), node.params, body, outer, node.generator);
    const made = `${mark(node)}${code}`;
    return self === '' ? made : `(()=>{const ${self}=${made};return ${self}})()`;
  }

  /** A function as a value. */
  functionCode(
    name: string,
    params: readonly Tree.Pattern[],
    body: readonly Tree.Statement[],
    parent: Scope,
    generator: boolean,
  ): string {
    const frame: Frame = { temporaries: 1, generator };
    const scope = new Scope(parent, frame);
    for (const param of params) for (const bound of namesOf(param)) this.#declare(scope, bound, 'parameter');
    const labels = this.#labels.splice(0);
    const slots: string[] = [];
    const setup: string[] = [];
    for (const param of params) {
      const rest = param.type === 'RestElement';
      const inner = rest ? param.argument : param;
      if (inner.type === 'Identifier') {
        const { id } = scope.variables.get(inner.name)!;
        slots.push(rest ? `...${id}` : id);
        if (rest) setup.push(`list(${id});`);
        continue;
      }
      const slot = this.id('p');
      slots.push(rest ? `...${slot}` : slot);
      const ids = namesOf(inner).map((bound) => scope.variables.get(bound)!.id);
      if (ids.length > 0) setup.push(`let ${ids.join(',')};`);
      setup.push(`${this.#assign(inner, slot, scope, (id) => scope.variables.get(id.name)!.id).join(';')};`);
    }
    const hoisted = [...vars(body)].filter((each) => !scope.variables.has(each));
    // The body is a block of its own: its names may hide parameters, as in JavaScript only `var` and functions may.
    const declared = hoisted.map((each) => this.#declare(scope, each, 'var').id);
    const statements = this.#block(body, scope);
    this.#labels.push(...labels);
    const temporaries = Array.from({ length: frame.temporaries }, (_none, i) => `$${i}`);
    const head = `let ${[...temporaries, ...declared].join(',')};${setup.join('')}`;
    const id = `f_${name.replace(/[^A-Za-z0-9_]/g, '_')}$${this.#next++}`;
    return generator
      ? `makeFunction(${text(name)},function(${slots.join(',')}){return makeGenerator(${text(name)},(function*${id}(){${head}${statements}})())})`
      : `makeFunction(${text(name)},function ${id}(${slots.join(',')}){${head}${statements}})`;
  }

  // Statements

  /** The statements of a block, with its functions first. */
  #block(body: readonly (Tree.Statement | Tree.ModuleDeclaration)[], parent: Scope): string {
    const scope = new Scope(parent, parent.frame);
    for (const [name, kind] of lexical(body as Tree.Statement[])) this.#declare(scope, name, kind);
    const functions: string[] = [];
    const others: string[] = [];
    for (const statement of body) {
      if (statement.type === 'FunctionDeclaration') {
        const { id } = scope.variables.get(statement.id.name)!;
        functions.push(`let ${id}=${this.#functionExpression(statement, scope, '')};`);
      } else others.push(mark(statement) + this.#statement(statement, scope));
    }
    return functions.join('') + others.join('');
  }

  #statement(node: Tree.Statement | Tree.ModuleDeclaration, scope: Scope): string {
    switch (node.type) {
      case 'ExpressionStatement':
        return `${node.expression.type === 'UpdateExpression' ? this.#update(node.expression, scope, true) : this.value(node.expression, scope)};`;
      case 'VariableDeclaration':
        return this.#declaration(node, scope);
      case 'ReturnStatement':
        return `return (${node.argument === null || node.argument === undefined ? '' : this.value(node.argument, scope)}${node.argument === null || node.argument === undefined ? 'void 0' : ''});`;
      case 'IfStatement':
        return `if(${this.test(node.test, scope)}){${this.#body(node.consequent, scope)}}${node.alternate === null || node.alternate === undefined ? '' : `else{${this.#body(node.alternate, scope)}}`}`;
      case 'BlockStatement':
        return `{${this.#block(node.body, scope)}}`;
      case 'EmptyStatement':
        return ';';
      case 'ThrowStatement':
        return `throw raise(${this.value(node.argument, scope)});`;
      case 'WhileStatement':
        return `for(;;){if(--S.steps<0)refill();if(!${this.test(node.test, scope)})break;${this.#body(node.body, scope)}}`;
      case 'DoWhileStatement':
        return `do{if(--S.steps<0)refill();${this.#body(node.body, scope)}}while(${this.test(node.test, scope)});`;
      case 'ForStatement':
        return this.#for(node, scope);
      case 'ForOfStatement':
      case 'ForInStatement':
        return this.#forEach(node, scope, '');
      case 'BreakStatement':
      case 'ContinueStatement': {
        const word = node.type === 'BreakStatement' ? 'break' : 'continue';
        if (node.label === null || node.label === undefined) return `${word};`;
        const label = this.#labels.findLast((each) => each.name === node.label!.name);
        return label === undefined
          ? this.#refuse(node, `there is no label '${node.label.name}'`)
          : `${word} ${label.id};`;
      }
      case 'LabeledStatement':
        return this.#labelled(node, scope);
      case 'SwitchStatement':
        return this.#switch(node, scope);
      case 'TryStatement':
        return this.#try(node, scope);
      default:
        return `${this.#unknown(node)};`;
    }
  }

  #body(node: Tree.Statement, scope: Scope): string {
    return node.type === 'BlockStatement' ? this.#block(node.body, scope) : this.#block([node], scope);
  }

  /** `name=value` for a declaration of one name. */
  #initialised({ id, init }: Tree.VariableDeclarator, scope: Scope): string {
    const { name } = id as Tree.Identifier;
    const value = init === null || init === undefined ? 'void 0' : this.#named(init, scope, name);
    return `${scope.find(name)!.id}=${value}`;
  }

  #declaration(node: Tree.VariableDeclaration, scope: Scope): string {
    const word = node.kind === 'var' ? '' : 'let ';
    return node.declarations
      .map((declarator) => {
        const { id, init } = declarator;
        if (id.type === 'Identifier')
          return word === '' && (init === null || init === undefined)
            ? ''
            : `${word}${this.#initialised(declarator, scope)};`;
        const t = this.#temp(scope);
        const ids = namesOf(id).map((name) => scope.find(name)!.id);
        const declare = word !== '' && ids.length > 0 ? `let ${ids.join(',')};` : '';
        const value = init === null || init === undefined ? 'void 0' : this.value(init, scope);
        return `${declare}${t}=${value};${this.#assign(id, t, scope, ({ name }) => scope.find(name)!.id).join(';')};`;
      })
      .join('');
  }

  #for(node: Tree.ForStatement, outer: Scope, label = ''): string {
    const { init, test, update } = node;
    const scope = new Scope(outer, outer.frame);
    let before = '';
    let head = '';
    if (init?.type === 'VariableDeclaration') {
      for (const [name, kind] of lexical([init])) this.#declare(scope, name, kind);
      // Each turn of the loop has variables of its own only where they are declared in its head.
      if (init.kind !== 'var' && init.declarations.every(({ id }) => id.type === 'Identifier'))
        head = `let ${init.declarations.map((each) => this.#initialised(each, scope)).join(',')}`;
      else before = this.#declaration(init, scope);
    } else if (init !== null && init !== undefined) before = `${this.value(init, scope)};`;
    const condition = test === null || test === undefined ? '' : this.test(test, scope);
    const step =
      update === null || update === undefined
        ? ''
        : update.type === 'UpdateExpression'
          ? this.#update(update, scope, true)
          : this.value(update, scope);
    return `{${before}${label}for(${head};${condition};${step}){if(--S.steps<0)refill();${this.#body(node.body, scope)}}}`;
  }

  #forEach(node: Tree.ForOfStatement | Tree.ForInStatement, outer: Scope, label: string): string {
    if (node.type === 'ForOfStatement' && node.await)
      return this.#refuse(node, "'for await' is not available in scripts");
    const scope = new Scope(outer, outer.frame);
    const [it, x] = [this.id('i'), this.id('x')];
    const source = `${node.type === 'ForOfStatement' ? 'iterate' : 'namesIn'}(${this.value(node.right, outer)})`;
    let bind: string;
    if (node.left.type === 'VariableDeclaration') {
      const { id } = node.left.declarations[0]!;
      for (const [name, kind] of lexical([node.left])) this.#declare(scope, name, kind);
      const ids = namesOf(id).map((name) => scope.find(name)!.id);
      const declare = node.left.kind === 'var' || ids.length === 0 ? '' : `let ${ids.join(',')};`;
      bind = `${declare}${this.#assign(id, x, scope, ({ name }) => scope.find(name)!.id).join(';')};`;
    } else bind = `${this.#assign(node.left, x, scope, (id) => this.#target(id, scope)).join(';')};`;
    return `{const ${it}=${mark(node)}${source};${label}for(;;){if(--S.steps<0)refill();const ${x}=${it}.next();if(${x}===undefined)break;${bind}${this.#body(node.body, scope)}}}`;
  }

  #labelled(node: Tree.LabeledStatement, scope: Scope): string {
    const id = this.id('L');
    this.#labels.push({ name: node.label.name, id });
    const { body } = node;
    let code: string;
    if (body.type === 'ForStatement') code = this.#for(body, scope, `${id}:`);
    else if (body.type === 'ForOfStatement' || body.type === 'ForInStatement')
      code = this.#forEach(body, scope, `${id}:`);
    else if (body.type === 'FunctionDeclaration') code = this.#refuse(body, 'a function cannot have a label');
    else code = `${id}:${this.#statement(body, scope)}`;
    this.#labels.pop();
    return code;
  }

  #switch(node: Tree.SwitchStatement, outer: Scope): string {
    const scope = new Scope(outer, outer.frame);
    const all = node.cases.flatMap(({ consequent }) => consequent);
    for (const [name, kind] of lexical(all)) this.#declare(scope, name, kind);
    const value = this.#temp(outer);
    const chosen = this.id('s');
    const tests = node.cases.flatMap(({ test }, i) =>
      test === null || test === undefined ? [] : [`same(${value},${this.value(test, scope)})?${i}:`],
    );
    const otherwise = node.cases.findIndex(({ test }) => test === null || test === undefined);
    const functions: string[] = [];
    const cases = node.cases.map(({ consequent }, i) => {
      const code = consequent.map((statement) => {
        if (statement.type === 'FunctionDeclaration') {
          functions.push(
            `let ${scope.variables.get(statement.id.name)!.id}=${this.#functionExpression(statement, scope, '')};`,
          );
          return '';
        }
        return mark(statement) + this.#statement(statement, scope);
      });
      return `case ${i}:${code.join('')}`;
    });
    return `{${value}=${this.value(node.discriminant, outer)};const ${chosen}=${tests.join('')}${otherwise};${functions.join('')}switch(${chosen}){${cases.join('')}}}`;
  }

  #try(node: Tree.TryStatement, scope: Scope): string {
    let code = `{${this.#block(node.block.body, scope)}}`;
    const { handler, finalizer } = node;
    if (handler !== null && handler !== undefined) {
      const inner = new Scope(scope, scope.frame);
      const [d, e, c, before] = [this.id('d'), this.id('e'), this.id('c'), this.id('h')];
      let bind = '';
      if (handler.param !== null && handler.param !== undefined) {
        for (const name of namesOf(handler.param)) this.#declare(inner, name, 'let');
        const ids = namesOf(handler.param).map((name) => inner.find(name)!.id);
        bind = `${ids.length > 0 ? `let ${ids.join(',')};` : ''}${this.#assign(handler.param, c, inner, ({ name }) => inner.find(name)!.id).join(';')};`;
      }
      const body = this.#block(handler.body.body, inner);
      code =
        `{const ${d}=S.depth;try${code}catch(${e}){S.depth=${d};const ${c}=caught(${e});const ${before}=handling(${c});` +
        `try{${bind}${body}}finally{leave(${before});}}}`;
    }
    if (finalizer === null || finalizer === undefined) return code;
    const d = this.id('d');
    return `{const ${d}=S.depth;try{${code}}finally{alive();S.depth=${d};${this.#block(finalizer.body, scope)}}}`;
  }
}
