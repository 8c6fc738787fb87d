"""Random histories of a FileStorage, and what Python's does with them: a case a line, in the steps of write.json and some more.

Arguments: the seed, the number of cases.
"""
import base64
import datetime
import hashlib
import io
import json
import os
import pickle
import random
import shutil
import sys
import tempfile
import warnings

import ZODB.ConflictResolution
import ZODB.FileStorage.FileStorage
from persistent.TimeStamp import TimeStamp
from ZODB.blob import Blob
from ZODB.Connection import TransactionMetaData
from ZODB.FileStorage import FileStorage
from ZODB.POSException import ConflictError, MultipleUndoErrors, POSError
from ZODB.scripts import fstest
from ZODB.serialize import referencesf
from ZODB.utils import p64, u64, z64

warnings.simplefilter('ignore')
module = sys.modules['ZODB.FileStorage.FileStorage']
module.fsync = lambda fd: None
seed, count = int(sys.argv[1]), int(sys.argv[2])
rnd = random.Random(seed)
START = datetime.datetime(2021, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)


def b64(data):
    return base64.b64encode(data).decode('ascii')


def bytes_tag(data):
    return {'$bytes': b64(data)}


class Model:
    pass


Model.__module__, Model.__qualname__, Model.__name__ = 'corpusmodel', 'Note', 'Note'
Counter = type('Counter', (), {'__module__': 'corpusmodel'})


class Persid:
    def __init__(self, oid):
        self.oid = oid


class FakeModule:
    Note, Counter = Model, Counter


def resolve(self, old, saved, new):
    if saved['n'] < 0:
        raise ValueError('negative')
    return {'n': saved['n'] + new['n'] - old['n']}


Counter._p_resolveConflict = resolve
fake = type(sys)('corpusmodel')
fake.Note, fake.Counter = Model, Counter
sys.modules['corpusmodel'] = fake


def record(cls, state):
    f = io.BytesIO()
    p = pickle.Pickler(f, 3)
    p.persistent_id = lambda o: (p64(o.oid), Model) if isinstance(o, Persid) else None
    p.dump(cls)
    p.clear_memo()
    p.dump(state)
    return f.getvalue()


def note(refs, pad=None):
    return record(Model, {'title': 't%d' % rnd.randrange(1000) + 'x' * (rnd.randrange(300) if pad is None else pad), 'refs': [Persid(r) for r in refs]})


def tid_at(seconds):
    t = START + datetime.timedelta(seconds=seconds)
    return TimeStamp(t.year, t.month, t.day, t.hour, t.minute, t.second + t.microsecond / 1e6).raw()


