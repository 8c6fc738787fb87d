"""Random logging sections and calls, and what Python's logging makes of them: one case a line, as in suite `pylogging`.

Arguments: seed, number of cases. Writes below a temporary folder only.
"""
import io
import json
import logging
import logging.config
import logging.handlers
import os
import random
import re
import shutil
import sys
import tempfile
import time

from Zope2.Startup.serve import setup_logging

rnd = random.Random(int(sys.argv[1]))
COUNT = int(sys.argv[2])
HERE = os.path.realpath(tempfile.mkdtemp(prefix='pylogging-'))
START = 1700000000.25
FIELDS = ['name', 'levelno', 'levelname', 'pathname', 'filename', 'module', 'lineno', 'funcName', 'created', 'asctime', 'msecs', 'relativeCreated', 'thread', 'threadName', 'process', 'processName', 'message', 'msg', 'args', 'stack_info']
TEXT = {'name', 'levelname', 'pathname', 'filename', 'module', 'funcName', 'asctime', 'threadName', 'processName', 'message', 'msg'}
FLOAT = {'created', 'msecs', 'relativeCreated'}
now = START
real_time = time.time


def maybe(p):
    return rnd.random() < p


def percent_field():
    field = rnd.choice(FIELDS) if maybe(0.97) else rnd.choice(['user', 'nothing', 'Name'])
    flags = ''.join(rnd.sample('-+ 0#', rnd.choice([0, 0, 0, 1, 2])))
    width = rnd.choice(['', '', '', '8', '12', '3', '0'])
    precision = rnd.choice(['', '', '', '.2', '.0', '.5', '.'])
    if field in TEXT or field in ('args', 'exc_text', 'stack_info'):
        conversion = rnd.choice('sssra' if maybe(0.95) else 'dxfc')
    elif field in FLOAT:
        conversion = rnd.choice('sdfegGEFir' if maybe(0.97) else 'xoc')
    else:
        conversion = rnd.choice('sdixXofergu' if maybe(0.97) else 'c')
    if conversion not in 'feEgGFsra':
        precision = precision if maybe(0.3) else ''
    if maybe(0.01):
        conversion = rnd.choice('qzb%')
    return f'%({field}){flags}{width}{precision}{rnd.choice(["", "", "", "l", "h"]) if maybe(0.05) else ""}{conversion}'


def brace_field():
    field = rnd.choice(FIELDS)
    spec = ''
    if maybe(0.6):
        align = rnd.choice(['', '', '<', '>', '^', '*<', '-^', '=', '0=', 'é>'])
        width = rnd.choice(['', '8', '12', '3', '02'])
        if field in TEXT:
            spec = rnd.choice([align.replace('=', '>'), align]) if maybe(0.03) else align.replace('=', '>')
            spec += width + rnd.choice(['', '.3', '.0', 's', '.10s'] + (['d', ',', '+', '#', '_', '.2f', 'z', '=8'] if maybe(0.06) else []))
        elif field in FLOAT:
            spec = align + rnd.choice(['', '+', ' ', '-']) + rnd.choice(['', '', '#', '0']) + width + rnd.choice(['', ',', '_']) + rnd.choice(['', '.3', '.0', '.1', '.6', '.12']) + rnd.choice(['', 'f', 'e', 'g', 'F', 'E', 'G', '%', 'n' if maybe(0.2) else 'f'] + (['d', 's', 'x'] if maybe(0.06) else []))
        elif field in ('args', 'exc_text', 'stack_info'):
            spec = '' if maybe(0.9) else '>8'
        else:
            spec = align + rnd.choice(['', '+', ' ', '-']) + rnd.choice(['', '', '#', '0']) + width + rnd.choice(['', ',', '_']) + rnd.choice(['', 'd', 'x', 'X', 'o', 'b', 'n' if maybe(0.2) else 'd', '.2f', 'e', 'g', '%', 'c' if maybe(0.05) else 'd'] + (['s', '.3', '.2d'] if maybe(0.06) else []))
    conversion = rnd.choice(['', '', '', '!r', '!s', '!a'])
    if conversion and field not in TEXT:
        spec = rnd.choice(['', '>12', '.3', '^9.4'])
    if maybe(0.01):
        return rnd.choice(['{0}', '{}', '{', '}', '{name!x}', '{name.x}', '{name[0]}', '{user}', '{name:{levelno}}', '{ name}', '{name }'])
    return '{' + field + conversion + (':' + spec if spec else '') + '}'


