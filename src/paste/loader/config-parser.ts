/**
 * The language of Python's `configparser.ConfigParser` in its default dialect (strict, `=` and `:`, whole-line comments
 * with `#` and `;`, continuation lines, `%(name)s`), which both PasteDeploy and `logging.config` read.
 */
import { readFileSync } from 'node:fs';
import { BLANK, NO_BLANK, quoted, strip, stripEnd } from '../../zconfig/index.ts';
import { LoadError } from './errors.ts';

/** An option as written: its text before interpolation, and its line (undefined for a value given by the caller). */
interface RawOption {
  text: string;
  line: number | undefined;
}

const MAX_DEPTH = 10;
const HEADER = /^\[(.+)\]/;
const OPTION = new RegExp(`^(.*?)${BLANK}*[=:]${BLANK}*(.*)$`, 's');
const FIRST = new RegExp(NO_BLANK);

export { quoted };
export interface ConfigParserOptions {
  /** Options of `[DEFAULT]` that the file may override. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Whether `Name` and `name` are one option (Python's default; PasteDeploy keeps the case). */
  readonly lowerCaseOptions?: boolean;
}

export class ConfigParser {
  readonly file: string;
  readonly #defaults = new Map<string, RawOption>();
  readonly #sections = new Map<string, Map<string, RawOption>>();
  readonly #sectionLines = new Map<string, number>();
  readonly #lowerCase: boolean;

  constructor(text: string, file: string, options: ConfigParserOptions = {}) {
    this.file = file;
    this.#lowerCase = options.lowerCaseOptions ?? false;
    for (const [name, value] of Object.entries(options.defaults ?? {})) {
      this.#defaults.set(this.#optionName(name), { text: value, line: undefined });
    }
    this.#parse(text);
  }

  /** Reads a file as UTF-8. Throws `LoadError` when it cannot be read or decoded. */
  static read(file: string, options?: ConfigParserOptions): ConfigParser {
    return new ConfigParser(readText(file), file, options);
  }

