"""Random PasteDeploy files and what Python's loader makes of them: one case a line, as in suite `paste`.

Arguments: seed, number of cases. Writes below a temporary folder only.
"""
import json
import os
import random
import shutil
import sys
import tempfile
import types

rnd = random.Random(int(sys.argv[1]))
COUNT = int(sys.argv[2])
BASE = os.path.realpath(tempfile.mkdtemp(prefix='paste-'))
HERE = BASE + '/here'
calls = []
reached = None


def call(factory, local_conf):
    calls.append([factory, local_conf.get('label')])


class Thing:
    def __init__(self, **facts):
        self.facts = facts

    def __call__(self, environ, start_response):
        global reached
        reached = {'label': self.facts['local_conf'].get('label'), 'script_name': environ['SCRIPT_NAME'].encode('latin-1').decode(), 'path_info': environ['PATH_INFO'].encode('latin-1').decode(),
                   'http_host': environ.get('HTTP_HOST'), 'remote_addr': environ.get('REMOTE_ADDR'), 'server_port': environ.get('SERVER_PORT'), 'url_scheme': environ.get('wsgi.url_scheme')}
        start_response('200 OK', [])
        return [b'reached']


class Wrapper(Thing):
    def __init__(self, inner, **facts):
        Thing.__init__(self, **facts, app=describe(inner))
        self.inner = inner

    def __call__(self, environ, start_response):
        return self.inner(environ, start_response)


probe = Thing(type='probe')


def describe(o):
    if isinstance(o, Thing):
        return o.facts
    name = type(o).__name__
    if name == 'URLMap':
        not_found = o.not_found_application
        default = getattr(not_found, '__func__', None) is type(o).not_found_app
        return {'type': 'urlmap', 'not_found_app': None if default else describe(not_found),
                'applications': [{'domain': d, 'path': p, 'app': describe(a)} for (d, p), a in o.applications]}
    if name == 'PrefixMiddleware':
        return {'type': 'prefix', 'prefix': o.prefix, 'force_port': o.force_port, 'scheme': o.scheme, 'app': describe(o.app)}
    return {'type': 'python-object', 'class': name}


def plain(d):
    return dict(d)


def app_factory(name):
    def factory(global_conf, **local_conf):
        call(name, local_conf)
        return Thing(type='app', factory=name, global_conf=plain(global_conf), local_conf=local_conf)
    return factory


def make_strict_app(global_conf, greeting, volume='low'):
    call('make_strict_app', {})
    return Thing(type='app', factory='make_strict_app', global_conf=plain(global_conf), local_conf={'greeting': greeting, 'volume': volume})


def make_failing_app(global_conf, **local_conf):
    raise RuntimeError('the stub refuses to be made')


def make_composite(loader, global_conf, apps='', filters='', servers='', **local_conf):
    call('make_composite', local_conf)
    children = []
    for name in apps.split():
        children.append({'name': name, 'app': describe(loader.get_app(name, global_conf=global_conf))})
    for name in filters.split():
        children.append({'name': name, 'filter': describe(loader.get_filter(name, global_conf=global_conf)(probe))})
    for name in servers.split():
        children.append({'name': name, 'server': describe(loader.get_server(name, global_conf=global_conf)(probe))})
    return Thing(type='composite', factory='make_composite', global_conf=plain(global_conf), local_conf=local_conf, children=children)


def make_filter(global_conf, **local_conf):
    call('make_filter', local_conf)

    def wrap(app):
        call('make_filter wraps', local_conf)
        return Wrapper(app, type='filter', factory='make_filter', global_conf=plain(global_conf), local_conf=local_conf)
    return wrap


def make_filter_app(app, global_conf, **local_conf):
    call('make_filter_app', local_conf)
    return Wrapper(app, type='filter_app', factory='make_filter_app', global_conf=plain(global_conf), local_conf=local_conf)


def make_server(global_conf, **local_conf):
    call('make_server', local_conf)

    def serve(app):
        call('make_server serves', local_conf)
        return Thing(type='server', factory='make_server', global_conf=plain(global_conf), local_conf=local_conf, app=describe(app))
    return serve


