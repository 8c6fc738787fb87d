"""Random schemas and configurations, and what Python's ZConfig makes of them: one case a line, as in suite `zconfig`.

Arguments: seed, number of cases. Reads nothing, writes below a temporary folder only.
"""
import json
import os
import random
import shutil
import sys
import tempfile
from io import StringIO
from xml.sax.saxutils import escape, quoteattr

import ZConfig
from ZConfig.loader import SchemaLoader

sys.dont_write_bytecode = True
from cases_python import DATATYPES, VALUES, error_of, shown

rnd = random.Random(int(sys.argv[1]))
COUNT = int(sys.argv[2])
HERE = os.path.realpath(tempfile.mkdtemp(prefix='zconfig-'))

TYPE_NAMES = ['chair', 'stool', 'table', 'garden', 'door', 'person', 'labels', 'a-b', 'x.y', 'Room']
KEY_NAMES = ['legs', 'colour', 'size', 'year-built', 'x', 'long.name', 'under_score', 'Tag', 'port', 'list', 'k1', 'k2', 'k3']
SECTION_NAMES = ['front', 'back', 'ann', 'bob', 'Ann', 'a.b', 'x', '1', 'a-b', '*', '+', 'none', 'legs', 'größe']


def maybe(p):
    return rnd.random() < p


def value(datatype):
    if maybe(0.85) and VALUES[datatype]:
        return rnd.choice(VALUES[datatype])
    if maybe(0.6):
        v = list(rnd.choice(VALUES[datatype]))
        for _ in range(rnd.randrange(1, 3)):
            at = rnd.randrange(len(v) + 1)
            if v and maybe(0.4):
                del v[min(at, len(v) - 1)]
            else:
                v.insert(at, rnd.choice('01aZ.:-_+/ \\\'"[]é#~,xkmgbhds'))
        return ''.join(v)
    return ''.join(rnd.choice('abcAZ019 _.-:/\'"\\#éß٣[]+') for _ in range(rnd.randrange(8)))


def good(datatype):
    for _ in range(200):
        v = rnd.choice(VALUES[datatype])
        if '@HERE@' in v or v.strip() != v or any(ord(c) < 32 for c in v):
            continue
        if datatype.startswith('existing') and '~' in v:
            continue
        try:
            ZConfig.datatypes.stock_datatypes[datatype](v)
            return v
        except Exception:
            pass
    return None


def make_items(types, abstract, keytype):
    items = []
    used = set()
    attributes = set()

    def attribute_for(name, needed):
        guess = name.lower().replace('-', '_') if keytype == 'basic-key' else name.replace('-', '_')
        if not needed and maybe(0.7):
            return None, guess
        a = 'at_%d' % rnd.randrange(10000)
        return a, a
    plus = False
    for _ in range(rnd.randrange(1, 6)):
        kind = rnd.choice(['key', 'key', 'key', 'multikey', 'multikey'] + (['section', 'multisection', 'section'] if types else []))
        if kind in ('key', 'multikey'):
            name = rnd.choice(KEY_NAMES)
            if keytype in ('identifier', 'ipaddr-or-hostname'):
                name = name.replace('-', '_').replace('.', '_')
            if not plus and maybe(0.12):
                name = '+'
                plus = True
            low = name if keytype == 'identifier' else name.lower()
            if name != '+' and low in used:
                continue
            datatype = rnd.choice(DATATYPES) if maybe(0.6) else rnd.choice(['string', 'integer', 'boolean'])
            a, real = attribute_for(name, name == '+' or '.' in name)
            if real in attributes:
                continue
            item = {'kind': kind, 'name': name, 'datatype': datatype}
            if a:
                item['attribute'] = a
            if maybe(0.15):
                item['required'] = True
            elif maybe(0.5):
                d = good(datatype)
                if name == '+':
                    keys = rnd.sample(['alpha', 'Beta', 'c3', 'alpha'], rnd.randrange(1, 3)) if keytype != 'integer' else []
                    if keytype == 'basic-key' and kind == 'key':
                        keys = list(dict.fromkeys(keys))
                    keys = list(dict.fromkeys(keys))
                    if keys and d is not None:
                        item['defaults'] = {k: d for k in keys}
                elif kind == 'multikey':
                    ds = [good(datatype) for _ in range(rnd.randrange(1, 3))]
                    if None not in ds:
                        item['defaults'] = ds
                elif d is not None:
                    item['default'] = d
            attributes.add(real)
            used.add(low)
            items.append(item)
        else:
            type_ = rnd.choice(types + abstract) if abstract and maybe(0.5) else rnd.choice(types)
            name = rnd.choice(['*', '*', '+'] + (['front', 'Back', 'legs'] if kind == 'section' else []))
            if name not in '*+' and name.lower() in used:
                continue
            a, real = attribute_for(name, name in '*+' or kind == 'multisection')
            if real in attributes:
                continue
            item = {'kind': kind, 'type': type_, 'name': name}
            if a:
                item['attribute'] = a
            if maybe(0.1):
                item['required'] = True
            attributes.add(real)
            used.add(name.lower())
            items.append(item)
    return items


