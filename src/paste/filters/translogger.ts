/** `egg:Paste#translogger`: an access log in Apache's combined format, or any other (INVENTORY 1.4). */
import { environOf } from '../gateway/environ.ts';
import { GatewayRequest } from '../gateway/request.ts';
import { GatewayResponse } from '../gateway/response.ts';
import type { Application } from '../gateway/types.ts';
import { LoadError } from '../loader/errors.ts';
import type { Settings } from '../loader/factories.ts';
import { booleanOption, readOptions, textOption } from '../loader/options.ts';
import { Formatter } from '../logging/formatter.ts';
import { StreamHandler } from '../logging/handlers/stream.ts';
import { levelNames } from '../logging/levels.ts';
import { pythonLogger } from '../logging/set-up.ts';
import { percentQuote } from './percent-quote.ts';

const COMBINED =
  '%(REMOTE_ADDR)s - %(REMOTE_USER)s [%(time)s] "%(REQUEST_METHOD)s %(REQUEST_URI)s %(HTTP_VERSION)s" ' +
  '%(status)s %(bytes)s "%(HTTP_REFERER)s" "%(HTTP_USER_AGENT)s"';
const FIELDS = [
  'REMOTE_ADDR',
  'REMOTE_USER',
  'REQUEST_METHOD',
  'REQUEST_URI',
  'HTTP_VERSION',
  'time',
  'status',
  'bytes',
  'HTTP_REFERER',
  'HTTP_USER_AGENT',
] as const;
type Field = (typeof FIELDS)[number];
type Values = Record<Field, string>;

/** A format as text and fields in turn, so that a line costs a few concatenations. */
function compileFormat(format: string): (values: Values) => string {
  const parts: (string | { field: Field; width: number; left: boolean; precision: number | undefined })[] =
    [];
  let last = 0;
  for (const match of format.matchAll(/%(?:%|\(([^)]*)\)(-?)(\d*)(?:\.(\d+))?([a-zA-Z])|)/g)) {
    parts.push(format.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[0] === '%%') parts.push('%');
    else if (match[1] === undefined)
      throw new LoadError(
        'option-invalid',
        `unsupported format character in the format at index ${match.index}`,
      );
    else {
      if (!(FIELDS as readonly string[]).includes(match[1]))
        throw new LoadError(
          'option-invalid',
          `the format has an unknown field '${match[1]}' (fields: ${FIELDS.join(', ')})`,
        );
      if (match[5] !== 's' && match[5] !== 'r')
        throw new LoadError('option-invalid', `%(${match[1]})${match[5]}: the fields are texts`);
      parts.push({
        field: match[1] as Field,
        width: Number(match[3]),
        left: match[2] === '-',
        precision: match[4] === undefined ? undefined : Number(match[4]),
      });
    }
  }
  parts.push(format.slice(last));
  return (values) => {
    let line = '';
    for (const part of parts) {
      if (typeof part === 'string') line += part;
      else {
        const text =
          part.precision === undefined ? values[part.field] : values[part.field].slice(0, part.precision);
        line += part.width === 0 ? text : part.left ? text.padEnd(part.width) : text.padStart(part.width);
      }
    }
    return line;
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);
let second = -1;
let stamp = '';

/** Local time as Apache writes it; made once a second. */
function timestamp(now: number): string {
  const whole = Math.floor(now / 1000);
  if (whole !== second) {
    second = whole;
    const date = new Date(now);
    const offset = -date.getTimezoneOffset();
    const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
    stamp =
      `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:` +
      `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
  }
  return stamp;
}

function headerOf(request: Request, name: string): string | undefined {
  return request instanceof GatewayRequest ? request.header(name) : (request.headers.get(name) ?? undefined);
}

/** The length that the answer states; none where nobody said it. */
function lengthOf(response: Response): string {
  const length =
    response instanceof GatewayResponse
      ? response.header('content-length')
      : response.headers.get('content-length');
  return length ?? '-';
}

/** A number or a level's name, as in Python's logging. */
function level(text: string): number {
  const name = text.trim();
  const number = /^\d+$/.test(name) ? Number(name) : levelNames().get(name);
  if (number === undefined) throw new LoadError('option-invalid', `there is no logging level '${text}'`);
  return number;
}

export function transLogger(app: Application, _globalConf: Settings, localConf: Settings): Application {
  const options = readOptions(localConf, {
    logger_name: textOption('wsgi'),
    format: textOption(COMBINED),
    logging_level: textOption('INFO'),
    setup_console_handler: booleanOption(true),
    set_logger_level: textOption('DEBUG'),
  });
  const line = compileFormat(options.format);
  const logger = pythonLogger(options.logger_name);
  const logLevel = level(options.logging_level);
  if (options.setup_console_handler) {
    const console = new StreamHandler();
    console.formatter = new Formatter('%(message)s');
    logger.addHandler(console);
    logger.propagate = false;
  }
  logger.level = level(options.set_logger_level);
  const write = (request: Request, response: Response, uri: string, time: string) => {
    const environ = environOf(request);
    logger.log(
      logLevel,
      line({
        REMOTE_ADDR: headerOf(request, 'x-forwarded-for') || environ.remoteAddr || '-',
        REMOTE_USER: environ.remoteUser || '-',
        REQUEST_METHOD: request.method,
        REQUEST_URI: uri,
        HTTP_VERSION: environ.serverProtocol,
        time,
        status: String(response.status),
        bytes: lengthOf(response),
        HTTP_REFERER: headerOf(request, 'referer') ?? '-',
        HTTP_USER_AGENT: headerOf(request, 'user-agent') ?? '-',
      }),
    );
  };
  return (request) => {
    if (!logger.isEnabledFor(logLevel)) return app(request);
    // Taken before the application may change them.
    const { scriptName, pathInfo, queryString } = environOf(request);
    const uri = percentQuote(scriptName + pathInfo) + (queryString === '' ? '' : `?${queryString}`);
    const time = timestamp(Date.now());
    const response = app(request);
    if (response instanceof Promise) {
      return response.then((answer) => {
        write(request, answer, uri, time);
        return answer;
      });
    }
    write(request, response, uri, time);
    return response;
  };
}