def format_text(style):
    parts = []
    for _ in range(rnd.randrange(1, 4)):
        parts.append(rnd.choice(['', ' ', ' - ', '[', 'é ', 'x']))
        if style == '%':
            parts.append(percent_field())
        elif style == '{':
            parts.append(brace_field())
        else:
            f = rnd.choice(FIELDS) if maybe(0.97) else 'user'
            parts.append(rnd.choice(['${%s}', '$%s', '${%s}x']) % f if maybe(0.98) else rnd.choice(['$', '${', '$$', '${name', '$1', '$Name']))
    parts.append(rnd.choice(['', '', '|', {'%': '%%', '{': '{{}}', '$': '$$'}[style]]))
    if maybe(0.02):
        return rnd.choice(['plain text', '', '%(message)s', '{message}', '$message', '%s', '%', '100% sure', '%(message)', '%(message)s %(', '\\n%(message)s'])
    return ''.join(parts)


DIRECTIVES = list('aAbBcdHIjmMpSUwWxXyYzZ%') + list('eDFTsGVunthkRrCPlg')


def datefmt():
    out = ''
    for _ in range(rnd.randrange(1, 5)):
        flag = rnd.choice(['-', '_', '0', '^', '#', 'E', 'O', '5', '-5', '010']) if maybe(0.05) else ''
        out += '%' + flag + rnd.choice(DIRECTIVES) + rnd.choice(['', '-', ':', ' ', 'T'])
    if maybe(0.02):
        out = rnd.choice(['', 'plain', '%', '%Q', '%f', '%i', '%E', 'a%'])
    return out


def argument(conversion):
    if maybe(0.03):
        return rnd.choice([None, 'text', [1, 'a'], True, -3.5, {'k': 'v'}])
    if conversion in 'dixXocu':
        return rnd.choice([0, 7, -42, 255, 65, 1234567]) if conversion != 'c' else rnd.choice([65, 'x', 8364])
    if conversion in 'eEfFgG':
        return rnd.choice([0.5, -1.25, 1234567.891, 3, 0.000012345, 1e22 + 0.5 if False else 123456789.125, -7])
    return rnd.choice(['tea', 'é€', "it's", 3, 2.5, None, True, [1, 'a', 2.5], 'a"b\'c', '', ['x'], 'line\nbreak', -1, 'back\\slash'])


def spec():
    flags = ''.join(rnd.sample('-+ 0#', rnd.choice([0, 0, 0, 1, 2])))
    width = rnd.choice(['', '', '', '6', '10', '2'])
    precision = rnd.choice(['', '', '', '.2', '.0', '.4', '.'])
    return f'{flags}{width}{precision}'


def message():
    if maybe(0.25):
        names = rnd.sample(['a', 'b', 'c d'], rnd.randrange(1, 3))
        values = {}
        text = 'map'
        for n in names:
            c = rnd.choice('sdrfx')
            values[n] = argument(c)
            text += f' %({n}){spec()}{c}'
        if maybe(0.03):
            text += ' %(nope)s'
        return text, values
    args = []
    text = rnd.choice(['msg', 'é', 'two\nlines', ''])
    for _ in range(rnd.choice([0, 0, 1, 1, 2, 3])):
        c = rnd.choice('ssssddrafeEgGxXoicu')
        text += f' %{spec()}{c}'
        args.append(argument(c))
    if args and maybe(0.04):
        args.pop()
    if maybe(0.03):
        args.append('extra')
    if args and maybe(0.04):
        text += rnd.choice([' 100%', ' %%', ' %*d', ' %q', ' %(a)s', ' %'])
    if not args and maybe(0.2):
        text += rnd.choice([' 100%', ' %%', ' %s', ' %d'])
    return text, args


