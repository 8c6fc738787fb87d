"""
Python's side of the differential test of the publisher.

`zope-site.py FOLDER PORT` makes a small site in FOLDER/var/Data.fs, copies the database to FOLDER/Data.fs, says `ready`, and then answers
requests: each line of the input is a request as it goes over the wire, in base64, and each line of the output what waitress answers to it, with the
name of the exception that left the pipeline, if one did. No socket is opened; PORT is the one that the other side listens at.
"""

import base64
import json
import logging
import os
import shutil
import sys

import transaction
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import InternalServerError

GIF = base64.b64decode('R0lGODlhAgACAIAAABCAIP///ywAAAAAAgACAAACAkQBADs=')

PROBE = '''
def show(v):
    if hasattr(v, 'filename') and hasattr(v, 'headers'):
        return 'File(%r, %r, %r, %r)' % (
            v.filename, v.headers.items(), v.read(), not v)
    if hasattr(v, 'items') and not same_type(v, {}):
        return 'record{%s}' % ', '.join(sorted([k + ': ' + show(w) for k, w in v.items()]))
    if same_type(v, []):
        return '[%s]' % ', '.join([show(w) for w in v])
    if same_type(v, ()):
        return '(%s)' % ', '.join([show(w) for w in v])
    if hasattr(v, 'toZone'):
        return 'Date(%s)' % v.toZone('UTC').ISO8601()
    return repr(v)
request = container.REQUEST
print('path', request['PATH_INFO'], request['ACTUAL_URL'], request['URL'])
for k in sorted(request.form.keys()):
    print(repr(k), '=', show(request.form[k]))
request.RESPONSE.setHeader('Content-Type', 'text/plain; charset=utf-8')
return printed.encode('utf-8', 'surrogatepass')
'''

WHERE = '''
request = container.REQUEST
names = ['URL', 'ACTUAL_URL', 'SERVER_URL', 'PATH_INFO', 'SCRIPT_NAME', 'QUERY_STRING', 'REQUEST_METHOD', 'SERVER_NAME',
    'REMOTE_ADDR', 'REMOTE_USER', 'AUTHENTICATION_PATH', 'HTTP_HOST', 'CONTENT_TYPE', 'CONTENT_LENGTH', 'method',
    'HTTP_AUTHORIZATION', 'HTTP_X_FORWARDED_FOR', 'HTTP_COOKIE', 'HTTP_ACCEPT_LANGUAGE', 'VirtualRootPhysicalPath', 'SERVER_PROTOCOL',
    'TraversalRequestNameStack']
for n in range(5):
    names += ['URL%d' % n, 'BASE%d' % n, 'URLPATH%d' % n, 'BASEPATH%d' % n]
for name in names:
    try:
        print(name, repr(request[name]))
    except KeyError:
        print(name, 'missing')
print('user', request['AUTHENTICATED_USER'].getUserName())
print('parents', [p.getId() for p in request['PARENTS']])
print('published', request['PUBLISHED'].getId())
print('context', '/'.join(context.getPhysicalPath()), context.absolute_url(), context.absolute_url(1), context.virtual_url_path())
print('subpath', traverse_subpath)
print('client', request.getClientAddr(), request.getVirtualRoot())
print('cookies', sorted(request.cookies.items()))
print('to', request.physicalPathToURL(context.getPhysicalPath()), request.physicalPathToVirtualPath('/tree/beds'))
for name in ['x', 'y', 'season']:
    print(name, name in request, request.has_key(name), repr(request.get(name)), repr(request.get(name, 'none')))
for name in ['Content-Type', 'HTTP_HOST', 'accept_language', 'X-Odd', 'Authorization', 'Cookie']:
    print(name, repr(request.getHeader(name)), repr(request.get_header(name, 'none')))
return printed
'''

