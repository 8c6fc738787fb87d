"""Random programs over BTrees and what Python's C implementation answers: cases in the notation of the suite btrees, one a line.

Arguments: the seed, the number of cases, the folder of zodbtag.py.
"""
import importlib
import io
import json
import operator
import pickle
import random
import sys

import transaction
import ZODB
import ZODB.POSException
import ZODB.utils
from BTrees import check as btree_check
from BTrees.Interfaces import BTreesConflictError
from ZODB.MappingStorage import MappingStorage
from ZODB.utils import p64, u64

seed, count, tags = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.path.insert(0, tags)
from zodbtag import Tagger  # noqa: E402

rnd = random.Random(seed)
INT = {'I': (-2**31, 2**31 - 1), 'L': (-2**63, 2**63 - 1), 'U': (0, 2**32 - 1), 'Q': (0, 2**64 - 1)}
FAMILIES = [k + v for k in 'OILUQ' for v in ('O', 'I', 'L', 'U', 'Q', 'F')]


class BTreeTagger(Tagger):
    def other(self, v):
        name = type(v).__module__ + '.' + type(v).__name__
        if name.startswith('BTrees.') and hasattr(v, 'keys'):
            items = [[self.tag(k), self.tag(x)] for k, x in v.items()] if hasattr(v, 'items') else [self.tag(k) for k in v.keys()]
            return {'$btree': {'class': name, 'items': items}}
        if isinstance(v, NodeRef):
            return {'$ref': v.oid, 'form': 'oid+class', 'class': v.cls}
        # Ranges have no __iter__, and can be iterated over.
        return [self.tag(x) for x in v]


class NodeRef:
    def __init__(self, oid, cls):
        self.oid, self.cls = oid, cls


def tag(v):
    return BTreeTagger(False).run(v)


def module(prefix):
    return importlib.import_module('BTrees.%sBTree' % prefix)


families = []
for name in FAMILIES:
    try:
        module(name)
    except ImportError:
        continue
    families.append(name)


def records(storage):
    """Every record but that of the root."""
    nodes = {}
    for i in range(1, u64(storage.new_oid())):
        try:
            data, _ = ZODB.utils.load_current(storage, p64(i))
        except ZODB.POSException.POSKeyError:
            continue
        up = pickle.Unpickler(io.BytesIO(data))
        up.persistent_load = lambda pid: NodeRef(pid[0].hex(), pid[1].__module__ + '.' + pid[1].__name__)
        cls = up.load()
        nodes['%016x' % i] = {'class': cls.__module__ + '.' + cls.__name__, 'state': tag(up.load())}
    return {'root': '0000000000000001', 'nodes': nodes}


def saved(obj):
    storage = MappingStorage()
    db = ZODB.DB(storage)
    manager = transaction.TransactionManager()
    conn = db.open(manager)
    conn.root()['tree'] = obj
    manager.commit()
    result = records(storage)
    db.close()
    return result


# Keys and values.

def key_maker(kind):
    """A function for the keys of one case."""
    if kind == 'f':
        wide = rnd.random() < .3
        return lambda: bytes(rnd.randrange(256 if wide else 3) for _ in range(2))
    if kind in INT:
        low, high = INT[kind]
        span = rnd.choice((20, 60, 300, 4000))
        edge = rnd.random() < .3
        base = rnd.choice((0, 0, low if low else 0, high - span, rnd.randrange(low, high - span)))

        def make():
            if edge and rnd.random() < .1:
                return rnd.choice((low, high, low + 1, high - 1, 0))
            return max(low, min(high, base + rnd.randrange(span)))
        return make
    style = rnd.randrange(9)
    span = rnd.choice((15, 60, 400))
    if style < 3:
        return lambda: 'k%d' % rnd.randrange(span)
    if style == 3:
        alphabet = 'aZ\xe9\u0394\uffff\U0001f600\x00'
        return lambda: ''.join(rnd.choice(alphabet) for _ in range(rnd.randrange(4)))
    if style == 4:
        return lambda: rnd.randrange(-span, span)
    if style == 5:
        return lambda: bytes(rnd.randrange(256) for _ in range(rnd.randrange(3)))
    if style == 6:
        return lambda: tuple(rnd.randrange(6) for _ in range(rnd.randrange(4)))
    if style == 7:
        return lambda: rnd.choice((None, rnd.randrange(span) / 4, rnd.randrange(span), True, False, 2**70 + rnd.randrange(5), -2**65, rnd.randrange(span) * 1e17))
    return lambda: (rnd.choice('abc'), rnd.choice((rnd.randrange(9), rnd.randrange(9) / 2)), b'x' * rnd.randrange(3))


