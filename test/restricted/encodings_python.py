"""What Python's text encodings make of texts and bytes: a case a line. Arguments: the seed, the number of cases.

The first cases are all characters of the basic plane, and all single bytes or pairs of them, of each encoding."""
import hashlib
import json
import random
import sys
import warnings
from encodings.aliases import aliases

warnings.simplefilter('ignore')
rnd = random.Random(int(sys.argv[1]))
NAMES = """ascii latin_1 utf_8 utf_8_sig utf_7 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be unicode_escape raw_unicode_escape
big5 cp932 cp949 cp950 euc_jp euc_kr gb18030 gb2312 gbk iso2022_jp shift_jis
cp037 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp273 cp424 cp437 cp500 cp720 cp737
cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp875 hp_roman8 iso8859_2 iso8859_3
iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16 koi8_r
koi8_t koi8_u kz1048 mac_arabic mac_croatian mac_cyrillic mac_farsi mac_greek mac_iceland mac_latin2 mac_roman mac_romanian mac_turkish
palmos ptcp154 tis_620""".split()
NO_TEXT = ['base64', 'hex', 'rot13', 'zlib', 'quopri', 'uu', 'bz2', 'rot-13', 'hex_codec']
KNOWN = set(NAMES)
OTHERS = [a for a, c in aliases.items() if c in KNOWN]
# Names of characters are not known in the other one; some of the errors of UTF-7 are told at other places.
ERRORS = ['strict', 'strict', 'strict', 'ignore', 'replace', 'xmlcharrefreplace', 'backslashreplace', 'surrogateescape']


def tell(f):
    try:
        got = f()
        return got.hex() if isinstance(got, bytes) else got
    except UnicodeError as e:
        return [type(e).__name__, e.encoding, e.start, e.end, e.reason]
    except LookupError as e:
        return ['LookupError', str(e)]


def text():
    kind = rnd.random()
    out = []
    for _ in range(rnd.randrange(12)):
        r = rnd.random()
        if r < .4:
            out.append(rnd.choice('abcz09 ~\\+-&\n\t\x00\x7f'))
        elif r < .6:
            out.append(chr(rnd.randrange(0x80, 0x250)))
        elif r < .8 or kind < .5:
            out.append(rnd.choice('äß€ЖДαΩאبกあアｱ漢字中国語한글한갂갃¥‾〜～−－‖∥™“”–¢£¬\u00a0\ufeff'))
        elif r < .9:
            out.append(chr(rnd.randrange(0x4e00, 0xd7a4)))
        elif r < .97:
            out.append(chr(rnd.randrange(0x10000, 0x110000)))
        else:
            out.append(chr(rnd.randrange(0xd800, 0xe000)))
    return ''.join(out)


def data(name):
    if rnd.random() < .3:
        got = bytes(rnd.choice((rnd.randrange(256), 0x41, 0xa4, 0x81, 0x8f, 0x30)) for _ in range(rnd.randrange(8)))
    else:
        got = bytearray(text().encode(name, 'ignore'))
        for _ in range(rnd.choice((0, 0, 1, 2))):
            if got:
                at = rnd.randrange(len(got))
                if rnd.random() < .5:
                    del got[at]
                else:
                    got[at] = rnd.choice((rnd.randrange(256), 0x80, 0xff, 0x1b))
    return bytes(got)


def spelled(name):
    r = rnd.random()
    if r < .5:
        return name
    if r < .7:
        return name.replace('_', rnd.choice('- _'))
    if r < .8:
        return name.upper()
    return name.replace('_', '')


def say(**case):
    print(json.dumps(case))


def pieces(name):
    several = name[:2] in ('ut', 'un', 'ra') or name in 'big5 cp932 cp949 cp950 euc_jp euc_kr gb18030 gb2312 gbk iso2022_jp shift_jis'.split()
    return [bytes((a, b) if several else (a,)).decode(name, 'replace') for a in range(256) for b in range(256 if several else 1) if name != 'utf_7' or a < 43 and b < 43]


BASIC = ''.join(chr(c) for c in range(0x10000) if not 0xd800 <= c < 0xe000)
for name in NAMES:
    say(op='all', name=name, encoded=hashlib.sha1(BASIC.encode(name, 'ignore')).hexdigest(),
        decoded=hashlib.sha1('|'.join(pieces(name)).encode('utf-8', 'surrogatepass')).hexdigest())
for _ in range(int(sys.argv[2])):
    name = rnd.choice(NAMES)
    errors = rnd.choice(ERRORS)
    if rnd.random() < .5:
        s = text()
        used = rnd.choice(OTHERS + NO_TEXT) if rnd.random() < .2 else spelled(name)
        say(op='encode', name=used, text=s, errors=errors, expect=tell(lambda: s.encode(used, errors)))
    else:
        b = data(name)
        if errors == 'xmlcharrefreplace' or name == 'utf_7' and errors != 'strict' or name == 'unicode_escape' and b'\\N' in b:
            continue
        say(op='decode', name=name, data=b.hex(), errors=errors, expect=tell(lambda: b.decode(name, errors)))