# A program in the form: lists of the name of a method of RESPONSE, its arguments, and those with names.
DO = '''
from DateTime import DateTime
request = container.REQUEST
response = request.RESPONSE
errors = {'ValueError': ValueError, 'KeyError': KeyError, 'TypeError': TypeError, 'AttributeError': AttributeError,
    'IndexError': IndexError, 'ZeroDivisionError': ZeroDivisionError, 'RuntimeError': RuntimeError,
    'NameError': NameError, 'Exception': Exception,
    'LookupError': LookupError, 'ArithmeticError': ArithmeticError, 'NotImplementedError': NotImplementedError,
    'OverflowError': OverflowError, 'AssertionError': AssertionError, 'UnicodeError': UnicodeError}
def value(v):
    if same_type(v, []):
        return [value(w) for w in v]
    if not same_type(v, {}):
        return v
    if 't' in v:
        return tuple([value(w) for w in v['t']])
    if 'b' in v:
        return v['b'].encode('latin-1')
    if 'd' in v:
        return dict([(k, value(w)) for k, w in v['d']])
    if 'date' in v:
        return DateTime(v['date'])
    if 'f' in v:
        return float(v['f'])
    if 'o' in v:
        return {'none': None, 'true': True, 'false': False, 'request': request, 'response': response,
            'context': context, 'script': script, 'class': ValueError}[v['o']]
    return v
for op, args, kw in request.form['p']:
    args = [value(v) for v in args]
    kw = dict([(k, value(v)) for k, v in kw.items()])
    if op == 'return':
        return args[0]
    if op == 'raise':
        if args[0] in errors:
            raise errors[args[0]](*args[1:])
        return getattr(container, 'raise_' + args[0])(None, request, value=args[1])
    if op == 'raw':
        print(args[0])
    elif op == 'item':
        response[args[0]] = args[1]
    elif op == 'try':
        try:
            print(args[0], repr(getattr(response, args[0])(*args[1:], **kw)))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as e:
            print(args[0], 'failed')
    elif op == 'attribute':
        print(args[0], repr(getattr(response, args[0])))
    else:
        result = getattr(response, op)(*args, **kw)
        if op in ('getHeader', 'getStatus', 'redirect', 'enableHTTPCompression', 'isHTML', 'appendHeader'):
            print(op, repr(result))
return printed
'''

LOOK = '''
lines = []
def say(*words):
    lines.append(' '.join([str(w) for w in words]))
def shown(v):
    if hasattr(v, 'toZone'):
        return v.toZone('UTC').ISO8601()
    return repr(v)
def text(t):
    # What new objects begin with is each side's own.
    if not t or 'This is the' in t or 'context/title_or_id' in t or 'standard_html' in t:
        return 'as new'
    if '## Errors:' in t:
        return 'with errors'
    return repr(t)
def look(o, depth):
    pad = '  ' * depth
    say(pad + o.getId(), o.meta_type, repr(o.title_or_id()))
    if hasattr(o.aq_explicit, 'propertyMap'):
        for p in o.propertyMap():
            say(pad + ' .', p['id'], p['type'], p.get('mode', '-'), shown(o.getProperty(p['id'])), p.get('select_variable', ''))
    owner = o.owner_info()
    say(pad + ' owner', owner and (owner['path'], owner['id'], bool(owner['explicit'])), o.get_local_roles())
    kind = o.meta_type
    if kind in ('File', 'Image'):
        say(pad + ' data', o.getContentType(), o.get_size(), o.get_size() < 60000 and repr(str(o.data)[:60]), o.precondition)
        if kind == 'Image':
            say(pad + ' size', o.width, o.height)
    elif kind in ('DTML Method', 'DTML Document'):
        say(pad + ' text', text(o.document_src()))
    elif kind == 'Page Template':
        say(pad + ' text', text(o.document_src()), o.content_type, repr(o.title))
    elif kind == 'Script (Python)':
        say(pad + ' text', text(o.document_src()), repr(o.title))
    if hasattr(o.aq_explicit, 'objectValues'):
        for child in o.objectValues():
            look(child, depth + 1)
look(context, 0)
return '\\n'.join(lines)
'''

TAINT = '''<dtml-comment></dtml-comment>
1 <dtml-var x missing>
2 <dtml-var x missing html_quote>
3 <dtml-var "REQUEST.get('x')">
4 <dtml-var "_.getattr(REQUEST, 'x', 'none')">
5 <dtml-var expr="REQUEST.form.get('x')">
6 <dtml-if x>yes <dtml-var x upper></dtml-if>
7 <dtml-in expr="REQUEST.get('y', [])">[<dtml-var sequence-item>]</dtml-in>
8 <dtml-var "_.str(REQUEST.get('y'))">
9 &dtml-x; &dtml.url_quote-x;
10 <dtml-var x missing size=4>
11 <dtml-var "x + '<i>'">
12 <dtml-with REQUEST><dtml-var x missing></dtml-with>
13 <dtml-var z missing="none">
'''