def value_maker(kind, alike=False):
    """A function for values; `alike`: that have an order among themselves, without which Python's merging ends in accidents."""
    if alike and kind == 'O':
        return rnd.choice((lambda: 'v%d' % rnd.randrange(5), lambda: rnd.randrange(5), lambda: (rnd.randrange(3), 'x')))
    if kind == 's':
        return lambda: bytes(rnd.randrange(256) for _ in range(6))
    if kind in INT:
        low, high = INT[kind]
        return lambda: rnd.choice((rnd.randrange(max(low, -9), 9), rnd.randrange(low, high + 1), low, high))
    if kind == 'F':
        return lambda: rnd.choice((rnd.randrange(-9, 9), float(rnd.randrange(9)), rnd.random(), 1e30, 0.1, -0.0, 1e39, -2.5))
    return lambda: rnd.choice((None, 'v%d' % rnd.randrange(9), rnd.randrange(9), rnd.random(), (1, 'x'), b'b', True, 10**20))


BAD = (None, 'x', '', 1.5, 1.0, -1, 2**31, 2**32, 2**63, 2**64, -2**31 - 1, -2**63 - 1, b'ab', b'abcdef', b'a', (1,), True)


def bad():
    return rnd.choice(BAD)


def bad_value(kind):
    """A large int is set as the float -1.0, with an error that comes later."""
    return rnd.choice([v for v in BAD if kind != 'F' or not isinstance(v, int) or -2**62 < v < 2**62])


def make(cls, n, key, value):
    obj = cls()
    for _ in range(n):
        if hasattr(obj, 'items'):
            obj[key()] = value()
        else:
            obj.add(key())
    return obj


def sizes():
    return rnd.choice((0, 1, 2, 5, 10, 30, 59, 61, 62, 90, 130, 200, 260, 700))


OPERATORS = {'&': operator.and_, '|': operator.or_, '-': operator.sub, '^': operator.xor}
IN_PLACE = {'&': operator.iand, '|': operator.ior, '-': operator.isub, '^': operator.ixor}


# What the suite's runner knows to do; see its README.

def perform(obj, op):
    name, args = op[0], op[1:]
    if name == '#set':
        obj[args[0]] = args[1]
        return None
    if name == '#get':
        return obj[args[0]]
    if name == '#del':
        del obj[args[0]]
        return None
    if name == '#in':
        return args[0] in obj
    if name == '#len':
        return len(obj)
    if name == '#bool':
        return bool(obj)
    if name == '#iter':
        return list(obj)
    if name == '#index':
        i = args[2]
        seq = getattr(obj, args[0])(*args[1])
        return list(seq[slice(*i)]) if isinstance(i, list) else seq[i]
    if name == '#viewlen':
        return len(getattr(obj, args[0])(*args[1]))
    if name == '#op':
        return OPERATORS[args[0]](obj, args[1])
    if name == '#iop':
        same = IN_PLACE[args[0]](obj, args[1])
        return [same is obj, list(obj)]
    if name == '#kw':
        return getattr(obj, args[0])(**args[1])
    result = getattr(obj, name)(*args)
    return result


VIEWS = ('keys', 'values', 'items', 'iterkeys', 'itervalues', 'iteritems')