def make_schema():
    abstract = rnd.sample(['furniture', 'thing.kind'], rnd.choice([0, 1, 1, 2]))
    types = []
    keytypes = {}
    names = rnd.sample(TYPE_NAMES, rnd.randrange(0, 5))
    for name in names:
        t = {'name': name}
        known = [x['name'] for x in types]
        keytype = 'basic-key'
        if known and maybe(0.3):
            t['extends'] = rnd.choice(known)
            keytype = keytypes[t['extends']]
        if maybe(0.25):
            keytype = t['keytype'] = rnd.choice(['identifier', 'basic-key', 'string', 'ipaddr-or-hostname', 'dotted-name', 'null'])
        if abstract and maybe(0.5):
            t['implements'] = rnd.choice(abstract)
        t['items'] = make_items(known, abstract, keytype)
        keytypes[name] = keytype
        types.append(t)
    schema = {'items': None}
    keytype = 'basic-key'
    if maybe(0.2):
        keytype = schema['keytype'] = rnd.choice(['identifier', 'basic-key', 'string', 'null'])
    schema['items'] = make_items(names, abstract, keytype)
    if abstract:
        schema['abstract'] = abstract
    if types:
        schema['types'] = types
    return schema


def xml_items(items, pad):
    out = []
    for item in items:
        attrs = []
        for k in ('type', 'name', 'datatype', 'attribute', 'default'):
            if k in item:
                attrs.append(f'{k}={quoteattr(item[k])}')
        if item.get('required'):
            attrs.append('required="yes"')
        body = ''
        if isinstance(item.get('defaults'), dict):
            body = ''.join(f'<default key={quoteattr(k)}>{escape(v)}</default>' for k, v in item['defaults'].items())
        elif 'defaults' in item:
            body = ''.join(f'<default>{escape(v)}</default>' for v in item['defaults'])
        out.append(f'{pad}<{item["kind"]} {" ".join(attrs)}>{body}</{item["kind"]}>')
    return '\n'.join(out)


def xml(schema):
    out = ['<schema%s>' % (f' keytype={quoteattr(schema["keytype"])}' if 'keytype' in schema else '')]
    for a in schema.get('abstract', ()):
        out.append(f'  <abstracttype name={quoteattr(a)}/>')
    for t in schema.get('types', ()):
        attrs = ' '.join(f'{k}={quoteattr(t[k])}' for k in ('name', 'extends', 'implements', 'keytype') if k in t)
        out.append(f'  <sectiontype {attrs}>\n{xml_items(t["items"], "    ")}\n  </sectiontype>')
    out.append(xml_items(schema['items'], '  '))
    out.append('</schema>')
    return '\n'.join(out)


