/** Random values, written by Python in every protocol, read and written again here: Python's own bytes of protocol 3 must come out. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Pickler, Unpickler } from '../../src/pickle/index.ts';
import { traceOf } from '../conformance/suites/lib/pickle-trace.ts';

/** An interpreter of Python 3, any that has `pickle`. */
const PYTHON = process.env.ZOPE_PYTHON ?? 'python3';

/**
 * Equal texts and bytes are one object each, as they are for our writer. One case a line: what is wanted, then protocols 0 to 5.
 */
const WRITE = String.raw`
import collections, datetime, decimal, fractions, pickle, random, sys, uuid
rnd = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 20251124)
same = {}
def one(v):
    return same.setdefault((type(v), v), v)
ALPHABET = 'abcXYZ019 _\n\r\t\\\'"\x00\x1a\x7f\x80\xe9\xff\u0394\u20ac\u65e5\ud800\U0001f600\U0010ffff'
def text():
    n = rnd.choice((0, 1, 1, 2, 3, 5, 8, 24, 41, 64, 65, 255, 256, 300))
    t = ''.join(rnd.choice(ALPHABET[:rnd.choice((8, 17, len(ALPHABET)))]) for _ in range(n))
    # A pair of surrogates is one character in JavaScript.
    return one(t.replace('\ud800\udc00', ''))
def blob():
    return one(bytes(rnd.randrange(256) for _ in range(rnd.choice((0, 1, 2, 8, 31, 33, 255, 256, 300)))))
def integer():
    n = rnd.getrandbits(rnd.choice((1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 53, 54, 63, 64, 65, 127, 128, 500, 2040, 2048)))
    return rnd.choice((n, -n, n - 1, -n - 1))
def floating():
    return rnd.choice((0.0, -0.0, 1.0, 1e300, -1e-300, 5e-324, float('inf'), rnd.random(), rnd.uniform(-1e9, 1e9), float(rnd.getrandbits(60))))
def delta():
    return datetime.timedelta(rnd.randrange(-9999, 9999), rnd.randrange(86400), rnd.randrange(10 ** 6))
def zone():
    z = datetime.timezone(datetime.timedelta(minutes=rnd.randrange(-1400, 1400)))
    return rnd.choice((None, datetime.timezone.utc, z))
def moment():
    d = datetime.datetime(rnd.randrange(1, 10000), rnd.randrange(1, 13), rnd.randrange(1, 29), rnd.randrange(24), rnd.randrange(60), rnd.randrange(60), rnd.randrange(10 ** 6))
    return rnd.choice((d, d.replace(tzinfo=zone()), d.date(), d.time(), d.timetz()))
def number():
    return rnd.choice((
        lambda: complex(floating(), floating()),
        lambda: decimal.Decimal(rnd.randrange(-10 ** 20, 10 ** 20)).scaleb(rnd.randrange(-30, 30)),
        lambda: fractions.Fraction(rnd.randrange(-999, 999), rnd.randrange(1, 999)),
        lambda: uuid.UUID(int=rnd.getrandbits(128)),
        lambda: range(integer(), integer(), rnd.randrange(1, 9)),
        lambda: slice(None, integer(), None),
    ))()
SCALARS = (lambda: None, lambda: True, lambda: False, integer, integer, floating, text, text, blob, lambda: bytearray(blob()), number, moment, delta,
           lambda: rnd.choice((Ellipsis, NotImplemented, int, len, KeyError, collections.OrderedDict)))
KEYS = (text, integer, floating, blob, lambda: None, lambda: tuple(rnd.choice(KEYS)() for _ in range(rnd.randrange(4))), moment)
made = []
def value(depth):
    if made and rnd.random() < 0.08:
        return rnd.choice(made)
    if depth <= 0 or rnd.random() < 0.4:
        return rnd.choice(SCALARS)()
    n = rnd.choice((0, 1, 2, 3, 4, 7)) if rnd.random() < 0.99 else rnd.choice((999, 1000, 1001, 2000, 2001))
    if n > 10:
        depth = 0
    kind = rnd.randrange(9)
    v = None
    if kind < 3:
        v = [] if n else []
        made.append(v)
        v.extend(value(depth - 1) for _ in range(n))
    elif kind < 5:
        v = {}
        made.append(v)
        for _ in range(n):
            v[rnd.choice(KEYS)()] = value(depth - 1)
    elif kind == 5:
        v = tuple(value(depth - 1) for _ in range(n))
    elif kind == 6:
        v = rnd.choice((set, frozenset))(rnd.choice(KEYS)() for _ in range(n))
    elif kind == 7:
        v = collections.OrderedDict((rnd.choice(KEYS)(), value(depth - 1)) for _ in range(n))
    else:
        v = collections.deque((value(depth - 1) for _ in range(n)), rnd.choice((None, 5000)))
    made.append(v)
    return v
for case in range(int(sys.argv[1])):
    made.clear()
    same.clear()
    v = value(4)
    print(' '.join(pickle.dumps(v, p).hex() for p in (3, 0, 1, 2, 3, 4, 5)))
`;

const COMPARE = String.raw`
import math, pickle, sys
def same(a, b, seen):
    if type(a) is not type(b):
        return False
    if (id(a), id(b)) in seen:
        return True
    seen[id(a), id(b)] = a, b
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b) or a != a and b != b
    if isinstance(a, dict):
        return len(a) == len(b) and all(same(x, y, seen) for p, q in zip(a.items(), b.items()) for x, y in zip(p, q))
    if isinstance(a, (list, tuple)) or type(a).__name__ == 'deque':
        return len(a) == len(b) and all(same(x, y, seen) for x, y in zip(a, b))
    return a == b
for number, line in enumerate(sys.stdin):
    a, b = (pickle.loads(bytes.fromhex(part)) for part in line.split())
    if not same(a, b, {}):
        print('case', number)
print('done')
`;

const hasPython = (() => {
  try {
    execFileSync(PYTHON, ['-c', 'import pickle'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn(`no ${PYTHON} here: the comparison with Python's pickle is skipped`);
    return false;
  }
})();

const python = (script: string, args: string[], input = ''): string =>
  execFileSync(PYTHON, ['-c', script, ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONHASHSEED: '0' },
  });

describe.skipIf(!hasPython)('random values', () => {
  const PROTOCOLS = [0, 1, 2, 3, 4, 5];

  test('that Python has written come out as Python writes them', { timeout: 120_000 }, () => {
    const lines = python(WRITE, ['600']).trim().split('\n');
    const others: string[] = [];
    for (const [number, line] of lines.entries()) {
      const [wanted, ...pickles] = line.split(' ') as [string, ...string[]];
      for (const protocol of PROTOCOLS) {
        const reader = new Unpickler(Buffer.from(pickles[protocol]!, 'hex'));
        const pickler = new Pickler();
        pickler.dump(reader.load());
        const written = Buffer.from(pickler.finish()).toString('hex');
        expect(reader.position, `case ${number}, protocol ${protocol}`).toBe(pickles[protocol]!.length / 2);
        if (written === wanted) continue;
        // Names of attributes are one object in Python, whoever wrote them.
        expect(traceOf(Buffer.from(written, 'hex'))).toEqual(traceOf(Buffer.from(wanted, 'hex')));
        others.push(`${wanted} ${written}`);
      }
    }
    expect(python(COMPARE, [], others.join('\n'))).toBe('done\n');
  });
});
