"""Makes a database of random transactions with Python's ZODB: random_python.py FILE SEED COUNT."""
import os
import random
import sys
import types
import warnings

warnings.simplefilter('ignore')

import persistent  # noqa: E402
import transaction  # noqa: E402
import ZODB  # noqa: E402
from BTrees.IOBTree import IOBTree  # noqa: E402
from BTrees.Length import Length  # noqa: E402
from BTrees.OOBTree import OOBTree  # noqa: E402
from persistent.list import PersistentList  # noqa: E402
from persistent.mapping import PersistentMapping  # noqa: E402
from persistent.wref import WeakRef  # noqa: E402
from ZODB.blob import Blob  # noqa: E402
from ZODB.Connection import TransactionMetaData  # noqa: E402
from ZODB.FileStorage import FileStorage  # noqa: E402
from ZODB.POSException import POSError  # noqa: E402
from ZODB.utils import load_current  # noqa: E402

path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rnd = random.Random(seed)
sys.modules['app'] = types.ModuleType('app')
module = sys.modules['app.things'] = types.ModuleType('app.things')


class Thing(persistent.Persistent):
    pass


class WithArguments(persistent.Persistent):
    """References to its instances name no class."""

    def __new__(cls, *args):
        return persistent.Persistent.__new__(cls)

    def __getnewargs__(self):
        return 1, 'é'


for cls in Thing, WithArguments:
    cls.__module__ = 'app.things'
    setattr(module, cls.__name__, cls)

storage = FileStorage(path, blob_dir=path + '.blobs')
db = ZODB.DB(storage)
connection = db.open()
root = connection.root()


def thing():
    result = Thing()
    result.title = rnd.choice(['x', 'é€', '\U0001f600'])
    return result


def with_arguments():
    result = WithArguments()
    result.number = rnd.random()
    return result


def blob():
    result = Blob()
    with result.open('w') as file:
        file.write(b'x' * rnd.randrange(1000))
    return result


MAKERS = (
    thing, with_arguments, blob,
    lambda: PersistentMapping({'a': Thing()}),
    lambda: PersistentList([1, Thing()]),
    lambda: OOBTree({str(i): Thing() for i in range(rnd.randrange(60))}),
    lambda: IOBTree({i: i for i in range(rnd.randrange(200))}),
    lambda: Length(5),
)


def remove_record(oid):
    serial = load_current(storage, oid)[1]
    metadata = TransactionMetaData()
    storage.tpc_begin(metadata)
    try:
        storage.deleteObject(oid, serial, metadata)
        storage.tpc_vote(metadata)
        storage.tpc_finish(metadata)
    finally:
        storage.tpc_abort(metadata)


def step(number):
    keys = [key for key in root if key.startswith('k')]
    kind = rnd.randrange(12)
    if kind < 5 or not keys:
        root['k%d' % number] = rnd.choice(MAKERS)()
    elif kind == 5:
        del root[rnd.choice(keys)]
    elif kind == 6:
        root['t'] = Thing()
        root['t'].other = root[rnd.choice(keys)]
        root['t'].weak = WeakRef(root[rnd.choice(keys)])
    elif kind == 7:
        db.undo(rnd.choice(db.undoLog(0, 5))['id'])
    elif kind == 8:
        remove_record(root[rnd.choice(keys)]._p_oid)
    elif kind == 9 and number == count // 2:
        db.pack()
    else:
        value = root[rnd.choice(keys)]
        if isinstance(value, OOBTree):
            value['z%d' % number] = Thing()
        elif isinstance(value, Thing):
            value.x = number
        else:
            root['number'] = number


for number in range(count):
    current = transaction.begin()
    try:
        step(number)
        if rnd.random() < .5:
            current.setUser(rnd.choice(['admin', 'Zoë', "o'neil", 'a b']), rnd.choice(['/', '/acl_users']))
        if rnd.random() < .7:
            current.note(rnd.choice(['note', "it's", 'quote"s and \'s', 'line1\nline2', 'é€', 'x' * 200, '']))
        if rnd.random() < .3:
            current.setExtendedInfo('key', rnd.choice([1, 'v', [1, 2]]))
        transaction.commit()
    except (POSError, TypeError, KeyError):
        # What an undo or a removal has made impossible.
        transaction.abort()
db.close()
os.unlink(path + '.lock') if os.path.exists(path + '.lock') else None
