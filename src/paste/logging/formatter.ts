import { type BraceFormat, formatBraces, parseBraces, validateBraces } from './brace.ts';
import { pythonError } from './errors.ts';
import { formatNamed, parsePercent } from './percent.ts';
import { str } from './python-text.ts';
import type { LogRecord } from './record.ts';
import { strftime } from '../../pickle/index.ts';
import { timeFields } from './local-time.ts';

export type FormatStyle = '%' | '{' | '$';

/** One of Python's three ways to write a format, compiled once. */
interface CompiledStyle {
  readonly pythonName: 'PercentStyle' | 'StrFormatStyle' | 'StringTemplateStyle';
  readonly format: string;
  render(lookup: (field: string) => unknown): string;
}

function percentStyle(format: string): CompiledStyle {
  if (!/%\(\w+\)[#0+ -]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[diouxefgcrsa%]/i.test(format)) {
    throw pythonError('ValueError', `Invalid format '${format}' for '%' style`);
  }
  // A later mistake in the format shows when a record is written, as in Python.
  let parsed: ReturnType<typeof parsePercent> | undefined;
  return {
    pythonName: 'PercentStyle',
    format,
    render: (lookup) => formatNamed((parsed ??= parsePercent(format)), lookup),
  };
}

function braceStyle(format: string): CompiledStyle {
  validateBraces(format);
  const parsed: BraceFormat = parseBraces(format);
  return { pythonName: 'StrFormatStyle', format, render: (lookup) => formatBraces(parsed, lookup) };
}

const DOLLAR = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\}|)/gi;

function dollarStyle(format: string): CompiledStyle {
  let fields = 0;
  for (const [all, escaped, named, braced] of format.matchAll(DOLLAR)) {
    if (named !== undefined || braced !== undefined) fields += 1;
    else if (escaped === undefined && all === '$') {
      throw pythonError('ValueError', "invalid format: bare '$' not allowed");
    }
  }
  if (fields === 0) throw pythonError('ValueError', 'invalid format: no fields');
  return {
    pythonName: 'StringTemplateStyle',
    format,
    render: (lookup) =>
      format.replace(DOLLAR, (_all, escaped?: string, named?: string, braced?: string) =>
        escaped === undefined ? str(lookup((named ?? braced)!)) : '$',
      ),
  };
}

const STYLES = {
  '%': { usual: '%(message)s', compile: percentStyle },
  '{': { usual: '{message}', compile: braceStyle },
  $: { usual: '${message}', compile: dollarStyle },
} as const;

const CALLER_FIELDS = /\b(?:pathname|filename|module|lineno|funcName)\b/;

/** Python's `logging.Formatter`. The constructor throws a `ValueError` for a format that the style refuses. */
export class Formatter {
  readonly pythonClass = 'Formatter';
  readonly dateFormat: string | null;
  readonly #style: CompiledStyle;
  readonly #defaults: Readonly<Record<string, unknown>> | undefined;

  constructor(
    format?: string | null,
    dateFormat?: string | null,
    style: string = '%',
    defaults?: Readonly<Record<string, unknown>>,
  ) {
    if (!Object.hasOwn(STYLES, style)) {
      throw pythonError('ValueError', `Style must be one of: ${Object.keys(STYLES).join(',')}`);
    }
    const { usual, compile } = STYLES[style as FormatStyle];
    this.#style = compile(format ? format : usual);
    this.dateFormat = dateFormat ?? null;
    this.#defaults = defaults;
  }

  /** Whether the format shows where a message was logged, which costs a stack for every record. */
  get needsCaller(): boolean {
    return CALLER_FIELDS.test(this.#style.format);
  }

  format(record: LogRecord): string {
    const { message } = record;
    let asctime: string | undefined;
    let text: string;
    try {
      text =
        this.#style.format === '%(message)s'
          ? message
          : this.#style.render((field) => {
              if (field === 'message') return message;
              if (field === 'asctime') return (asctime ??= this.formatTime(record));
              if (this.#defaults && Object.hasOwn(this.#defaults, field)) return this.#field(record, field);
              return record.field(field);
            });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'KeyError') throw error;
      throw pythonError('ValueError', `Formatting field not found in record: ${error.message}`, error);
    }
    const { exceptionText } = record;
    if (exceptionText === '') return text;
    return text.endsWith('\n') ? text + exceptionText : `${text}\n${exceptionText}`;
  }

  /** `2023-11-14 22:13:20,250`, or the `datefmt`. */
  formatTime(record: LogRecord): string {
    if (this.dateFormat) return strftime(this.dateFormat, timeFields(record.created));
    const time = cachedTime(Math.floor(record.created));
    return `${time},${String(record.milliseconds).padStart(3, '0')}`;
  }

  describe(): Record<string, unknown> {
    return {
      class: this.pythonClass,
      format: this.#style.format,
      datefmt: this.dateFormat,
      style: this.#style.pythonName,
    };
  }

  #field(record: LogRecord, field: string): unknown {
    try {
      return record.field(field);
    } catch {
      return this.#defaults![field];
    }
  }
}

let cachedSecond = NaN;
let cachedOffset = NaN;
let cachedText = '';

/** Records come many to a second. */
function cachedTime(second: number): string {
  const offset = new Date(second * 1000).getTimezoneOffset();
  if (second !== cachedSecond || offset !== cachedOffset) {
    cachedSecond = second;
    cachedOffset = offset;
    cachedText = strftime('%Y-%m-%d %H:%M:%S', timeFields(second));
  }
  return cachedText;
}
