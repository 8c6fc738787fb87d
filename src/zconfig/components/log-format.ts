/** Checks that a format of log lines can be used: fields that are there, conversions that fit them. */
import { ValueRefused } from '../errors.ts';

type FieldType = 'text' | 'integer' | 'float' | 'any';

/** The fields of Python's log records. */
const FIELDS: ReadonlyMap<string, FieldType> = new Map([
  ['name', 'text'],
  ['msg', 'text'],
  ['args', 'any'],
  ['levelname', 'text'],
  ['levelno', 'integer'],
  ['pathname', 'text'],
  ['filename', 'text'],
  ['module', 'text'],
  ['exc_info', 'any'],
  ['exc_text', 'any'],
  ['stack_info', 'any'],
  ['lineno', 'integer'],
  ['funcName', 'text'],
  ['created', 'float'],
  ['msecs', 'float'],
  ['relativeCreated', 'float'],
  ['thread', 'integer'],
  ['threadName', 'text'],
  ['process', 'integer'],
  ['processName', 'text'],
  ['asctime', 'text'],
  ['message', 'text'],
]);

const refused = (format: string, reason: string) => new ValueRefused(`format '${format}': ${reason}`);

function typeOf(name: string, format: string, arbitrary: boolean): FieldType {
  const type = FIELDS.get(name) ?? (arbitrary ? 'integer' : undefined);
  if (type === undefined) {
    throw refused(
      format,
      `log records have no field '${name}' (they have ${[...FIELDS.keys()].join(', ')}); arbitrary-fields allows others`,
    );
  }
  return type;
}

const PERCENT = /%(?:\(([^)]*)\))?[#0\- +]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[hlL]?([\s\S]?)/g;

/** `%(name)s` */
function checkPercent(format: string, arbitrary: boolean): void {
  for (const [text, name, conversion] of format.matchAll(PERCENT)) {
    if (conversion === '%') continue;
    if (conversion === '') throw refused(format, `incomplete format '${text}'`);
    if (!'diouxXeEfFgGcrsa'.includes(conversion!))
      throw refused(format, `'${text}' has the unknown conversion '${conversion}'`);
    if (name === undefined) throw refused(format, `'${text}' names no field; a percent sign is written %%`);
    if (text.includes('*')) throw refused(format, `'${text}' takes a width from a field without a name`);
    const type = typeOf(name, format, arbitrary);
    if ('rsa'.includes(conversion!)) continue;
    const fits = 'oxXc'.includes(conversion!) ? type === 'integer' : type === 'integer' || type === 'float';
    if (!fits) throw refused(format, `'${text}': the field is no number that '${conversion}' can show`);
  }
}

const SPEC = /^(?:.?[<>=^])?[-+ ]?z?#?0?\d*[_,]?(?:\.\d+)?([bcdeEfFgGnosxX%]?)$/su;
const TYPES: Readonly<Record<FieldType, string>> = {
  text: 's',
  integer: 'bcdeEfFgGnoxX%',
  float: 'eEfFgGn%',
  any: 's',
};

/** `{name:spec}` */
function checkBraces(format: string, arbitrary: boolean): void {
  for (let at = 0; at < format.length; at++) {
    const character = format[at]!;
    if (character !== '{' && character !== '}') continue;
    if (format[at + 1] === character) {
      at++;
      continue;
    }
    if (character === '}') throw refused(format, "a single '}'; one that is shown is written '}}'");
    const close = format.indexOf('}', at);
    if (close < 0) throw refused(format, "a single '{'; one that is shown is written '{{'");
    const match = /^([^.[!:{]*)((?:[.[][^!:{]*)?)(?:!([^:{]*))?(?::([\s\S]*))?$/.exec(
      format.slice(at + 1, close),
    );
    if (match === null) throw refused(format, `'${format.slice(at, close + 1)}' cannot be read`);
    const [field, name, path, conversion, spec = ''] = match;
    if (/^\d*$/.test(name!)) throw refused(format, 'positional placeholders cannot be used: {} has no name');
    if (conversion !== undefined && !/^[rsa]$/.test(conversion))
      throw refused(format, `'{${field}}' has the unknown conversion '!${conversion}'`);
    const type = typeOf(name!, format, arbitrary);
    checkSpec(format, field!, conversion === undefined && path === '' ? type : 'text', spec);
    at = close;
  }
}

function checkSpec(format: string, field: string, type: FieldType, spec: string): void {
  if (spec === '') return;
  const shown = SPEC.exec(spec);
  if (shown === null || (shown[1] !== '' && !TYPES[type].includes(shown[1]!)))
    throw refused(format, `'{${field}}': '${spec}' does not fit the field`);
}

/** `${name}` */
function checkDollars(format: string, arbitrary: boolean): void {
  for (const match of format.matchAll(/\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\}|)/gi)) {
    const [text, escaped, plain, braced] = match;
    if (escaped !== undefined) continue;
    const name = plain ?? braced;
    if (name === undefined) throw refused(format, `'${text}' begins no field; a dollar sign is written '$$'`);
    typeOf(name, format, arbitrary);
  }
}

const CHECKS = {
  classic: checkPercent,
  format: checkBraces,
  template: checkDollars,
  // What is not there is shown as it was written.
  'safe-template': () => undefined,
} as const satisfies Record<string, (format: string, arbitrary: boolean) => void>;

export type LogFormatStyle = keyof typeof CHECKS;

/** A style by its name. Throws a ValueRefused. */
export function logFormatStyle(text: string): LogFormatStyle {
  const style = text.toLowerCase();
  if (!Object.hasOwn(CHECKS, style)) {
    throw new ValueRefused(
      `log_format_style must be one of ${Object.keys(CHECKS)
        .sort()
        .map((name) => `'${name}'`)
        .join(', ')}; found '${text}'`,
    );
  }
  return style as LogFormatStyle;
}

/** Throws a ValueRefused for a format that could not show a record. */
export function checkLogFormat(format: string, style: LogFormatStyle, arbitraryFields: boolean): void {
  CHECKS[style](format, arbitraryFields);
}
