"""The other side of python.test.ts: opens the database with Python's Zope, and prints what it finds as JSON."""

import json
import sys

import OFS.Application
import OFS.Folder
import OFS.Image
import OFS.OrderedFolder
import OFS.userfolder  # noqa: F401
import Products.PageTemplates.ZopePageTemplate  # noqa: F401
import transaction
import ZODB
import ZODB.FileStorage
import Zope2  # noqa: F401
from AccessControl.AuthEncoding import pw_validate
from AccessControl.SecurityManagement import newSecurityManager
from OFS.DTMLMethod import DTMLMethod
from Testing.makerequest import makerequest

step, path = sys.argv[1:]


def configure():
    """The components that page templates need."""
    import zope.component
    from Zope2.App import zcml  # noqa: F401
    from zope.component import provideAdapter, provideUtility
    from zope.traversing.adapters import DefaultTraversable
    provideAdapter(DefaultTraversable, (None,))
    from Products.PageTemplates.interfaces import IUnicodeEncodingConflictResolver
    from Products.PageTemplates.unicodeconflictresolver import DefaultUnicodeEncodingConflictResolver
    provideUtility(DefaultUnicodeEncodingConflictResolver, IUnicodeEncodingConflictResolver)
    assert zope.component


configure()
db = ZODB.DB(ZODB.FileStorage.FileStorage(path))
connection = db.open()
root = connection.root()['Application']
app = makerequest(root)
garden = app.garden


def read():
    note, big = garden['note.txt'], garden['big.bin']
    greta = app.acl_users.getUser('greta').__of__(app.acl_users)
    return {
        'title': garden.title,
        'properties': [[i, garden.getPropertyType(i), repr(garden.getProperty(i))] for i in garden.propertyIds()],
        'ids': list(garden.objectIds()),
        'types': [d['meta_type'] for d in garden.objectMap()],
        'classes': [type(o.aq_base).__name__ for o in garden.objectValues()[:5]],
        'note': [note.content_type, note.get_size(), str(note)],
        'big': [big.get_size(), bytes(big) == b'\x07' * 200000, big.content_type],
        'tag': garden['dot.gif'].tag().replace('http://nohost/', ''),
        'page': garden.page(),
        'method': garden.method(garden, app.REQUEST),
        'order': [list(app.row.objectIds()), list(app.row.getDefaultSorting())],
        'users': [[u.getUserName(), list(u.roles), list(u.domains)] for u in app.acl_users.getUsers()],
        'password': bool(pw_validate(greta.__, 'wörd')),
        'inner': [app.area.acl_users.getUserNames(), app.area.__allow_groups__.aq_base is app.area.acl_users.aq_base],
        'local': [[u, list(r)] for u, r in garden.get_local_roles()],
        'view': repr(garden.aq_base._View_Permission),
        'add': repr(garden.aq_base._Add_Folders_Permission),
        'valid': list(garden.valid_roles()),
        'may': [bool(greta.has_permission('View', garden)), bool(greta.has_permission('Delete objects', app.row))],
    }


def change():
    user = app.acl_users.getUser('greta').__of__(app.acl_users)
    garden.manage_changeProperties(title='changed', words=('x', 'y'))
    garden.manage_delObjects(['big.bin', 'method'])
    garden['note.txt'].manage_edit('Note', 'text/plain', filedata='there')
    garden.manage_addLocalRoles('kim', ['Gardener'])
    garden.manage_permission('View', [], 1)
    newSecurityManager(None, user)
    garden._setObject('made', OFS.Folder.Folder('made'))
    from Products.PageTemplates.ZopePageTemplate import ZopePageTemplate
    garden._setObject('copy_of_page', ZopePageTemplate('copy_of_page', garden.page.read()))
    garden._setObject('meth', DTMLMethod(garden_source, __name__='meth'))
    app.row.moveObjectsToTop(['b'])
    app.acl_users._doChangeUser('greta', 'neu', ['Gardener'], [])
    return {}


garden_source = '<dtml-var title> <dtml-var "1+count">'


def again():
    return {
        'ids': list(garden.objectIds()),
        'late': garden.getProperty('late'),
        'owner': garden.renamed.getOwnerTuple()[1],
        'repr': repr(garden.renamed),
    }


result = {'read': read, 'change': change, 'again': again}[step]()
transaction.commit()
print(json.dumps(result))
connection.close()
db.close()
