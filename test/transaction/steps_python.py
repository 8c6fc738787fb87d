"""Random steps on a transaction manager and what Python's `transaction` does: one case a line, as `transaction.json` of suite `transaction`.

Arguments: seed, number of cases.
"""
import json
import logging
import random
import sys
import warnings

import transaction
from transaction.interfaces import IDataManager, TransientError
from zope.interface import implementer

rnd = random.Random(int(sys.argv[1]))
COUNT = int(sys.argv[2])
logging.disable(logging.CRITICAL)


class ConflictError(TransientError):
    pass


ERRORS = {'ValueError': ValueError, 'KeyError': KeyError, 'TransientError': TransientError, 'ConflictError': ConflictError, 'RuntimeError': RuntimeError, 'TypeError': TypeError}


@implementer(IDataManager)
class Manager:
    def __init__(self, name, options, log):
        self.name = name
        self.fail = options.get('fail', {})
        self.key = options.get('sort_key', name)
        self.log = log

    def call(self, method):
        self.log.append(f'{self.name}.{method}')
        self.fails(method)

    def fails(self, method):
        if method in self.fail:
            raise ERRORS[self.fail[method]](f'{self.name} {method}')

    def sortKey(self):
        self.fails('sortKey')
        return self.key

    def abort(self, txn):
        self.call('abort')

    def tpc_begin(self, txn):
        self.call('tpc_begin')

    def commit(self, txn):
        self.call('commit')

    def tpc_vote(self, txn):
        self.call('tpc_vote')

    def tpc_finish(self, txn):
        self.call('tpc_finish')

    def tpc_abort(self, txn):
        self.call('tpc_abort')


class Saved:
    def __init__(self, manager):
        self.manager = manager

    def rollback(self):
        self.manager.call('rollback')


def make_manager(name, options, log):
    bases = (Manager,)
    members = {}
    if options.get('savepoints'):
        def savepoint(self):
            self.call('savepoint')
            return Saved(self)
        members['savepoint'] = savepoint
    if options.get('retry') is not None:
        def should_retry(self, error):
            self.call('should_retry')
            return options['retry']
        members['should_retry'] = should_retry
    return type('DM', bases, members)(name, options, log)