class Run:
    def __init__(self, blobs):
        self.dir = tempfile.mkdtemp()
        self.path = os.path.join(self.dir, 'Data.fs')
        self.blobs = os.path.join(self.dir, 'blobs') if blobs else None
        self.open()
        self.steps, self.results = [], []
        self.clock = 0
        self.transactions = []
        self.meta = self.tid = None
        self.began = False

    def open(self, **kw):
        self.storage = FileStorage(self.path, blob_dir=self.blobs, **kw)

    def step(self, op, **given):
        self.steps.append({'op': op, **given})
        try:
            result = getattr(self, 'do_' + op)(**given)
        except ConflictError as e:
            result = {'error': type(e).__name__, 'oid': e.oid.hex()}
            if e.serials:
                result['serials'] = [s.hex() for s in e.serials]
        except (POSError, KeyError, AttributeError, TypeError, module.FileStorageError, ValueError) as e:
            result = {'error': type(e).__name__}
        self.results.append(result)
        return result

    def do_begin(self, tid, user, description, extension=None, status=' '):
        self.meta = TransactionMetaData(base64.b64decode(user), base64.b64decode(description), extension)
        self.tid = bytes.fromhex(tid)
        self.storage.tpc_begin(self.meta, self.tid, status)

    def do_store(self, oid, serial, data):
        self.storage.store(bytes.fromhex(oid), bytes.fromhex(serial), base64.b64decode(data), '', self.meta)

    def do_blob(self, oid, serial, data, content):
        name = os.path.join(self.storage.temporaryDirectory(), 'new')
        with open(name, 'w') as f:
            f.write(content)
        try:
            self.storage.storeBlob(bytes.fromhex(oid), bytes.fromhex(serial), base64.b64decode(data), name, '', self.meta)
        finally:
            if os.path.exists(name):
                os.remove(name)

    def do_delete(self, oid, serial):
        self.storage.deleteObject(bytes.fromhex(oid), bytes.fromhex(serial), self.meta)

    def do_restore(self, oid, serial, data, prev_txn):
        self.storage.restore(bytes.fromhex(oid), bytes.fromhex(serial), None if data is None else base64.b64decode(data), '', prev_txn and bytes.fromhex(prev_txn), self.meta)

    def do_undo(self, tid):
        got = self.storage.undo(base64.encodebytes(bytes.fromhex(tid)).rstrip(), self.meta)
        return {'$tuple': [bytes_tag(got[0]), [bytes_tag(o) for o in got[1]]]}

    def do_check(self, oid, serial):
        self.storage.checkCurrentSerialInTransaction(bytes.fromhex(oid), bytes.fromhex(serial), self.meta)

    def do_vote(self):
        return [bytes_tag(o) for o in self.storage.tpc_vote(self.meta) or ()]

    def do_finish(self):
        return bytes_tag(self.storage.tpc_finish(self.meta))

    def do_abort(self):
        self.storage.tpc_abort(self.meta)

    def do_pack(self, time, gc):
        self.storage.pack(time, referencesf, gc=gc)

    def do_reopen(self, index):
        self.storage.close()
        if not index:
            os.remove(self.path + '.index')
        self.open()

    def do_copy(self):
        """The file that copyTransactionsFrom makes."""
        copy = tempfile.mkdtemp()
        try:
            target = FileStorage(os.path.join(copy, 'Data.fs'), blob_dir=self.blobs and os.path.join(copy, 'blobs'))
            target.copyTransactionsFrom(self.storage)
            target.close()
            with open(os.path.join(copy, 'Data.fs'), 'rb') as f:
                return f.read().hex()
        finally:
            shutil.rmtree(copy)

    def do_look(self):
        """All that can be read."""
        s = self.storage
        out = {'last': s.lastTransaction().hex(), 'size': s.getSize(), 'len': len(s)}
        out['undo'] = [base64.decodebytes(e['id'] + b'\n').hex() for e in s.undoLog(0, -1000)]
        out['transactions'] = [[t.tid.hex(), t.status, [[r.oid.hex(), None if r.data is None else len(r.data), r.data_txn and r.data_txn.hex()] for r in t]] for t in s.iterator()]
        out['walk'] = []
        next_oid = None
        try:
            while True:
                oid, tid, data, next_oid = s.record_iternext(next_oid)
                out['walk'].append([oid.hex(), tid.hex(), len(data)])
                if next_oid is None:
                    break
        except Exception:
            out['walk'].append('error')
        tids = [t.tid for t in s.iterator()]
        out['oids'] = {}
        for n in range(14):
            oid = p64(n)
            try:
                history = [[h['tid'].hex(), h['size']] for h in s.history(oid, 50)]
            except KeyError:
                history = None
            befores = []
            for t in tids[::2] + [b'\x7f' * 8]:
                try:
                    got = s.loadBefore(oid, t)
                    befores.append(got and [hashlib.sha1(got[0]).hexdigest()[:8], got[1].hex(), got[2] and got[2].hex()])
                except POSError as e:
                    befores.append(type(e).__name__)
            out['oids'][oid.hex()] = [history, befores]
        return out


def transaction_steps(run, size):
    run.clock += rnd.choice((1, 1, 7, 0.000003))
    tid = tid_at(run.clock)
    extension = rnd.choice((None, None, {'x': 1}, {'a': 'é', 'n': [1, 2]}))
    user, description = rnd.choice((b'', b' admin', 'é'.encode())), rnd.choice((b'', b'/a/b', b'd' * 300))
    s = run.storage
    run.step('begin', tid=tid.hex(), user=b64(user), description=b64(description), **({'extension': extension} if extension else {}))

    def current(oid):
        try:
            return s.load(oid)[1]
        except POSError:
            try:
                return s.history(oid, 1)[0]['tid']
            except KeyError:
                return z64
    failed = False
    undone = rnd.random() < .25 and run.transactions
    if undone:
        for _ in range(rnd.choice((1, 1, 1, 2, 3))):
            back = min(int(rnd.expovariate(.5)), len(run.transactions) - 1)
            result = run.step('undo', tid=run.transactions[-1 - back].hex())
            failed = failed or isinstance(result, dict) and 'error' in result
    if not undone or rnd.random() < .2:
        twice = rnd.random() < .06
        for n in rnd.sample(range(size), min(size, rnd.choice((1, 1, 2, 4)))):
            if twice:
                n = rnd.choice((1, 1, 1, 2))
            oid = p64(n)
            serial = current(oid)
            if rnd.random() < .06 and run.transactions:
                serial = rnd.choice(run.transactions)
            r = rnd.random()
            if r < .08:
                result = run.step('delete', oid=oid.hex(), serial=serial.hex())
            elif r < .16 and run.blobs:
                result = run.step('blob', oid=p64(n + 20).hex(), serial=current(p64(n + 20)).hex(), data=b64(record(Blob, None)), content='blob %d' % rnd.randrange(999))
            elif r < .22:
                result = run.step('check', oid=oid.hex(), serial=serial.hex())
            elif r < .26:
                # Python does not compare the data with a record that is a pointer, and fails where there are none.
                data = None if rnd.random() < .2 else b64(_load(s, oid) or note(()))
                prev_txn = serial.hex() if data is not None and _had(s, oid, serial, data) and rnd.random() < .5 else None
                result = run.step('restore', oid=oid.hex(), serial=tid.hex(), data=data, prev_txn=prev_txn)
            elif r < .5 and n % 3 == 1:
                result = run.step('store', oid=oid.hex(), serial=serial.hex(), data=b64(record(Counter, {'n': rnd.randrange(-1, 9)})))
            else:
                refs = [rnd.randrange(size) for _ in range(rnd.choice((0, 1, 2, 3)))]
                if n == 0:
                    refs += [1, 2]
                if run.blobs and rnd.random() < .4:
                    refs.append(20 + rnd.randrange(size))
                result = run.step('store', oid=oid.hex(), serial=serial.hex(), data=b64(note(refs)))
            failed = failed or isinstance(result, dict) and 'error' in result
            if failed:
                break
    if failed or rnd.random() < .05:
        if not failed and rnd.random() < .5:
            run.step('vote')
        run.step('abort')
        return
    if isinstance(run.step('vote'), dict):
        run.step('abort')
        return
    run.step('finish')
    run.transactions.append(tid)


