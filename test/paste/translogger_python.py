"""Random formats of the access log and the lines that Python's translogger makes of them, one a line.

Arguments: seed, number of formats.
"""
import json
import logging
import random
import sys
import time

from paste.translogger import TransLogger

rnd = random.Random(int(sys.argv[1]))
FIELDS = ['REMOTE_ADDR', 'REMOTE_USER', 'REQUEST_METHOD', 'REQUEST_URI', 'HTTP_VERSION', 'status', 'bytes', 'HTTP_REFERER', 'HTTP_USER_AGENT']
lines = []


class Collector(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())


logger = logging.getLogger('collect')
logger.setLevel(1)
logger.propagate = False
logger.addHandler(Collector())


def maybe(p):
    return rnd.random() < p


def conversion():
    field = rnd.choice(FIELDS) if maybe(.97) else rnd.choice(['flavour', 'Status', ''])
    flags = ''.join(rnd.sample('-+ #0', rnd.choice([0, 0, 0, 1, 2])))
    return '%%(%s)%s%s%s%s%s' % (field, flags, rnd.choice(['', '', '5', '12', '0', '40']), rnd.choice(['', '', '.3', '.0', '.', '.20']), rnd.choice(['', '', '', 'l', 'h']), rnd.choice('sssssra') if maybe(.96) else rnd.choice('dxqi%'))


for number in range(int(sys.argv[2])):
    text = ''.join(rnd.choice(['', ' ', '|', '"', '%%', 'é', '[', ' - ']) + conversion() for _ in range(rnd.randrange(1, 4)))
    if maybe(.03):
        text += rnd.choice(['%', '% s', '100%', '%(status', '%(status)', '%%(x)s', '%z'])
    facts = {'script_name': rnd.choice(['', '/app']), 'path': rnd.choice(['/', '/a b', '/ü', '/x%20y', '/a;b,c', "/it's", '']), 'query': rnd.choice(['', 'a=1', 'q=%20x&y', '?']), 'method': rnd.choice(['GET', 'POST']),
             'user': rnd.choice(['', 'ann', "o'neil", 'back\\slash', '"q"']), 'addr': rnd.choice(['127.0.0.1', '::1']), 'status': rnd.choice([200, 404, 503]), 'bytes': rnd.choice([None, '0', '1234']),
             'headers': {k: v for k, v in {'referer': rnd.choice([None, '', 'http://x/']), 'user-agent': rnd.choice([None, 'Mozilla/5.0 (X)', "it's"]), 'x-forwarded-for': rnd.choice([None, None, '', '10.1.1.1, 10.2.2.2'])}.items() if v is not None}}
    environ = {'SCRIPT_NAME': facts['script_name'], 'PATH_INFO': facts['path'].encode().decode('latin-1'), 'QUERY_STRING': facts['query'], 'REQUEST_METHOD': facts['method'], 'REMOTE_ADDR': facts['addr'], 'SERVER_PROTOCOL': 'HTTP/1.1'}
    if facts['user']:
        environ['REMOTE_USER'] = facts['user']
    for k, v in facts['headers'].items():
        environ['HTTP_' + k.upper().replace('-', '_')] = v

    def app(environ, start_response):
        start_response('%d X' % facts['status'], [] if facts['bytes'] is None else [('Content-Length', facts['bytes'])])
        return []
    del lines[:]
    try:
        TransLogger(app, logger=logger, format=text)(environ, lambda s, h: None)
        expect = {'line': lines[0]}
    except Exception as e:
        expect = {'error': type(e).__name__}
    # Paths are handed over as they are percent-encoded.
    print(json.dumps({'name': str(number), 'suite': 'translogger', 'file': 'formats', 'about': '', 'input': {'format': text, **facts}, 'expect': expect}))