ERROR = '''<dtml-var error_type>|<dtml-var error_value>|<dtml-var error_message missing="-">|<dtml-try><dtml-var "REQUEST.RESPONSE.getStatus()"><dtml-except>no status</dtml-try>'''

RAISED = ('NotFound', 'Redirect', 'BadRequest', 'Forbidden', 'Unauthorized', 'InternalError', 'MethodNotAllowed', 'ResourceLockedError',
          'HTTPGone', 'HTTPConflict', 'HTTPNotModified', 'HTTPMovedPermanently', 'HTTPSeeOther', 'HTTPOk', 'HTTPNoContent',
          'HTTPServiceUnavailable', 'HTTPPreconditionFailed', 'HTTPException', 'HTTPRedirection', 'ValueError', 'KeyError', 'Odd', 'Odd Name')

PAGE = '''<html><head><title tal:content="here/title_or_id">x</title></head>
<body><p tal:content="template/getId">x</p><p tal:content="here/absolute_url">x</p><p tal:content="request/x | nothing">x</p>
<p tal:repeat="k python:sorted(request.form.keys())" tal:content="python:'%s=%r' % (k, request.form[k])">x</p></body></html>
'''

DOCUMENT = '''<html><head><title><dtml-var title_or_id></title></head><body><dtml-var absolute_url> <dtml-var x missing html_quote> <dtml-var URL1></body></html>
'''


def add_script(container, id, body, params='', proxy=()):
    container.manage_addProduct['PythonScripts'].manage_addPythonScript(id)
    script = container._getOb(id)
    script.ZPythonScript_edit(params, body)
    if script.errors:
        raise SystemExit(f'{id}: {script.errors}')
    if proxy:
        script._proxy_roles = tuple(proxy)
    return script