def random_op(mapping, key, value, other_key, obj_size, kind):
    k = key if rnd.random() < .97 else (other_key if rnd.random() < .5 else bad)
    v = value if rnd.random() < .97 else lambda: bad_value(kind)
    r = rnd.random()
    views = VIEWS if mapping else ('keys',)
    if r < .5:
        if mapping:
            return rnd.choice((
                lambda: ['#set', k(), v()], lambda: ['#set', k(), v()], lambda: ['#del', k()], lambda: ['#del', k()], lambda: ['insert', k(), v()],
                lambda: ['setdefault', k(), v()], lambda: ['pop', k()], lambda: ['pop', k(), v()], lambda: ['popitem']))()
        return rnd.choice((
            lambda: ['add', k()], lambda: ['add', k()], lambda: ['insert', k()], lambda: ['remove', k()], lambda: ['discard', k()], lambda: ['pop']))()
    if r < .65:
        if mapping:
            return rnd.choice((lambda: ['#get', k()], lambda: ['get', k()], lambda: ['get', k(), v()], lambda: ['#in', k()], lambda: ['has_key', k()]))()
        return rnd.choice((lambda: ['#in', k()], lambda: ['has_key', k()]))()
    if r < .75:
        return rnd.choice((lambda: ['minKey'], lambda: ['maxKey'], lambda: ['minKey', k()], lambda: ['maxKey', k()], lambda: ['#len'], lambda: ['#bool'], lambda: ['minKey', None]))()
    if r < .95:
        bound = lambda: rnd.choice((None, k(), k(), k()))  # noqa: E731
        what = rnd.choice(views)
        c = rnd.randrange(5)
        if c == 0:
            return [what]
        if c == 1:
            return [what, bound(), bound()]
        if c == 2:
            return [what, bound(), bound(), rnd.random() < .5, rnd.random() < .5]
        if c == 3 and not what.startswith('iter'):
            if rnd.random() < .3:
                return ['#index', what, [bound()], rnd.randrange(-5, 40)]
            return ['#index', what, [], rnd.choice((rnd.randrange(-obj_size - 2, obj_size + 3), [rnd.randrange(-9, 20), rnd.choice((None, rnd.randrange(-9, 50)))]))]
        kw = {}
        for n in ('min', 'max'):
            if rnd.random() < .6:
                kw[n] = bound()
        for n in ('excludemin', 'excludemax'):
            if rnd.random() < .5:
                kw[n] = rnd.random() < .7
        return ['#kw', what, kw]
    if r < .97:
        n = rnd.randrange(4)
        return ['update', [(k(), v()) for _ in range(n)] if mapping else [k() for _ in range(n)]]
    if r < .975:
        return ['clear']
    return ['#viewlen', rnd.choice(tuple(v for v in views if not v.startswith('iter'))), []]


def tag_op(op):
    if op[0] in ('#index', '#viewlen'):
        return [op[0], op[1], [tag(x) for x in op[2]], *op[3:]]
    if op[0] in ('#op', '#iop'):
        return [op[0], op[1], tag(op[2])]
    if op[0] == '#kw':
        return [op[0], op[1], {k: tag(v) for k, v in op[2].items()}]
    return [op[0], *map(tag, op[1:])]


def answer(obj, op):
    try:
        return tag(perform(obj, op))
    except SystemError as e:
        # An error that was set twice.
        return {'error': type(e.__cause__ or e).__name__}
    except Exception as e:
        return {'error': type(e).__name__}


def class_of(prefix, kind):
    return getattr(module(prefix), prefix + kind)


def full(cls):
    return cls.__module__ + '.' + cls.__name__


def ops_case(prefix):
    kind = rnd.choice(('BTree', 'BTree', 'BTree', 'TreeSet', 'TreeSet', 'Bucket', 'Set'))
    cls = class_of(prefix, kind)
    mapping = kind in ('BTree', 'Bucket')
    key, value, other = key_maker(prefix[0]), value_maker(prefix[1]), key_maker(prefix[0])
    obj = cls()
    ops = []
    n = sizes()
    style = rnd.randrange(3)
    first = [key() for _ in range(n)]
    if style and prefix[0] != 'O':
        first.sort(reverse=style == 2)
    for k in first:
        ops.append(['#set', k, value()] if mapping else ['add', k])
    results = [answer(obj, op) for op in ops]
    if rnd.random() < .3 and n:
        gone = rnd.sample(first, rnd.randrange(n))
        if rnd.random() < .5 and prefix[0] != 'O':
            gone.sort()
        for k in gone:
            op = ['#del', k] if mapping else ['remove', k]
            ops.append(op)
            results.append(answer(obj, op))
    for _ in range(rnd.choice((5, 20, 40))):
        op = random_op(mapping, key, value, other, len(obj), prefix[1])
        ops.append(op)
        results.append(answer(obj, op))
    expect = {'results': results, 'len': len(obj), 'final': tag(obj)}
    if kind in ('BTree', 'TreeSet'):
        obj._check()
    expect['saved'] = saved(obj)
    return {'file': 'ops.json', 'name': 'ops', 'input': {'class': full(cls), 'ops': [tag_op(op) for op in ops]}, 'expect': expect}


