/** Python parameter lists as declarations give them: `"id, title='', REQUEST=None"`. */

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
}

const parsed = new Map<string, readonly Parameter[]>();

/** The positional parameters; what follows a `*` is not filled from a request (INVENTORY P-050). */
export function parametersOf(signature: string): readonly Parameter[] {
  let parameters = parsed.get(signature);
  if (parameters === undefined) {
    const found: Parameter[] = [];
    for (const part of splitArguments(signature)) {
      if (part.startsWith('*')) break;
      if (part === '/' || part === '') continue;
      const equals = part.indexOf('=');
      found.push({ name: (equals < 0 ? part : part.slice(0, equals)).trim(), required: equals < 0 });
    }
    parameters = found;
    parsed.set(signature, parameters);
  }
  return parameters;
}

function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let [depth, start, quoted] = [0, 0, ''];
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted !== '') {
      if (char === '\\') i++;
      else if (char === quoted) quoted = '';
    } else if (char === '"' || char === "'") quoted = char;
    else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}