  get sections(): string[] {
    return [...this.#sections.keys()];
  }

  hasSection(section: string): boolean {
    return this.#sections.has(section);
  }

  /** Names of the options of a section, then those that only `[DEFAULT]` has. */
  options(section: string): string[] {
    return [...new Set([...this.#section(section).keys(), ...this.#defaults.keys()])];
  }

  has(section: string, option: string): boolean {
    const name = this.#optionName(option);
    return (this.#sections.get(section)?.has(name) ?? false) || this.#defaults.has(name);
  }

  /** Line of an option's first line, if the file has it. */
  lineOf(section: string, option?: string): number | undefined {
    if (option === undefined) return this.#sectionLines.get(section);
    const name = this.#optionName(option);
    return (this.#sections.get(section)?.get(name) ?? this.#defaults.get(name))?.line;
  }

  /** The text as written, or undefined without the option. */
  raw(section: string, option: string): string | undefined {
    const name = this.#optionName(option);
    return (this.#sections.get(section)?.get(name) ?? this.#defaults.get(name))?.text;
  }

  /** The interpolated value, or undefined without the option. */
  get(section: string, option: string): string | undefined {
    const raw = this.raw(section, option);
    return raw === undefined ? undefined : this.#interpolate(raw, section, option, 1, raw);
  }

  /** The interpolated options of `[DEFAULT]`, the caller's among them. */
  defaults(): Record<string, string> {
    const values: Record<string, string> = Object.create(null);
    for (const [name, { text }] of this.#defaults) {
      // PasteDeploy leaves what comes to nothing as it was written.
      values[name] = this.#interpolate(text, 'DEFAULT', name, 1, text) || text;
    }
    return values;
  }

  /** Adds options to `[DEFAULT]` that it does not have. */
  addDefaults(values: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(values)) {
      if (!this.#defaults.has(name)) this.#defaults.set(name, { text, line: undefined });
    }
  }

  #optionName(name: string): string {
    return this.#lowerCase ? name.toLowerCase() : name;
  }

  #section(section: string): Map<string, RawOption> {
    const found = this.#sections.get(section);
    if (found) return found;
    throw new LoadError('section-missing', `no section [${section}]`, { file: this.file, section });
  }

  #parse(text: string): void {
    const lines = text.split(/\r\n|\r|\n/);
    if (lines.at(-1) === '') lines.pop();
    const shown = (line: string, index: number) =>
      quoted(index === lines.length - 1 && !/[\r\n]$/.test(text) ? line : `${line}\n`);
    const seen = new Set<string>();
    const wrong: [number, string][] = [];
    let section: Map<string, RawOption> | undefined;
    let sectionName = '';
    let values: string[] | undefined;
    let option: RawOption | undefined;
    let indent = 0;
    const close = () => {
      if (option && values) option.text = stripEnd(values.join('\n'));
      option = values = undefined;
    };
    for (const [index, line] of lines.entries()) {
      const lineNumber = index + 1;
      const content = strip(line);
      if (content.startsWith('#') || content.startsWith(';')) continue;
      if (content === '') {
        values?.push('');
        continue;
      }
      const lineIndent = line.search(FIRST);
      if (values && lineIndent > indent) {
        values.push(content);
        continue;
      }
      indent = lineIndent;
      const header = HEADER.exec(content);
      if (header) {
        close();
        sectionName = header[1]!;
        if (sectionName === 'DEFAULT') {
          section = this.#defaults;
        } else if (this.#sections.has(sectionName)) {
          throw new LoadError(
            'ini-duplicate-section',
            `While reading from ${quoted(this.file)} [line ${String(lineNumber).padStart(2)}]: ` +
              `section ${quoted(sectionName)} already exists`,
            { file: this.file, line: lineNumber, section: sectionName },
          );
        } else {
          section = new Map();
          this.#sections.set(sectionName, section);
          this.#sectionLines.set(sectionName, lineNumber);
        }
        continue;
      }
      if (!section) {
        throw new LoadError(
          'ini-missing-section-header',
          `File contains no section headers: ${shown(line, index)}`,
          {
            file: this.file,
            line: lineNumber,
          },
        );
      }
      const match = OPTION.exec(content);
      if (!match || match[1] === '') wrong.push([lineNumber, shown(line, index)]);
      if (!match) continue;
      close();
      const name = this.#optionName(stripEnd(match[1]!));
      const key = `${sectionName}\n${name}`;
      if (seen.has(key)) {
        throw new LoadError(
          'ini-duplicate-option',
          `While reading from ${quoted(this.file)} [line ${String(lineNumber).padStart(2)}]: ` +
            `option ${quoted(name)} in section ${quoted(sectionName)} already exists`,
          { file: this.file, line: lineNumber, section: sectionName, option: name },
        );
      }
      seen.add(key);
      if (name === '') continue;
      option = { text: '', line: lineNumber };
      values = [strip(match[2]!)];
      section.set(name, option);
    }
    close();
    if (wrong.length > 0) {
      const list = wrong.map(([line, what]) => `\n\t[line ${String(line).padStart(2)}]: ${what}`).join('');
      throw new LoadError('ini-syntax', `Source contains parsing errors: ${quoted(this.file)}${list}`, {
        file: this.file,
        line: wrong[0]![0],
        errors: wrong.map(([line, what]) => [line, what.slice(1, -1)] as const),
      });
    }
  }

  #interpolate(rest: string, section: string, option: string, depth: number, raw: string): string {
    if (!rest.includes('%')) return rest;
    const fail = (code: 'missing' | 'syntax' | 'depth', problem: string) =>
      new LoadError(`ini-interpolation-${code}`, problem, {
        file: this.file,
        line: this.lineOf(section, option),
        section,
        option,
      });
    if (depth > MAX_DEPTH) {
      throw fail(
        'depth',
        `Recursion limit exceeded in value substitution: option ${quoted(option)} in section ${quoted(section)} contains an ` +
          `interpolation key which cannot be substituted in ${MAX_DEPTH} steps. Raw value: ${quoted(raw)}`,
      );
    }
    let result = '';
    for (let from = 0; ;) {
      const percent = rest.indexOf('%', from);
      if (percent < 0) return result + rest.slice(from);
      result += rest.slice(from, percent);
      const next = rest[percent + 1];
      if (next === '%') {
        result += '%';
        from = percent + 2;
        continue;
      }
      if (next !== '(') {
        throw fail('syntax', `'%' must be followed by '%' or '(', found: ${quoted(rest.slice(percent))}`);
      }
      const reference = /^%\(([^)]+)\)s/.exec(rest.slice(percent));
      if (!reference) {
        throw fail('syntax', `bad interpolation variable reference ${quoted(rest.slice(percent))}`);
      }
      const name = this.#optionName(reference[1]!);
      const value = this.raw(section, name);
      if (value === undefined) {
        throw fail(
          'missing',
          `Bad value substitution: option ${quoted(option)} in section ${quoted(section)} contains an interpolation key ` +
            `${quoted(name)} which is not a valid option name. Raw value: ${quoted(raw)}`,
        );
      }
      result += this.#interpolate(value, section, option, depth + 1, raw);
      from = percent + reference[0].length;
    }
  }
}

function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new LoadError(
        'file-not-found',
        `No such file or directory: ${quoted(file)}`,
        { file },
        { cause: error },
      );
    }
    const reason = code === 'EISDIR' ? 'Is a directory' : (error as Error).message;
    throw new LoadError('file-unreadable', `${reason}: ${quoted(file)}`, { file }, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new LoadError('ini-encoding', `the file is not UTF-8`, { file }, { cause: error });
  }
}
