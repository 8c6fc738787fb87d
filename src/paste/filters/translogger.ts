/** `egg:Paste#translogger`: an access log in Apache's combined format, or any other (INVENTORY 1.4). */
import { type Environ, environOf } from '../gateway/environ.ts';
import type { Application } from '../gateway/types.ts';
import { LoadError } from '../loader/errors.ts';
import type { Settings } from '../loader/factories.ts';
import { booleanOption, type OptionReader, readOptions, textOption } from '../loader/options.ts';
import { Formatter } from '../logging/formatter.ts';
import { StreamHandler } from '../logging/handlers/stream.ts';
import { levelNames } from '../logging/levels.ts';
import { pythonLogger } from '../logging/set-up.ts';
import { compileFormat } from './log-format.ts';

const COMBINED =
  '%(REMOTE_ADDR)s - %(REMOTE_USER)s [%(time)s] "%(REQUEST_METHOD)s %(REQUEST_URI)s %(HTTP_VERSION)s" ' +
  '%(status)s %(bytes)s "%(HTTP_REFERER)s" "%(HTTP_USER_AGENT)s"';

/** A level by its number or its name, which Python's own filter wants to take and cannot. */
const levelOption = (fallback: number): OptionReader<number> => ({
  read(text) {
    const word = text.trim();
    const number = /^\d+$/.test(word) ? Number(word) : levelNames().get(word);
    if (number === undefined) throw new LoadError('option-invalid', `there is no logging level '${text}'`);
    return number;
  },
  absent: { value: fallback },
});

const INFO = 20;
const DEBUG = 10;

/**
 * Logs a line when the application has answered; nothing when it throws. Options: `logger_name`, `format`, `logging_level`,
 * `setup_console_handler` (lines go to stderr and nowhere else), `set_logger_level`.
 */
export function transLogger(app: Application, _globalConf: Settings, localConf: Settings): Application {
  const options = readOptions(localConf, {
    logger_name: textOption('wsgi'),
    format: textOption(''),
    logging_level: levelOption(INFO),
    setup_console_handler: booleanOption(true),
    set_logger_level: levelOption(DEBUG),
  });
  const line = compileFormat(options.format || COMBINED);
  const logger = pythonLogger(options.logger_name);
  const level = options.logging_level;
  if (options.setup_console_handler) {
    const console = new StreamHandler();
    console.level = DEBUG;
    console.formatter = new Formatter('%(message)s');
    logger.addHandler(console);
    logger.propagate = false;
  }
  logger.level = options.set_logger_level;
  const clock = new Clock();
  const write = (request: Request, environ: Environ, response: Response, time: string): Response => {
    logger.log(level, line({ request, environ, response, time }), undefined, BULK);
    return response;
  };
  return (request) => {
    if (!logger.isEnabledFor(level)) return app(request);
    const environ = environOf(request);
    const time = clock.now();
    const response = app(request);
    return response instanceof Promise
      ? response.then((late) => write(request, environ, late, time))
      : write(request, environ, response, time);
  };
}

const BULK = { bulk: true } as const;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);

/** Local time as Apache writes it, made once a second. */
class Clock {
  #second = -1;
  #text = '';

  now(): string {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const date = new Date(now);
      const offset = -date.getTimezoneOffset();
      const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
      this.#text =
        `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:` +
        `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
    }
    return this.#text;
  }
}
