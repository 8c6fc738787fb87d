"""Random zope.conf and zeo.conf files and what their own schemas make of them: one case a line, as in suites `zopeconf` and `zeoconf`.

Arguments: `zope` or `zeo`, seed, number of cases. What a file may hold is taken from the schema. Writes below a temporary folder only.
"""
import contextlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
from collections import UserDict

import ZConfig
from ZEO.runzeo import ZEOOptions
from Zope2.Startup.options import ZopeWSGIOptions
from ZConfig.matcher import SectionValue

sys.dont_write_bytecode = True
from cases_python import VALUES, error_of, shown

KIND = sys.argv[1]
rnd = random.Random(int(sys.argv[2]))
COUNT = int(sys.argv[3])
HERE = os.path.realpath(tempfile.mkdtemp(prefix='zopeconf-'))
INSTANCE = HERE + '/inst' if KIND == 'zope' else HERE
MASK = '${INSTANCE}' if KIND == 'zope' else '${HERE}'

OWN = {
    'datetime_format': ['us', 'international', 'US', 'International', 'eu', ''],
    'security_policy_implementation': ['C', 'PYTHON', 'python', 'c', 'java'],
    # A real root without a path fails in Python where databases are mounted, after all else.
    'mount_point': ['/', '/a', '/b/c', 'a', '', '/a:/b', '/x:~Root/y', '/z:', '/a/', '/b:c:d', '/ü', '/q:~/p', '/a b', '//'],
    'importable_name': ['ZODB.Connection.Connection', 'OFS.Folder.Folder', 'nowhere.X', '', 'a b'],
    'default_zpublisher_encoding': ['utf-8', 'latin-1', 'UTF-8', 'iso-8859-15', 'utf8'],
}
OWN.update({
    'logging_level': ['info', 'DEBUG', 'blather', 'trace', 'all', '10', '51', '-1', 'notset', 'fatal', 'x', '٣', '1.5', 'Warn'],
    'log_format_style': ['classic', 'classic', 'format', 'template', 'safe-template', 'Format', 'x'],
    'escaped_string': ['%(message)s', '%(asctime)s %(levelname)s', '{message}', '$$message', '$${message}\\n%(name)s', '%(foo)s', '%s', '%', '%(msecs)03d', '%(message)d', '%%', '{message!r:>10}', '{0}', '{', '{{}}', '{levelno:05d}', '{message:d}', '%(thread)x',
                       '{message.x}', '{args}', '{message[0]}', '%(levelno).3f', '%(message)-10.3s|', '%(created)x', '{created:.3f}', '{created:d}', '$$', '$$$$', '$$message $$foo', '{foo}', '%(process)c', '%(lineno)5', '{}', '%(message)s %', '{message', 'message}',
                       '%(exc_info)s', '{name:{levelno}}', '%*d', '%(levelno)i', '{levelname:^{process}}', '{message!x}', '{message:}', '{asctime:s} {msecs:03.0f}', '%(relativeCreated)d', '%(taskName)s', '{levelno!s:d}'],
    'syslog_facility': ['user', 'LOCAL0', 'auth', 'nope'],
    'http_handler_url': ['http://localhost/', 'http://host:80/a?b#c', 'HTTP://H/x;p?q', 'https://x/', 'http://x', 'x', 'http:///a', 'http://h/?', 'http://h/a?#', 'http://h/a;p/b;q', 'http://h//x'],
    'get_or_post': ['GET', 'post', 'Get', 'PUT'],
    'list_of_ints': ['0', '0,2', '1, 2', '', '1,,2', 'a', '3,'],
    'octal_type': ['022', '77', '0o22', '9', '', '-1', '0x1', '1_0'],
    'existing_parent_directory': ['@INSTANCE@/var', '@INSTANCE@/var/new', '@INSTANCE@/none/new', 'new', '/'],
    'existing_parent_dirpath': ['zdsock', '@INSTANCE@/var/zdsock', '@INSTANCE@/new/zdsock', '@INSTANCE@/none/new/zdsock', 'a/b', '/x'],
})
NAMES = {'basic': ['main', 'temporary', 'a', 'B', 'x-y', 'main2']}
SECTION_KEYS = ['A', 'PATH_X', 'b', 'x-y', '1a', 'ZOPE_TEST', 'Mixed', 'a.b']
FREE = ['x', 'two words', '$$y', '', '1', "it's", '# no comment', '@INSTANCE@/var']


def maybe(p):
    return rnd.random() < p


