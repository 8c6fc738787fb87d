/** The header lines of a script's source: its title, bindings and parameters, each behind the comment sign (INVENTORY S-070). */
import { PySyntaxError } from '../../restricted/index.ts';
import { type BindingKind, BINDINGS } from './bindings.ts';

/** What header lines and forms call a binding. */
export const BIND_WORDS: Readonly<Record<BindingKind, string>> = {
  name_context: 'context',
  name_container: 'container',
  name_m_self: 'script',
  name_ns: 'namespace',
  name_subpath: 'subpath',
};

/** What a script tells in its header lines. */
export interface ScriptHeader {
  /** The kind of script and its id; for readers only. */
  readonly heading: string;
  readonly names: ReadonlyMap<string, string>;
  readonly params: string;
  readonly title: string;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** A source taken apart; what its header does not mention is undefined. */
export interface ParsedSource {
  readonly params: string | undefined;
  readonly title: string | undefined;
  /** Names of bindings by kind, without the kinds that the header does not mention. */
  readonly names: Readonly<Partial<Record<BindingKind, string>>>;
  /** What follows the header: empty, or ended by one line end. */
  readonly body: string;
}

/** The source of a script: header lines that begin with `mark`, then the body. */
export function sourceWithHeader(header: ScriptHeader, body: string, mark: string): string {
  // A body whose lines are all indented has a header that is indented likewise.
  const begin = `${/^ *(?! |$)/m.exec(body)?.[0] ?? ''}${mark}`;
  const bindings = BINDINGS.map((kind) => `bind ${BIND_WORDS[kind]}=${header.names.get(kind) ?? ''}`);
  const problems = (title: string, texts: readonly string[]) =>
    texts.length === 0 ? [] : ['', ` ${title}:`, ...texts.map((text) => `  ${text}`)];
  const lines = [
    ` ${header.heading}`,
    ...bindings.sort(),
    `parameters=${header.params}`,
    `title=${header.title}`,
    ...problems('Errors', header.errors),
    ...problems('Warnings', header.warnings),
    '',
  ];
  return `${lines.map((line) => begin + line).join('\n')}\n${body}`;
}

/** Takes a source apart. Throws a PySyntaxError for a header line that sets what no script has. */
export function parseSource(text: string, mark: string): ParsedSource {
  const lines = text.split('\n');
  const names: Partial<Record<BindingKind, string>> = {};
  let params: string | undefined;
  let title: string | undefined;
  let first = 0;
  for (; first < lines.length; first++) {
    const line = lines[first]!.trim();
    if (line === '') continue;
    if (!line.startsWith(mark)) break;
    const setting = settingOf(line.slice(mark.length));
    if (setting === undefined) continue;
    if (setting.word === 'parameters') params = setting.value;
    else if (setting.word === 'title') title = setting.value;
    else {
      const kind = BINDINGS.find((each) => `bind ${BIND_WORDS[each]}` === setting.word);
      if (kind === undefined) throw new PySyntaxError(`Unrecognized header line "${line}"`, first + 1, 0);
      names[kind] = setting.value;
    }
  }
  const rest = lines.slice(first).join('\n').trimEnd();
  return { params, title, names, body: rest === '' ? '' : `${rest}\n` };
}

/** What a header line sets; undefined for those that are empty, tell the script's name, or an error. */
function settingOf(header: string): { word: string; value: string } | undefined {
  const equals = header.indexOf('=');
  if (equals < 0 || header.startsWith(' ')) return undefined;
  return { word: header.slice(0, equals).trim().toLowerCase(), value: header.slice(equals + 1).trim() };
}
