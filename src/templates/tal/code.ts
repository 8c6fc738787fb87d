/** Generated code: statements, and text of the output; neighbouring text becomes one constant. */
import { literal } from '../tales/print.ts';

/** JavaScript statements, or text that is written as it is. */
export type Part = string | { readonly text: string };
export type Code = readonly Part[];

export const shown = (text: string): Code => (text === '' ? [] : [{ text }]);

/** Statements that write the code's text to `o`. */
export function print(code: Code): string {
  let out = '';
  let pending = '';
  const flush = () => {
    if (pending !== '') out += `o+=${literal(pending)};`;
    pending = '';
  };
  for (const part of code) {
    if (typeof part === 'string') {
      flush();
      out += part;
    } else pending += part.text;
  }
  flush();
  return out;
}