LEVELS = ['DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'CRITICAL', 'FATAL', 'NOTSET']
LOGGERS = ['', 'shop', 'shop.cart', 'shop.cart.x', 'other', 'a.b.c', 'shopx']


def level():
    return rnd.choice(LEVELS) if maybe(0.97) else rnd.choice(['info', '10', '', 'Level 5', ' INFO', 'TRACE'])


def handler(name, formatters):
    lines = [f'[handler_{name}]']
    kind = rnd.choice(['StreamHandler'] * 5 + ['FileHandler', 'FileHandler', 'handlers.RotatingFileHandler', 'NullHandler', 'logging.StreamHandler', 'logging.FileHandler', 'handlers.WatchedFileHandler', 'logging.handlers.RotatingFileHandler'])
    if maybe(0.01):
        kind = rnd.choice(['Nope', 'nowhere.Handler', 'handlers.Nope', '', 'Handler x'])
    lines.append(f'class = {kind}')
    file = f'{name}.log'
    kw = None
    if 'File' in kind:
        path = rnd.choice([f"'@HERE@/{file}'", f'"%(here)s/{file}"', f"'{file}'", f"r'@HERE@/{file}'", f"'@HERE@' + '/{file}'", f"os.path.join('@HERE@', '{file}')", f"'@HERE@/%s' % '{file}'.replace('x', 'y')" if False else f"'@HERE@/' '{file}'", f"u'{file}'"])
        if 'Rotating' in kind:
            rest = rnd.choice(["'a', 60, 2", "'a', 2 * 20 + 5, 1", 'maxBytes=80', "mode='a', maxBytes=50, backupCount=3"]) if maybe(0.6) else ''
            if '=' in rest:
                lines.append(f'args = ({path},)')
                kw = 'dict(' + rest + ')' if maybe(0.5) else '{' + re.sub(r'(\w+)=', r"'\1': ", rest) + '}'
            else:
                lines.append(f'args = ({path}, {rest})' if rest else f'args = ({path},)')
        else:
            lines.append('args = ' + rnd.choice([f'({path},)', f"({path}, 'a')", f"({path}, 'w')", f'[{path}]', f'({path}, "a", "utf-8")', f"({path}, 'a', None, True)", f'({path})' if maybe(0.05) else f'({path}, )']))
    elif 'Stream' in kind:
        args = rnd.choice(['(sys.stdout,)', '(sys.stderr,)', '()', '[sys.stdout]', '(sys.stdout, )', '(\n  sys.stdout,\n  )', '(None,)', None, '(sys.stdout,) + ()', '(sys.stdout,) * 1'])
        if maybe(0.03):
            args = rnd.choice(['(nope,)', '(sys.nope,)', '(', '(1,', '(sys.stdout, 1, 2)', '1', '(1/0,)', '%'])
        if args is not None:
            lines.append(f'args = {args}')
        elif maybe(0.5):
            kw = rnd.choice(["{'stream': sys.stdout}", 'dict(stream=sys.stdout)', '{}', "{'nope': 1}" if maybe(0.2) else '{}'])
    elif maybe(0.7):
        lines.append('args = ()')
    if kw is not None:
        lines.append(f'kwargs = {kw}')
    if maybe(0.5):
        lines.append(f'level = {level()}')
    if formatters and maybe(0.85):
        lines.append('formatter = ' + (rnd.choice(formatters) if maybe(0.98) else 'nope'))
    elif maybe(0.05):
        lines.append('formatter =')
    return lines


def ini():
    handlers = rnd.sample(['out', 'err', 'file', 'h 4'], rnd.randrange(1, 4))
    formatters = rnd.sample(['plain', 'fancy', 'f 3'], rnd.randrange(0, 3))
    loggers = rnd.sample(['shop', 'cart', 'deep', 'other'], rnd.randrange(0, 4))
    out = []
    if maybe(0.2):
        out += ['[DEFAULT]', 'level = INFO'] + (['propagate = 0'] if maybe(0.3) else []) + (['x = %(here)s/y'] if maybe(0.3) else [])
    join = rnd.choice([', ', ',', ' , '])
    keys = ['root'] + loggers
    if maybe(0.3):
        rnd.shuffle(keys)
    out += ['[loggers]', 'keys = ' + join.join(keys), '', '[handlers]', 'keys' + rnd.choice([' = ', '=', ':']) + join.join(handlers), '', '[formatters]', 'keys = ' + join.join(formatters)]
    quals = {'shop': 'shop', 'cart': 'shop.cart', 'deep': 'shop.cart.x', 'other': rnd.choice(['other', 'a.b', 'a'])}
    for name in ['root'] + loggers:
        out += ['', f'[logger_{name}]']
        body = []
        if maybe(0.85):
            body.append(f'level = {level()}')
        if maybe(0.99):
            body.append('handlers = ' + join.join(rnd.sample(handlers, rnd.randrange(0, len(handlers) + 1)) + (['nope'] if maybe(0.01) else [])))
        if name != 'root':
            if maybe(0.99):
                body.append(f'qualname = {quals[name]}')
            if maybe(0.5):
                body.append('propagate = ' + rnd.choice(['0', '1', '0', '1', '2', '-1', ' 1'] + (['no', '', '1.0', '٣'] if maybe(0.05) else [])))
        rnd.shuffle(body)
        out += body
    for name in handlers:
        out.append('')
        out += handler(name, formatters)
    for name in formatters:
        style = rnd.choice('%%%{{$')
        out += ['', f'[formatter_{name}]']
        text = format_text(style)
        if maybe(0.97):
            out.append('format = ' + text)
        if maybe(0.5):
            out.append('datefmt = ' + datefmt())
        if style != '%' or maybe(0.2):
            out.append('style = ' + (style if style != '%' else '%') if maybe(0.98) else 'style = ' + rnd.choice(['x', '', '{ ']))
        if maybe(0.05):
            out.append('class = ' + rnd.choice(['logging.Formatter', 'logging.Formatter', 'nowhere.F' if maybe(0.2) else 'logging.Formatter']))
    if maybe(0.02) and len(out) > 4:
        del out[rnd.randrange(len(out))]
    if maybe(0.02):
        out.insert(rnd.randrange(len(out)), rnd.choice(['broken', '[handlers]', '  indented', 'level = x', '# c', 'keys = a']))
    return '\n'.join(out) + '\n'


EXCEPTIONS = {'ValueError': ValueError, 'KeyError': KeyError, 'RuntimeError': RuntimeError, 'TypeError': TypeError}


def call():
    text, args = message()
    c = {'logger': rnd.choice(LOGGERS), 'level': rnd.choice(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'ERROR'] + [5, 15, 35, 60]), 'message': text}
    if args:
        c['args'] = args
    if maybe(0.1):
        c['extra'] = {'user': rnd.choice(['ann', 7])}
    if maybe(0.1):
        # What fails within an exception has a longer note.
        c['message'], _ = 'failed', c.pop('args', None)
        c['exception'] = {'type': rnd.choice(sorted(EXCEPTIONS)), 'message': rnd.choice(['bad', 'é', '', 'two\nlines'])}
        if c['exception']['type'] == 'KeyError':
            c['exception']['message'] = 'key'
        if maybe(0.3):
            c['exception']['cause'] = [rnd.choice(sorted(EXCEPTIONS)), 'cause']
    if maybe(0.5):
        c['at'] = rnd.choice([0.5, 1.999, 3600, 86400.5, 0.0004, 12345.678, 31536000])
    return c