def run_server(app, global_conf, **local_conf):
    call('run_server', local_conf)
    return Thing(type='server_runner', factory='run_server', global_conf=plain(global_conf), local_conf=local_conf, app=describe(app))


stub = types.ModuleType('conf_stub')
for f in (make_strict_app, make_failing_app, make_composite, make_filter, make_filter_app, make_server, run_server):
    setattr(stub, f.__name__, f)
stub.make_app = app_factory('make_app')
stub.make_other_app = app_factory('make_other_app')
stub.factories = types.SimpleNamespace(dotted_app=app_factory('factories.dotted_app'))
stub.not_callable = 42
sys.modules['conf_stub'] = stub
os.makedirs(BASE + '/ConfStub-1.0.dist-info')
with open(BASE + '/ConfStub-1.0.dist-info/METADATA', 'w') as f:
    f.write('Metadata-Version: 2.1\nName: ConfStub\nVersion: 1.0\n')
with open(BASE + '/ConfStub-1.0.dist-info/entry_points.txt', 'w') as f:
    f.write('''[paste.app_factory]
main = conf_stub:make_app
other = conf_stub:make_other_app
strict = conf_stub:make_strict_app
failing = conf_stub:make_failing_app
dotted = conf_stub:factories.dotted_app
twofold = conf_stub:make_app
broken = conf_stub:no_such_attribute
gone = conf_stub_gone:make_app

[paste.composite_factory]
bundle = conf_stub:make_composite
twofold = conf_stub:make_composite

[paste.composit_factory]
oldbundle = conf_stub:make_composite

[paste.filter_factory]
main = conf_stub:make_filter
either = conf_stub:make_filter

[paste.filter_app_factory]
direct = conf_stub:make_filter_app
either = conf_stub:make_filter_app

[paste.server_factory]
main = conf_stub:make_server
either = conf_stub:make_server

[paste.server_runner]
run = conf_stub:run_server
either = conf_stub:run_server
''')
sys.path.insert(0, BASE)

from paste.deploy import loadwsgi  # noqa: E402

APP_NAMES = ['main', 'a1', 'a2', 'a3', 'blog', 'x y', 'ü']
FILTER_NAMES = ['f1', 'f2', 'main', 'f 3']


def maybe(p):
    return rnd.random() < p


VALUES = ['v', 'two words', '%(here)s/x', '%(level)s', '%%', '%(label)s!', '', 'a # b', 'a ; b', '%(__file__)s', '"q"', 'x=y', 'a:b', '%(name)s', 'é', '[x]', '1', '\\n', '%(level)s%(level)s', '%(deep)s', '%(Level)s', '%(own)s', '%(empty)s']
SAFE = [v for v in VALUES if '%(' not in v or '%(here)' in v or '%(__file__)' in v] + ['%(level)s', '%(level)s-%(level)s']
BAD_VALUES = ['%', '%x', '%(', '%(ghost)s', '%(here)', '%(here)d', '%(loop)s', '%()s', '50%', '%(a)(b)s', '%(here)s%']
OPTIONS = ['label', 'name', 'own', 'level', 'Level', 'set level', 'set extra', 'get from', 'get level', 'set  spaced', 'deep', 'greeting', 'a.b', 'x y', 'here', '__file__', 'set here', 'set __file__', 'debug', 'empty', 'set', 'get', 'setx', 'get ', 'set ', 'ä']


def value():
    if maybe(0.006):
        return rnd.choice(BAD_VALUES)
    v = rnd.choice(VALUES if maybe(0.04) else SAFE)
    if maybe(0.1):
        v += rnd.choice(['\n  more', '\n\tmore text', '\n  # comment\n  more', '\n\n  after blank', '\n   ; c', '\n  [no section]', '\n  k = v', '\n more\n  deeper'])
    return v