def stored_case(prefix):
    """A tree in a database, which is committed, taken back and thrown out of memory in between."""
    kind = rnd.choice(('BTree', 'TreeSet'))
    cls = class_of(prefix, kind)
    mapping = kind == 'BTree'
    key, value, other = key_maker(prefix[0]), value_maker(prefix[1]), key_maker(prefix[0])
    storage = MappingStorage()
    db = ZODB.DB(storage)
    manager = transaction.TransactionManager()
    conn = db.open(manager)
    obj = conn.root()['tree'] = cls()
    manager.commit()
    ops, results = [], []

    def step(op):
        ops.append(tag_op(op))
        if op[0] == '#commit':
            manager.commit()
        elif op[0] == '#abort':
            manager.abort()
        elif op[0] == '#minimize':
            conn.cacheMinimize()
        else:
            results.append(answer(obj, op))
    present = []
    for _ in range(rnd.choice((1, 3, 8))):
        for _ in range(rnd.choice((0, 1, 10, 40, 100, 200))):
            k = key()
            present.append(k)
            step(['#set', k, value()] if mapping else ['add', k])
            if rnd.random() < .02:
                step([rnd.choice(('#commit', '#abort', '#minimize'))])
        rnd.shuffle(present)
        gone, present = present[:len(present) // 3], present[len(present) // 3:]
        for k in gone if rnd.random() < .5 else ():
            step(['pop', k, value()] if mapping else ['discard', k])
        for _ in range(rnd.randrange(12)):
            step(random_op(mapping, key, value, other, 9, prefix[1]))
        step([rnd.choice(('#commit', '#commit', '#abort', '#minimize'))])
    manager.commit()
    expect = {'results': results, 'len': len(obj), 'final': tag(obj)}
    obj._check()
    expect['saved'] = records(storage)
    db.close()
    return {'file': 'stored', 'name': 'stored', 'input': {'class': full(cls), 'ops': ops}, 'expect': expect}


def merge_case(prefix):
    kind = rnd.choice(('BTree', 'TreeSet', 'Bucket', 'Set', 'Bucket', 'Set'))
    cls = class_of(prefix, kind)
    mapping = kind in ('BTree', 'Bucket')
    key, value = key_maker(prefix[0]), value_maker(prefix[1], True)
    base = cls()
    for _ in range(rnd.randrange(13)):
        try:
            if mapping:
                base[key()] = value()
            else:
                base.add(key())
        except (TypeError, OverflowError):
            pass
    states = [base.__getstate__()]
    for _ in range(2):
        other = cls()
        other.__setstate__(states[0])
        for _ in range(rnd.choice((0, 1, 1, 2, 4))):
            try:
                r = rnd.random()
                if r < .45 and len(other):
                    k = rnd.choice(list(other.keys()))
                    if mapping and r < .2:
                        other[k] = value()
                    elif mapping:
                        del other[k]
                    else:
                        other.remove(k)
                elif mapping:
                    other[key()] = value()
                else:
                    other.add(key())
            except (TypeError, OverflowError, KeyError):
                pass
        states.append(other.__getstate__())
    try:
        expect = {'state': tag(cls()._p_resolveConflict(*states))}
    except BTreesConflictError as e:
        expect = {'conflict': e.reason, 'positions': [e.p1, e.p2, e.p3], 'message': str(e)}
    except Exception as e:
        expect = {'error': type(e).__name__}
    old, committed, new = map(tag, states)
    return {'file': 'conflicts.json', 'name': 'conflict', 'input': {'class': full(cls), 'old': old, 'committed': committed, 'new': new}, 'expect': expect}


def live_case(prefix):
    kind = rnd.choice(('BTree', 'TreeSet'))
    cls = class_of(prefix, kind)
    mapping = kind == 'BTree'
    key, value = key_maker(prefix[0]), value_maker(prefix[1], True)
    init = []
    for _ in range(sizes()):
        init.append([key(), value()] if mapping else [key()])
    db = ZODB.DB(MappingStorageWithMerging())
    ms = [transaction.TransactionManager() for _ in range(3)]
    obj = cls()
    try:
        for item in init:
            if mapping:
                obj[item[0]] = item[1]
            else:
                obj.add(item[0])
    except (TypeError, OverflowError):
        db.close()
        return None
    conn = db.open(ms[2])
    conn.root()['tree'] = obj
    ms[2].commit()
    programs = []
    trees = [db.open(m).root()['tree'] for m in ms[:2]]
    present = [i[0] for i in init]
    for tree in trees:
        ops = []
        for _ in range(rnd.choice((1, 1, 2, 3, 12, 40))):
            if present and rnd.random() < .4:
                k = rnd.choice(present)
                op = ['#del', k] if mapping else ['remove', k]
                if mapping and rnd.random() < .4:
                    op = ['#set', k, value()]
            else:
                op = ['#set', key(), value()] if mapping else ['add', key()]
            ops.append(op)
            answer(tree, op)
        programs.append(ops)
    ms[0].commit()
    expect = {'committed': True}
    try:
        ms[1].commit()
    except ZODB.POSException.ConflictError as e:
        expect = {'committed': False, 'error': type(e).__name__, 'class': e.class_name if type(e).__name__ == 'ConflictError' else None}
        ms[1].abort()
    db2 = db.open(transaction.TransactionManager())
    tree = db2.root()['tree']
    try:
        btree_check.check(tree)
        tree._check()
        expect['check'] = 'ok'
    except AssertionError:
        db.close()
        return None
    expect['keys'] = tag(list(tree.keys()))
    if mapping:
        expect['values'] = tag(list(tree.values()))
    db.close()
    return {'file': 'conflicts.json', 'name': 'live-x', 'input': {
        'class': full(cls), 'init': [[tag(x) for x in i] for i in init], 'ops_a': [tag_op(o) for o in programs[0]], 'ops_b': [tag_op(o) for o in programs[1]]}, 'expect': expect}


def MappingStorageWithMerging():
    import os
    import tempfile

    from ZODB.FileStorage import FileStorage
    d = tempfile.mkdtemp()
    s = FileStorage(os.path.join(d, 'Data.fs'))
    close = s.close

    def closing():
        close()
        import shutil
        shutil.rmtree(d, True)
    s.close = closing
    return s


def sets_case(prefix):
    m = module(prefix)
    key, value = key_maker(prefix[0]), value_maker(prefix[1])
    names = [n for n in ('union', 'intersection', 'difference', 'weightedUnion', 'weightedIntersection', 'multiunion') if hasattr(m, n)]
    calls, results = [], []

    def operand():
        r = rnd.random()
        if r < .04:
            return None
        if r < .1:
            return [k for k in (key() for _ in range(rnd.randrange(8))) if k is not None]
        if r < .12:
            return key()
        kind = rnd.choice(('BTree', 'TreeSet', 'Bucket', 'Set'))
        n = rnd.randrange(20 if rnd.random() < .9 else 150)
        while True:
            try:
                return make(class_of(prefix, kind), n, key, value)
            except (TypeError, OverflowError):
                n -= 1
                if n < 1:
                    return class_of(prefix, kind)()
    for _ in range(6):
        name = rnd.choice(names)
        if name == 'multiunion':
            args = [[operand() for _ in range(rnd.randrange(5))]]
        else:
            args = [operand(), operand()]
            if name.startswith('weighted') and rnd.random() < .6:
                w = value_maker(prefix[1])
                args += [rnd.choice((1, 2, 3, 0, w())), rnd.choice((1, 5, w()))]
        calls.append([name, *map(tag, args)])
        try:
            results.append(tag(getattr(m, name)(*args)))
        except Exception as e:
            results.append({'error': type(e).__name__})
    return {'file': 'sets.json', 'name': 'sets', 'input': {'module': m.__name__, 'calls': calls}, 'expect': {'results': results, 'functions': names}}


def state_of(prefix, cls, key, value):
    """A state that a class of this kind may have, or that is wrong in one place."""
    mapping = cls.__name__.endswith(('BTree', 'Bucket'))

    tree = cls.__name__.endswith(('BTree', 'TreeSet'))

    def leaf():
        # A tree of an empty leaf, and of an empty tuple, ends the process in C.
        try:
            keys = sorted({key() for _ in range(rnd.randrange(1 if tree else 0, 5))})
        except TypeError:
            keys = [key()]
        flat = []
        for k in keys:
            flat += [k, value()] if mapping else [k]
        if rnd.random() < .08 and not tree and prefix[0] != "O":
            flat.insert(rnd.randrange(len(flat) + 1), None)
        return tuple(flat)

    def wrong():
        # What is no tuple is a SystemError in C.
        return rnd.choice((() if not tree else None, (), (1,), ((1,),), ([],), (((),),), (((1,),),), ((), (), ()), (None,), ((None,),), ({},)) + (() if tree else (((),),)))
    r = rnd.random()
    if r < .3:
        return wrong()
    if cls.__name__.endswith(('Bucket', 'Set')) and not cls.__name__.endswith('TreeSet'):
        return (leaf(),)
    return (((leaf(),),),)


def extras_case(prefix):
    kind = rnd.choice(('BTree', 'TreeSet', 'Bucket', 'Set'))
    cls = class_of(prefix, kind)
    mapping = kind in ('BTree', 'Bucket')
    key, value, other = key_maker(prefix[0]), value_maker(prefix[1]), key_maker(prefix[0])
    obj = cls()
    ops, results = [], []

    def operand():
        r = rnd.random()
        n = rnd.randrange(12)
        if r < .45:
            made = class_of(prefix, rnd.choice(('BTree', 'TreeSet', 'Bucket', 'Set')))
            while True:
                try:
                    return make(made, n, key, value)
                except (TypeError, OverflowError):
                    n -= 1
                    if n < 1:
                        return made()
        if r < .55:
            foreign = rnd.choice([f for f in families if f != prefix and prefix[1] != 'F'] or [prefix])
            made = class_of(foreign, rnd.choice(('BTree', 'TreeSet', 'Bucket', 'Set')))
            try:
                return make(made, n, key_maker(foreign[0]), value_maker(foreign[1]))
            except (TypeError, OverflowError):
                return made()
        if r < .75:
            keys = [k for k in (key() for _ in range(n)) if rnd.random() < .97]
            return [(k, value()) for k in keys] if mapping and rnd.random() < .7 else keys
        if r < .85:
            return {k: value() for k in (key() for _ in range(n)) if isinstance(k, (str, int, bytes, float))}
        if r < .9:
            # Lists of two are pairs here, and errors in Python.
            return [(key(), value(), 1)]
        return bad()
    for _ in range(sizes()):
        op = ['#set', key(), value()] if mapping else ['add', key()]
        ops.append(op)
        results.append(answer(obj, op))
    for _ in range(25):
        r = rnd.random()
        # Some versions of BTrees have byValue in one family only.
        if r < .15 and hasattr(obj, 'byValue') and 'O' not in prefix:
            op = ['byValue', value() if rnd.random() < .9 else bad_value(prefix[1])]
        elif r < .4:
            op = ['update', operand()]
        elif r < .55:
            op = ['#op', rnd.choice('&|-^' if not mapping else '&|-'), operand()]
        elif r < .7 and not mapping:
            op = ['#iop', rnd.choice('&|-^'), operand()]
            # What is no iterable makes Python take the operator that is not in place.
            if not hasattr(op[2], '__iter__') and not hasattr(op[2], 'keys'):
                op = ['keys']
        elif r < .75 and not mapping:
            op = ['isdisjoint', operand()]
        elif r < .85:
            op = random_op(mapping, key, value, other, len(obj), prefix[1])
        else:
            op = ['__setstate__', state_of(prefix, cls, key, value)]
        ops.append(op)
        results.append(answer(obj, op))
        if op[0] in ('__setstate__', 'update', '#iop'):
            for look in (['keys'], ['#len'], ['__getstate__']) if len(obj) < 40 else (['keys'], ['#len']):
                ops.append(look)
                results.append(answer(obj, look))
    return {'file': 'ops.json', 'name': 'extras', 'input': {'class': full(cls), 'ops': [tag_op(op) for op in ops]}, 'expect': {'results': results, 'len': len(obj), 'final': tag(obj)}}


KINDS = (ops_case, stored_case, merge_case, live_case, sets_case, extras_case)
made = 0
i = 0
while made < count:
    i += 1
    prefix = rnd.choice(families + ['fs'])
    make_case = KINDS[i % len(KINDS)]
    case = make_case(prefix)
    if case is None:
        continue
    case['name'] += '-%s-%d' % (prefix, made)
    case['about'] = 'random'
    print(json.dumps(case))
    made += 1