def factory(*args, **kw):
    record = logging.LogRecord(*args, **kw)
    record.pathname, record.filename, record.module, record.lineno, record.funcName = '/srv/app/caller.py', 'caller.py', 'caller', 17, 'handle_order'
    record.process, record.thread, record.threadName, record.processName = 4242, 140000, 'MainThread', 'MainProcess'
    return record


def reset():
    for h in list(logging._handlerList):
        h = h()
        if h is not None:
            try:
                h.close()
            except Exception:
                pass
    logging._handlers.clear()
    del logging._handlerList[:]
    root = logging.root
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    root.disabled = False
    root.propagate = True
    root.filters[:] = []
    logging.Logger.manager.loggerDict.clear()
    root._cache.clear() if hasattr(root, '_cache') else None


STYLES = {logging.PercentStyle: 'PercentStyle', logging.StrFormatStyle: 'StrFormatStyle', logging.StringTemplateStyle: 'StringTemplateStyle'}


def describe_handler(h, streams):
    f = h.formatter
    d = {'class': type(h).__name__, 'level': h.level, 'formatter': None if f is None else {'class': type(f).__name__, 'format': f._fmt, 'datefmt': f.datefmt, 'style': STYLES[type(f._style)]}}
    if isinstance(h, logging.FileHandler):
        d.update(baseFilename=h.baseFilename.replace(HERE, '${HERE}'), mode=h.mode, encoding=h.encoding, delay=h.delay)
        if isinstance(h, logging.handlers.RotatingFileHandler):
            d.update(maxBytes=h.maxBytes, backupCount=h.backupCount)
    elif isinstance(h, logging.StreamHandler):
        d['stream'] = streams.get(id(h.stream), 'other')
    return d