def stock_name(registry, datatype):
    for name, known in registry._stock.items():
        if known is datatype or getattr(known, '__func__', None) is datatype:
            return name
    return None


def value(registry, key, datatype):
    name = getattr(datatype, '__name__', '')
    if name in OWN:
        pool = OWN[name]
        if name == 'mount_point' and maybe(0.6):
            return '/m%d' % rnd.randrange(1000)
        return rnd.choice(pool[:3] if maybe(0.85) else pool)
    stock = stock_name(registry, datatype)
    if key == 'when':
        return rnd.choice(['D', 'midnight', 'W3', 'S', 'h'])
    if key == 'path' and maybe(0.3):
        return rnd.choice(['STDOUT', 'STDERR'])
    if stock == 'string' or stock is None or stock == 'null':
        return rnd.choice(FREE)
    if stock.startswith('existing'):
        return rnd.choice(['@INSTANCE@/var', '@INSTANCE@', '@INSTANCE@/var/../var'] + (['@INSTANCE@/var/new', '@INSTANCE@/none', '@INSTANCE@/none/x', '@INSTANCE@/etc/zope.conf'] if maybe(0.2) else []) + (['inst/var', 'inst', 'none', '~', 'var'] if maybe(0.3) else []))
    for _ in range(30):
        v = rnd.choice(VALUES[stock])
        # Locales are those of the machine.
        if stock == 'locale' and v not in ('C', 'POSIX', 'xx_NoWhere'):
            continue
        if '@HERE@' in v or v == 'fe80::1%eth0' or KIND == 'zeo' and v.strip('+-').lower() in ('nan', 'inf', 'infinity', '1e400'):
            continue
        if maybe(0.02) and (KIND == 'zope' or stock != 'integer'):
            return v
        try:
            made = datatype(v)
        except Exception:
            continue
        # The options of a storage server are printed as JSON.
        if KIND == 'zeo' and isinstance(made, int) and abs(made) > 2 ** 53 - 1:
            continue
        return v
    return 'x'


def lines_of(schema, type_, depth):
    out = []
    for key, info in type_:
        # Packers and the like are code of Python.
        if info.attribute in ('packer', 'class_factory'):
            continue
        likely = 0.12 if depth == 0 else 0.3
        if info.attribute in ('ssl', 'formatter') or depth > 1 and info.attribute == 'eventlog':
            continue
        if info.attribute == 'when' and maybe(0.85):
            continue
        if info.attribute in ('old_files', 'max_size', 'interval', 'delay', 'encoding', 'smtp_username', 'smtp_password'):
            likely = 0.12
        if depth == 0 and KIND == 'zeo':
            likely = 0.4
        if info.attribute in ('zeo', 'storages', 'address', 'program', 'instancehome', 'databases', 'storage', 'base', 'path', 'mount_points', 'blob_dir', 'server', 'fullstorage'):
            likely = 0.985
        if not maybe(likely):
            continue
        times = 1
        if info.ismulti():
            times = rnd.choice([1, 1, 2, 3])
        elif maybe(0.005):
            times = 2
        for _ in range(times):
            if info.issection():
                out.extend(section(schema, info, depth))
            elif info.name == '+':
                for _ in range(rnd.randrange(4)):
                    out.append(f'{rnd.choice(SECTION_KEYS)} {rnd.choice(FREE)}')
            elif info.attribute == 'instancehome':
                out.append('instancehome ' + (rnd.choice(['$INSTANCE', '@INSTANCE@', '${INSTANCE}', '@INSTANCE@/']) if maybe(0.95) else rnd.choice(['inst', '@INSTANCE@/none', ''])))
            else:
                name = key
                if maybe(0.006):
                    name = rnd.choice([key.upper(), key.title(), key.replace('-', '_'), key + 's'])
                out.append(f'{name} {value(schema.registry, key, info.datatype)}')
    if maybe(0.2):
        rnd.shuffle(out) if depth == 99 else None
    return out


def section(schema, info, depth):
    st = info.sectiontype
    if depth > 3:
        return []
    if st.isabstract():
        subs = [n for n in st.getsubtypenames()]
        if not subs:
            return []
        if 'zodb_db' in subs:
            subs = ['zodb_db'] * 8 + subs
        elif 'logger' in subs:
            subs = ['eventlog']
        elif 'filestorage' in subs and depth > 2:
            subs = ['filestorage', 'mappingstorage']
        st = schema.gettype(rnd.choice(subs))
    name = None
    if info.name == '+' or (info.name == '*' and maybe(0.05)):
        name = rnd.choice(NAMES['basic']) + str(rnd.randrange(100)) if maybe(0.99) else None
    elif info.name not in '*+':
        name = info.name
    if st.name == 'eventlog':
        # Its name is not kept.
        name = None
    head = st.name + (' ' + name if name else '')
    if maybe(0.05):
        head = head.upper()
    inner = lines_of(schema, st, depth + 1)
    if not inner and maybe(0.5):
        return [f'<{head}/>']
    return [f'<{head}>'] + ['  ' + x for x in inner] + [f'</{st.name}>']


