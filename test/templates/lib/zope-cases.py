import base64, datetime, json, logging, re, resource, signal, sys, time, os, warnings
os.environ['TZ'] = 'UTC'
time.tzset()
warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)
resource.setrlimit(resource.RLIMIT_AS, (2000 * 2**20, 2000 * 2**20))
import transaction
from io import BytesIO
from AccessControl import ClassSecurityInfo
from AccessControl.class_init import InitializeClass
from AccessControl.Permission import pname
from AccessControl.SecurityManagement import newSecurityManager, noSecurityManager
from AccessControl.users import nobody

from Acquisition import aq_base, aq_parent
from DateTime import DateTime
from OFS.Application import Application
from OFS.DTMLDocument import DTMLDocument
from OFS.DTMLMethod import DTMLMethod
from OFS.Folder import Folder
from OFS.Image import File
from Products.PageTemplates.ZopePageTemplate import ZopePageTemplate
from Zope2.App import zcml
import Products.Five, Products.PageTemplates
from zope.globalrequest import setRequest, clearRequest
from zope.i18nmessageid import Message
from ZODB.DB import DB
from ZODB.MappingStorage import MappingStorage
from ZPublisher.HTTPRequest import HTTPRequest
from ZPublisher.HTTPResponse import HTTPResponse
zcml.load_config('meta.zcml', Products.Five)
zcml.load_config('configure.zcml', Products.Five)
zcml.load_config('configure.zcml', Products.PageTemplates)
import TreeDisplay.TreeTag

class Record:
    security = ClassSecurityInfo()
    security.declareObjectPublic()
    security.setDefaultAccess('allow')
    def __init__(self, values, text=None):
        self.__dict__.update(values)
        self.__dict__['_text'] = text
    def __str__(self):
        return '<record>' if self._text is None else self._text
    __repr__ = __str__
InitializeClass(Record)

class HtmlThing:
    security = ClassSecurityInfo()
    security.declareObjectPublic()
    security.setDefaultAccess('allow')
    def __init__(self, markup):
        self.markup = markup
    def __html__(self):
        return self.markup
    def __str__(self):
        return 'text of html thing'
    __repr__ = __str__
InitializeClass(HtmlThing)

def given(value, site):
    if isinstance(value, list):
        return [given(item, site) for item in value]
    if not isinstance(value, dict):
        return value
    for tag in value:
        if tag.startswith('$'):
            break
    else:
        return {k: given(v, site) for k, v in value.items()}
    v = value[tag]
    def each(): return [given(item, site) for item in v]
    if tag == '$int': return int(v)
    if tag == '$float': return float(v)
    if tag == '$tuple': return tuple(each())
    if tag == '$set': return set(each())
    if tag == '$frozenset': return frozenset(each())
    if tag == '$dict': return {given(a, site): given(b, site) for a, b in v}
    if tag == '$bytes': return base64.b64decode(v)
    if tag == '$date': return DateTime(v)
    if tag == '$datetime': return datetime.datetime.fromisoformat(v)
    if tag == '$record': return Record({k: given(x, site) for k, x in v.items()}, value.get('str'))
    if tag == '$callable':
        result = given(v, site)
        return lambda *args, **kw: result
    if tag == '$raises':
        import builtins, zExceptions
        cls = getattr(builtins, v[0], None) or getattr(zExceptions, v[0])
        def fail(*args, **kw):
            raise cls(v[1])
        return fail
    if tag == '$html': return HtmlThing(v)
    if tag == '$message':
        return Message(v['id'], domain=v.get('domain'), default=v.get('default'), mapping=given(v.get('mapping'), site))
    if tag == '$ref': return at(site, v)
    raise ValueError(tag)

def at(site, path):
    for name in path.split('/'):
        if name:
            site = site._getOb(name)
    return site

def shown(value):
    if isinstance(value, (bool, type(None), int, str)) and type(value) in (bool, type(None), int, str): return value if not isinstance(value, int) or abs(value) < 2**53 else {'$int': str(value)}
    if isinstance(value, float): return {'$float': repr(value)}
    if isinstance(value, tuple): return {'$tuple': [shown(v) for v in value]}
    if isinstance(value, list): return [shown(v) for v in value]
    if isinstance(value, dict):
        if all(isinstance(k, str) and not k.startswith('$') and not re.fullmatch(r'-?\d+', k) for k in value):
            return {k: shown(v) for k, v in value.items()}
        return {'$dict': [[shown(k), shown(v)] for k, v in value.items()]}
    if isinstance(value, complex): return {'$complex': repr(value)}
    if isinstance(value, bytes): return {'$bytes': base64.b64encode(value).decode()}
    if isinstance(value, (set, frozenset)): return {'$' + type(value).__name__: sorted((shown(v) for v in value), key=json.dumps)}
    if isinstance(value, DateTime): return {'$date': str(value)}
    if isinstance(value, str): return str(value)
    return {'$type': type(value).__name__}

def make(fields):
    cls, id = fields['class'], fields['id']
    if cls == 'Folder': return Folder(id)
    if cls == 'File': return File(id, '', fields.get('data', '').encode(), fields.get('content_type', ''))
    if cls == 'Page Template': return ZopePageTemplate(id, fields.get('source', ''), fields.get('content_type', 'text/html'))
    if cls == 'DTML Method': return DTMLMethod(fields.get('source', ''), __name__=id)
    if cls == 'DTML Document': return DTMLDocument(fields.get('source', ''), __name__=id)
    if cls == 'Script (Python)':
        from Products.PythonScripts.PythonScript import PythonScript
        script = PythonScript(id)
        script.ZPythonScript_edit(fields.get('params', ''), fields.get('body', ''))
        return script
    raise ValueError(cls)