def fill(app):
    from OFS.DTMLDocument import addDTMLDocument
    from OFS.DTMLMethod import addDTMLMethod
    from OFS.Image import manage_addFile, manage_addImage
    from Products.PageTemplates.ZopePageTemplate import manage_addPageTemplate
    app._addRole('Gardener')
    users = app.acl_users
    users._doAddUser('admin', 'secret', ['Manager'], [])
    users._doAddUser('greta', 'pw:g', ['Gardener'], [])
    users._doAddUser('jürgen', 'pä:ss', ['Gardener'], [])
    users._doAddUser('local', 'near', ['Gardener'], ['127.0.0.1'])
    users._doAddUser('far', 'far', ['Gardener'], ['10.9.8.7'])
    for id in list(app.objectIds()):
        if id not in ('acl_users', 'virtual_hosting'):
            app._delObject(id)
    if 'virtual_hosting' not in app.objectIds():
        app.manage_addProduct['SiteAccess'].manage_addVirtualHostMonster('virtual_hosting')

    def page(container, id, text=PAGE, title=''):
        manage_addPageTemplate(container, id, title, text)
        return container._getOb(id)

    def folder(container, id, title=''):
        container.manage_addFolder(id, title)
        return container._getOb(id)

    add_script(app, 'probe', PROBE)
    add_script(app, 'where', WHERE)
    add_script(app, 'do', DO)
    add_script(app, 'look', LOOK, proxy=['Manager'])
    addDTMLMethod(app, 'standard_error_message', '', ERROR)
    addDTMLMethod(app, 'taint', '', TAINT)
    addDTMLDocument(app, 'taintdoc', 'Taint', TAINT)
    addDTMLMethod(app, 'plainvar', '', '<p><dtml-var x missing></p>')
    for name in RAISED:
        addDTMLMethod(app, f'raise_{name}', '', f'<dtml-raise type="{name}"><dtml-var value></dtml-raise>')
    page(app, 'page', title='A <page>')
    addDTMLDocument(app, 'document', 'A <document>', DOCUMENT)
    addDTMLMethod(app, 'method', '', DOCUMENT)

    args = folder(app, 'args', 'Arguments')
    add_script(args, 'none', 'return "none"')
    add_script(args, 'two', 'return repr((a, b))', 'a, b="bee"')
    add_script(args, 'upper', 'return repr((X, y))', 'X, y=None')
    add_script(args, 'request', 'return repr((REQUEST["URL"], RESPONSE.getStatus(), x))', 'REQUEST, RESPONSE, x=1')
    add_script(args, 'selfish', 'return repr((self.getId(), x))', 'self, x=1')
    add_script(args, 'star', 'return repr((a, args, sorted(kw.items())))', 'a=1, *args, **kw')
    add_script(args, 'url', 'return repr((URL1, BASE0, PATH_INFO))', 'URL1, BASE0, PATH_INFO')
    add_script(args, 'form', 'return repr(sorted(form.items()))', 'form')
    add_script(args, 'cookie', 'return repr((c, HTTP_COOKIE))', 'c, HTTP_COOKIE')

    tree = folder(app, 'tree', 'The tree')
    tree._setProperty('season', 'spring', 'string')
    tree._setProperty('count', 3, 'int')
    beds = folder(tree, 'beds', 'Beds & more')
    for parent in (tree, beds):
        addDTMLDocument(parent, 'rose', 'Rose', DOCUMENT)
    page(beds, 'tulip', title='Tulip')
    manage_addFile(beds, 'note.txt', b'A note\nof two lines\n', '')
    deep = folder(beds, 'deep')
    add_script(deep, 'index_html', 'return "deep index " + context.absolute_url() + " " + repr(traverse_subpath)')
    add_script(deep, 'sub', 'return repr((traverse_subpath, context.getId(), container.getId()))')
    plain = folder(tree, 'plain')
    page(plain, 'index_html', title='Index')
    dtml = folder(tree, 'dtml')
    addDTMLMethod(dtml, 'index_html', '', DOCUMENT)
    folder(tree, 'Gärten', 'Ümlaut')
    addDTMLMethod(tree._getOb('Gärten'), 'index_html', '', DOCUMENT)
    add_script(tree._getOb('Gärten'), 'süß', 'return context.absolute_url()')
    spaced = folder(tree, 'two words')
    add_script(spaced, "it's (a) test", 'return context.absolute_url() + " " + script.absolute_url(1)')
    add_script(tree, 'a+b', 'return script.absolute_url()')
    add_script(tree, 'a,b=c;d', 'return script.absolute_url()')
    hooked = folder(tree, 'hooked')
    add_script(hooked, 'rule', '''
request = container.REQUEST
stack = request['TraversalRequestNameStack']
if stack and stack[-1] == 'skip':
    stack.pop()
    request.set('skipped', 1)
elif stack and stack[-1] == 'root':
    stack.pop()
    request.setServerURL('https', 'hooked.test', '8443')
    request.setVirtualRoot(['v', 'r'])
''')
    from ZPublisher.BeforeTraverse import NameCaller, registerBeforeTraverse
    registerBeforeTraverse(hooked, NameCaller('rule'), 'AccessRule')
    addDTMLMethod(hooked, 'index_html', '', 'hooked <dtml-var URL> <dtml-var BASE1> <dtml-var skipped missing>')
    from OFS.OrderedFolder import OrderedFolder
    tree._setObject('row', OrderedFolder('row'))
    for id in 'cab':
        folder(tree.row, id)

    paged = folder(app, 'paged')
    addDTMLMethod(paged, 'standard_error_message', '', ERROR)
    folder(paged, 'inner')
    pt = folder(app, 'pt_paged')
    page(pt, 'standard_error_message', '<p tal:content="options/error_type">t</p><p tal:content="options/error_value">t</p>')
    scripted = folder(app, 'script_paged')
    add_script(scripted, 'standard_error_message',
               'container.REQUEST.RESPONSE.setHeader("X-Page", "s")\nreturn "%s: %s" % (kw["error_type"], kw["error_value"])', '**kw')
    failing = folder(app, 'failing')
    add_script(failing, 'standard_error_message', 'return 1 / 0', '**kw')

    closed = folder(app, 'closed', 'Closed')
    closed.manage_permission('View', ['Manager', 'Gardener'], 0)
    addDTMLMethod(closed, 'index_html', '', 'closed index')
    addDTMLDocument(closed, 'secret', '', 'a secret')
    manage_addFile(closed, 'secret.bin', b'secret bytes', '')
    folder(closed, 'inner')
    own = folder(app, 'own')
    own.manage_addProduct['OFSP'].manage_addUserFolder()
    own.acl_users._doAddUser('rita', 'own', ['Gardener', 'Manager'], [])
    own.acl_users._doAddUser('greta', 'other', ['Gardener'], [])
    own.manage_permission('View', ['Gardener', 'Manager'], 0)
    addDTMLDocument(own, 'page', '', 'own page <dtml-var "AUTHENTICATED_USER.getUserName()">')

    files = folder(app, 'files')
    manage_addFile(files, 'digits', b'0123456789' * 30, 'Digits', content_type='text/plain')
    manage_addFile(files, 'big.bin', bytes(range(256)) * 700, '', content_type='application/x-big')
    manage_addFile(files, 'empty', b'', '')
    manage_addFile(files, 'page.html', b'<html><head></head><body>page</body></html>', 'A page')
    manage_addFile(files, 'Grün (so), 1.txt', 'grün'.encode(), 'Grün')
    manage_addFile(files, 'latin.txt', 'grün'.encode('latin-1'), '', content_type='text/plain; charset=iso-8859-1')
    manage_addFile(files, 'picture.svg', b'<svg xmlns="http://www.w3.org/2000/svg"/>', '', content_type='image/svg+xml')
    manage_addImage(files, 'dot.gif', GIF, 'A dot')
    manage_addImage(files, 'none.png', b'', '')
    folder(app, 'work')


