/** Reads a configuration file with a schema (INVENTORY 2.5). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigurationError, ConfigurationSyntaxError, type Place, SchemaResourceError } from './errors.ts';
import { includedFile } from './included-file.ts';
import { converted, SectionMatcher } from './matcher.ts';
import { OptionBag, parseOverride } from './overrides.ts';
import { BLANK, NO_BLANK, quoted, strip, stripEnd } from './python-text.ts';
import { Schema, type SchemaDefinition } from './schema.ts';
import { isName, substitute } from './substitution.ts';

export interface LoadOptions {
  /** Options of a command line, each `path=value`. */
  readonly overrides?: readonly string[];
}

const NAME = `${NO_BLANK.slice(0, -1)}()]+`;
const KEY_VALUE = new RegExp(`^(${NAME})${BLANK}*(${NO_BLANK}.*)?$`, 's');
const SECTION_START = new RegExp(`^(${NAME})(?:${BLANK}+(${NAME}))?$`);
const DEFINITION = new RegExp(`^(${NO_BLANK}+)(?:${BLANK}+(.*))?$`, 's');

interface Open {
  readonly matcher: SectionMatcher;
  readonly type: string;
}

class Loader {
  schema: Schema;
  /** Names of `%define`, shared with included files. */
  readonly #defines = new Map<string, string>();
  readonly #including: string[] = [];

  constructor(schema: Schema) {
    this.schema = schema;
  }

  parse(text: string, file: string, into: SectionMatcher): void {
    if (this.#including.includes(file)) {
      throw new ConfigurationError(`the file includes itself: ${[...this.#including, file].join(' → ')}`);
    }
    this.#including.push(file);
    const stack: Open[] = [];
    let matcher = into;
    // A carriage return alone ends no line.
    const lines = text.split('\n');
    for (const [index, raw] of lines.entries()) {
      const place: Place = { file, line: index + 1 };
      const line = strip(raw);
      if (line === '' || line.startsWith('#')) continue;
      try {
        if (line.startsWith('</')) matcher = this.#end(line, stack, matcher, place);
        else if (line.startsWith('<')) matcher = this.#start(line, stack, matcher, place);
        else if (line.startsWith('%')) this.#directive(line.slice(1), matcher, place);
        else this.#keyValue(line, matcher, place);
      } catch (error) {
        throw error instanceof ConfigurationError ? error.at(place) : error;
      }
    }
    // Counted as Python does: behind the last line.
    if (stack.length > 0)
      throw new ConfigurationSyntaxError('unclosed sections not allowed', {
        file,
        line: lines.at(-1) === '' ? lines.length - 1 : lines.length,
      });
    this.#including.pop();
  }