def property_type(value):
    if isinstance(value, bool): return 'boolean'
    if isinstance(value, int): return 'int'
    if isinstance(value, float): return 'float'
    if isinstance(value, list): return 'lines'
    if isinstance(value, DateTime): return 'date'
    return 'string'

def add(folder, fields):
    folder._setObject(fields['id'], make(fields), set_owner=0)
    child = folder._getOb(fields['id'])
    if 'title' in fields: child.title = fields['title']
    for name, json_ in fields.get('properties', {}).items():
        value = given(json_, None)
        child._setProperty(name, tuple(value) if isinstance(value, list) else value, property_type(value))
    for permission, roles in fields.get('permissions', {}).items():
        setattr(child, pname(permission), tuple(roles))
    if 'local_roles' in fields:
        users = {}
        for role, names in fields['local_roles'].items():
            for name in names: users.setdefault(name, []).append(role)
        child.__ac_local_roles__ = users
    for c in fields.get('children', ()): add(child, c['$obj'])
    return child

db = DB(MappingStorage())
connection = db.open()
application = Application()
connection.root()['Application'] = application
transaction.commit()

standing = []
def build(root, items):
    """Most cases have the same site: it is built, and its pages are compiled, once."""
    if standing == items: return
    for item in standing: root._delObject(item['$obj']['id'])
    del standing[:]
    try:
        for item in items: add(root, item['$obj'])
    except BaseException:
        transaction.abort()
        raise
    transaction.commit()
    standing.extend(items)

def answer(kind, input):
    root = connection.root()['Application']
    try:
        build(root, input.get('root', []))
        environ = {'REQUEST_METHOD': 'GET', 'SERVER_NAME': 'site.example', 'SERVER_PORT': '80', 'SCRIPT_NAME': '', 'PATH_INFO': '/',
                   'HTTP_HOST': 'site.example', 'QUERY_STRING': input.get('query_string', ''), 'SERVER_PROTOCOL': 'HTTP/1.1', 'REMOTE_ADDR': '127.0.0.1'}
        request = HTTPRequest(BytesIO(), environ, HTTPResponse(stdout=BytesIO()))
        app = root.__of__(__import__('ZPublisher.BaseRequest').BaseRequest.RequestContainer(REQUEST=request))
        if 'query_string' in input: request.processInputs()
        for name, value in input.get('form', {}).items(): request.form[name] = given(value, app)
        request['PARENTS'] = [app]
        users = app.acl_users
        if 'user' in input:
            users._doAddUser(input['user']['name'], 'secret', input['user']['roles'], [])
            user = users.getUserById(input['user']['name'])
            user = user.__of__(users)
        else:
            user = nobody.__of__(users)
        request['AUTHENTICATED_USER'] = user
        newSecurityManager(request, user)
        setRequest(request)
        here = at(app, input.get('here', ''))
        return shown({'zpt': zpt, 'dtml': dtml, 'script': script}[kind](input, app, here, request))
    finally:
        noSecurityManager()
        clearRequest()
        transaction.abort()

def zpt(input, app, here, request):
    folder = at(app, input['container']) if 'container' in input else here
    fields = dict(input['template'])
    fields.update({'class': 'Page Template', 'id': fields.get('id', 'page')})
    add(folder, fields)
    page = getattr(here, fields['id'])
    return page(*[given(a, app) for a in input.get('args', ())], **given(input.get('options', {}), app))

def dtml(input, app, here, request):
    fields = dict(input['dtml'])
    values = given(input.get('vars', {}), app)
    if fields.get('class') == 'SQL':
        from Shared.DC.ZRDB.DA import SQL
        return SQL(fields['source'])(None, {}, sql_delimiter='\0', sql_quote__=lambda s: "'" + s.replace("'", "''") + "'", **values)
    fields.setdefault('class', 'DTML Method')
    fields.setdefault('id', 'page')
    with_request = input.get('request') or 'form' in input or 'query_string' in input
    mapping = request if with_request else given(input.get('mapping', {}), app)
    add(here, fields)
    return getattr(here, fields['id'])(here, mapping, **values)

def script(input, app, here, request):
    add(here, dict(input['script'], **{'class': 'Script (Python)', 'id': 'work'}))
    work = getattr(here, 'work')
    if work.errors: raise CompileError(work.errors[0])
    return work(*[given(a, app) for a in input.get('args', ())], **given(input.get('kw', {}), app))

class CompileError(Exception): pass
class TooLong(BaseException): pass
def alarm(*args): raise TooLong()
signal.signal(signal.SIGALRM, alarm)
def failure(e):
    try: text = str(e)
    except Exception as x: return {'skip': repr(x)}
    found = {'type': type(e).__name__, 'message': text}
    if found['type'] == 'PTRuntimeError':
        cause = re.search(r'(?:chameleon\.exc|\b)\.?(\w+): (.*?)(?:\\n|[\'"]\])', found['message'], re.S)
        if cause: found.update(cause=cause[1], message=cause[2].replace("\\'", "'").replace('\\"', '"'))
    original = getattr(e, '_original__str__', None)
    if original is not None:
        try: found['message'] = original()
        except Exception as x: found['message'] = 'UNKNOWN'
        place = re.search(r' - Expression: (?:"|\')(.*?)(?:"|\')\n.*?- Location: +\(line (\d+): col (\d+)\)', str(e), re.S)
        if place: found['place'] = [place[1], int(place[2]), int(place[3])]
    return {'error': found}
out = []
for kind, input in json.load(sys.stdin):
    try:
        signal.alarm(5)
        out.append({'output': answer(kind, input)})
    except (RecursionError, MemoryError, TooLong) as e:
        out.append({'skip': repr(e)})
    except BaseException as e:
        out.append(failure(e))
    finally:
        signal.alarm(0)
json.dump(out, sys.stdout)
