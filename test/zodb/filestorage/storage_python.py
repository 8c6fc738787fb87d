"""Takes a turn on a storage for python.test.ts: does the steps on stdin, has fstest check the file, prints its dump."""
import json
import os
import sys
import time

sys.path.insert(0, sys.argv[1])
import verify_with_python                                   # noqa: E402
from ZODB.Connection import TransactionMetaData              # noqa: E402
from ZODB.FileStorage import FileStorage                     # noqa: E402
from ZODB.POSException import POSKeyError, UndoError         # noqa: E402
from ZODB.scripts import fstest                              # noqa: E402
from ZODB.serialize import referencesf                       # noqa: E402
from ZODB.utils import load_current, p64, z64                # noqa: E402

path = sys.argv[2]
blob_dir = os.path.join(os.path.dirname(path), 'blobs')
steps = json.load(sys.stdin)

fstest.check(path)
s = FileStorage(path, blob_dir=blob_dir)


def current(oid):
    try:
        return load_current(s, oid)[1]
    except POSKeyError:
        try:
            return s.history(oid, 1)[0]['tid']
        except KeyError:
            return z64


for step in steps:
    if step['op'] == 'pack':
        s.pack(time.time() + 1, referencesf, gc=False)
        continue
    t = TransactionMetaData(step['user'], step['op'], {'n': 1, 'x': 'é'})
    s.tpc_begin(t)
    try:
        if step['op'] == 'store':
            for oid, data in step['records']:
                oid = p64(oid)
                s.store(oid, current(oid), bytes.fromhex(data), '', t)
        elif step['op'] == 'delete':
            oid = p64(step['oid'])
            s.deleteObject(oid, load_current(s, oid)[1], t)
        elif step['op'] == 'blob':
            name = os.path.join(s.temporaryDirectory(), 'new')
            with open(name, 'w') as f:
                f.write(step['content'])
            oid = p64(step['oid'])
            s.storeBlob(oid, current(oid), bytes.fromhex(step['data']), name, '', t)
        elif step['op'] == 'undo':
            s.undo(s.undoLog(step['back'], step['back'] + 1)[0]['id'], t)
    except (UndoError, POSKeyError, IndexError):
        s.tpc_abort(t)
        continue
    s.tpc_vote(t)
    s.tpc_finish(t)
s.close()
fstest.check(path)
print(json.dumps(verify_with_python.dump_file(path, blob_dir)))