  #start(line: string, stack: Open[], matcher: SectionMatcher, place: Place): SectionMatcher {
    if (!line.endsWith('>')) throw new ConfigurationSyntaxError('malformed section start', place);
    const empty = line.endsWith('/>');
    const match = SECTION_START.exec(stripEnd(line.slice(1, empty ? -2 : -1)));
    if (match === null) throw new ConfigurationSyntaxError('malformed section header', place);
    const type = match[1]!.toLowerCase();
    const name = match[2]?.toLowerCase() ?? null;
    const child = syntactic(place, () => matcher.child(this.schema, type, name, place));
    if (empty) {
      matcher.addSection(child, child.finish());
      return matcher;
    }
    stack.push({ matcher, type });
    return child;
  }

  #end(line: string, stack: Open[], matcher: SectionMatcher, place: Place): SectionMatcher {
    if (!line.endsWith('>')) throw new ConfigurationSyntaxError('malformed section end', place);
    const open = stack.pop();
    if (open === undefined) throw new ConfigurationSyntaxError('unexpected section end', place);
    if (stripEnd(line.slice(2, -1)).toLowerCase() !== open.type)
      throw new ConfigurationSyntaxError('unbalanced section end', place);
    syntactic(place, () => open.matcher.addSection(matcher, matcher.finish()));
    return open.matcher;
  }

  #keyValue(line: string, matcher: SectionMatcher, place: Place): void {
    const match = KEY_VALUE.exec(line);
    if (match === null) throw new ConfigurationSyntaxError('malformed configuration data', place);
    const value = match[2] === undefined ? '' : substitute(match[2], this.#defines);
    matcher.addValue(this.schema, match[1]!, value, place);
  }

  #directive(line: string, matcher: SectionMatcher, place: Place): void {
    const match = KEY_VALUE.exec(line);
    if (match === null) throw new ConfigurationSyntaxError('missing or unrecognized directive', place);
    const [, name, argument] = match;
    if (name !== 'define' && name !== 'import' && name !== 'include')
      throw new ConfigurationSyntaxError(`unknown directive: ${quoted(name!)}`, place);
    if (!argument) throw new ConfigurationSyntaxError(`missing argument to %${name} directive`, place);
    if (name === 'define') this.#define(argument, place);
    else if (name === 'import') this.#import(substitute(argument, this.#defines), place);
    else this.#include(substitute(argument, this.#defines), matcher, place);
  }

  #define(argument: string, place: Place): void {
    const match = DEFINITION.exec(argument)!;
    const name = match[1]!.toLowerCase();
    const value = match[2] ?? '';
    const before = this.#defines.get(name);
    if (before !== undefined && before !== value)
      throw new ConfigurationSyntaxError(`cannot redefine ${quoted(name)}`, place);
    if (!isName(name))
      throw new ConfigurationSyntaxError(`not a substitution legal name: ${quoted(name)}`, place);
    this.#defines.set(name, substitute(value, this.#defines));
  }

  #import(name: string, place: Place): void {
    const schema = this.schema.withComponent(name);
    if (schema === undefined)
      throw new SchemaResourceError(`import name does not refer to a known component: ${name}`, place);
    this.schema = schema;
  }

  #include(target: string, matcher: SectionMatcher, place: Place): void {
    const file = includedFile(target, place.file!);
    this.parse(readConfiguration(file), file, matcher);
  }
}

/** Errors about the nesting of sections are errors of the text. */
function syntactic<T>(place: Place, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (
      error instanceof ConfigurationError &&
      error.constructor === ConfigurationError &&
      error.line === undefined
    ) {
      throw new ConfigurationSyntaxError(error.reason, place, { cause: error });
    }
    if (error instanceof ConfigurationError && error.constructor === ConfigurationError) {
      throw new ConfigurationSyntaxError(
        error.reason,
        { file: error.file, line: error.line },
        { cause: error },
      );
    }
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EACCES: 'Permission denied',
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readConfiguration(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = REASONS[code] ?? message;
    throw new ConfigurationError(
      `error opening file ${file}: ${reason}`,
      { file, line: undefined },
      { cause: error },
    );
  }
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new ConfigurationError('the file is not UTF-8 text', { file, line: undefined }, { cause: error });
  }
}

/** Loads a file. Throws a ConfigurationError or one of its kinds. */
export function loadConfigFile(
  schema: Schema | SchemaDefinition,
  file: string,
  options: LoadOptions = {},
): unknown {
  const absolute = path.resolve(file);
  return loadConfigText(schema, readConfiguration(absolute), absolute, options);
}

/** Loads a text; `file` is where included files are looked for, and stands in errors. */
export function loadConfigText(
  schemaOrDefinition: Schema | SchemaDefinition,
  text: string,
  file: string,
  options: LoadOptions = {},
): unknown {
  const schema = schemaOrDefinition instanceof Schema ? schemaOrDefinition : new Schema(schemaOrDefinition);
  const overrides = (options.overrides ?? []).map(parseOverride);
  const bag = overrides.length === 0 ? undefined : new OptionBag(schema.top, overrides);
  const top = new SectionMatcher(schema.top, null, { file, line: undefined }, bag);
  const loader = new Loader(schema);
  loader.parse(text, file, top);
  try {
    return converted(schema.top, top.finish(), { file, line: undefined });
  } catch (error) {
    throw error instanceof ConfigurationError ? error.at({ file, line: undefined }) : error;
  }
}