class Channel:
    """What a task of waitress needs of its connection."""

    connected = True
    creation_time = 0
    will_close = False

    def __init__(self, server):
        self.server = server
        self.adj = server.adj
        self.addr = ('127.0.0.1', 50000)
        self.sent = []

    def write_soon(self, data):
        if not isinstance(data, bytes):
            data = b''.join(data)
        self.sent.append(data)
        return len(data)

    def check_client_disconnected(self):
        return False


class Server:
    def __init__(self, application, port):
        self.application = application
        self.adj = Adjustments()
        self.effective_host = '127.0.0.1'
        self.effective_port = port
        self.server_name = self.adj.server_name


def answer(server, raw):
    channel = Channel(server)
    parser = HTTPRequestParser(server.adj)
    while raw and not parser.completed:
        raw = raw[parser.received(raw):]
    if not parser.completed:
        return b'', 'incomplete'
    task = (ErrorTask if parser.error else WSGITask)(channel, parser)
    raised = None
    try:
        task.service()
    except Exception as error:
        raised = type(error).__name__
        if task.wrote_header:
            raised += ' late'
        else:
            again = HTTPRequestParser(server.adj)
            again.error = InternalServerError('')
            again.version = parser.version
            again.headers = {'CONNECTION': 'close'}
            ErrorTask(channel, again).service()
    finally:
        parser.close()
    return b''.join(channel.sent), raised


def main():
    folder, port = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    for name in ('etc', 'var'):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    with open(os.path.join(folder, 'etc', 'zope.conf'), 'w') as conf:
        conf.write(f'instancehome {folder}\n<zodb_db main>\n<filestorage>\npath {folder}/var/Data.fs\n</filestorage>\nmount-point /\n</zodb_db>\n'
                   'trusted-proxy 127.0.0.1\ntrusted-proxy 10.0.0.1\n')
    with open(os.path.join(folder, 'etc', 'site.zcml'), 'w') as zcml:
        zcml.write('<configure xmlns="http://namespaces.zope.org/zope" xmlns:five="http://namespaces.zope.org/five">'
                   '<include package="Zope2.App"/><five:loadProducts file="meta.zcml"/><five:loadProducts/>'
                   '<five:loadProductsOverrides/></configure>')
    from Zope2.Startup.run import make_wsgi_app
    application = make_wsgi_app({}, os.path.join(folder, 'etc', 'zope.conf'))
    import Zope2
    from AccessControl.SecurityManagement import newSecurityManager, noSecurityManager
    from AccessControl.users import system
    from Testing.makerequest import makerequest
    newSecurityManager(None, system)
    app = makerequest(Zope2.app())
    fill(app)
    transaction.commit()
    app._p_jar.close()
    noSecurityManager()
    shutil.copy(os.path.join(folder, 'var', 'Data.fs'), os.path.join(folder, 'Data.fs'))
    from ZPublisher.httpexceptions import HTTPExceptionHandler
    server = Server(HTTPExceptionHandler(application), int(port))
    out = os.fdopen(os.dup(1), 'w')
    sys.stdout = sys.stderr
    print('ready', file=out, flush=True)
    for line in sys.stdin:
        data, raised = answer(server, base64.b64decode(line))
        print(json.dumps([base64.b64encode(data).decode(), raised]), file=out, flush=True)


main()