def option_lines(names=None):
    out = []
    seen = set()
    for _ in range(rnd.choice([0, 1, 1, 2, 3])):
        o = rnd.choice(names or OPTIONS)
        if o.strip() in seen and maybe(0.995):
            continue
        seen.add(o.strip())
        v = value()
        if o.startswith('get'):
            v = rnd.choice(['level', 'level', 'here', 'debug', 'nothing' if maybe(0.15) else 'level', 'extra' if maybe(0.2) else 'here', '%(name)s' if maybe(0.05) else 'level'])
        sep = rnd.choice([' = ', ' = ', '=', ' : ', ':', '= ', ' ='])
        out.append(f'{o}{sep}{v}')
    return out


class Ini:
    def __init__(self, other=None):
        self.other = other
        self.at = 0
        self.in_filter = None

    def app_ref(self):
        if self.other and maybe(0.2):
            return f'config:{self.other}' + rnd.choice(['', '#main', '#a1', '#a2', '#none' if maybe(0.1) else '#a1'])
        if maybe(0.5):
            return rnd.choice(['a1', 'a2', 'a3'][self.at:] or ['egg:ConfStub'])
        return rnd.choice(['egg:ConfStub', 'egg:ConfStub#other', 'egg:ConfStub#main', 'egg:ConfStub#dotted', 'egg:ConfStub#strict', 'EGG:ConfStub', 'egg:confstub#main', 'egg:ConfStub#bundle'] + (['egg:ConfStub#failing', 'egg:ConfStub#broken', 'egg:ConfStub#gone', 'egg:ConfStub#nope', 'egg:Nope', 'egg:ConfStub#twofold', 'egg: ConfStub', 'egg:ConfStub #main', 'nope:x', 'config:none.ini', 'nothing', 'call:conf_stub:make_app'] if maybe(0.12) else []))

    def app_use(self):
        if maybe(0.25):
            return rnd.choice(['call:conf_stub:make_app', 'call:conf_stub:factories.dotted_app' if maybe(0.2) else 'call:conf_stub:make_other_app', 'call:conf_stub:nope' if maybe(0.1) else 'call:conf_stub:make_app', 'call:nowhere:x' if maybe(0.1) else 'call:conf_stub:make_app', 'call:conf_stub' if maybe(0.1) else 'call:conf_stub:make_app'])
        return self.app_ref()

    def filter_ref(self):
        if maybe(0.5):
            return rnd.choice({None: ['f1', 'f2'], 'f1': ['f2']}.get(self.in_filter, ['egg:ConfStub', 'egg:ConfStub#direct']))
        return rnd.choice(['egg:ConfStub', 'egg:ConfStub#direct', 'egg:ConfStub#main', 'call:conf_stub:make_filter' if maybe(0.3) else 'egg:ConfStub'] + (['egg:ConfStub#other', 'nothing', 'egg:Nope#x', 'egg:PasteDeploy#prefix', 'egg:ConfStub#either'] if maybe(0.15) else []))

    def section(self, kind, name):
        head = f'{kind}:{name}' if name else kind
        if maybe(0.015):
            head = rnd.choice([f'{kind}: {name}', f'{kind} :{name}', f'{kind}:{name} ', kind.upper() + f':{name}'])
        out = [f'[{head}]' + (rnd.choice([' ; c', ' x', '  ']) if maybe(0.03) else '')]
        body = []
        if kind in ('app', 'application'):
            if maybe(0.8):
                body.append('use = ' + self.app_use())
            elif maybe(0.9):
                body.append('paste.app_factory = ' + rnd.choice(['conf_stub:make_app', 'conf_stub:factories.dotted_app', 'conf_stub:make_other_app', 'conf_stub:not_callable' if maybe(0.1) else 'conf_stub:make_app', 'conf_stub:nope' if maybe(0.1) else 'conf_stub:make_app', 'nowhere:x' if maybe(0.1) else 'conf_stub : make_app' if maybe(0.1) else 'conf_stub:make_app']))
            if maybe(0.12):
                body.append('filter-with = ' + self.filter_ref())
            if maybe(0.04):
                body.append('require = ' + rnd.choice(['ConfStub', 'Nope', 'ConfStub\n  ConfStub', '']))
        elif kind in ('composite', 'composit'):
            if maybe(0.5):
                body.append('use = egg:ConfStub#' + rnd.choice(['bundle', 'oldbundle', 'bundle']))
                if maybe(0.8):
                    body.append('apps = ' + rnd.choice([' ', '\n   ']).join(self.app_ref() for _ in range(rnd.randrange(3))))
                if maybe(0.3):
                    body.append('filters = ' + ' '.join(self.filter_ref() for _ in range(rnd.randrange(3))))
                if maybe(0.2):
                    body.append('servers = ' + rnd.choice(['s1', 'egg:ConfStub', 'egg:ConfStub#run', 'main']))
            elif maybe(0.7):
                body.append('use = egg:Paste#urlmap')
                for expr in rnd.sample(['/', '/a', '/b/', 'domain blog.test / ', 'domain Blog.test port 81 /x', 'http://h.test/y' if maybe(0.1) else '/q', '//c//d', 'https\\://h' if maybe(0.1) else '/d', 'domain x.test', '/ü', '/e/f'] + (['port 80 /', 'domain', 'a', '/a b', 'domain a.test domain b.test', '/x /y', 'http\\://z.test'] if maybe(0.1) else []) + ['/a/b', 'domain blog.test port 80'], rnd.randrange(1, 4)):
                    if ':' in expr:
                        body.append(f'{expr} = {self.app_ref()}')
                    else:
                        body.append(f'{expr} = {self.app_ref()}')
                if maybe(0.2):
                    body.append('not_found_app = ' + self.app_ref())
            elif maybe(0.6):
                body.append('paste.composite_factory = conf_stub:make_composite')
            else:
                body.append('use = call:conf_stub:make_composite')
        elif kind == 'pipeline':
            if maybe(0.97):
                body.append('pipeline = ' + rnd.choice([' ', '\n    ', '  ']).join([self.filter_ref() for _ in range(rnd.randrange(3))] + ([self.app_ref()] if maybe(0.97) else [])))
            if maybe(0.08):
                body.append('filter-with = ' + self.filter_ref())
        elif kind == 'filter-app':
            if maybe(0.85):
                body.append('use = ' + self.filter_ref())
            elif maybe(0.8):
                body.append('paste.filter_factory = conf_stub:make_filter')
            if maybe(0.95):
                body.append('next = ' + self.app_ref())
            if maybe(0.05):
                body.append('filter-with = ' + self.filter_ref())
        elif kind == 'filter':
            if maybe(0.75):
                body.append('use = ' + rnd.choice([self.filter_ref(), 'egg:ConfStub', 'call:conf_stub:make_filter']))
            else:
                body.append(rnd.choice(['paste.filter_factory = conf_stub:make_filter', 'paste.filter_app_factory = conf_stub:make_filter_app']))
            if maybe(0.1):
                body.append('filter-with = ' + self.filter_ref())
        elif kind == 'server':
            body.append('use = ' + rnd.choice(['egg:ConfStub', 'egg:ConfStub#run', 'call:conf_stub:make_server', 's1' if maybe(0.05) else 'egg:ConfStub', 'egg:ConfStub#either' if maybe(0.2) else 'egg:ConfStub']))
        if kind != 'pipeline' and 'use = egg:Paste#urlmap' not in body or maybe(0.1):
            body.extend(option_lines())
        if kind == 'pipeline' and maybe(0.2):
            body.append(rnd.choice(['set level = 7', 'get level = debug', 'level = 8']))
        if maybe(0.3):
            rnd.shuffle(body)
        return out + body

    def text(self):
        out = []
        if maybe(0.97):
            out += ['[DEFAULT]', 'level = 3', 'debug = no'] + option_lines([o for o in OPTIONS if not o.startswith(('get', 'greeting', 'set')) and o not in ('level', 'debug')] + ['set level' if maybe(0.1) else 'more'])
            if maybe(0.1):
                out += ['none =', 'none2 = %(none)s', 'none3 = %(none2)s%(none)s']
            if maybe(0.01):
                out.append('loop = %(loop)s')
            if maybe(0.1):
                out.append('deep2 = %(level)s/%(here)s')
        kinds = []
        for name in ('a1', 'a2', 'a3'):
            kinds.append((rnd.choice(['app', 'app', 'app', 'application', 'composite', 'pipeline', 'filter-app']), name))
        for name in ('f1', 'f2'):
            kinds.append(('filter', name))
        kinds.append(('server', rnd.choice(['s1', 'main'])))
        kinds.append((rnd.choice(['app', 'composite', 'pipeline', 'filter-app', 'composit', 'application']), 'main' if maybe(0.96) else ''))
        if maybe(0.3):
            kinds.append(('filter', 'main'))
        if maybe(0.01):
            kinds.append(rnd.choice(kinds))
        if maybe(0.05):
            kinds.append(('app', rnd.choice(APP_NAMES)))
        rnd.shuffle(kinds)
        for kind, name in kinds:
            # Applications name those after them, mostly.
            self.at = {'a1': 1, 'a2': 2, 'a3': 3}.get(name, 0) if maybe(0.97) else 0
            self.in_filter = name if kind == 'filter' and maybe(0.97) else None
            if maybe(0.01):
                continue
            out.append('')
            out += self.section(kind, name)
        for _ in range(rnd.choice([0] * 8 + [1, 2])):
            out = self.mutate(out)
        lines = '\n'.join(out).split('\n')
        made = []
        for line in lines:
            if maybe(0.003):
                line = ' ' + line
            if maybe(0.02):
                line += rnd.choice([' ', '\t', '\u00a0', '\x0c'])
            made.append(line)
            if maybe(0.02):
                made.append(rnd.choice(['# c', '; c', '', '  # c', '   ']))
        end = rnd.choice(['\n'] * 9 + ['\r\n', '\r'])
        return end.join(made) + (end if maybe(0.95) else '')

    def mutate(self, lines):
        lines = list(lines)
        at = rnd.randrange(len(lines) + 1)
        what = rnd.randrange(6)
        if what == 0:
            lines.insert(at, rnd.choice(lines))
        elif what == 1:
            del lines[min(at, len(lines) - 1)]
        elif what == 2 and lines:
            i = min(at, len(lines) - 1)
            v = list(lines[i])
            k = rnd.randrange(len(v) + 1)
            if v and maybe(0.5):
                del v[min(k, len(v) - 1)]
            else:
                v.insert(k, rnd.choice('[]=:#;% \t\u00a0x'))
            lines[i] = ''.join(v)
        else:
            lines.insert(at, rnd.choice(['garbage', '= v', ': x', '[', ']', '[]', '[x', 'x]', '[app:main]', '[DEFAULT]', '[default]', 'k', 'a = b', '  indented = 1', '\tx', '[DEFAULT] ', '[ DEFAULT]', 'a b c', '[[x]]', '[x]y]', 'rem x', '\ufeff[x]', '\x1c= v', '[a] = b', 'Use = x', 'use : egg:ConfStub', '%(x)s = y', 'label = 1', 'label: 2']))
        return lines


