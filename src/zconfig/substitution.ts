/** `$name`, `${name}` and `$(ENVIRONMENT)` in values. */
import { SubstitutionReplacementError, SubstitutionSyntaxError } from './errors.ts';

const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;

export const isName = (text: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(text);

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

/** The text with its references replaced; what is put in is not looked at again. */
export function substitute(text: string, defines: ReadonlyMap<string, string>): string {
  let result = '';
  let at = 0;
  for (;;) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === undefined) throw new SubstitutionSyntaxError("illegal lone '$' at end of source");
    if (next === '$') {
      result += '$';
      at = dollar + 2;
      continue;
    }
    const bracketed = next === '{' || next === '(';
    const name = nameAt(text, dollar + (bracketed ? 2 : 1));
    if (name === undefined) {
      throw new SubstitutionSyntaxError(
        bracketed ? `'$${next}' not followed by name` : "'$' not followed by '$' or name",
      );
    }
    at = dollar + (bracketed ? 2 : 1) + name.length;
    if (bracketed) {
      const close = next === '{' ? '}' : ')';
      if (text[at] !== close)
        throw new SubstitutionSyntaxError(`'$${next}${name}' not followed by '${close}'`);
      at++;
    }
    const value = next === '(' ? process.env[name] : defines.get(name.toLowerCase());
    if (value === undefined) throw new SubstitutionReplacementError(text, name);
    result += value;
  }
}