class Machine:
    def __init__(self):
        self.log = []
        self.tm = transaction.TransactionManager()
        self.dms, self.savepoints, self.kept, self.syncs = {}, {}, {}, {}

    def joins(self, names):
        for n in names or ():
            self.tm.get().join(self.dms[n])

    def add_hook(self, kind, f, args=(), kws=None):
        t = self.tm.get()
        {'before_commit': t.addBeforeCommitHook, 'after_commit': t.addAfterCommitHook, 'before_abort': t.addBeforeAbortHook, 'after_abort': t.addAfterAbortHook}[kind](f, args, kws)

    def fails(self, plan, i, what):
        e = plan[i] if i < len(plan) else None
        if e == 'doom':
            self.tm.doom()
        elif e:
            raise ERRORS[e](what)

    def do_manager(self, explicit):
        self.tm = transaction.TransactionManager(explicit)

    def do_dm(self, name, options={}):
        self.dms[name] = make_manager(name, options, self.log)

    def do_fail(self, name, fail):
        self.dms[name].fail = fail

    def do_join(self, *names):
        self.joins(names)

    def do_commit(self):
        self.tm.commit()

    def do_abort(self):
        self.tm.abort()

    def do_begin(self):
        self.tm.begin()

    def do_get(self):
        self.tm.get()

    def do_doom(self):
        self.tm.doom()

    def do_is_doomed(self):
        return self.tm.isDoomed()

    def do_status(self):
        return self.tm.get().status

    def do_savepoint(self, name, optimistic=False):
        self.savepoints[name] = self.tm.savepoint(optimistic)

    def do_rollback(self, name):
        self.savepoints[name].rollback()

    def do_valid(self, name):
        return bool(self.savepoints[name].valid)

    def do_note(self, text):
        self.tm.get().note(text)

    def do_set_description(self, text):
        self.tm.get().description = text

    def do_set_user(self, *args):
        self.tm.get().setUser(*args)

    def do_extended(self, name, value):
        self.tm.get().setExtendedInfo(name, value)

    def do_metadata(self):
        t = self.tm.get()
        return {'user': t.user, 'description': t.description, 'extension': dict(t.extension)}

    def do_keep(self, name):
        self.kept[name] = self.tm.get()

    def do_same(self, name):
        return self.kept[name] is self.tm.get()

    def do_tx(self, name, member):
        t = self.kept[name]
        return t.status if member == 'status' else getattr(t, member)()

    def do_tx_join(self, name, dm):
        self.kept[name].join(self.dms[dm])

    def do_hook(self, kind, name, args=(), kwargs=None, error=None):
        def hook(*a, **k):
            self.log.append(f'hook {name} {json.dumps([list(a), k])}')
            if error:
                raise ERRORS[error](name)
        self.add_hook(kind, hook, tuple(args), kwargs or {})

    def do_hook_adds_hook(self, name):
        def hook():
            self.log.append(f'hook {name}')
            self.add_hook('before_commit', lambda: self.log.append(f'hook {name}-second'))
        self.add_hook('before_commit', hook)

    def do_hook_joins(self, name, dm):
        def hook():
            self.log.append(f'hook {name}')
            self.joins([dm])
        self.add_hook('before_commit', hook)

    def do_after_hook_joins(self, name, dm):
        def hook(success):
            self.log.append(f'hook {name} {success}')
            self.joins([dm])
        self.add_hook('after_commit', hook)

    def do_sync(self, name):
        log = self.log

        class Sync:
            def beforeCompletion(self, t):
                log.append(f'{name}.beforeCompletion {t.status}')

            def afterCompletion(self, t):
                log.append(f'{name}.afterCompletion {t.status}')

            def newTransaction(self, t):
                log.append(f'{name}.newTransaction')
        self.syncs[name] = Sync()
        self.tm.registerSynch(self.syncs[name])

    def do_unsync(self, name):
        self.tm.unregisterSynch(self.syncs[name])

    def do_clear_syncs(self):
        self.tm.clearSynchs()

    def do_registered_syncs(self):
        return bool(self.tm.registeredSynchs())

    def do_is_retryable(self, name):
        return self.tm.get().isRetryableError(ERRORS[name]('')) if hasattr(self.tm.get(), 'isRetryableError') else self.tm._retryable(ERRORS[name], ERRORS[name](''))

    def do_attempts(self, number, plan, joins=None):
        count = 0
        for attempt in self.tm.attempts(number) if number is not None else self.tm.attempts():
            i = count
            count += 1
            with attempt:
                self.log.append(f'attempt {i}')
                self.joins(joins)
                self.fails(plan, i, 'attempt')
        return count

    def do_run(self, tries, plan, name, doc, joins=None):
        descriptions = []

        def work():
            i = len(descriptions)
            self.log.append(f'call {i}')
            descriptions.append(self.tm.get().description)
            self.joins(joins)
            self.fails(plan, i, 'run')
            return 'answer'
        work.__name__ = name
        work.__doc__ = doc
        try:
            return self.tm.run(work, tries)
        finally:
            self.log.append('descriptions ' + json.dumps(descriptions))

    def do_with(self, error=None):
        with self.tm:
            self.log.append('body')
            self.joins(list(self.dms))
            if error:
                raise ERRORS[error]('body')

    def knows(self, step):
        """Whether what a step names is there."""
        names = {'rollback': self.savepoints, 'valid': self.savepoints, 'same': self.kept, 'tx': self.kept, 'tx_join': self.kept, 'unsync': self.syncs}.get(step[0])
        return names is None or step[1] in names

    def step(self, step):
        out = {}
        del self.log[:]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            try:
                result = getattr(self, 'do_' + step[0])(*step[1:])
                out['result'] = result
            except Exception as e:
                out['error'] = type(e).__name__
        if self.log:
            out['log'] = list(self.log)
        if caught:
            out['warnings'] = sorted({w.category.__name__ for w in caught})
        return out


PHASES = ['tpc_begin', 'commit', 'tpc_vote', 'tpc_finish', 'abort', 'tpc_abort', 'sortKey', 'savepoint', 'rollback']


def maybe(p):
    return rnd.random() < p