def error_of(e):
    name = type(e).__name__
    message = str(e).replace(HERE, '${HERE}')
    out = {'type': name, 'message': message, 'essential': []}
    for attr in ('lineno', 'section', 'option'):
        v = getattr(e, attr, None)
        if isinstance(v, (int, str)):
            out[attr] = v
    if name == 'ParsingError':
        out['errors'] = [[n, line.replace(HERE, '${HERE}')[1:-1] if line[:1] in '\'"' else line] for n, line in e.errors]
    return out


def respond(app, request):
    global reached
    reached = None
    status = []
    path = request['path'].encode().decode('latin-1')
    environ = {'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '', 'PATH_INFO': path, 'SERVER_NAME': 'localhost', 'SERVER_PORT': '80', 'REMOTE_ADDR': '127.0.0.1', 'wsgi.url_scheme': 'http', 'HTTP_HOST': 'localhost'}
    for k, v in request.get('headers', {}).items():
        environ['HTTP_' + k.upper().replace('-', '_')] = v
    list(app(environ, lambda s, h, e=None: status.append(s)))
    return {'status': status[-1], 'reached': reached}


def record(load, requests):
    calls.clear()
    kw = {'name': load.get('name'), 'relative_to': HERE, 'global_conf': dict(load['global_conf']) if load.get('global_conf') else None}
    try:
        if load['kind'] == 'appconfig':
            c = loadwsgi.appconfig(load['uri'], **kw)
            result = {'merged': dict(c), 'local_conf': dict(c.local_conf), 'global_conf': dict(c.global_conf)}
            app = None
        elif load['kind'] == 'app':
            app = loadwsgi.loadapp(load['uri'], **kw)
            result = describe(app)
        else:
            made = {'filter': loadwsgi.loadfilter, 'server': loadwsgi.loadserver}[load['kind']](load['uri'], **kw)
            result = describe(made(probe))
            app = None
    except RecursionError as e:
        return {'error': {'type': 'RecursionError', 'message': str(e), 'essential': []}}
    except AssertionError as e:
        return {'error': error_of(e), 'quirk': 'a factory of an unknown kind'}
    except Exception as e:
        return {'error': error_of(e)}
    expect = {'result': result, 'calls': [list(c) for c in calls]}
    if requests is not None and app is not None and result.get('type') != 'python-object':
        try:
            expect['responses'] = [respond(app, r) for r in requests]
        except Exception:
            expect.pop('responses', None)
    if 'python-object' in json.dumps(result):
        return {'result': {'type': 'python-object'}, 'quirk': 'composed as if it were a filter'}
    return json.loads(json.dumps(expect).replace(HERE, '${HERE}'))


def main():
    for number in range(COUNT):
        shutil.rmtree(HERE, ignore_errors=True)
        os.makedirs(HERE + '/etc')
        other = rnd.choice(['other.ini', 'etc/other.ini']) if maybe(0.4) else None
        files = {'main.ini': Ini(other).text()}
        if other:
            files[other] = Ini().text()
        for name, text in files.items():
            with open(f'{HERE}/{name}', 'w', newline='', encoding='utf-8') as f:
                f.write(text)
        load = {'kind': rnd.choice(['app'] * 6 + ['filter', 'server', 'appconfig', 'appconfig']), 'uri': 'config:main.ini'}
        if maybe(0.15):
            load['uri'] = rnd.choice(['config:main.ini#a1', 'config:main.ini#a2', 'config:main.ini#', 'Config:main.ini', 'config:./main.ini#main', 'config:etc/../main.ini', 'config:main.ini#a1#b', 'config:%6dain.ini'])
        if load['kind'] in ('filter', 'server') and maybe(0.9):
            load['name'] = rnd.choice(['f1', 'f2'] if load['kind'] == 'filter' else ['s1', 'main'])
        elif maybe(0.15):
            load['name'] = rnd.choice(['a1', 'a2', 'f1', 'main', 'egg:ConfStub', 'none'])
        if maybe(0.25):
            load['global_conf'] = {k: rnd.choice(['g', '%(here)s', '50%%']) for k in rnd.sample(['level', 'debug', 'label', 'own', 'deep', 'here', 'extra'], rnd.randrange(1, 4))}
        requests = None
        if load['kind'] == 'app' and 'urlmap' in files['main.ini']:
            requests = [{'path': rnd.choice(['/', '/a', '/a/', '/ab', '/a/b', '/b', '/b/c', '/x', '/c/d/e', '/a b/c', '', '/y/z']), 'headers': {'host': rnd.choice(['blog.test', 'Blog.test:81', 'x.test', 'h.test', 'localhost:8080', 'blog.test:80'])}} for _ in range(3)]
        # A domain with capitals matches no request in Python, which writes the host of a request small.
        if 'Blog.test' in ''.join(files.values()):
            requests = None
        expect = record(load, requests)
        given = {'files': files, 'load': load}
        if requests:
            given['requests'] = requests
            if 'responses' not in expect:
                del given['requests']
        print(json.dumps({'name': str(number), 'suite': 'paste', 'file': 'random', 'about': '', 'input': given, 'expect': expect}))


try:
    main()
finally:
    shutil.rmtree(BASE, ignore_errors=True)