# Python refuses `%import ZEO` in zeo.conf, of whose server's `ssl` the client's would be another.
EXTRA = ['nokey x', '<none/>', '<zodb_db x>', '</zodb_db>', '%define INSTANCE /x', '%include etc/none.conf', '%include extra.conf', '%import ZEO', '%import ZConfig.components.logger', '%import no.such', '<environment>', '<mappingstorage/>',
         'debug-mode', 'debug-mode: on', 'port-base 80', 'zserver-threads 3', 'effective-user x', 'http-realm', '<product-config/>', '<product-config a/>', '<eventlog>', '# comment', '', 'trusted-proxy 10.0.0.0/8', 'cache-size 1', '<zodb main/>',
         'ip-address 127.0.0.1', 'products x', 'suppress-all-access-rules on', '<http-server/>', 'python-check-interval -5', 'locale C', 'lock-filename x', '<clientstorage>', '<zlibstorage/>']


def mutate(lines):
    lines = list(lines)
    at = rnd.randrange(len(lines) + 1)
    what = rnd.randrange(5)
    if what == 0 and lines:
        del lines[min(at, len(lines) - 1)]
    elif what == 1 and lines:
        lines.insert(at, rnd.choice(lines))
    else:
        lines.insert(at, rnd.choice([x for x in EXTRA if KIND == 'zope' or x not in ('%import ZEO', '<environment>')]))
    return lines


def other(v):
    if isinstance(v, SectionValue):
        return None
    if isinstance(v, UserDict):
        return shown(dict(v), INSTANCE, MASK, other)
    config = getattr(v, 'config', None)
    if isinstance(config, SectionValue):
        own = {a: shown(getattr(config, a), INSTANCE, MASK, other) for a in config.getSectionAttributes()}
        return {'@type': config.getSectionType(), '@name': config.getSectionName(), '@factory': type(v).__name__, **own}
    if hasattr(v, 'handler_factories'):
        return {'@factory': type(v).__name__, 'name': None, 'level': v.level, 'handler_factories': [handler(h) for h in v.handler_factories]}
    if isinstance(v, type):
        return {'@object': f'{v.__module__}.{v.__qualname__}'}
    return None


def mounts_of(root):
    out = []
    for path, name in root.dbtab.listMountPaths():
        real_root, real_path, container = root.dbtab.getDatabaseFactory(name=name).getMountParams(path)
        out.append({'virtual_path': path, 'database': name, 'real_root': real_root, 'real_path': real_path, 'container_class': container})
    return shown(out, INSTANCE, MASK)


def too_many_bases(v):
    if isinstance(v, list):
        return any(map(too_many_bases, v))
    if not isinstance(v, dict):
        return False
    if v.get('@type') == 'demostorage':
        names = [x['@name'] for x in v['factories']]
        if names.count('changes') > 1 or len(names) - names.count('changes') > 1:
            return True
    return too_many_bases(list(v.values()))


def record(schema, file):
    try:
        root, _ = ZConfig.loadConfig(schema, file)
        options = {a: shown(getattr(root, a), INSTANCE, MASK, other) for a in root.getSectionAttributes() if a != 'dbtab'}
        expect = {'options': options, 'mounts': mounts_of(root)}
        if too_many_bases(options) or any(x.get('storage', 1) is None for x in options['databases']):
            expect['quirk'] = 'refused when the storage is opened'
        return expect
    except Exception as e:
        error = error_of(e, INSTANCE)
        if not isinstance(e, ZConfig.ConfigurationError):
            return {'error': error, 'quirk': 'an exception of Python'}
        if 'could not be imported' in error['message']:
            error['essential'] = [error['message'].split('\n')[0]]
        return {'error': error}


def load_schema():
    options = ZopeWSGIOptions() if KIND == 'zope' else ZEOOptions()
    options.load_schema()
    return options.schema