class Writer:
    def __init__(self, schema):
        self.schema = schema
        self.types = {t['name']: t for t in schema.get('types', ())}
        self.files = {}
        self.defined = maybe(0.4)

    def all_items(self, t):
        base = self.all_items(self.types[t['extends']]) if 'extends' in t else []
        return base + t['items']

    def concrete(self, type_):
        if type_ in self.types:
            return type_
        subs = [n for n, t in self.types.items() if t.get('implements') == type_]
        return rnd.choice(subs) if subs else rnd.choice(sorted(self.types) + [type_])

    def lines(self, items, depth):
        out = []
        for item in items:
            if maybe(0.25) and not (item.get('required') and maybe(0.97)):
                continue
            for _ in range(rnd.choice([1, 2, 3]) if item['kind'].startswith('multi') else (2 if maybe(0.03) else 1)):
                if 'datatype' in item:
                    name = item['name']
                    if name == '+':
                        name = rnd.choice(['alpha', 'beta', 'Alpha', 'gamma-1', 'x_y', 'a.b'])
                    if maybe(0.1):
                        name = rnd.choice([name.upper(), name.title(), name.swapcase()])
                    v = value(item['datatype']) if maybe(0.08) else good(item['datatype']) or value(item['datatype'])
                    if maybe(0.15):
                        v = self.dollars(v)
                    out.append(name + rnd.choice([' ', ' ', ' ', '  ', '\t', ' \t ']) + v)
                elif depth < 4:
                    out.extend(self.section(item, depth))
        if maybe(0.3):
            rnd.shuffle(out) if maybe(0.05) else None
        return out

    def section(self, item, depth):
        type_ = self.concrete(item['type'])
        name = item['name']
        if name == '*':
            name = rnd.choice(SECTION_NAMES) if maybe(0.4) else None
        elif name == '+':
            name = rnd.choice(SECTION_NAMES) if maybe(0.93) else None
        elif maybe(0.05):
            name = rnd.choice(SECTION_NAMES + [None])
        if maybe(0.1):
            type_ = rnd.choice([type_.upper(), type_.title()])
        head = type_ + (rnd.choice([' ', '  ', '\t']) + name if name else '') + (' ' if maybe(0.05) else '')
        t = self.types.get(type_.lower()) or self.types.get(type_)
        if t is None or maybe(0.06):
            return [f'<{head}/>'] if maybe(0.5) else [f'<{head}>', f'</{type_}>']
        pad = '  '
        inner = self.lines(self.all_items(t), depth + 1)
        end = rnd.choice([type_, type_, type_.lower(), type_.upper(), type_ + ' '])
        return [f'<{head}>'] + [pad + x for x in inner] + [f'</{end}>']

    def dollars(self, v):
        at = rnd.randrange(len(v) + 1)
        piece = rnd.choice(['$$', '$(ENV_A)', '$$$$', '$(ENV_EMPTY)'] * 3 + ['$a', '${a}', '${A}'] * (6 if self.defined else 1) + ['$B', '${b}', '$(HOME)', '$c_1', '$', '${', '${a', '$()', '$(nope)', '$nope', '${a b}', '$1', '$a.b', '$a$b', '${A}', '$$a', '$(env_a)', '$é', '${}', '$(ENV_EMPTY)'])
        return v[:at] + piece + v[at:]

    def text(self):
        head = []
        if self.defined:
            head.append(rnd.choice(['%define a one', '%define A one', '%define a   one', '%define\ta one']))
            for _ in range(rnd.choice([0, 0, 0, 1, 2])):
                head.append('%' + rnd.choice(['define a one', 'define A one', 'define b $a two', 'define b', 'define c_1 x$$y', 'define a two', 'define a $a', 'define 1a x', 'define a-b x', 'define', 'define  a   one',
                                              'define b ${a}', 'define b $(ENV_A)', 'define c $$', 'define c $$', 'define x y z ', 'define é x', 'define a\tone', 'define b $', 'define c_1']))
        lines = self.lines(self.schema['items'], 0)
        for _ in range(rnd.choice([0, 0, 0, 0, 0, 0, 1, 1, 2])):
            lines = self.mutate(lines)
        if maybe(0.15) and lines:
            # A part goes to another file.
            i = rnd.randrange(len(lines))
            j = rnd.randrange(i, len(lines)) + 1
            name = rnd.choice(['part.conf', 'sub/part.conf', 'a b.conf', 'größe.conf', 'x+y.conf', 'a%41.conf', 'q?x.conf', 'semi;x.conf'])
            target = rnd.choice([name, './' + name, '@HERE@/' + name, 'file:///@HERE@/' + name, 'file://@HERE@/' + name, name.replace(' ', '%20'), 'sub/../' + name, name + '#frag' if maybe(0.1) else name, name.upper() if maybe(0.2) else name, '$part' if maybe(0.1) else name])
            part = lines[i:j]
            if maybe(0.3) and len(part) > 1:
                k = rnd.randrange(len(part))
                inner = 'inner.conf'
                where = 'sub/inner.conf' if name.startswith('sub/') else 'inner.conf'
                self.files[where] = self.finish(part[k:])
                part = part[:k] + [f'%include {inner}']
            self.files[name] = self.finish((['%define late x'] if maybe(0.2) else []) + part)
            lines = lines[:i] + [f'%include {target}'] + lines[j:]
        return self.finish(head + lines)

    def mutate(self, lines):
        lines = list(lines)
        at = rnd.randrange(len(lines) + 1)
        what = rnd.randrange(9)
        if what == 0 and lines:
            del lines[min(at, len(lines) - 1)]
        elif what == 1 and lines:
            lines.insert(at, rnd.choice(lines))
        elif what == 2 and len(lines) > 1:
            i, j = rnd.randrange(len(lines)), rnd.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
        elif what == 3 and lines:
            i = rnd.randrange(len(lines))
            v = list(lines[i])
            for _ in range(rnd.randrange(1, 3)):
                k = rnd.randrange(len(v) + 1)
                if v and maybe(0.5):
                    del v[min(k, len(v) - 1)]
                else:
                    v.insert(k, rnd.choice('<>/%#$()= \tabé*+'))
            lines[i] = ''.join(v)
        else:
            lines.insert(at, rnd.choice([
                '# comment', '', '   ', '\t', '  # indented comment', 'nokey x', '<none>', '</none>', '<chair>', '</chair>', '<chair/>', '<>', '</>', '<', '>', '</', '<chair', 'chair>', '<chair a b>', '<chair> # c', '(x) y',
                'a(b) c', '%unknown x', '%', '% define a b', '%Define a b', '%include', '%import', '%include none.conf', '%import no.such', '%import ZConfig', '%define zz $zz', '%define z1 1', '%DEFINE a b', '<furniture>', '<furniture x/>',
                '< chair>', '</chair >', '< /chair>', '</ chair>', '<chair />', '<chair x/>', '<chair x />', '<chair/ >', '<chair *>', '<chair +>', '=x', 'x=y', 'legs: 4', 'legs=4', 'legs', 'LEGS 4', 'k1', "legs '4'", '"legs" 4',
                'legs\u00a04', 'legs\x0b4', '\ufefflegs 4', '\x1clegs 4', 'legs\x1c4', 'legs\x854', '%include \x1f', '%import ZConfig.components.logger', '<chair\x85x>', '<room (x)>', '%import .', '%import a..b', '%import os', '%include .',
                '%include http://127.0.0.1:1/x', '%include sub', '%define $a b', '%importx y', '%include(x)', '<chair(x)>', '<İ>', 'İx 1', '<1/>', '<../>', '<//>', '<chair//>', '</chair/>', '<chair', '%define a', '%define a one two']))
        return lines

    def finish(self, lines):
        end = rnd.choice(['\n'] * 12 + ['\r\n', '\r'])
        out = []
        for line in lines:
            if maybe(0.04):
                line = rnd.choice([' ', '\t', '   ', '\x0c', '\u00a0', '\x1c']) + line
            if maybe(0.04):
                line = line + rnd.choice([' ', '\t', '  \t', '\x0c', '\u00a0'])
            out.append(line)
            if maybe(0.04):
                out.append(rnd.choice(['', '# c', '  ', '#']))
        text = end.join(out)
        if not maybe(0.1):
            text += end
        if maybe(0.01):
            text = '\ufeff' + text
        return text