def describe(streams, named):
    out = {}
    for name, logger in [('root', logging.root)] + sorted(logging.Logger.manager.loggerDict.items()):
        if isinstance(logger, logging.PlaceHolder):
            continue
        out[name] = {'level': logging.getLevelName(logger.level), 'effective': logging.getLevelName(logger.getEffectiveLevel()), 'propagate': bool(logger.propagate), 'disabled': bool(logger.disabled), 'handlers': [describe_handler(h, streams) for h in logger.handlers]}
    return {n: d for n, d in out.items() if n == 'root' or n in named or d['level'] != 'NOTSET' or d['handlers'] or not d['propagate'] or d['disabled']}


def mask(text):
    text = text.replace(HERE, '${HERE}')
    text = re.sub(r'--- Logging error ---\nTraceback \(most recent call last\):\n(?: {2}.*\n)*(.*)\n[\s\S]*?Message: .*\nArguments: .*\n', lambda m: f'<LOGGING ERROR> {m[1]}\n', text)
    return re.sub(r'(Traceback \(most recent call last\):\n)(?: {2}.*\n)+', r'\1  <FRAMES>\n', text)


def log(c):
    logger = logging.getLogger(c['logger'] or None)
    args = c.get('args', [])
    args = (args,) if isinstance(args, dict) else tuple(args)
    lv = c['level'] if isinstance(c['level'], int) else getattr(logging, c['level'])
    x = c.get('exception')
    if x is None:
        logger.log(lv, c['message'], *args, extra=c.get('extra'))
        return
    try:
        if 'cause' in x:
            try:
                raise EXCEPTIONS[x['cause'][0]](x['cause'][1])
            except Exception as cause:
                raise EXCEPTIONS[x['type']](x['message']) from cause
        raise EXCEPTIONS[x['type']](x['message'])
    except Exception:
        logger.log(lv, c['message'], *args, exc_info=True, extra=c.get('extra'))


def record(text, calls, global_conf):
    global now
    now = START
    shutil.rmtree(HERE)
    os.makedirs(HERE)
    os.chdir(HERE)
    with open(HERE + '/log.ini', 'w', encoding='utf-8') as f:
        f.write(text.replace('@HERE@', HERE))
    reset()
    out, err = io.StringIO(), io.StringIO()
    real = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    streams = {id(out): 'stdout', id(err): 'stderr'}
    time.time = lambda: now
    try:
        try:
            setup_logging(HERE + '/log.ini', global_conf)
        except Exception as e:
            m = str(e).replace(HERE, '${HERE}')
            return {'error': {'type': type(e).__name__, 'message': m, 'essential': []}}
        for c in calls:
            now = START + c.get('at', 0)
            log(c)
        loggers = describe(streams, set(re.findall('(?m)^qualname = (.*)$', text)))
        logging.shutdown()
        files = {}
        for name in sorted(os.listdir(HERE)):
            if name == 'log.ini':
                continue
            data = open(name, 'rb').read()
            try:
                files[name] = mask(data.decode('utf-8'))
            except UnicodeDecodeError:
                files[name] = {'hex': data.hex()}
        expect = {'loggers': json.loads(json.dumps(loggers)), 'stdout': mask(out.getvalue()), 'stderr': mask(err.getvalue()), 'files': files}
        if '<LOGGING ERROR>' in expect['stderr']:
            expect['quirk'] = 'a clear error at start would do as well'
        return expect
    finally:
        sys.stdout, sys.stderr = real
        time.time = real_time


def handle_error(self, record, original=logging.Handler.handleError):
    error = sys.exc_info()[1]
    # An exception that is being logged is no part of the note.
    (error.__context__ if str(error).startswith('Formatting field') else error).__context__ = None
    original(self, record)


logging.Handler.handleError = handle_error


def main():
    logging.setLogRecordFactory(factory)
    logging._startTime = START - 1.5
    logging.logProcesses = True
    os.environ['TZ'] = 'UTC'
    for number in range(COUNT):
        tz = rnd.choice(['UTC', 'UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])
        os.environ['TZ'] = tz
        time.tzset()
        text = ini()
        calls = sorted((call() for _ in range(rnd.randrange(1, 5))), key=lambda c: c.get('at', 0))
        global_conf = {'debug': 'x'} if maybe(0.1) else None
        given = {'ini': text, 'calls': calls, 'tz': tz}
        if global_conf:
            given['global_conf'] = global_conf
        print(json.dumps({'name': str(number), 'suite': 'pylogging', 'file': 'random', 'about': '', 'input': given, 'expect': record(text, calls, global_conf)}))


try:
    main()
finally:
    os.chdir('/')
    shutil.rmtree(HERE, ignore_errors=True)
