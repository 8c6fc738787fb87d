import { createRequire } from 'node:module';
import type { Class } from './class-info.ts';
import { ClassRegistrationError } from './errors.ts';

const checked = new WeakSet<object>();

/** What comes before the name wherever a `#private` member is declared; colours and fragments of URLs stand elsewhere. */
const DECLARATION = /(?:[{};*\n/]|\b(?:accessor|async|get|set|static))\s*#[\p{ID_Start}$_]/u;

/**
 * `#private` members are put on an instance by running constructors, which loading an object from the database does not
 * do; and a wrapper is another object than the instance that has them. Throws for a class that has some, or whose bases do.
 */
export function refusePrivateFields(cls: Class): void {
  for (
    let at: unknown = cls;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    if (checked.has(at)) return;
    const member = privateMember(at);
    if (member !== undefined) {
      throw new ClassRegistrationError(
        cls.name,
        `${at.name}.#${member}: instances of a persistent class cannot have #private members, because objects are loaded ` +
          `without running constructors; name it _v_${member} for a value that is not stored, or _${member} for one that is`,
      );
    }
    checked.add(at);
  }
}

function privateMember(cls: { toString(): string }): string | undefined {
  const source = Function.prototype.toString.call(cls);
  if (!DECLARATION.test(source)) return undefined;
  // Loaded when it is needed, which for most sites is never.
  const { parse } = createRequire(import.meta.url)('acorn') as typeof import('acorn');
  let program;
  try {
    program = parse(`(${source})`, { ecmaVersion: 'latest' });
  } catch {
    return undefined; // Not source that can be parsed alone (a native class): its members cannot be known.
  }
  const statement = program.body[0];
  if (statement?.type !== 'ExpressionStatement' || statement.expression.type !== 'ClassExpression')
    return undefined;
  for (const element of statement.expression.body.body) {
    if (element.type === 'StaticBlock' || element.static) continue;
    if (element.key.type === 'PrivateIdentifier') return element.key.name;
  }
  return undefined;
}