def record(schema, main, overrides):
    try:
        config, _ = ZConfig.loadConfig(schema, main, overrides)
        return {'result': shown(config, HERE)}
    except Exception as e:
        return {'error': error_of(e, HERE)}


def main():
    os.environ['ENV_A'] = 'from env'
    os.environ['ENV_EMPTY'] = ''
    for name in ('nope', 'env_a'):
        os.environ.pop(name, None)
    made = 0
    while made < COUNT:
        definition = make_schema()
        text = xml(definition)
        try:
            SchemaLoader().loadFile(StringIO(text))
        except Exception as e:
            if os.environ.get('SHOW_SCHEMA_ERRORS'):
                print(type(e), e, text, file=sys.stderr)
            continue
        for _ in range(4):
            schema = SchemaLoader().loadFile(StringIO(text))
            writer = Writer(definition)
            config = writer.text()
            overrides = []
            if maybe(0.1):
                # A name that is no key at the begin of a longer path is left out: Python then blames the next section of the file.
                for _ in range(rnd.randrange(1, 3)):
                    overrides.append(rnd.choice(['legs=4', 'x=', 'nokey', 'front/legs=4', 'chair/legs=1', 'ann/x=1', 'a//b=1', '/x=1', 'legs==', 'Chair/Legs=2', 'é=1', 'k1=a=b', 'k2= x ', 'tag=on', 'port=1', '=', 'size=$a', 'garden/x=1', 'garden/door/x=2', 'LEGS=3', 'alpha=7']))
            shutil.rmtree(HERE)
            os.makedirs(HERE + '/dir')
            os.makedirs(HERE + '/sub')
            with open(HERE + '/dir/file.txt', 'w') as f:
                f.write('x')
            files = {'main.conf': config, **writer.files}
            for name, content in files.items():
                with open(os.path.join(HERE, name), 'w', newline='', encoding='utf-8') as f:
                    f.write(content.replace('@HERE@', HERE))
            expect = record(schema, HERE + '/main.conf', overrides)
            case = {'name': f'{made}', 'file': 'configurations', 'suite': 'zconfig', 'about': '',
                    'input': {'schema': definition, 'config': config, 'files': {**writer.files, 'dir/file.txt': 'x', 'sub/.keep': ''},
                              'env': {'ENV_A': 'from env', 'ENV_EMPTY': '', 'nope': None, 'env_a': None}, 'overrides': overrides}, 'expect': expect}
            print(json.dumps(case))
            made += 1


try:
    main()
finally:
    shutil.rmtree(HERE, ignore_errors=True)
