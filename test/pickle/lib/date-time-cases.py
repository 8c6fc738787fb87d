import base64, datetime, json, os, sys, time, warnings
cases = json.load(sys.stdin)
os.environ['TZ'] = cases['zone']
time.tzset()
warnings.simplefilter('ignore')
from DateTime import DateTime

def given(value):
    if isinstance(value, list): return [given(item) for item in value]
    if not isinstance(value, dict): return value
    for tag, v in value.items():
        if tag == '$float': return float(v)
        if tag == '$int': return int(v)
        if tag == '$date': return DateTime(v)
        if tag == '$bytes': return base64.b64decode(v)
        if tag == '$tuple': return tuple(given(item) for item in v)
        if tag == '$datetime': return datetime.datetime.fromisoformat(v)
        if tag == '$dict': return {given(a): given(b) for a, b in v}
    return {k: given(v) for k, v in value.items()}

def shown(value):
    if isinstance(value, DateTime): return {'$date': str(value)}
    if isinstance(value, float): return {'$float': repr(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53: return {'$int': str(value)}
    if isinstance(value, tuple): return {'$tuple': [shown(v) for v in value]}
    if isinstance(value, list): return [shown(v) for v in value]
    if isinstance(value, datetime.datetime): return {'$datetime': value.isoformat()}
    if value is None or isinstance(value, (str, int, bool)): return value
    return {'$type': type(value).__name__}

OPERATORS = {
    '+': lambda d, a: d + a, 'r+': lambda d, a: a + d, '-': lambda d, a: d - a, 'r-': lambda d, a: a - d,
    '<': lambda d, a: d < a, '<=': lambda d, a: d <= a, '>': lambda d, a: d > a, '>=': lambda d, a: d >= a,
    '==': lambda d, a: d == a, '!=': lambda d, a: d != a,
    'str': str, 'repr': repr, 'int': int, 'float': float, 'bool': bool,
    'format': lambda d, a: format(d, a), 'hash==': lambda d, a: hash(d) == hash(a),
    'state': lambda d: d.__getstate__(), 'new': lambda d: DateTime(d),
}

def run(date, entry):
    value = date
    parts = [[]]
    for item in entry:
        if item == '|': parts.append([])
        else: parts[-1].append(item)
    for name, *args in parts:
        args = [given(a) for a in args]
        if name in OPERATORS: value = OPERATORS[name](value, *args)
        else:
            value = getattr(value, name)
            if callable(value): value = value(*args)
    return value

def failure(e):
    return {'type': type(e).__name__, 'message_contains': str(e)}

out = []
for case in cases['cases']:
    try:
        if 'state' in case:
            date = DateTime.__new__(DateTime)
            date.__setstate__(given(case['state']))
        else:
            date = DateTime(*[given(a) for a in case.get('new', ())], **case.get('kw', {}))
    except Exception as e:
        out.append({'error': failure(e)})
        continue
    results = []
    for entry in case['calls']:
        try: results.append(shown(run(date, entry)))
        except Exception as e: results.append({'$error': failure(e)})
    out.append({'output': results})
json.dump(out, sys.stdout)