def record_zeo(schema, file):
    options = ZEOOptions()
    options.schema = schema
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            options.realize(['-C', file], progname='runzeo')
            names = name_storages(options.storages)
    except SystemExit as e:
        error = said.getvalue().replace(HERE, MASK)
        reason = error.removeprefix('Error: ').split('\n')[0].split(' (line ')[0]
        return {'exit': e.code, 'stdout': '', 'stderr': error, 'essential': [] if reason.startswith(('error opening', 'could not load')) else [reason]}
    except Exception as e:
        return {'error': error_of(e, HERE), 'quirk': 'an exception of Python'}

    def log(factory):
        if factory is None:
            return None
        return {'level': factory.level, 'handlers': [handler(h) for h in factory.handler_factories]}
    found = {name: shown(getattr(options, name), HERE, MASK, other) for name in (
        'address', 'read_only', 'client_conflict_resolution', 'msgpack', 'invalidation_queue_size', 'invalidation_age',
        'transaction_timeout', 'pid_file', 'testing_exit_immediately')}
    found['family'] = options.family.name
    found['ssl'] = None
    found['storages'] = [{**other(s), '@name': n} for s, n in zip(options.storages, names)]
    found['runner'] = shown(options.configroot.runner, HERE, MASK, other)
    found['eventlog'] = log(options.configroot.eventlog)
    if too_many_bases(found['storages']):
        # Python says so when it opens the storage.
        return {'exit': 2, 'stdout': '', 'stderr': '', 'essential': ['base storages']}
    return {'options': found}


# Handlers are made by what starts a server; here nothing is opened.
ZEOOptions.load_logconf = lambda self, sectname=None: None


def name_storages(storages):
    given = [s.config.getSectionName() for s in storages]
    if given.count(None) > 1:
        print('Error: No more than one storage may be unnamed.', file=sys.stderr)
        raise SystemExit(2)
    if None in given and '1' in given:
        print("Error: Can't have an unnamed storage and a storage named 1.", file=sys.stderr)
        raise SystemExit(2)
    return [n or '1' for n in given]


def handler(factory):
    section = factory.section
    own = {a: shown(getattr(section, a), HERE, MASK, other) for a in section.getSectionAttributes()}
    return {'@factory': type(factory).__name__, '@type': section.getSectionType(), '@name': section.getSectionName(), **own}


def case_of_zope(schema, number):
    lines = lines_of(schema, schema, 0)
    if maybe(0.9) and not any(x.startswith('instancehome') for x in lines):
        lines.insert(0, 'instancehome $INSTANCE')
    for _ in range(rnd.choice([0, 0, 0, 0, 1])):
        lines = mutate(lines)
    if maybe(0.98):
        lines.insert(0, '%define INSTANCE @INSTANCE@')
    extra = '\n'.join(rnd.choice([['http-realm Extra'], ['debug-mode on', ''], ['<zodb_db more>', '<mappingstorage/>', 'mount-point /more', '</zodb_db>'], ['</zodb_db>'], ['bogus 1']])) + '\n'
    config = '\n'.join(lines) + '\n'
    for name, text in (('etc/zope.conf', config), ('etc/extra.conf', extra)):
        with open(f'{INSTANCE}/{name}', 'w', encoding='utf-8') as f:
            f.write(text.replace('@INSTANCE@', INSTANCE))
    return {'config': config, 'dirs': ['var'], 'files': {'etc/extra.conf': extra}}, record(schema, INSTANCE + '/etc/zope.conf')


def case_of_zeo(schema, number):
    lines = lines_of(schema, schema, 0)
    for _ in range(rnd.choice([0, 0, 0, 0, 1])):
        lines = mutate(lines)
    config = ('\n'.join(lines) + '\n').replace('@INSTANCE@', '@HERE@')
    with open(HERE + '/zeo.conf', 'w', encoding='utf-8') as f:
        f.write(config.replace('@HERE@', HERE))
    return {'config': config, 'args': ['-C', '@HERE@/zeo.conf']}, record_zeo(schema, HERE + '/zeo.conf')


def main():
    schema = load_schema()
    if KIND == 'zope':
        os.makedirs(INSTANCE + '/etc')
    os.makedirs(INSTANCE + '/var')
    os.chdir(HERE)
    make = case_of_zope if KIND == 'zope' else case_of_zeo
    for number in range(COUNT):
        given, expect = make(schema, number)
        if '%import' in given['config']:
            # What is imported stays in the abstract types of the schema.
            schema = load_schema()
        print(json.dumps({'name': str(number), 'suite': KIND + 'conf', 'file': 'random', 'about': '', 'input': given, 'expect': expect}))


try:
    main()
finally:
    shutil.rmtree(HERE, ignore_errors=True)
