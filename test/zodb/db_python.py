"""Takes its turns on a Data.fs for db-python.test.ts: checks what is there, commits some transactions, prints what it sees."""
import json
import sys
import types

import transaction
from persistent import Persistent
from persistent.mapping import PersistentMapping
from ZODB import DB
from ZODB.FileStorage import FileStorage
from ZODB.scripts import fstest


class Page(Persistent):
    pass


site = types.ModuleType('interop')
site.Page = Page
Page.__module__ = 'interop'
sys.modules['interop'] = site

path, turn = sys.argv[1], int(sys.argv[2])
fstest.check(path)
db = DB(FileStorage(path))
root = db.open().root()
pages = root['pages']
for step in range(3):
    page = Page()
    page.title = 'python %d %d' % (turn, step)
    page.tags = ['p', turn]
    page.before = pages[max(pages)]
    pages['%04d' % len(pages)] = page
    page.before.tags.append('seen by python')
    page.before._p_changed = True
    root['turns'] = root.get('turns', 0) + 1
    transaction.commit()
print(json.dumps({
    'titles': [pages[key].title for key in sorted(pages)],
    'tags': [list(pages[key].tags) for key in sorted(pages)],
    'chain': all(pages[key].before is pages['%04d' % (int(key) - 1)] for key in pages if int(key) > 0),
    'turns': root['turns'],
    'mapping': type(pages).__name__ == PersistentMapping.__name__,
}))
db.close()
fstest.check(path)
