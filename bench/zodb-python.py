"""What zodb.bench.ts measures, with Python's ZODB. Prints one JSON object: rates in objects or commits a second, times in
ns; by the clock where `fsync` waits, else by the time of the processor."""
import json
import os
import random
import sys
import time

import transaction
import ZODB
import ZODB.FileStorage
from persistent import Persistent
from persistent.mapping import PersistentMapping

fs = sys.modules['ZODB.FileStorage.FileStorage']
directory, count, commits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


class Node(Persistent):
    def __init__(self, i):
        self.title = 'Title of number %d' % i
        self.count = i
        self.tags = ['a', 'b', 'c']
        self.child = None


# So that records name a module that can be imported again.
sys.modules['bench'] = sys.modules['__main__']
Node.__module__ = 'bench'

def fill(connection):
    root = connection.root()
    for start in range(0, count, 100):
        folder = PersistentMapping()
        root['folder %d' % start] = folder
        for i in range(100):
            folder['key %d' % i] = Node(start + i)
        connection.transaction_manager.commit()


real = fs.fsync
result = {'stored': 0}
fs.fsync = lambda fd: None
for round in range(3):
    storage = ZODB.FileStorage.FileStorage(os.path.join(directory, 'python-%d.fs' % round))
    db = ZODB.DB(storage)
    connection = db.open()
    began = time.process_time()
    fill(connection)
    result['stored'] = max(result['stored'], count / (time.process_time() - began))
    connection.close()
    db.close()
fs.fsync = real
waited = 0


def timed(fd):
    global waited
    began = time.perf_counter()
    real(fd)
    waited += time.perf_counter() - began


fs.fsync = timed
result['store'] = 0
for round in range(3):
    db = ZODB.DB(ZODB.FileStorage.FileStorage(os.path.join(directory, 'python.fs'), create=True))
    connection = db.open()
    waited = 0
    began = time.perf_counter()
    fill(connection)
    spent = time.perf_counter() - began
    if count / spent > result['store']:
        result['store'], result['waiting'] = count / spent, waited / spent
    if round < 2:
        connection.close()
        db.close()
fs.fsync = real
root = connection.root()

node = root['folder 0']['key 0']


def single(name, clock):
    began = clock()
    for i in range(commits):
        node.count = i
        transaction.commit()
    result[name] = commits / (clock() - began)


single('fsync', time.perf_counter)
fs.fsync = lambda fd: None
single('nofsync', time.process_time)
fs.fsync = real


def cold(visit):
    best = 0
    for _ in range(3):
        db.cacheMinimize()
        transaction.abort()
        began = time.process_time()
        n = visit()
        best = max(best, n / (time.process_time() - began))
    return best


def walk():
    n = 0
    for folder in connection.root().values():
        for item in folder.values():
            if item.count >= 0:
                n += 1
    return n


def shuffled():
    n = 0
    for oid in oids:
        if connection.get(oid).count >= 0:
            n += 1
    return n


connection._cache.cache_size = 10 * count
result['walk'] = cold(walk)
oids = [item._p_oid for folder in connection.root().values() for item in folder.values()]
random.Random(1).shuffle(oids)
result['random'] = cold(shuffled)
items = [connection.get(oid) for oid in oids[:64]]
for item in items:
    item._p_activate()
n = 200000
began = time.process_time()
total = 0
for i in range(n // 64):
    for item in items:
        total += item.count
result['warm'] = (time.process_time() - began) / (n // 64 * 64) * 1e9
db.close()
print(json.dumps(result))