def _had(s, oid, serial, data):
    try:
        return b64(s.loadSerial(oid, serial)) == data
    except POSError:
        return False


def _load(s, oid):
    try:
        return s.load(oid)[0]
    except POSError:
        return None


def files_below(top, records):
    found = {}
    for base, _, names in os.walk(top):
        for name in names:
            if name == '.layout' or name == '.removed' or '/tmp' in base[len(top):]:
                continue
            path = os.path.relpath(os.path.join(base, name), top)
            # Python leaves blobs of transactions that were taken back.
            if (bytes(int(part, 16) for part in path.split('/')[:-1]).hex(), name[2:-5]) in records:
                with open(os.path.join(base, name), 'rb') as f:
                    found[path] = f.read().decode()
    return found


def may_pack(run, time, gc):
    """Not where Python's pack ends in an accident, leads a later record to other data, or removes what a later transaction refers to, which ours keeps."""
    copy = tempfile.mkdtemp()
    try:
        shutil.copy(run.path, copy)
        s = FileStorage(os.path.join(copy, 'Data.fs'))

        def past(s):
            return {r.oid for t in s.iterator(None, stop) for r in t}
        at = datetime.datetime.fromtimestamp(time, datetime.timezone.utc)
        stop = TimeStamp(at.year, at.month, at.day, at.hour, at.minute, at.second + at.microsecond / 1e6).raw()
        before = past(s)

        def later(s):
            return [(r.oid, r.tid, r.data) for t in s.iterator() if t.tid > stop for r in t]
        data = later(s)
        s.pack(time, referencesf, gc=gc)
        if data != later(s):
            return False
        lost = before - past(s)
        # Of an object that is garbage at that time Python removes all blobs, those of later revisions too.
        if run.blobs and any(r.oid in lost for t in s.iterator() if t.tid > stop for r in t):
            return False
        return not gc or not any(oid in lost for t in s.iterator() if t.tid > stop for r in t if r.data for oid in referencesf(r.data))
    except (KeyError, AssertionError, TypeError, POSError):
        return False
    finally:
        shutil.rmtree(copy)


def case(number):
    run = Run(rnd.random() < .4)
    size = rnd.choice((3, 6, 12))
    for _ in range(rnd.choice((3, 8, 20, 40))):
        transaction_steps(run, size)
        r = rnd.random()
        if r < .08:
            back = run.clock + 1 if rnd.random() < .4 else rnd.random() * run.clock + rnd.choice((0, .5))
            time, gc = round((START + datetime.timedelta(seconds=back)).timestamp(), 3), rnd.random() < .6
            if may_pack(run, time, gc):
                run.step('pack', time=time, gc=gc)
        elif r < .14:
            run.step('reopen', index=rnd.random() < .5)
        elif r < .2:
            run.step('look')
        elif r < .24:
            run.step('copy')
    run.step('look')
    records = {(r.oid.hex(), r.tid.hex()) for t in run.storage.iterator() for r in t}
    run.storage.close()
    fstest.check(run.path)
    with open(run.path, 'rb') as f:
        hex_ = f.read().hex()
    expect = {'results': run.results, 'hex': hex_, 'blobs': files_below(run.blobs, records) if run.blobs else None}
    shutil.rmtree(run.dir)
    return {'name': 'history-%d-%d' % (seed, number), 'file': 'write.json', 'about': 'random', 'input': {'steps': run.steps, 'blobs': run.blobs is not None}, 'expect': expect}


import logging  # noqa: E402

logging.disable(logging.CRITICAL)
for i in range(count):
    print(json.dumps(case(i)))