def steps():
    out = []
    if maybe(0.4):
        out.append(['manager', maybe(0.5)])
    names = rnd.sample(['a', 'b', 'c', 'd'], rnd.randrange(1, 5))
    for n in names:
        options = {}
        if maybe(0.3):
            options['sort_key'] = rnd.choice(['a', 'b', 'zz', '1', 'B', 'é', '', '\U0001f600', '\uffff'])
        if maybe(0.6):
            options['savepoints'] = True
        if maybe(0.15):
            options['retry'] = maybe(0.5)
        if maybe(0.25):
            options['fail'] = {rnd.choice(PHASES): rnd.choice(sorted(ERRORS)) for _ in range(rnd.randrange(1, 3))}
        out.append(['dm', n, options])
    saved, kept, syncs = [], [], []
    serial = 0
    # A transaction that is over and is joined and committed all the same fails in Python on what it has given back.
    late = rnd.choice(['tx', 'tx_join'])
    for _ in range(rnd.randrange(4, 24)):
        serial += 1
        kind = rnd.choice(['join'] * 6 + ['commit'] * 4 + ['abort'] * 3 + ['begin'] * 3 + ['get', 'doom', 'is_doomed', 'status', 'status'] + ['savepoint'] * 5 + ['rollback'] * 4 + ['valid'] * 2 + ['note', 'set_description', 'set_user', 'extended', 'metadata', 'keep', 'same', 'tx', 'tx', 'tx_join']
                          + ['hook'] * 5 + ['hook_adds_hook', 'hook_joins', 'after_hook_joins', 'sync', 'sync', 'unsync', 'clear_syncs', 'registered_syncs', 'is_retryable', 'attempts', 'run', 'with', 'fail'])
        if kind == 'join':
            out.append(['join'] + [rnd.choice(names) for _ in range(rnd.randrange(1, 3))])
        elif kind == 'savepoint':
            name = rnd.choice(['s', 't', 'u'])
            out.append(['savepoint', name] + ([True] if maybe(0.4) else []))
            if name not in saved:
                saved.append(name)
        elif kind in ('rollback', 'valid'):
            if saved:
                out.append([kind, rnd.choice(saved)])
        elif kind == 'note':
            out.append(['note', rnd.choice(['text', ' spaced ', '', 'more\n', 'é'])])
        elif kind == 'set_description':
            out.append([kind, rnd.choice(['d', '', ' x '])])
        elif kind == 'set_user':
            out.append([kind, rnd.choice(['ann', '', 'é'])] + ([rnd.choice(['/', '/folder', ''])] if maybe(0.4) else []))
        elif kind == 'extended':
            out.append([kind, rnd.choice(['k', 'l']), rnd.choice([1, 'x', None, [1]])])
        elif kind == 'keep':
            name = rnd.choice(['k1', 'k2'])
            out.append(['keep', name])
            kept.append(name)
        elif kind in ('same', 'tx', 'tx_join'):
            if kept and (kind == 'same' or kind == late):
                out.append([kind, rnd.choice(kept)] + ([rnd.choice(['status', 'commit', 'abort', 'doom'])] if kind == 'tx' else [rnd.choice(names)] if kind == 'tx_join' else []))
        elif kind == 'hook':
            out.append(['hook', rnd.choice(['before_commit', 'after_commit', 'before_abort', 'after_abort']), f'h{serial}'] + rnd.choice([[], [], [[1, 'x']], [[], {'k': 2}], [[], None, rnd.choice(sorted(ERRORS))]]))
        elif kind == 'hook_adds_hook':
            out.append([kind, f'h{serial}'])
        elif kind in ('hook_joins', 'after_hook_joins'):
            out.append([kind, f'h{serial}', rnd.choice(names)])
        elif kind == 'sync':
            name = f'y{serial}'
            out.append(['sync', name])
            syncs.append(name)
        elif kind == 'unsync':
            if syncs:
                out.append(['unsync', rnd.choice(syncs)])
        elif kind == 'is_retryable':
            out.append([kind, rnd.choice(sorted(ERRORS))])
        elif kind == 'attempts':
            out.append(['attempts', rnd.choice([1, 2, 3, 3, None, 0, -1]), [rnd.choice([None, None, 'TransientError', 'ConflictError', 'ValueError', 'doom']) for _ in range(3)]] + ([rnd.sample(names, 1)] if maybe(0.6) else []))
        elif kind == 'run':
            out.append(['run', rnd.choice([1, 2, 3, 0]), [rnd.choice([None, None, 'TransientError', 'KeyError', 'doom']) for _ in range(3)], rnd.choice(['f', '_', 'work']), rnd.choice([None, 'doc', 'two\nlines', ' spaced ', ''])] + ([rnd.sample(names, 1)] if maybe(0.6) else []))
        elif kind == 'with':
            out.append(['with'] + ([rnd.choice(sorted(ERRORS))] if maybe(0.4) else []))
        elif kind == 'fail':
            out.append(['fail', rnd.choice(names), {rnd.choice(PHASES): rnd.choice(sorted(ERRORS))} if maybe(0.5) else {}])
        else:
            out.append([kind])
    return out


for number in range(COUNT):
    given = steps()
    machine = Machine()
    results = []
    done = []
    for step in given:
        if not machine.knows(step):
            continue
        done.append(step)
        results.append(machine.step(step))
    print(json.dumps({'name': str(number), 'suite': 'transaction', 'file': 'random', 'about': '', 'input': {'kind': 'transaction', 'steps': done}, 'expect': {'results': results}}))
