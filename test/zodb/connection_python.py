"""Writes and changes databases with the real ZODB for connection-python.test.ts. Records go in and out as JSON."""
import base64
import datetime
import decimal
import json
import sys
import types

import transaction
from BTrees.Length import Length
from BTrees.OOBTree import OOBTree
from persistent import Persistent
from persistent.list import PersistentList
from persistent.mapping import PersistentMapping
from persistent.wref import WeakRef
from ZODB import DB
from ZODB.MappingStorage import MappingStorage
from ZODB.utils import load_current, p64, u64


class Page(Persistent):
    pass


site = types.ModuleType('interop')
site.Page = Page
Page.__module__ = 'interop'
sys.modules['interop'] = site


def dump(storage):
    result = {}
    for oid in storage._data:
        data, tid = load_current(storage, oid)
        result[u64(oid)] = base64.b64encode(data).decode()
    return result


def fill(storage, records):
    t = transaction.TransactionManager().begin()
    storage.tpc_begin(t)
    for oid, data in records.items():
        storage.store(p64(int(oid)), b'\0' * 8, base64.b64decode(data), '', t)
    storage._oid = max(int(oid) for oid in records)
    storage.tpc_vote(t)
    storage.tpc_finish(t)


def write():
    storage = MappingStorage()
    db = DB(storage)
    root = db.open().root()
    page = root['page'] = Page()
    page.title = 'Hällo'
    page.items = ({'id': 'a', 'n': 1.0}, {'id': 'b', 'n': 2})
    page.mixed = {'x': [1, 2, (3, 'y')], 5: None, ('t', 1): b'bytes', True: 1.5}
    page.when = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    page.amount = decimal.Decimal('1.50')
    page.tags = {'a', 'b'}
    page.frozen = frozenset([1])
    page.big = 2 ** 70
    page.me = page
    page.child = Page()
    page.child.title = 'child'
    page.child.parents = [page, page]
    page.weak = WeakRef(page.child)
    root['mapping'] = PersistentMapping({'k': page})
    root['list'] = PersistentList([1, page])
    root['lone'] = '\ud800'
    transaction.commit()
    return dump(storage)


def describe(records):
    storage = MappingStorage()
    fill(storage, records)
    db = DB(storage)
    root = db.open().root()
    page = root['page']
    seen = {
        'classes': sorted({type(value).__module__ + '.' + type(value).__name__ for value in root.values()}),
        'title': page.title,
        'items': [type(page.items).__name__, [type(item).__name__ for item in page.items], [item['n'] for item in page.items]],
        'mixed': repr(page.mixed),
        'when': page.when.isoformat(),
        'amount': str(page.amount),
        'tags': sorted(page.tags),
        'frozen': repr(page.frozen),
        'big': str(page.big),
        'me': page.me is page,
        'child': page.child.title,
        'parents': [parent is page for parent in page.child.parents],
        'weak': page.weak() is page.child,
        'mapping': root['mapping']['k'] is page,
        'list': [root['list'][0], root['list'][1] is page],
        'changed': getattr(page, 'changed', None),
    }
    page.again = 'by Python'
    page.items += ({'id': 'c', 'n': 3},)
    transaction.commit()
    return {'seen': seen, 'records': dump(storage)}


task = json.load(sys.stdin)
print(json.dumps(write() if task is None else describe(task)))
